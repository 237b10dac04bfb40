"""What a core says of its orders at a start is what they are, or its strategy is halted."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from messages.account import LiveOrder
from messages.ids import client_order_id
from messages.money import ZERO
from tests.trading.guard_stage import Stage, bought, found
from trading.guard import CoreFailed

D = Decimal


def changed(**changes: object) -> Callable[[LiveOrder], LiveOrder | None]:
    return lambda live: msgspec.structs.replace(live, **changes)


def larger(live: LiveOrder) -> LiveOrder:
    return msgspec.structs.replace(live, place=msgspec.structs.replace(live.place, volume=D(1)))


def elsewhere(live: LiveOrder) -> LiveOrder:
    return msgspec.structs.replace(live, place=msgspec.structs.replace(live.place, symbol="ETH/USD"))


def unheard_of(live: LiveOrder) -> LiveOrder:
    return msgspec.structs.replace(live, place=msgspec.structs.replace(live.place, order_id=client_order_id(1001, "x")))


NAMED: dict[str, tuple[Callable[[LiveOrder], LiveOrder | None], str]] = {
    "hides its sell": (lambda live: None, r"it does not name its open sell of 0\.002 at"),
    "makes it larger": (larger, r"a sell of 1 at .* as its own, which is a sell of 0\.002"),
    "moves it to another pair": (elsewhere, "of userref 1001 and 'ETH/USD'"),
    "names one it never asked for": (unheard_of, "which it never asked for"),
    "says more of it is executed": (changed(filled=D("0.001")), r"with 0\.001 executed: its fills are 0"),
    "says it is its owner's": (changed(placed=ZERO), "it was not amended"),
}


@pytest.mark.parametrize("name", NAMED)
def test_orders_that_are_not_what_they_were_halt_it_at_its_start(name: str) -> None:
    stage = bought().restarted()
    stage.liar.names, words = NAMED[name]
    with pytest.raises(CoreFailed, match=words):
        stage.attach()


def test_a_fill_that_it_reckons_with_and_says_to_be_untold_halts_it_at_its_start() -> None:
    stage = Stage().begin()
    stage.fill(stage.only(), "0.001")
    again = stage.restarted()
    again.liar.names = changed(filled=ZERO)
    with pytest.raises(CoreFailed, match=r"owns 0\.001 BTC, while the fills that it counts have brought 0"):
        again.attach()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"volume": D(1)}, r"which is a sell of 0\.002 at 60000 of BTC/USD"),
        ({"order_id": client_order_id(1001, "other")}, "which the exchange does not show"),
        ({"strategy": 1002}, "which the exchange does not show"),
    ],
)
def test_only_what_the_exchange_shows_is_taken_over(changes: dict[str, object], words: str) -> None:
    stage = Stage().attach()
    as_it_is = stage.liar.adopted
    stage.liar.adopted = lambda facts: msgspec.structs.replace(as_it_is(facts), **changes)  # type: ignore[method-assign]
    with pytest.raises(CoreFailed, match=words):
        stage.guard.recover(found(), adopt=True)
