"""Kraken spot: REST and WebSocket v2 behind `trading.ports`. See docs/exchanges.md.

- `names`       assets and pairs in all spellings
- `wire`        payloads as structs, and their translation
- `errors`      the catalogue of error texts and what each means
- `signing`, `nonce`, `budget`, `clock`  what every private call needs
- `rest`        public and private REST
- `sockets`     WebSocket connections
- `listing`, `market`  pairs, rules, last prices; live prices
- `totals`, `orders`, `stream`  the account's channels as a state and events
- `paid_fees`   fees of orders that were partly filled before a stream began
- `audit`       whether the stream still tells the truth
- `drift`       whether the account holds what its stream told
- `outbox`, `requests`, `rest_orders`  orders on their way
- `unknown`, `questions`, `closures`  the fate of unanswered ones, and of what was closed earlier
- `session`     the `TradingSession` made of these
- `permissions` what the API key must and must not be able to do
- `exchange`    the `Exchange`, opened from a configuration
- `live_prices` the dry run: the paper exchange on Kraken's public prices
- `sandbox`     a local Kraken to test against
"""
