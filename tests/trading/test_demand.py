"""What an answer asks for is added up: orders that are not paid by the strategy's own halt it, over restarts too."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from messages.ids import Nanos, VenueOrderId, client_order_id
from messages.mailboxes import CoreEvent
from messages.market import Tick
from messages.money import ZERO
from messages.orders import Balances, Canceled, Filled, Place
from tests.liar import Liar, Own
from tests.trading.guard_stage import Stage, bought, sells
from trading.demand import BURST
from trading.guard import CoreFailed

D = Decimal


def buys(*volumes: str) -> Callable[[Liar, CoreEvent], None]:
    def lie(liar: Liar, event: CoreEvent) -> None:
        for volume in volumes:
            liar.order("buy", D("40000.0"), D(volume))

    return lie


def asks(**changes: object) -> Callable[[Liar, CoreEvent], None]:
    def lie(liar: Liar, event: CoreEvent) -> None:
        liar.order("buy", D("40000.0"), D("0.001"), **changes)  # type: ignore[arg-type]

    return lie


def doubled(liar: Liar, event: CoreEvent) -> None:
    """A second answer to the same fill, under an id of its own."""
    for own in list(liar.state.orders.values()):
        if own.place.side == "sell":
            liar.order("sell", own.place.price, own.place.volume, kind="counter")


def of_a_neighbour(liar: Liar, event: CoreEvent) -> None:
    liar.cancel(client_order_id(1002, "theirs"))


def flood(liar: Liar, event: CoreEvent) -> None:
    for number in range(3000):
        liar.order("buy", D("40000.0"), D("0.00005"), cause=f"n{number}", order_id=client_order_id(1001, f"n{number}"))


ASKED = {
    "base that no fill brought": (sells("0.002"), "a sell of 0.002 at 60000: its fills have left 0"),
    "a sell as large as its own, besides it": (sells("0.00201"), "its fills have left 0"),
    "the same fill answered twice": (doubled, "its fills have left 0"),
    "a buy above its investment": (buys("0.026"), "max_investment is 1000"),
    "two buys that fit one by one": (buys("0.015", "0.0101"), "max_investment is 1000"),
    "a neighbour's order": (of_a_neighbour, "no open order of its own"),
    "a time before all time": (asks(time=-1), "of the time -1"),
    "a time to come": (asks(time=10**19), "that of a tick or fill"),
    "a time that is none": (asks(time=1.5), "of the time 1.5"),
    "a manner that is none": (asks(post_only="yes"), "true or false, not 'yes'"),
    "another kind": (asks(kind="market"), "of kind 'market'"),
    "another pair": (asks(symbol="ETH/USD"), "its own pair is BTC/USD"),
    "thousands at once": (flood, "3,000 new orders at once: 2,000 are allowed"),
}


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("name", ASKED)
def test_what_it_must_not_ask_for_halts_it(name: str, restarts: bool) -> None:
    stage = bought()
    if restarts:
        stage = stage.restarted().begin()
    stage.liar.lie, words = ASKED[name]
    with pytest.raises(CoreFailed, match=words):
        stage.tick()


def test_a_sell_that_is_larger_than_its_fill_halts_it() -> None:
    stage = Stage().begin()
    buy = stage.only()

    def lie(liar: Liar, event: CoreEvent) -> None:
        if isinstance(event, Filled):
            ((order_id, own),) = liar.state.orders.items()
            liar.state.orders[order_id] = Own(msgspec.structs.replace(own.place, volume=own.place.volume * 2))
            liar.out = [liar.state.orders[order_id].place]

    stage.liar.lie = lie
    with pytest.raises(
        CoreFailed, match=r"a sell of 0\.004 at .*its fills have left 0\.002 BTC that none of its sells"
    ):
        stage.fill(buy)


def test_two_sells_that_are_allowed_one_by_one_halt_it_together() -> None:
    stage = bought()
    stage.hear(
        Canceled(
            order_id=stage.only().order_id,
            exchange_id=VenueOrderId("O"),
            filled=ZERO,
            cost=ZERO,
            fee=ZERO,
            reason="by hand",
            time=stage.now,
        )
    )
    half_and_more = sells("0.0015", "0.0015")
    stage.liar.lie = half_and_more
    with pytest.raises(CoreFailed, match=r"0\.0015 at 60000: its fills have left 0\.0005"):
        stage.tick()


@pytest.mark.parametrize(("unowned", "halts"), [("0.01", False), ("0.001", True)])
def test_other_base_is_sold_where_that_is_permitted_and_no_more_than_there_is(unowned: str, halts: bool) -> None:
    stage = Stage(may_sell=True)
    stage.liar.wants_unowned = True
    stage.funds = Balances(1001, D(5000), ZERO, D(unowned))
    stage.begin()
    stage.liar.lie = lambda liar, event: sells("0.002")(liar, event) if isinstance(event, Tick) else None
    if halts:
        with pytest.raises(CoreFailed, match=r"and it may sell 0\.001 BTC that no strategy bought"):
            stage.tick()
    else:
        stage.tick()


def test_one_that_places_and_cancels_without_end_halts() -> None:
    stage = bought()

    def lie(liar: Liar, event: CoreEvent) -> None:
        if isinstance(event, Tick):
            place = liar.order("buy", D("40000.0"), D("0.001"))
            liar.cancel(place.order_id)
            del liar.state.orders[place.order_id]

    stage.liar.lie = lie

    def ticks() -> None:
        for number in range(BURST):
            outputs = stage.guard.handle(Tick("BTC/USD", D("50000.0"), Nanos(stage.now + number * 10**7)))
            for output in outputs:
                if isinstance(output, Place):
                    stage.guard.handle(
                        Canceled(
                            order_id=output.order_id,
                            exchange_id=VenueOrderId(""),
                            filled=ZERO,
                            cost=ZERO,
                            fee=ZERO,
                            reason="requested",
                            time=Nanos(stage.now + number * 10**7),
                        )
                    )

    with pytest.raises(CoreFailed, match="orders and cancels without end: more than 10000"):
        ticks()
