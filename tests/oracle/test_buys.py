"""Where a ladder buy may stand: below one that was never seen, beside a counter-buy that left before it."""

from collections.abc import Sequence
from contextlib import nullcontext
from decimal import Decimal
from fractions import Fraction

import pytest

from simulators.kraken.model.orders import Order, OrderRequest
from tests.oracle.buys import Buys
from tests.oracle.ids import Cause
from tests.oracle.past import Past
from tests.oracle.surroundings import CLEAR, SECOND, Surroundings, Wrong
from tests.oracle.terms import buy_volume, shown
from tests.oracle.test_terms import GRID

ARRIVES = 1000 * SECOND


def ladder_buy(txid: str, price: str, opened: int) -> Order:
    """As the rules of `GRID` want it."""
    volume = shown(buy_volume(GRID, Fraction(price)))
    request = OrderRequest("buy", "limit", volume, Decimal(price), post_only=True)
    return Order(txid, 1, "demo", "XXBTZUSD", request, opened, opened, Decimal(price), volume)


def surroundings(tickers: Sequence[str], offer: str) -> Surroundings:
    """A clear day on which `GRID` was always in force."""
    return Surroundings(
        terms=lambda _: [GRID],
        opened_under=lambda _: GRID,
        prices=lambda _: [Fraction(one) for one in tickers],
        traded=lambda _: [Fraction(one) for one in tickers],
        knows_no_price=lambda _: False,
        quote=lambda: Fraction(100_000),
        offer=lambda: Fraction(offer),
        decided=lambda order: order.opened,
        unheard_since=lambda now: now - CLEAR,
        life=lambda: 1,
        clear=True,
    )


def _judge(
    price: str,
    tickers: Sequence[str] = ("50000",),
    *,
    offer: str = "99999",
    kept_back: float = 0,
    counter: tuple[str, float] | None = None,
) -> None:
    """Of a ladder buy at `price`; a counter-buy came so many seconds before it."""
    around = surroundings(tickers, offer)
    around.decided = lambda order: order.opened - round(kept_back * SECOND)
    past = Past(1001, "lineage", around)
    buys = Buys(past, around)
    if counter is not None:
        past.placed(ladder_buy("COUNTER", counter[0], ARRIVES - round(counter[1] * SECOND)), Cause("counter", "SELL"))
    order = ladder_buy("LADDER", price, ARRIVES)
    buys.arrive(order, Cause("ladder", ""))
    past.placed(order, Cause("ladder", ""))
    buys.overdue(ARRIVES + 3 * CLEAR)


@pytest.mark.parametrize(
    ("price", "offer", "right"),
    [
        ("49504.9", "50000", True),
        ("49014.7", "50000", False),  # the first one below the ticker would have rested
        ("49014.7", "49504.9", True),  # a sell of the account itself rests there: that one would have been refused
        ("49014.7", "49505.0", False),
        ("48529.4", "49504.9", False),
        ("48529.4", "49014.7", True),
    ],
)
def test_the_next_one_follows_a_buy_that_anybody_sells_below(price: str, offer: str, right: bool) -> None:
    with nullcontext() if right else pytest.raises(Wrong, match="due is"):
        _judge(price, offer=offer)


@pytest.mark.parametrize(
    ("price", "tickers", "kept_back", "right"),
    [
        ("49014.7", ("50000", "49500"), 1, True),  # the first one was withdrawn when 49500 was traded
        ("48529.4", ("50000", "49500"), 1, False),  # but not the second
        ("48529.4", ("50000", "49010"), 1, True),
        ("49014.7", ("50000", "49500"), 0, False),  # it left at once
        ("49014.7", ("50000", "49510"), 1, False),  # nothing was traded as low as that
        ("49014.7", ("49500", "50000"), 1, False),  # that trade came before
    ],
)
def test_buys_that_were_kept_back_are_withdrawn_when_the_market_passes_them(
    price: str, tickers: tuple[str, ...], kept_back: float, right: bool
) -> None:
    with nullcontext() if right else pytest.raises(Wrong, match="due is"):
        _judge(price, tickers, kept_back=kept_back)


@pytest.mark.parametrize(
    ("seconds", "kept_back", "right"),
    [(1, 1, True), (5, 11, True), (0, 0, True), (1, 0.5, False), (12, 11, False), (0.5, 0, False)],
)
def test_a_counter_buy_may_leave_before_what_was_decided_earlier(seconds: float, kept_back: float, right: bool) -> None:
    with nullcontext() if right else pytest.raises(Wrong, match="due is"):
        _judge("49504.9", kept_back=kept_back, counter=("49300.0", seconds))


@pytest.mark.parametrize(("second", "right"), [("49014.7", True), ("48900.0", False)])
def test_the_second_buy_of_a_decision_may_overtake_the_first(second: str, right: bool) -> None:
    around = surroundings(["50000"], "99999")
    past = Past(1001, "lineage", around)
    buys = Buys(past, around)
    for txid, price, number in (("SECOND", second, 8), ("FIRST", "49504.9", 7), ("THIRD", "48529.4", 9)):
        order = ladder_buy(txid, price, ARRIVES)
        buys.arrive(order, Cause("ladder", number=number))
        past.placed(order, Cause("ladder", number=number))
    with nullcontext() if right else pytest.raises(Wrong, match=r"SECOND of .* due is 49014\.7"):
        buys.overdue(ARRIVES + 3 * CLEAR)
