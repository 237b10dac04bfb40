"""A simulated exchange: the account and matching of `book`, driven by prices of any source.

- `pairs`      trading rules of common pairs, and what the configuration may replace
- `account`    the saved state: balances, orders, and how far the prices were read
- `book`       pure matching and accounting; a backtest uses it without the rest
- `source`     what a source of prices is
- `prices`     the source that a configuration names
- `synthetic`  a seeded random walk
- `price_file`, `price_reader`, `price_columns`  trades from a CSV or Parquet file
- `pacing`     recorded time at a chosen speed
- `exchange`, `session`  the `trading.ports.Exchange` and its `TradingSession` made of these
"""
