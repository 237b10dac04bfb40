from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from simulators.kraken.model.clock import SECOND, Clock
from simulators.kraken.model.defaults import PAIRS
from simulators.kraken.model.ids import Mint, is_well_formed
from simulators.kraken.model.market import DAY, Market, PublicTrade, Window, candles

HOUR = 3600 * SECOND


def trade(time: int, price: int, volume: int = 1) -> PublicTrade:
    return PublicTrade(time, Decimal(price), Decimal(volume), "buy", "limit", 1)


@given(st.lists(st.tuples(st.integers(0, 6 * HOUR), st.integers(1, 20), st.integers(1, 5)), min_size=1, max_size=40))
def test_the_window_equals_a_fresh_look_at_the_last_day(steps: list[tuple[int, int, int]]) -> None:
    window, tape, now = Window(), list[PublicTrade](), DAY
    for wait, price, volume in steps:
        now += wait
        tape.append(trade(now, price, volume))
        window.add(tape[-1])
        shown = window.statistics(now)
        recent = [row for row in tape if row.time > now - DAY]
        assert shown is not None
        assert (shown.trades, shown.volume) == (len(recent), sum(row.volume for row in recent))
        assert (shown.low, shown.high) == (min(row.price for row in recent), max(row.price for row in recent))
        assert shown.open == recent[0].price
    assert window.statistics(now + DAY) is None


def test_at_most_720_candles_and_the_running_one_is_always_there() -> None:
    market = Market(PAIRS[0])
    for minute in range(0, 2000, 10):
        market.record(trade(minute * 60 * SECOND, 100 + minute))
    now = 2005 * 60 * SECOND
    rows = candles(market, 1, now)
    assert len(rows) == 720
    assert (rows[-1].start, rows[-1].close, rows[-1].trades) == (now, Decimal(2090), 0)
    assert (rows[0].start, rows[0].close) == (now - 719 * 60 * SECOND, Decimal(1380))


def test_ids_look_as_documented_and_never_repeat() -> None:
    mint = Mint(1)
    orders = [mint.order() for _ in range(1000)]
    assert len(set(orders)) == 1000
    assert all(is_well_formed(name) and name.startswith("O") for name in orders)
    assert (mint.trade()[0], mint.ledger()[0]) == ("T", "L")
    assert mint.connection() > 2**63
    assert Mint(1).order() == orders[0]


def test_clocks() -> None:
    frozen = Clock(5)
    frozen.advance(3)
    assert (frozen.now(), frozen.is_virtual) == (8, True)
    running = Clock()
    before = running.now()
    running.advance(HOUR)
    assert running.now() >= before + HOUR
    assert not running.is_virtual
