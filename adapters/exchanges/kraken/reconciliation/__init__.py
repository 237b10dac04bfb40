"""Whether what we believe is so.

- `unknown_outcomes`  orders whose request was never answered
- `order_history`     what was closed earlier
- `order_check`       whether the stream shows the orders that are open
- `balance_check`     whether the account holds what the stream says
"""
