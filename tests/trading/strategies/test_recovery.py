"""What is taken over from the exchange, by the ids alone."""

from decimal import Decimal
from typing import get_args

import msgspec
import pytest

from messages.account import OrderFacts, OrdersFound, OrderStatus
from messages.ids import NO_VENUE_ID, Nanos, VenueOrderId, client_order_id, counter_cause, ladder_cause
from messages.money import ZERO, Side
from messages.notices import OrderFilled, OrderReleased, OrdersRecovered
from messages.orders import Accepted, Canceled, CloseReason, Filled, Place
from tests.trading.strategies.harness import SETTINGS, USERREF, Play, make_core
from trading.strategies.c_dca import C_DCA
from trading.strategies.core import Recovery
from trading.strategies.grid_base import GridCore
from trading.strategies.grid_hodl import GRID_HODL
from trading.strategies.grid_sell import GRID_SELL
from trading.strategies.recovery import UNKNOWN
from trading.strategies.settings import Variant
from trading.strategies.state import OwnOrder
from trading.strategies.swing import SWING

D = Decimal
SINCE = 1_700_000_000 * 10**9


def facts(
    exchange_id: str,
    cause: str,
    side: Side = "buy",
    price: str = "49504.9",
    status: OrderStatus = "open",
    filled: str = "0",
    time: int = 1,
) -> OrderFacts:
    """An order as the exchange shows it."""
    volume = D("0.002")
    return OrderFacts(
        order_id=client_order_id(USERREF, cause),
        exchange_id=VenueOrderId(exchange_id),
        symbol="BTC/USD",
        side=side,
        price=D(price),
        volume=volume,
        status=status,
        filled=volume if status == "filled" else D(filled),
        cost=ZERO,
        fee=ZERO,
        reason="by hand",
        time=Nanos(SINCE + time),
    )


def recovered(core: GridCore, *orders: OrderFacts, adopt: bool = False) -> Recovery:
    return core.recover(OrdersFound(USERREF, 1, SINCE, orders), adopt=adopt)


def known(recovery: Recovery) -> list[tuple[str, str]]:
    """Kind and cause of what was taken over."""
    return [(place.kind, place.cause) for place in recovery.adopted]


def test_without_a_state_open_orders_are_taken_over_and_their_origin_is_told_by_their_ids() -> None:
    core = make_core()
    recovery = recovered(
        core,
        facts("O1", "an old lineage/ladder/1", status="filled"),
        facts("O2", counter_cause(VenueOrderId("O1"), 0), "sell", "50000.0"),
        facts("O3", "an old lineage/ladder/2", price="49014.7", filled="0.001"),
        facts("O4", "of a buy that is older than that", "sell", "51000.0"),
    )
    assert known(recovery) == [("counter", "O1"), ("ladder", "adopted/O3"), ("counter", "adopted/O4")]
    assert core.owned == D("0.002")  # of O4 no buy is known: it may be its owner's base
    assert core.state.highest_buy == D("50495.0")
    assert recovery.notices == [OrdersRecovered("grid", "BTC/USD", 3, 0, SINCE, UNKNOWN)]


def test_without_a_state_a_fill_is_unanswered_if_its_counter_orders_id_exists_nowhere() -> None:
    buys = [facts(f"O{n}", f"old/{n}", status="filled", time=n) for n in range(3)]
    core = make_core()
    recovery = recovered(
        core,
        *buys,
        facts("O5", counter_cause(VenueOrderId("O0"), 0), "sell", "50000.0", status="filled"),
        facts("O6", counter_cause(VenueOrderId("O1"), 0), "sell", "50000.0", status="canceled"),
        facts("O7", counter_cause(VenueOrderId("O1"), 1), "sell", "50000.0", time=9),
    )
    assert known(recovery) == [("counter", "O1#1"), ("ladder", "adopted/O2")]
    outputs = core.handle(
        Filled(
            order_id=buys[2].order_id,
            exchange_id=VenueOrderId("O2"),
            fill_id="T1",
            filled=D("0.002"),
            cost=D(99),
            fee=D(0),
            time=Nanos(SINCE + 2),
        )
    )
    assert [(output.side, output.cause) for output in outputs if isinstance(output, Place)] == [("sell", "O2")]


def test_without_a_state_a_filled_sell_is_unanswered_only_if_nobody_lived_after_it() -> None:
    bought = facts("O1", "old/1", status="filled")
    sold = facts("O2", counter_cause(VenueOrderId("O1"), 0), "sell", "50000.0", status="filled", time=5)
    younger, older = facts("O3", "old/2", time=9), facts("O3", "old/2", time=4)
    assert known(recovered(make_core(), bought, sold, younger)) == [("ladder", "adopted/O3")]
    assert known(recovered(make_core(), bought, sold, older)) == [
        ("ladder", "adopted/O3"),
        ("counter", "adopted/O2"),
    ]


def test_without_a_state_a_strategy_that_never_sells_answers_no_old_buy() -> None:
    recovery = recovered(make_core(variant=C_DCA), facts("O1", "old/1", status="filled"))
    assert recovery == Recovery()


def stale() -> tuple[GridCore, Play]:
    """A core that was saved with five buys, and the exchange that took them."""
    play = Play()
    play.start("50000.0")
    return make_core(saved=play.core.save()), play


def test_a_stale_state_takes_over_what_follows_from_it() -> None:
    core, _ = stale()
    first = next(order for order in core.state.orders.values() if order.price == D("49504.9"))
    ladder = ladder_cause(SETTINGS.lineage, "ladder", 6)
    recovery = recovered(
        core,
        facts("O20", counter_cause(first.exchange_id, 0), "sell", "49999.9", status="filled", time=2),
        facts("O21", counter_cause(VenueOrderId("O20"), 0), "buy", "49504.9", time=3),
        facts("O22", ladder, price="47102.0"),
    )
    assert sorted(known(recovery)) == [("counter", first.exchange_id), ("counter", "O20"), ("ladder", ladder)]
    assert recovery.unexplained == []
    assert core.state.counter == 6
    assert core.owned == ZERO  # the fills that follow will tell
    assert recovery.notices == [OrdersRecovered("grid", "BTC/USD", 2, 1, SINCE, "")]
    # The fill that led to the sell asks for nothing again.
    filled = Filled(
        order_id=first.order_id,
        exchange_id=first.exchange_id,
        fill_id="T1",
        filled=first.volume,
        cost=D(100),
        fee=D("0.25"),
        time=Nanos(SINCE + 1),
    )
    assert not [output for output in core.handle(filled) if isinstance(output, Place)]


def test_the_answer_to_an_order_that_was_only_requested_is_recognised_by_the_order_itself() -> None:
    core, _ = stale()
    requested = next(iter(core.state.orders.values()))
    requested.exchange_id = NO_VENUE_ID
    now = msgspec.structs.replace(facts("O30", "", status="filled"), order_id=requested.order_id)
    recovery = recovered(core, now, facts("O31", counter_cause(VenueOrderId("O30"), 0), "sell", "49999.9"))
    assert known(recovery) == [("counter", "O30")]


def bought(order: OwnOrder) -> Filled:
    """The fill of a buy, told after the sell that answers it was taken over."""
    return Filled(
        order_id=order.order_id,
        exchange_id=order.exchange_id,
        fill_id="T1",
        filled=order.volume,
        cost=order.volume * order.price,
        fee=D("0.25"),
        time=Nanos(SINCE + 1),
    )


@pytest.mark.parametrize("variant", [GRID_HODL, GRID_SELL, SWING], ids=lambda variant: variant.kind)
def test_a_sell_that_was_taken_over_answers_its_buy_and_no_other_one_waits(variant: Variant) -> None:
    play = Play(variant)
    play.start("50000.0")
    core = make_core(variant=variant, saved=play.core.save())
    buy = next(iter(core.state.orders.values()))
    sell = facts("O20", counter_cause(buy.exchange_id, 0), "sell", "49999.9")
    recovered(core, sell)
    told = core.handle(bought(buy))
    told += core.handle(Accepted(order_id=sell.order_id, exchange_id=sell.exchange_id, time=Nanos(SINCE + 2)))
    assert [type(notice) for notice in told] == [OrderFilled]  # nothing is refused, nothing is asked for
    assert core.state.remembered == {}


def test_of_two_attempts_that_were_taken_over_the_open_one_is_the_answer() -> None:
    core, _ = stale()
    buy = next(iter(core.state.orders.values()))
    first = facts("O20", counter_cause(buy.exchange_id, 0), "sell", "49999.9", status="canceled", time=2)
    recovered(core, first, facts("O21", counter_cause(buy.exchange_id, 1), "sell", "49999.9", time=3))
    core.handle(bought(buy))
    closed = Canceled(
        order_id=first.order_id,
        exchange_id=first.exchange_id,
        filled=ZERO,
        cost=ZERO,
        fee=ZERO,
        reason="venue",
        time=Nanos(SINCE + 2),
    )
    assert core.handle(closed) == []
    assert core.state.remembered == {}
    assert [order.exchange_id for order in core.state.orders.values() if order.side == "sell"] == [NO_VENUE_ID]


@pytest.mark.parametrize(("known_before", "lost"), [(0, 2), (0, 47), (18, 3), (19, 1), (25, 60)])
def test_however_often_a_sell_was_placed_again_the_one_that_filled_is_found(known_before: int, lost: int) -> None:
    """Each stop with `cancel-all` is one attempt more, so that a nightly restart makes many of them."""
    play = Play(GRID_SELL)
    play.start("50000.0")
    core = play.core
    buy = next(iter(core.state.orders.values()))
    core.handle(bought(buy))
    (sell,) = [order for order in core.state.orders.values() if order.side == "sell"]
    state = msgspec.json.decode(core.save())
    (kept,) = [order for order in state["orders"].values() if order["side"] == "sell"]
    cause = counter_cause(buy.exchange_id, known_before)
    order_id = client_order_id(USERREF, cause)
    state["orders"][order_id] = {**kept, "order_id": order_id, "cause": cause, "attempt": known_before}
    if order_id != sell.order_id:
        del state["orders"][sell.order_id]
    again = make_core(variant=GRID_SELL, saved=msgspec.json.encode(state).decode())
    later = [
        facts(f"S{n}", counter_cause(buy.exchange_id, n), "sell", "49999.9", "canceled", time=n)
        for n in range(known_before + 1, known_before + lost)
    ]
    filled = facts("SOLD", counter_cause(buy.exchange_id, known_before + lost), "sell", "49999.9", "filled", time=999)
    recovery = recovered(again, *reversed(later), filled)
    assert ("counter", counter_cause(buy.exchange_id, known_before + lost)) in known(recovery)
    assert len(recovery.adopted) == lost


def test_ids_of_closed_ladder_orders_are_not_used_again() -> None:
    core, _ = stale()
    gone = facts("O22", ladder_cause(SETTINGS.lineage, "ladder", 9), status="canceled")
    assert known(recovered(core, gone)) == []
    assert core.state.counter == 9


def test_what_the_state_has_handled_long_ago_is_left_alone() -> None:
    core, _ = stale()
    core.state.orders.pop(client_order_id(USERREF, ladder_cause(SETTINGS.lineage, "ladder", 1)))
    before = core.save()
    old = facts("OLD", ladder_cause(SETTINGS.lineage, "ladder", 1), status="filled")
    answered = facts("OLDER", counter_cause(VenueOrderId("OLD"), 0), "sell", status="filled")
    assert recovered(core, old, answered) == Recovery()
    assert core.save() == before


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_an_open_order_that_nothing_explains_is_a_strangers_unless_it_is_adopted(side: Side) -> None:
    core, _ = stale()
    strange = facts("O99", "somebody else", side)
    assert recovered(core, strange).unexplained == [strange]
    core, _ = stale()
    recovery = recovered(core, strange, adopt=True)
    assert recovery.unexplained == []
    assert [place.cause for place in recovery.adopted] == ["adopted/O99"]
    assert core.owned == ZERO


def test_with_adopt_a_state_counts_no_base_twice_and_answers_what_came_after_its_newest_fill() -> None:
    core = make_core()
    core.state.owned, core.state.fill_time = D("0.002"), Nanos(SINCE + 5)
    known_before = make_core(saved=core.save())
    orders = (
        facts("O1", "somebody/1", "sell", "51000.0", time=9),
        facts("O2", "somebody/2", status="filled", time=4),
        facts("O3", "somebody/3", status="filled", time=7),
    )
    recovery = recovered(known_before, *orders, adopt=True)
    assert [place.cause for place in recovery.adopted] == ["adopted/O1", "adopted/O3"]
    # The sell offers what the state owns already; O3 is counted when the resync tells of its fill.
    assert known_before.owned == D("0.002")


def adopted(*, owned: str = "0", is_new: bool = False, variant: Variant = SWING) -> tuple[GridCore, OrderFacts]:
    """A core that has taken over a sell of which no buy is known."""
    before = make_core(variant=variant)
    before.state.owned = D(owned)
    core = make_core(variant=variant, saved=None if is_new else before.save())
    sell = facts("O1", "somebody/1", "sell", "51000.0")
    assert [place.order_id for place in recovered(core, sell, adopt=not is_new).adopted] == [sell.order_id]
    core.handle(Accepted(order_id=sell.order_id, exchange_id=VenueOrderId("O1"), time=Nanos(SINCE + 1)))
    return core, sell


@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.parametrize("reason", get_args(CloseReason))
def test_a_sell_of_which_no_buy_is_known_brings_no_base_whoever_cancels_it(reason: CloseReason, is_new: bool) -> None:
    core, sell = adopted(is_new=is_new)
    assert core.owned == ZERO
    assert [live.placed for live in core.live_orders()] == [ZERO]
    assert core.report("trading", "").investment == sell.price * sell.volume  # it may have been a buy of ours
    outputs = core.handle(
        Canceled(
            order_id=sell.order_id,
            exchange_id=VenueOrderId("O1"),
            filled=D("0.0005"),
            cost=D(25),
            fee=D("0.1"),
            reason=reason,
            time=Nanos(SINCE + 2),
        )
    )
    (released,) = [output for output in outputs if isinstance(output, OrderReleased)]
    assert (released.volume, released.reason.endswith("it offered base of yours")) == (D("0.0015"), True)
    assert not [output for output in outputs if isinstance(output, Place)]
    assert (core.owned, core.state.remembered, core.state.surplus, core.live_orders()) == (ZERO, {}, ZERO, ())
    assert core.take_back() == []
    assert not core.state.remembered


def test_what_a_sell_of_the_owners_brings_is_no_gain_and_takes_none_of_our_base() -> None:
    core, sell = adopted(owned="0.003")
    outputs = core.handle(
        Filled(
            order_id=sell.order_id,
            exchange_id=VenueOrderId("O1"),
            fill_id="T1",
            filled=D("0.002"),
            cost=D(102),
            fee=D("0.2"),
            time=Nanos(SINCE + 2),
        )
    )
    assert [output.volume for output in outputs if isinstance(output, OrderFilled)] == [D("0.002")]
    assert (core.owned, core.state.cash_flow, core.state.fees) == (D("0.003"), ZERO, ZERO)


def test_whose_base_an_adopted_sell_offers_outlives_a_restart() -> None:
    core, _ = adopted(owned="0.003")
    (live,) = make_core(variant=SWING, saved=core.save()).live_orders()
    assert live.placed == ZERO


@pytest.mark.parametrize(("existing", "owned"), [(True, "0.002"), (False, "0.004")])
def test_without_a_state_an_extra_sell_of_existing_base_brings_none_of_ours(existing: bool, owned: str) -> None:
    core = make_core(msgspec.structs.replace(SETTINGS, sell_existing_base=existing), SWING)
    recovered(
        core,
        facts("O1", "an old lineage/ladder/1", status="filled"),
        facts("O2", counter_cause(VenueOrderId("O1"), 0), "sell", "50000.0"),
        facts("O3", ladder_cause(SETTINGS.lineage, "extra", 2), "sell", "51000.0"),
    )
    assert core.owned == D(owned)


@pytest.mark.parametrize("known_attempts", [1, 30])
def test_a_closed_later_attempt_did_rest_so_that_its_cancel_is_no_question_of_ours(known_attempts: int) -> None:
    play = Play()
    play.start("50000")
    play.fill(play.orders("buy")[0].order_id)
    sell = play.core.state.orders[play.only("sell").order_id]
    sell.attempt = known_attempts
    later = facts("O9", counter_cause(sell.parent, known_attempts + 1), "sell", "50000.0", status="canceled")
    core = make_core(saved=play.core.save())
    assert [place.cause for place in recovered(core, later).adopted] == [f"{sell.parent}#{known_attempts + 1}"]
    (live,) = (live for live in core.live_orders() if live.place.order_id == later.order_id)
    assert live.accepted
    assert not live.canceling
