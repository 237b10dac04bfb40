"""What the rules ask for, worked out a second time, in fractions and without a line of the program.

`terms` holds the prices and volumes, `ids` tells an order's cause from its id, `causes` explains every order and every
cancellation that the venue sees, `rest` says what must be there once all is quiet. The judges of the simulation, of the
faults and of the crashes share it. Of ours it imports nothing; it looks at the orders of the local Kraken.
"""
