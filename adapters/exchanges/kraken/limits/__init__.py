"""What Kraken takes now, and what leaves next. Pure.

- `budget`         the rate limits as counters that decay
- `turns`          whose private REST call is next
- `holds`          what is not taken at present, and when it is asked again
- `room`           open orders per pair
- `request_queue`  counter-orders before cancels before grid orders
"""
