"""The kernel: what is decided, apart from everything that happens. Pure: messages in, effects out.

- `strategies`    the grids: prices, volumes, and when a rule acts
- `order_desk`    which order leaves, which waits for funds, who is notified; `order_views` is its reading of facts
- `ledger`        what of the account belongs to whom
- `attaching`     a strategy's way back to its orders after a start
- `absent`        what strategies that are not configured any more have left
- `guard`         what no core may ask for; `books`, `demand` and `claims` are what it counts
- `ports`         what the world outside has to provide: exchanges, channels, and the errors that they raise
"""
