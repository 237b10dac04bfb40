"""Orders on their way to Kraken.

- `requests`     orders and cancels as requests, one after the other
- `answers`      what a request was answered with
- `deferrals`    what Kraken puts off, and who is notified
- `reserve`      places kept free for counter-sells at a pair's limit
- `rest_orders`  open orders by REST
"""
