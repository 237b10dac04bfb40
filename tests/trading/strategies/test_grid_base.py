"""The order of things around the rules: start, changed configuration, funds, stop, restart."""

from typing import Literal

import msgspec
import pytest

from messages.mailboxes import CoreEvent
from messages.orders import Accepted, Canceled, Filled, PartiallyFilled, Resynced
from tests.trading.strategies.harness import (
    BUYS_AT_50000,
    LADDER_AT_50000,
    SETTINGS,
    USERREF,
    D,
    Play,
    canceled,
    make_core,
    placed,
    settings,
)
from trading.strategies import state as states
from trading.strategies.c_dca import C_DCA
from trading.strategies.core import Core, Output
from trading.strategies.grid_hodl import GRID_HODL
from trading.strategies.grid_sell import GRID_SELL
from trading.strategies.settings import Variant
from trading.strategies.swing import SWING

ALL_KINDS = pytest.mark.parametrize("variant", [GRID_HODL, GRID_SELL, SWING, C_DCA], ids=lambda variant: variant.kind)


def test_a_grid_is_a_core() -> None:
    core: Core = make_core()
    assert core.live_orders() == ()


def resync(play: Play, events: list[CoreEvent], saved: str, price: str = "50000") -> list[Output]:
    """Start a new core from `saved`: tick known, then what happened, then funds, then `Resynced`."""
    play.core = make_core(play.config, play.variant, saved)
    play.accepting = False
    outputs: list[Output] = []
    for event in [play.a_tick(price), *events, play.balances(), Resynced(USERREF, 2)]:
        outputs += play.handle(event)
    return outputs


# Start


def test_nothing_is_decided_before_it_was_told_everything() -> None:
    play = Play()
    assert play.handle(play.a_tick("50000")) == []
    assert play.handle(play.balances()) == []
    assert play.tick("60000") == []


@ALL_KINDS
def test_fills_while_away_are_answered_before_the_upkeep(variant: Variant) -> None:
    play = Play(variant)
    play.start("50000")
    saved = play.core.save()
    first, second, *_ = play.orders("buy")
    play.owned += first.volume + second.volume
    facts: list[CoreEvent] = [
        play.fill_event(Filled, first, first.volume),
        play.fill_event(Filled, second, second.volume),
    ]
    outputs = placed(resync(play, facts, saved, "49100"))
    sells = [(side, price) for side, price, _ in outputs[:2] if side == "sell"]
    assert sells == ([("sell", D("49999.9")), ("sell", D("49504.8"))] if variant.sell_volume else [])
    assert [price for side, price, _ in outputs if side == "buy"] == [D("47102.0"), D("46635.6")]


def test_fills_while_away_are_lifted_by_the_price_of_the_start() -> None:
    play = Play()
    play.start("50000")
    buy = play.orders("buy")[0]
    facts: list[CoreEvent] = [play.fill_event(Filled, buy, buy.volume)]
    outputs = placed(resync(play, facts, play.core.save(), "50200"))
    assert outputs[0] == ("sell", D("50702.0"), D("0.00198221"))


def test_a_partly_filled_buy_cancelled_while_away_becomes_surplus() -> None:
    play = Play()
    play.start("50000")
    buy = play.orders("buy")[0]
    cost = D("0.001") * buy.price
    event = Canceled(
        order_id=buy.order_id,
        exchange_id=play.exchange_ids[buy.order_id],
        filled=D("0.001"),
        cost=cost,
        fee=D("0.1"),
        reason="by hand",
        time=play.now,
    )
    play.owned = D("0.001")
    resync(play, [event], play.core.save())
    assert (play.core.state.surplus, play.core.owned) == (D("0.001"), D("0.001"))


def test_the_same_facts_told_again_change_nothing() -> None:
    play = Play()
    play.start("50000")
    play.partly(play.orders("buy")[1].order_id, "0.001")
    facts: list[CoreEvent] = [
        Accepted(order_id=order.order_id, exchange_id=play.exchange_ids[order.order_id], time=play.now)
        for order in play.orders("buy")
    ]
    facts.append(play.fill_event(PartiallyFilled, play.orders("buy")[1], D("0.001")))
    saved = play.core.save()
    assert resync(play, facts, saved) == []
    assert play.core.save() == saved


def test_a_second_resync_of_a_running_core_changes_nothing() -> None:
    play = Play()
    play.start("50000")
    saved = play.core.save()
    assert play.handle(Resynced(USERREF, 9)) == []
    assert play.core.save() == saved


def test_live_orders_are_every_order_that_is_requested_open_or_being_cancelled() -> None:
    play = Play()
    play.start("50000")
    play.partly(play.orders("buy")[0].order_id, "0.001")
    play.accepting = False
    play.tick("60000")
    live = {order.place.order_id: order for order in play.core.live_orders()}
    assert set(live) == set(play.open)
    assert all(live[place.order_id].place == place for place in play.open.values())
    assert sorted((o.canceling, o.accepted, o.filled) for o in live.values()) == (
        [(False, False, D(0))] * 5 + [(True, True, D(0))] * 4 + [(True, True, D("0.001"))]
    )


# Changed configuration


@pytest.mark.parametrize("change", [{"amount": D(50)}, {"interval": D("0.02")}])
def test_another_amount_or_interval_builds_all_buys_anew_and_leaves_the_sells(change: dict[str, object]) -> None:
    play = Play()
    play.start("50000")
    play.fill(play.orders("buy")[0].order_id)
    sell = play.only("sell")
    old = [order.order_id for order in play.orders("buy")]
    again = play.restart("50000", settings(**change))
    assert canceled(again.restarted) == old
    assert len(again.orders("buy")) == 5
    assert again.only("sell") == sell
    once_more = again.restart("50000", settings(**change))
    assert once_more.restarted == []


def test_a_fill_while_away_is_answered_before_the_changed_configuration_cancels() -> None:
    play = Play()
    play.start("50000")
    buy = play.orders("buy")[0]
    play.config = settings(interval=D("0.02"))
    facts: list[CoreEvent] = [play.fill_event(Filled, buy, buy.volume)]
    outputs = resync(play, facts, play.core.save(), "49600")
    # The sell of the filled buy follows the new interval, as everything that is decided from now on.
    assert placed(outputs)[0][:2] == ("sell", D("50494.9"))
    assert len(canceled(outputs)) == 4


def test_another_n_alone_cancels_or_adds_at_the_lower_end() -> None:
    play = Play()
    play.start("50000")
    fewer = play.restart("50000", settings(max_open_buys=3))
    assert fewer.prices("buy") == BUYS_AT_50000[:3]
    more = fewer.restart("50000", settings(max_open_buys=6))
    assert more.prices("buy") == [*BUYS_AT_50000, D("47102.0")]


# Funds


def test_balances_alone_place_no_buys() -> None:
    play = Play(quote="0")
    play.start("50000")
    play.quote = D(100_000)
    assert play.handle(play.balances()) == []
    assert placed(play.tick("50000", after=10)) == LADDER_AT_50000


def test_before_the_start_new_funds_do_not_place_remembered_sells() -> None:
    play = Play()
    play.start("50000")
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    play.refuse(play.only("sell").order_id, "funds")
    play.core = make_core(play.config, play.variant, play.core.save())
    assert play.handle(play.balances()) == []


# Stop


@pytest.mark.parametrize(
    ("on_stop", "leaving"),
    [("keep", set()), ("cancel-buys", {"buy"}), ("cancel-all", {"buy", "sell"})],
)
def test_a_stop_cancels_what_on_stop_says(
    on_stop: Literal["keep", "cancel-buys", "cancel-all"], leaving: set[str]
) -> None:
    play = Play()
    play.start("50000")
    play.fill(play.orders("buy")[0].order_id)
    expected = [place.order_id for place in play.open.values() if place.side in leaving]
    play.accepting = False
    outputs = play.stop(on_stop)
    assert sorted(canceled(outputs)) == sorted(expected)
    assert placed(outputs) == []


def test_requests_that_are_still_on_their_way_are_cancelled_too() -> None:
    play = Play()
    play.accepting = False
    play.start("50000")
    assert len(canceled(play.stop("cancel-buys"))) == 5


def test_after_a_stop_nothing_but_counter_orders_of_fills_is_decided() -> None:
    play = Play()
    play.start("50000")
    play.accepting = False
    play.stop("cancel-buys")
    assert play.tick("60000") == []
    assert [side for side, _, _ in placed(play.fill(play.orders("buy")[0].order_id))] == ["sell"]


def test_sells_cancelled_by_a_stop_are_placed_again_at_the_next_start_under_a_new_attempt() -> None:
    play = Play()
    play.start("50000")
    play.fall_to("49014.7")
    before = play.orders("sell")
    play.stop("cancel-all")
    assert play.open == {}
    again = play.restart("49100")
    assert [(o.price, o.volume) for o in again.orders("sell")] == [(o.price, o.volume) for o in before]
    assert [o.cause for o in again.orders("sell")] == [f"{o.cause}#1" for o in before]
    assert len(again.orders("buy")) == 5


def test_a_tick_whose_price_is_inside_the_band_still_counts_as_the_newest() -> None:
    play = Play()
    play.start("50000")
    play.tick("50300")
    assert play.core.report("trading", "").price == D(50300)
    assert play.core.state.amount == SETTINGS.amount


@ALL_KINDS
def test_a_saved_fill_from_the_future_holds_up_nothing(variant: Variant) -> None:
    """An older version took the venue's stamp as it was; no restart should have to wait until then."""
    play = Play(variant)
    play.start("50000")
    hour = 3_600 * 10**9
    saved = states.save(msgspec.structs.replace(states.load(play.core.save()), fill_time=play.now + hour))
    resync(play, [], saved)
    play.accepting = True
    assert play.tick("52000")
