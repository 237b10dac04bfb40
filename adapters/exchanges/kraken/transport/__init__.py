"""Connections to Kraken and what every call needs.

- `rest`, `sockets`  the two ways
- `signing`, `nonce`, `clock`, `trust`, `urls`  what a call needs
- `feed`             items of a background task as an iterator
- `plausible`        times of the venue that no clock will reach soon
- `tally`, `skipped` what was asked and what was left out, counted
"""
