"""Where a back-test's prices come from.

- `reading`      price files as tapes
- `blocks`       where prices leave a band; `ahead` reads while a run goes on
- `trade_files`, `download`, `archive`, `candles`  files of trades, and the commands that make them
"""
