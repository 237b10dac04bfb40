"""Kraken spot: REST and WebSocket v2 behind `trading.ports`. See docs/exchanges.md.

From the ground up; each group may use those above it in this list:

- `wire`            payloads as structs, names in all spellings, error texts and what each means
- `limits`          what Kraken takes now, and what leaves next: rate budgets, holds, the queue of requests
- `transport`       REST, sockets, signatures, nonces, the clock
- `market_data`     pairs, rules, fees; live prices and past trades
- `account`         the account's channels as a state and events; the key's permissions
- `reconciliation`  what became of orders without an answer; whether the stream is still right
- `order_entry`     orders on their way
- `session`         the `TradingSession` made of these
- `exchange`        the `Exchange`, opened from a configuration
- `live_prices`     the dry run: the paper exchange on Kraken's public prices
"""
