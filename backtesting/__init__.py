"""History instead of actors: the same decision cores, order desk and paper book, driven by recorded prices.

- `cli`, `options`        the command line and what it asks for
- `run`, `setup`          a configuration becomes an account, a run its figures
- `engine`                from one row that matters to the next
- `account`               what one row leads to: the live program's sequence in lock-step
- `tape`, `blocks`        prices as integers, and where they leave a band
- `reading`, `spans`      price files as tapes; which of their rows are traded
- `record`, `series`      what a run writes down
- `costs`, `capital`, `levels`, `equity`, `summary`, `assumptions`   the figures
- `terminal`, `export`, `page`, `wording`, `progress`               the report
- `trade_files`, `download`, `archive`, `candles`                   where prices come from
- `sweep`, `grid`, `heat_map`, `sweep_cli`                          many configurations
"""
