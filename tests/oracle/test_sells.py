"""What a counter-sell may cost that had to wait, and when the market lifts it."""

from collections.abc import Sequence
from contextlib import nullcontext
from decimal import Decimal
from fractions import Fraction

import pytest
from msgspec.structs import replace

from simulators.kraken.model.orders import Order, OrderRequest, Side
from tests.oracle.ids import Cause
from tests.oracle.past import Past
from tests.oracle.sells import Sells
from tests.oracle.surroundings import SECOND, Surroundings, Wrong
from tests.oracle.terms import Terms
from tests.oracle.test_terms import GRID

NARROW = replace(GRID, kind="GridSell", interval=Fraction("0.01"))
WIDE = replace(NARROW, interval=Fraction("0.02"))
LOT = Decimal("0.002")
COARSE = replace(WIDE, tick=Fraction(5))
FILLED, PLACED = 100 * SECOND, 3000 * SECOND


def _order(txid: str, side: Side, price: str, *, opened: int, closed: int = 0) -> Order:
    request = OrderRequest(side, "limit", LOT, Decimal(price))
    filled = LOT if closed else Decimal(0)
    return Order(
        txid, 1, "demo", "XXBTZUSD", request, opened, opened, Decimal(price), LOT, filled=filled, closed=closed
    )


def _check(
    price: str, terms: list[Terms], tickers: Sequence[int], *, clear: bool = False, knows_no_price: bool = False
) -> None:
    """Of a sell placed by the first of `terms` that answers a buy at 50000; the others were in force before."""
    around = Surroundings(
        terms=lambda _: terms,
        opened_under=lambda _: terms[-1],
        prices=lambda _: [Fraction(one) for one in tickers],
        traded=lambda _: [Fraction(one) for one in tickers],
        knows_no_price=lambda _: knows_no_price,
        quote=lambda: Fraction(0),
        offer=lambda: Fraction(10**12),
        decided=lambda order: order.opened,
        unheard_since=lambda _: 0,
        life=lambda: 1,
        clear=clear,
    )
    past = Past(1001, "lineage", around)
    past.owned = Fraction(LOT)
    buy = _order("BUY", "buy", "50000.0", opened=0, closed=FILLED)
    sell = _order("SELL", "sell", price, opened=PLACED)
    Sells(past, around).check_counter(sell, buy, Cause("counter", "BUY"), terms[0])


@pytest.mark.parametrize(
    ("price", "right"),
    [
        ("50500.0", True),  # as it was remembered
        ("51000.0", True),  # as it would be due today
        ("51714.0", True),  # remembered at 50500, which the market has passed: an interval of today above 50700
        ("51207.0", True),  # lifted at once, by the interval of that day
        ("51408.0", False),  # an interval of today above 50400, which has not passed what was remembered
        ("51150.0", False),
    ],
)
def test_a_sell_that_waited_is_lifted_by_the_interval_of_the_day(price: str, right: bool) -> None:
    with nullcontext() if right else pytest.raises(Wrong, match="due for BUY"):
        _check(price, [WIDE, NARROW], [50400, 50700])


def test_a_sell_that_was_lifted_and_waits_again_is_rounded_anew() -> None:
    _check("51715.0", [COARSE, WIDE, NARROW], [50400, 50700])
    with pytest.raises(Wrong, match="due for BUY"):
        _check("51720.0", [COARSE, WIDE, NARROW], [50400, 50700])


@pytest.mark.parametrize("terms", [[WIDE], [WIDE, WIDE], [WIDE, replace(WIDE, amount=Fraction(50))]])
def test_without_another_interval_before_it_is_not_lifted_below_what_is_due(terms: list[Terms]) -> None:
    with pytest.raises(Wrong, match="due for BUY"):
        _check("51714.0", terms, [50400, 50700])


def test_a_former_interval_that_was_wider_lifts_nothing_more() -> None:
    with pytest.raises(Wrong, match="due for BUY"):
        _check("51714.0", [NARROW, WIDE], [50400, 50700])


@pytest.mark.parametrize(
    ("price", "tickers", "knows_no_price", "right"),
    [
        ("50500.0", (50400, 54000), False, True),  # a trade below it did not pass it
        ("50500.0", (50501, 54000), False, False),
        ("50500.0", (50501, 54000), True, True),  # a doubtful trade lifts nothing, and nothing else is known
        ("51006.0", (50501, 54000), True, True),  # the same trade, believed
        ("54540.0", (50501, 54000), True, True),
        ("50499.9", (50501, 54000), True, False),  # never below what is due
    ],
)
def test_in_clear_weather_a_market_that_is_known_lifts_a_sell(
    price: str, tickers: tuple[int, ...], knows_no_price: bool, right: bool
) -> None:
    with nullcontext() if right else pytest.raises(Wrong, match=r"not lifted above the market|due for BUY"):
        _check(price, [NARROW], tickers, clear=True, knows_no_price=knows_no_price)


@pytest.mark.parametrize(
    ("price", "tick", "ticker", "right"),
    [
        ("50500.0", Fraction(7), 50501, False),  # due are exactly 50500, and the market has passed that
        ("50498.0", Fraction(7), 50499, True),  # only the part of a tick by which 50500 is rounded down lies below it
        ("50498.0", Fraction(7), 50501, False),
    ],
)
def test_a_sell_is_not_lifted_for_the_part_of_a_tick_by_which_it_is_rounded_down(
    price: str, tick: Fraction, ticker: int, right: bool
) -> None:
    with nullcontext() if right else pytest.raises(Wrong, match=r"not lifted above the market|due for BUY"):
        _check(price, [replace(NARROW, tick=tick)], [ticker], clear=True)
