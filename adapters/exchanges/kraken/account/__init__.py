"""The account as Kraken's private channels report it.

- `stream`         both channels, checked for gaps, as a state and events
- `orders`         every order that was shown; `others` are external ones
- `totals`         what the account holds, always as of the newest fill
- `probe_cancels`  cancels that ask what became of an order
- `fee_backfill`   fees of orders that were partly filled before a stream began
- `permissions`    what the API key must and must not be able to do
- `company`        whether another process uses the key
"""
