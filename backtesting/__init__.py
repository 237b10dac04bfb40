"""History instead of actors: the same decision cores, order desk and paper book, driven by recorded prices.

- `cli`                the command line
- `run`, `setup`       a configuration becomes an account, a run its figures; `spans` are the rows that are traded
- `engine`             from one row that matters to the next
- `account`            what one row leads to: the live program's sequence in lock-step
- `tape`               prices as integers
- `record`, `series`   what a run writes down
- `data`, `figures`, `report`, `sweep`
"""
