"""What the rules ask for, worked out a second time, in fractions and without a line of the program.

Each rule is stated here once, for all tests: `terms` holds prices, volumes and limits, `ids` an order's cause, owner
and possible answers. Three judgements are made of them, which are different questions: `causes` explains every order
and cancellation that the venue has seen, `rest` says what must be there once all is quiet, `foretold` knows the exact
orders of a session that is told beforehand. The judges of the simulation, of the faults, of the crashes, of behaviour
and of the decision core's random histories share it. Of ours it imports nothing; it looks at the orders of the local
Kraken.
"""
