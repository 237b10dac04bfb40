"""What pretends to be an exchange. Nothing here places a real order.

- `kraken`  a local Kraken that speaks REST and WebSocket on loopback: `python -m simulators.kraken`
- `paper`   a pure matching engine and its account; the paper exchange and back-tests run on it
- `prices`  where simulated prices come from: files, or a seeded random walk
"""
