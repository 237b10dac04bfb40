"""Jumping from row to row that matters changes nothing: every order, fill and balance is what it would have been."""

from decimal import Decimal, localcontext

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtesting.data import ahead
from backtesting.engine import Course, Engine
from backtesting.series import Series
from backtesting.setup import make_account, make_record
from messages.money import EXACT
from tests.backtesting.stage import KINDS, SECOND, START, Ended, read, run, run_file, stage_of, text
from tests.data import market_data
from tests.depth import examples

HOUR = 3600 * SECOND
D = Decimal


def both(config_text: str, cents: list[int], seconds: list[int] | None = None, hole: int = 0) -> tuple[Ended, Ended]:
    """The same rows, jumped through and looked at one by one."""
    config = read(config_text)
    stage = stage_of(config, cents, seconds)
    with localcontext(EXACT):
        jumped = run(config, stage, Course(hole=hole))[1]
        walked = run(config, stage, Course(hole=hole, jump=False))[1]
    return jumped, walked


@st.composite
def walks(draw: st.DrawFn) -> list[int]:
    """Prices in cents with quiet stretches, trends and jumps through several levels."""
    price = draw(st.integers(5_000, 300_000))
    path = [price]
    for _ in range(draw(st.integers(1, 12))):
        drift = draw(st.sampled_from([-30, -8, -1, 0, 1, 8, 30]))
        noise = draw(st.integers(0, 40))
        jump = draw(st.sampled_from([0, 0, 0, -9, -3, 3, 9]))
        price = max(100, price + price * jump // 100)
        for step in range(draw(st.integers(1, 60))):
            price = max(
                100, price + price * drift // 10_000 + (step * 7919 % (2 * noise + 1) - noise) * price // 100_000
            )
            path.append(price)
    return path


configurations = st.builds(
    text,
    st.just("prices.csv"),
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=4, unique=True),
    usd=st.sampled_from([150, 400, 2_000, 100_000]),
    eth=st.sampled_from([0, "0.05", 3]),
    amount=st.sampled_from([20, 100]),
    interval=st.sampled_from(["0.002", "0.01", "0.03"]),
    buys=st.integers(1, 6),
    investment=st.sampled_from([130, 500, 100_000]),
    fill_rule=st.sampled_from(["at", "through"]),
)


@settings(max_examples=examples(120), deadline=None)
@given(configurations, walks())
def test_on_any_path_jumping_changes_nothing(config_text: str, cents: list[int]) -> None:
    jumped, walked = both(config_text, cents)
    assert jumped == walked


@settings(max_examples=examples(60), deadline=None)
@given(configurations, walks(), st.data())
def test_nor_with_any_times_and_holes(config_text: str, cents: list[int], data: st.DataObject) -> None:
    gaps = data.draw(
        st.lists(st.sampled_from([0, 0, 1, 4, 9, 10, 11, 600, 7200]), min_size=len(cents), max_size=len(cents))
    )
    seconds = [sum(gaps[: place + 1]) for place in range(len(gaps))]
    jumped, walked = both(config_text, cents, seconds, hole=HOUR)
    assert jumped == walked
    assert len(jumped.pauses) == gaps[1:].count(7200)


@settings(max_examples=examples(40), deadline=None)
@given(configurations, walks(), st.integers(1, 50))
def test_nor_with_any_size_of_the_pieces_that_are_read(config_text: str, cents: list[int], rows: int) -> None:
    config = read(config_text)
    stage = stage_of(config, cents, [place + place // 40 * 5000 for place in range(len(cents))])
    with localcontext(EXACT), pytest.MonkeyPatch.context() as patch:
        whole = run(config, stage, Course(hole=HOUR))[1]
        patch.setattr(ahead, "CHUNK_ROWS", rows)
        assert run(config, stage, Course(hole=HOUR))[1] == whole


@pytest.mark.parametrize("kinds", [*((kind,) for kind in KINDS), KINDS], ids="+".join)
@pytest.mark.parametrize("day", [1, 2])
def test_on_real_days_of_trades(day: int, kinds: tuple[str, ...]) -> None:
    config = read(text(market_data(f"gemini-ethusd-trades-2021070{day}.csv.gz"), kinds))
    with localcontext(EXACT):
        jumped, walked = run_file(config), run_file(config, Course(jump=False))
    assert len(jumped.fills) > 30
    assert jumped == walked


@pytest.mark.parametrize("year", [2014, 2015])
def test_on_real_years_of_bars_with_holes(year: int) -> None:
    config = read(text(market_data(f"bitfinex-btcusd-1m-{year}.csv.gz"), interval="0.02"))
    paper = msgspec.structs.replace(config.exchange.paper, time_column="1", price_column="3")
    config = msgspec.structs.replace(config, exchange=msgspec.structs.replace(config.exchange, paper=paper))
    with localcontext(EXACT):
        jumped = run_file(config, Course(hole=HOUR))
        walked = run_file(config, Course(hole=HOUR, jump=False))
    assert len(jumped.fills) > 500
    assert jumped.pauses
    assert jumped == walked


def test_orders_of_a_row_fill_from_the_next_one_on() -> None:
    jumped, walked = both(text(kinds=["GridSell"], buys=1), [100_000, 99_502, 99_502, 99_502])
    assert jumped == walked
    assert [(order.side, order.price, order.row) for order in jumped.fills] == [("buy", D("995.02"), 1)]


def test_nothing_is_traded_across_a_hole() -> None:
    """The price falls through the ladder while there are no data: no order fills, the ladder is built anew."""
    cents, seconds = [100_000, 100_000, 80_000, 80_000, 79_000], [0, 1, 10_000, 10_001, 10_002]
    jumped, walked = both(text(kinds=["GridHODL"], buys=3), cents, seconds, hole=HOUR)
    assert jumped == walked
    assert jumped.pauses == [(START + SECOND, START + 10_000 * SECOND)]
    assert [order.status for order in jumped.orders[:3]] == ["canceled"] * 3
    assert {order.closed for order in jumped.orders[:3]} == {START + SECOND}
    assert [(order.price, order.row) for order in jumped.fills] == [(D("796.01"), 4), (D("792.04"), 4)]
    without, _ = both(text(kinds=["GridHODL"], buys=3), cents, seconds)
    assert [order.row for order in without.fills][:3] == [2, 2, 2]


def test_a_sell_is_due_again_behind_a_hole_at_a_price_that_the_market_has_not_passed() -> None:
    cents, seconds = [100_000, 99_400, 99_450, 120_000, 120_000], [0, 1, 2, 10_000, 10_020]
    jumped, walked = both(text(kinds=["GridSell"], buys=1), cents, seconds, hole=HOUR)
    assert jumped == walked
    sells = [(order.price, order.status) for order in jumped.orders if order.side == "sell"]
    assert sells == [(D("999.99"), "canceled"), (D("1206"), "open")]


def test_it_tells_how_far_it_is_and_keeps_the_course_of_the_price() -> None:
    config = read(text())
    stage = stage_of(config, list(range(100_000, 101_000)))
    record, told = make_record(stage.pair), list[int]()
    series = Series(stage.tape.rows, points=10)
    account = make_account(config.strategy, stage, record)
    with pytest.MonkeyPatch.context() as patch, localcontext(EXACT):
        patch.setattr(ahead, "CHUNK_ROWS", 300)
        Engine(stage.tape, account, record, Course()).run(series, told.append)
    assert told == [300, 600, 900, 1000]
    assert [(point.row, point.open, point.close) for point in series.points[:2]] == [
        (99, 100_000, 100_099),
        (199, 100_100, 100_199),
    ]
    assert len(series.points) == 10


def test_a_part_of_the_rows() -> None:
    config = read(text(kinds=["GridSell"]))
    stage = stage_of(config, [90_000] * 10 + [100_000] * 10 + [99_000] * 10)
    with localcontext(EXACT):
        _, ended = run(config, stage, Course(begin=10, end=20))
        _, slow = run(config, stage, Course(begin=10, end=20, jump=False))
    assert ended == slow
    assert ended.fills == []
    assert ended.orders[0].price == D("995.02")
    assert ended.orders[0].opened == START + 10 * SECOND
