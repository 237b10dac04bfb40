"""Wrong programs that a simulated history has to find, by the rule that they break."""

from tests.mutants.edits import Wrong
from tests.simulation.wrong.answers import ANSWERS
from tests.simulation.wrong.ladders import LADDERS
from tests.simulation.wrong.limits import LIMITS
from tests.simulation.wrong.prices import PRICES
from tests.simulation.wrong.surplus import SURPLUS
from tests.simulation.wrong.truth import TRUTH

ALL: tuple[Wrong, ...] = (*PRICES, *ANSWERS, *LIMITS, *LADDERS, *SURPLUS, *TRUTH)
