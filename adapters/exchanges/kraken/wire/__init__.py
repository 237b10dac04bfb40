"""Kraken's payloads as structs, and their translation. No other module knows a field or state by Kraken's name.

- `values`  exact numbers and times as they stand on the wire
- `rest`    envelopes and results of the REST API
- `socket`  frames of WebSocket v2 and its public channels
- `trading` executions, balances and trading requests
"""
