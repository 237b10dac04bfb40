"""The actors. Each is one async function or small class with one mailbox; they share nothing.

- `mailbox`       typed mailboxes: facts are kept, prices are conflated
- `market_data`   prices to strategies; silence of a feed to the supervisor
- `strategy`      one decision core, its commits, its commands; the cores are in `strategies/`
- `order_manager` everything that leaves for the exchange; its decisions are `order_desk` and `ledger`
- `persistence`   the journal's thread; `account_client` is the paper exchange's way to it
- `notifier`      notices to channels; `notice_texts` has the words
- `metrics`       the HTTP endpoint; `status_page` and `exposition` are what it shows
"""
