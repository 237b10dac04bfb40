"""Supervision: the failure policy as data, the program's states, and the loop that restarts an actor.

- `policy`        who fails how, and what is done about it (docs/design.md)
- `restart`       the loop around one actor; `outages` reports a lost connection once
- `states`        the program's state, derived from the phases of the strategies; `state_keeper` is its actor
- `strategies`    the strategies' nursery
- `control`       the request to stop, and who is running; `signals` are where it comes from
- `shutdown`      the order in which everything stops
- `disk_trouble`  a full disk is waited for
- `strangers`, `newcomers`  orders and processes that are not ours
"""
