"""The paper exchange: `simulators.paper` behind the ports of an exchange, on prices of any source.

- `exchange`, `session`  the `trading.ports.Exchange` and its `TradingSession`
- `pacing`               recorded time at a chosen speed
"""
