"""Where the grid sleeps; `test_grid_machine` shows for any history that no tick inside could have mattered."""

import inspect
import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from messages.ids import Nanos
from messages.money import EXACT, divide, floor_price
from tests.trading.strategies.harness import SECOND, SETTINGS, D, Play, placed, settings
from trading.strategies import rules
from trading.strategies.core import EVERY_TICK, NEVER, NO_TICK, Band
from trading.strategies.swing import SWING
from trading.strategies.upkeep import RULES, surplus_is_due, until_surplus_is_due, upkeep


def test_each_rule_that_the_upkeep_runs_says_how_long_it_sleeps_right_below() -> None:
    run = re.findall(r"(\w+)\(ladder\)", inspect.getsource(upkeep))
    assert run == [rule.acts.__name__ for rule in RULES]
    for rule in RULES:
        lines = [inspect.getsourcelines(function)[1] for function in rule]
        assert 0 < lines[1] - lines[0] < 60, rule


def test_before_it_is_told_everything_no_tick_matters() -> None:
    play = Play()
    assert play.core.band == NO_TICK
    play.handle(play.a_tick("50000"))
    assert play.core.band == NO_TICK


JUMP = D("1.01") ** 5
LOW = EXACT.divide(D(50000), JUMP)


def test_a_complete_ladder_sleeps_up_to_the_shift() -> None:
    play = Play()
    play.start("50000")
    assert play.core.band == Band(LOW, D("50550.44843849"), NEVER)


def test_after_a_fill_every_tick_matters() -> None:
    play = Play()
    play.start("50000")
    play.fill(play.orders("buy")[0].order_id)
    assert play.core.band == EVERY_TICK


def test_while_requests_are_pending_the_grid_sleeps() -> None:
    play = Play()
    play.accepting = False
    play.start("50000")
    assert play.core.band == Band(LOW, D("52550.502505"), NEVER)  # but it sees a jump


def test_without_funds_it_sleeps_until_balances_change_and_ten_seconds_are_over() -> None:
    play = Play(quote="450")
    play.start("50000")
    assert play.core.band.wake == NEVER
    start = play.now
    play.quote += 100
    play.handle(play.balances())
    assert play.core.band.wake == start + 10 * SECOND


def test_funds_that_the_exchange_denies_wake_it_after_ten_minutes() -> None:
    play = Play()
    play.start("50000")
    play.close(play.orders("buy")[-1].order_id, "by hand")
    play.accepting = False
    play.tick("50000")
    play.refuse(play.orders("buy")[-1].order_id, "funds")
    assert play.core.band.wake == play.now + 600 * SECOND


def test_what_became_due_while_only_the_clock_went_on_is_done_with_the_next_tick_whatever_its_time() -> None:
    play = Play(quote="450")
    play.start("50000")
    retry_at = play.now + 10 * SECOND
    play.core.wake(Nanos(retry_at + 2 * SECOND))
    play.quote += 100
    play.handle(play.balances())
    assert (play.core.band.low, play.core.band.high) == (EVERY_TICK.low, EVERY_TICK.high)


def test_at_the_maximum_investment_it_sleeps() -> None:
    play = Play(config=settings(max_investment=D(250)))
    play.start("50000")
    assert play.core.band.low < play.core.band.high


def test_a_remembered_sell_wakes_it_for_the_next_try() -> None:
    play = Play()
    play.start("50000")
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    play.refuse(play.only("sell").order_id, "refused")
    play.tick("49505")
    play.accept(play.orders("buy")[-1].order_id)
    assert play.core.band.wake == play.core._ladder.sell_retry.next_attempt == play.now + 9 * SECOND


def test_a_remembered_sell_that_lacks_base_wakes_it_every_ten_seconds_only() -> None:
    play = Play()
    play.start("50000")
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    play.refuse(play.only("sell").order_id, "funds")
    play.owned = D("0.001")
    play.handle(play.balances())
    play.tick("49505", after=20)
    play.accept(play.orders("buy")[-1].order_id)
    assert play.core.state.remembered
    assert play.core.band.wake == play.now + 10 * SECOND


def test_a_refused_surplus_sell_wakes_it_for_the_next_try() -> None:
    play = Play()
    play.start("50000")
    play.accepting = False
    for _ in range(2):
        order = play.orders("buy")[0]
        play.partly(order.order_id, "0.0015")
        play.close(order.order_id, "by hand")
    play.tick("30000")
    play.refuse(play.only("sell").order_id, "refused")
    refused_at = play.now
    for order in play.orders("buy"):
        play.accept(order.order_id)
    play.tick("30000")
    for order in play.orders("buy"):
        play.accept(order.order_id)
    assert play.core.band.low < D(30000) < play.core.band.high
    assert play.core.band.wake == refused_at + 10 * SECOND
    assert [side for side, _, _ in placed(play.tick("30000", after=10))] == ["sell"]


def test_a_surplus_wakes_it_where_a_lifted_sell_could_be_worth_an_amount() -> None:
    play = Play(config=settings(max_open_buys=1))
    play.start("50000")
    play.partly(play.only("buy").order_id, "0.00201")
    play.close(play.only("buy").order_id, "by hand")
    sells = play.prices("sell")
    assert sells == [D("49999.9")]
    play = Play(config=settings(max_open_buys=1))
    play.start("50000")
    play.partly(play.only("buy").order_id, "0.00199")
    play.close(play.only("buy").order_id, "by hand")
    play.tick("49000")
    # 100 / (0.00199 x 1.01) = 49753.7, less a tenth of a percent; the shift at 49537.5 comes first.
    assert play.core.band.high == play.orders("buy")[0].price * D("1.01") ** 2 * D("1.001")
    assert play.core._ladder.state.surplus == D("0.00199")


@given(
    st.sampled_from(["0.00001", "0.001", "0.01", "0.1", "1"]),
    st.decimals("0.003", "0.2", places=3),
    st.decimals("2", "200", places=2),
    st.integers(0, 3),
)
def test_no_price_up_to_there_makes_a_surplus_due_whatever_the_ticks(
    tick: str, interval: Decimal, ticks: Decimal, below: int
) -> None:
    pair = replace(SETTINGS.pair, tick_size=D(tick))
    play = Play(config=settings(pair=pair, interval=interval, amount=D(20)))
    play.start("50000")
    ladder = play.core._ladder
    ladder.state.surplus, ladder.state.surplus_price = divide(D(20), pair.tick_size * ticks), pair.tick_size
    asleep = until_surplus_is_due(ladder)
    ticker = floor_price(pair, asleep.high) - below * pair.tick_size
    if asleep is not EVERY_TICK and ticker > 0:
        assert not surplus_is_due(ladder, rules.sell_price(ladder.settings, ladder.state.surplus_price, ticker))


def test_swing_wakes_where_its_free_base_is_worth_an_amount() -> None:
    play = Play(SWING, base="0.0019")
    play.start("50000")
    assert play.core.band.high == D("50550.44843849")
    play = Play(SWING, base="0.001984")
    play.start("50000")
    # 100.25 / 0.001984 = 50529.23…
    assert D("50529.2") < play.core.band.high < D("50529.3")


def test_after_a_stop_no_tick_matters() -> None:
    play = Play()
    play.start("50000")
    play.stop("keep")
    assert play.core.band == NO_TICK
    assert play.tick("90000", after=3600) == []
