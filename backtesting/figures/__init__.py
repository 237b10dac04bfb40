"""What a run came to.

- `summary`      all figures of a run; `assumptions` says what they rest on
- `equity`, `costs`, `capital`, `levels`  one group of figures each
"""
