"""Why a buy may be cancelled by the program: the ladder moves, but not while a higher buy still stands."""

from contextlib import nullcontext

import pytest
from msgspec.structs import replace

from tests.oracle.departures import Departures
from tests.oracle.ids import Cause
from tests.oracle.past import Past
from tests.oracle.surroundings import CLEAR, SECOND, Wrong
from tests.oracle.test_buys import ladder_buy, surroundings

ENDS = 1000 * SECOND
MARKET = "51050"
"""Two intervals above 49990, and not above 50500."""


@pytest.mark.parametrize(
    ("highest_ends", "by_others", "right"),
    [
        (ENDS, True, True),  # cancelled by hand: the ladder begins lower, and the market has left it behind
        (ENDS, False, False),  # by the program itself, together with this one
        (0, False, False),
        (ENDS - SECOND, False, True),
    ],
)
def test_a_buy_that_its_owner_cancels_at_that_moment_holds_no_ladder(
    highest_ends: int, by_others: bool, right: bool
) -> None:
    around = surroundings([MARKET], MARKET)
    past = Past(1001, "lineage", around)
    for txid, price in (("HIGHEST", "50500.0"), ("LOWER", "49990.0")):
        past.placed(ladder_buy(txid, price, 10 * SECOND), Cause("ladder", ""))
    past.orders["HIGHEST"] = replace(past.orders["HIGHEST"], closed=highest_ends)
    if by_others:
        past.ended_by_others.add("HIGHEST")
    past.orders["LOWER"] = lower = replace(past.orders["LOWER"], closed=ENDS)
    departures = Departures(past, around)
    departures.depart(lower)
    with nullcontext() if right else pytest.raises(Wrong, match="nothing asks for its cancellation"):
        departures.overdue(ENDS + 3 * CLEAR)
