"""A run's figures for people: `terminal`, `page` (HTML), `export` (JSON), `heat_map` of a sweep.

- `wording`   the words that all of them share
- `progress`  the bar while a run goes on
"""
