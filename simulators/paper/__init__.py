"""A simulated account and its matching, without any I/O.

- `pairs`    trading rules of common pairs, and what the configuration may replace
- `account`  the saved state: balances, orders, and how far the prices were read
- `book`     matching and accounting
"""
