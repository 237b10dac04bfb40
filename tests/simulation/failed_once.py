"""Seeds that found a fault of the program, each with what was wrong.

`python -m tests.simulation --failed-once` plays all, the suite the short ones: every fault has a test of its own, too.
"""

from tests.simulation.history import Plan

SHORT = 0.15
"""Days that the suite has time for."""

FAILED_ONCE = (
    # a refusal that came after the order's fate was found out
    Plan(2, 0.14, 45.0, surroundings=False),
    # five lost connections made the first bug fatal
    Plan(11, 0.1, 60.0, surroundings=False),
    # the last frames before a quiet hour were lost
    Plan(14, 0.13, 45.0, surroundings=False),
    # a limit that was no number counted as 0
    Plan(2089, 0.25, 30.0, surroundings=False),
    # a cancel by hand between two questions about the order counted as ours
    Plan(3054, 0.06, 30.0, surroundings=False),
    # an id with a wrong letter named the counter-order
    Plan(3081, 0.25, 30.0, surroundings=False),
    # after a refusal for lack of funds that were there nothing was tried any more
    Plan(8006, 0.25, 30.0, surroundings=False),
    # a question cancelled an order that was told to rest meanwhile; after a crash: by hand
    Plan(10164, 0.25, 30.0, surroundings=False),
    # a refusal that an earlier start had not read was taken for one of the next try
    Plan(9178, 0.25, 30.0, surroundings=False),
    # a garbled list of pairs counted as a wrong configuration
    Plan(8466, 0.05, 12.0, surroundings=False),
    # the guard counted what an enlarged sell had sold as offered still, and halted its strategy
    Plan(32061, 0.2, 30.0),
)
