"""A simulated exchange: the account and matching of `book`, driven by prices of any source.

- `pairs`      trading rules of common pairs, and what the configuration may replace
- `account`    the saved state: balances, orders, and how far the prices were read
- `book`       pure matching and accounting; a backtest uses it without the rest
- `prices`     where prices come from: the source's interface, and the choice by configuration
- `synthetic`  a seeded random walk
- `price_file`, `price_columns`  trades from a CSV or Parquet file
- `exchange`   the `adapters.interfaces.Exchange` made of these
"""
