"""The whole program in one process on virtual time, against the local Kraken's model, with seeded misfortune.

One seed is one history: prices, faults, crashes, the order in which tasks run. `python -m tests.simulation --help`.

- `history`    one seed from its first price to its last check
- `network`    the venue in memory: the adapter's own code speaks to it, without sockets
- `process`    one life of the program, and how it dies
- `disk`       what survives a crash
- `prices`     walks, jumps, quiet spells
- `misfortune` what goes wrong, and when
- `garble`     frames that make no sense
- `judge`      what must be true after every event
- `rules`      what must be true of the orders once all is quiet
- `trace`      what happened, as lines and as one hash
- `soak`       memory and journal size over a month
"""
