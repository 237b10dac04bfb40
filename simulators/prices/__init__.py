"""Prices for a simulated exchange.

- `source`     what a source of prices is
- `choice`     the source that a configuration names
- `synthetic`  a seeded random walk
- `file`, `reader`, `columns`  trades from a CSV or Parquet file
"""
