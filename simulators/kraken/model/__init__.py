"""The venue without its wire: accounts, orders, matching, limits. Synchronous, no I/O, time from one clock."""
