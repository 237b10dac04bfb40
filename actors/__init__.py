"""The actors. Each is one async function or small class with one mailbox; they share nothing.

- `mailbox`       typed mailboxes: facts are kept, prices are conflated
- `market_data`   prices to strategies; silence of a feed to the supervisor
- `strategy`      one decision core, its commits, its commands
- `order_manager` everything that leaves for the exchange
- `venue_watch`   rules, fees and states of the pairs, read again and again; `price_doubts` asks for bid and ask
- `persistence`   the journal's thread; `account_client` is the paper exchange's way to it
- `notifier`      notices to channels
- `metrics`       the HTTP endpoint and what it shows
- `conditions`    what holds up trading, named and dated; `hindrances` are those of a strategy

What they decide is in `trading`; `strategies` is a former name.
"""
