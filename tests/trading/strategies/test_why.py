"""Why an order is not there, and when it is tried again: every way in which one may be absent."""

from collections.abc import Callable

import pytest

from messages.ids import Nanos
from messages.orders import RejectReason, Resynced
from tests.trading.strategies.harness import SECOND, USERREF, D, Play, settings
from tests.trading.strategies.test_order_events_closures import two_sells
from trading.strategies import why as whys
from trading.strategies.core import NEVER
from trading.strategies.grid_sell import GRID_SELL
from trading.strategies.ladder import CROSSED
from trading.strategies.order_events import BY_OURSELVES
from trading.strategies.retry import ASK_AGAIN_AFTER, RETRY_AFTER
from trading.strategies.swing import SWING
from trading.strategies.upkeep import ON_ITS_WAY
from trading.strategies.why import Again, Event, Missing, What, why


def missing(play: Play, what: What) -> Missing:
    """The one thing of this kind that is missing."""
    (found,) = [absent for absent in why(play.core._ladder) if absent.what == what]
    return found


def on(*events: Event) -> frozenset[Event]:
    return frozenset(events)


def lacking_a_buy() -> Play:
    """One buy of the ladder is requested again, and not answered yet."""
    play = Play()
    play.start("50000")
    play.close(play.orders("buy")[-1].order_id, "by hand")
    play.accepting = False
    play.tick("50000")
    return play


def test_where_nothing_is_missing_there_is_nothing_to_say() -> None:
    play = Play()
    play.start("50000")
    assert why(play.core._ladder) == ()


def test_before_the_first_trade_and_before_it_trades_buys_wait_for_that() -> None:
    play = Play()
    absent = missing(play, "buys")
    assert (absent.reason, absent.number, absent.again) == (whys.NOT_TRADING, 5, Again(on=on("trading")))
    play.handle(Resynced(USERREF, 1))
    absent = missing(play, "buys")
    assert (absent.reason, absent.again.on, absent.weight) == (whys.NO_TRADE, on("trade"), "quiet")


def test_a_first_price_that_nothing_confirms_keeps_the_buys_back() -> None:
    play = Play(config=settings(reference=D(50000)))
    play.handle(play.balances())
    play.handle(Resynced(USERREF, 1))
    play.misprint("90000")
    absent = missing(play, "buys")
    assert absent.reason.startswith("the last trade at 90000 is far from the exchange's ticker at 50000")
    assert (absent.again, absent.weight) == (Again(on=on("trade")), "hinders")


def test_a_jump_keeps_buys_back_that_are_missing() -> None:
    play = Play()
    play.start("50000")
    play.close(play.orders("buy")[-1].order_id, "by hand")
    play.misprint("90000")
    absent = missing(play, "buys")
    assert (absent.reason, absent.again) == (whys.NOT_CONFIRMED, Again(on=on("trade")))


def test_a_buy_that_was_closed_by_hand_is_decided_with_the_next_trade() -> None:
    play = Play()
    play.start("50000")
    play.close(play.orders("buy")[-1].order_id, "by hand")
    absent = missing(play, "buys")
    assert (absent.reason, absent.number, absent.again.at) == (whys.NEXT_TRADE, 1, 0)


def test_buys_without_funds_wait_for_other_funds() -> None:
    play = Play(quote="450")
    play.start("50000")
    absent = missing(play, "buys")
    assert (absent.reason, absent.number) == ("funds", 1)
    assert absent.again == Again(NEVER, on=on("funds"))
    started = play.now
    play.quote += 100
    play.handle(play.balances())
    assert missing(play, "buys").again == Again(started + RETRY_AFTER)


@pytest.mark.parametrize(
    ("refusal", "pause", "helps"),
    [
        ("funds", ASK_AGAIN_AFTER, on("funds")),
        ("rules", ASK_AGAIN_AFTER, on("rules")),
        ("no room", 60 * SECOND, on("funds", "place")),
        ("refused", RETRY_AFTER, on()),
    ],
)
def test_a_refused_buy_waits_for_what_its_refusal_says(
    refusal: RejectReason, pause: int, helps: frozenset[Event]
) -> None:
    play = lacking_a_buy()
    play.now = Nanos(play.now + SECOND)
    play.handle(play.a_tick("50000"))
    play.refuse(play.orders("buy")[-1].order_id, refusal)
    absent = missing(play, "buys")
    assert absent.again == Again(play.now + pause, on=helps)
    assert absent.weight == "hinders"


def test_buys_beyond_the_most_that_may_be_invested_wait_for_events_of_orders() -> None:
    play = Play(config=settings(max_investment=D(250)))
    play.start("50000")
    absent = missing(play, "buys")
    assert (absent.reason, absent.again) == ("max_investment", Again(on=on("orders")))


def test_buys_whose_fees_eat_the_gain_wait_for_another_fee() -> None:
    play = Play(config=settings(fee=D("0.006")))
    play.start("50000")
    absent = missing(play, "buys")
    assert "eats the interval" in absent.reason
    assert absent.again == Again(on=on("rules"))


def test_buys_that_would_cross_the_ask_wait_for_their_pause_or_another_price() -> None:
    play = lacking_a_buy()
    for _ in range(4):
        play.refuse(play.orders("buy")[-1].order_id, "post-only")
        play.tick("50000")
        if len(play.orders("buy")) < 5 or play.orders("buy")[-1].order_id not in play.open:
            break
    absent = missing(play, "buys")
    assert absent.reason == CROSSED
    assert absent.again == Again(play.core._ladder.crossings.until, on=on("trade"))


@pytest.mark.parametrize(
    ("refusal", "pause", "helps"),
    [
        ("funds", RETRY_AFTER, on("funds", "place", "rules")),
        ("order limit", RETRY_AFTER, on("funds", "place", "rules")),
        ("minimum", ASK_AGAIN_AFTER, on("rules")),
    ],
)
def test_a_refused_counter_sell_is_tried_again(refusal: RejectReason, pause: int, helps: frozenset[Event]) -> None:
    play = Play()
    play.start("50000")
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    sell = play.only("sell")
    play.refuse(sell.order_id, refusal)
    absent = missing(play, "sell")
    assert (absent.volume, absent.price, absent.weight) == (sell.volume, sell.price, "hinders")
    assert absent.again == Again(play.now + pause, on=helps)
    play.stop("keep")
    assert missing(play, "sell").again == Again(on=on("trading"))


def test_a_counter_sell_that_the_program_withdrew_needs_nobody() -> None:
    play = two_sells()
    play.stop("cancel-all")
    reasons = {(absent.reason, absent.weight) for absent in why(play.core._ladder) if absent.what == "sell"}
    assert reasons == {(BY_OURSELVES, "waits")}


def with_surplus(bought: str) -> Play:
    """A buy was closed by hand of which this much was bought."""
    play = Play(config=settings(max_open_buys=1))
    play.start("50000")
    play.partly(play.only("buy").order_id, bought)
    play.accepting = False
    play.close(play.only("buy").order_id, "by hand")
    return play


def test_a_surplus_that_is_worth_too_little_waits_for_a_price_or_for_more_of_it() -> None:
    play = with_surplus("0.00199")
    assert missing(play, "surplus").again.at == 0  # the last trade is older than what was bought
    play.tick("49000")
    absent = missing(play, "surplus")
    assert (absent.reason, absent.volume, absent.weight) == ("not worth 100 USD yet", D("0.00199"), "waits")
    # 100 / (0.00199 x 1.01), less a tenth of a percent
    assert absent.again.above is not None
    assert D(49703) < absent.again.above < D(49704)
    assert absent.again.on == on("orders")


def test_a_surplus_whose_sell_is_requested_waits_for_its_answer() -> None:
    absent = missing(with_surplus("0.00201"), "surplus")
    assert (absent.reason, absent.again.on, absent.weight) == (ON_ITS_WAY, on("orders"), "waits")


def test_a_surplus_whose_sell_was_refused_is_offered_again_after_a_pause() -> None:
    play = with_surplus("0.00201")
    play.refuse(play.only("sell").order_id, "funds")
    play.owned = D("0.001")
    play.base = D(0)
    play.handle(play.balances())
    absent = missing(play, "surplus")
    assert (absent.reason, absent.weight) == ("funds", "hinders")
    assert absent.again.at == play.now + RETRY_AFTER
    assert "funds" in absent.again.on
    play.stop("keep")
    assert missing(play, "surplus").again == Again(on=on("trading"))


def test_a_released_sell_waits_for_its_owner_and_a_released_buy_for_the_ladder() -> None:
    play = two_sells()
    play.close(play.orders("sell")[0].order_id, "by hand")
    assert missing(play, "released").again == Again(on=on("owner"))
    play = Play()
    play.start("50000")
    play.close(play.orders("buy")[-1].order_id, "by hand")
    assert missing(play, "released").again == missing(play, "buys").again


def test_base_that_no_order_offers_is_its_owners_to_decide() -> None:
    play = Play(GRID_SELL)
    play.start("50000")
    play.core.state.owned = D("0.00000001")
    absent = missing(play, "base")
    assert (absent.reason, absent.volume, absent.again) == (
        whys.OFFERED_NOWHERE,
        D("0.00000001"),
        Again(on=on("owner")),
    )


def swing(base: str = "0.0019", **changes: object) -> Play:
    play = Play(SWING, settings(**changes), base=base)
    play.start("50000")
    return play


def answers_are_due() -> Play:
    play = swing()
    play.accepting = False
    play.close(play.orders("buy")[-1].order_id, "by hand")
    play.tick("50000")
    return play


def a_sell_is_open() -> Play:
    play = swing()
    play.fill(play.orders("buy")[0].order_id)
    return play


def buys_are_missing() -> Play:
    play = Play(SWING, quote="450", base="0.0019")
    play.start("50000")
    return play


@pytest.mark.parametrize(
    ("stage", "reason", "helps"),
    [
        (a_sell_is_open, whys.SELLS_FIRST, on("orders")),
        (answers_are_due, whys.ANSWERS_FIRST, on("orders")),
        (buys_are_missing, whys.FULL_LADDER_FIRST, on("orders")),
    ],
)
def test_an_extra_sell_comes_after_everything_else(
    stage: Callable[[], Play], reason: str, helps: frozenset[Event]
) -> None:
    absent = missing(stage(), "extra sell")
    assert (absent.reason, absent.again.on, absent.weight) == (reason, helps, "quiet")


def test_an_extra_sell_that_is_worth_too_little_waits_for_a_price() -> None:
    absent = missing(swing("0.001984"), "extra sell")
    assert absent.reason == "not worth 100.25 USD yet"
    assert absent.again.above is not None
    assert D("50529.2") < absent.again.above < D("50529.3")


def test_a_refused_extra_sell_is_tried_again_after_a_pause() -> None:
    play = swing("0.001984")
    play.accepting = False
    play.tick("50540")
    play.refuse(play.only("sell").order_id, "refused")
    absent = missing(play, "extra sell")
    assert (absent.reason, absent.again.at) == ("refused: refused", play.now + RETRY_AFTER)


def test_an_extra_sell_that_no_place_is_left_for_waits_for_one() -> None:
    play = swing("0.001984")
    ladder = play.core._ladder
    ladder.limit.shown(5, play.now + 600 * SECOND)
    play.tick("50540")
    absent = missing(play, "extra sell")
    assert (absent.reason, absent.again) == ("order limit", Again(play.now - SECOND + 600 * SECOND, on=on("place")))


def test_an_extra_sell_that_is_open_and_base_that_is_not_there_are_not_missing() -> None:
    play = swing("0.01")
    absent = missing(play, "extra sell")
    assert (absent.reason, absent.again.at) == (whys.NEXT_TRADE, 0)
    play.tick("50000")
    assert [order.kind for order in play.orders("sell")] == ["extra"]
    assert why(play.core._ladder) == ()
    assert why(swing("0").core._ladder) == ()
