"""The protocol explored: every interleaving within bounds, not a sample of them.

What is real: the order desk with its ledger, and the grids (`trading`). What is a value here: the venue (`venue`), the
session that finds out what became of requests (`session`, `hearing`, `looking_up`), journal, network, and the market.
A `World` is all of that at one moment. `Steps` says what can come next: a commit becomes durable, a request arrives,
gets lost or is answered, the stream tells something, or tells it twice, an order is executed or cancelled by its owner,
a deadline passes, the connection breaks, the program is killed and starts again, history answers with a view of the
past, the journal comes back without its last commit. `Search` goes through all of it, breadth first; `Left` bounds how
often each may happen.

In each state: at most one live order per cause, no cause that trades more than it asked for, nothing spent twice
(`venue.wrongs`). Wherever nothing is on its way any more (`ends.wrongs`): strategies, their journal and the account
agree; each fill has its answer once, or a named reason; whatever is missing has a reason and comes back. And from each
state such an end is reached without luck.
"""
