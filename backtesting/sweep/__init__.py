"""Many configurations over the same prices.

- `options`  the keys and spans of the command line
- `grid`     the combinations
- `search`   the runs, side by side
- `files`    results as CSV and JSON
- `cli`      the command
"""
