"""What Kraken says of its pairs and prices.

- `listing`        pairs and their rules
- `fees`           the account's fee tier
- `market`         live prices, bids, asks and states of the pairs
- `trade_history`  past trades, for downloads
"""
