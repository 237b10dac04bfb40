"""The figures of a run: they must add up to what the account has gained, for any run."""

from decimal import Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from backtesting.engine import Course
from backtesting.figures.summary import Result
from backtesting.run import run
from messages.money import EXACT
from tests.backtesting.stage import SECOND, read, stage_of, text
from tests.backtesting.test_engine import configurations, walks
from tests.depth import examples

D = Decimal
HOUR = 3600 * SECOND


def result(config_text: str, cents: list[int], seconds: list[int] | None = None, hole: int = 0) -> Result:
    config = read(config_text)
    return run(config.strategy, stage_of(config, cents, seconds), Course(hole=hole))


@settings(max_examples=examples(60), deadline=None)
@given(configurations, walks(), st.booleans())
def test_realised_and_unrealised_profit_are_what_the_account_gained(
    config_text: str, cents: list[int], holes: bool
) -> None:
    seconds = [place + 10_000 * (place // 50) for place in range(len(cents))] if holes else None
    told = result(config_text, cents, seconds, HOUR)
    summary = told.summary
    with localcontext(EXACT):
        assert abs(summary.profit - summary.realised - summary.unrealised) < D("1e-40")
    last = D(cents[-1]) / 100
    assert summary.equity_end == summary.balances["USD"] + summary.balances["ETH"] * last
    assert summary.fees == sum(order.fee for order in told.fills)
    assert 0 <= summary.drawdown <= 1
    for part in summary.strategies:
        assert part.cycles <= part.sells
        assert sum(level.buys_filled for level in part.levels) == part.buys
        assert sum(level.sells_filled for level in part.levels) == part.sells
        assert part.capital.average <= part.capital.highest


def test_a_run_by_hand() -> None:
    """Bought at 995.02, sold at 999.99; 0.10050049 ETH each, fee 0.05 %."""
    told = result(text(kinds=["GridSell"], buys=1, eth=0), [100_000, 99_502, 99_600, 99_999, 99_999]).summary
    part = told.strategies[0]
    assert (part.buys, part.sells, part.cycles) == (1, 1, 1)
    volume = D("0.10050049")
    fees = told.fees
    assert abs(fees - (volume * (D("995.02") + D("999.99")) * D("0.0005"))) < D("0.0001")
    assert told.profit == told.realised == volume * (D("999.99") - D("995.02")) - fees
    assert told.first_price == 1000
    assert told.rows == 5
    assert told.annualised is None
    assert told.hold_profit < 0


def test_what_it_rests_on_is_said() -> None:
    ticks = result(text(kinds=["cDCA"]), [100_000, 99_000], hole=HOUR).summary.assumptions
    assert not any("bars" in line for line in ticks)
    assert any("maker 0.05 %, taker 0.1 %" in line for line in ticks)
    assert any("No row for more than 1 h is a hole" in line for line in ticks)
    bars = result(text(kinds=["cDCA"], fill_rule="through"), [100_000, 99_000, 98_000], [40, 100, 160]).summary
    assert "bars are not ticks" in bars.assumptions[0]
    assert "Only a trade beyond" in bars.assumptions[1]


def test_holes_and_missing_funds_are_told() -> None:
    told = result(text(kinds=["GridHODL"], usd=150, buys=3), [100_000] * 4, [0, 1, 9_000, 9_001], HOUR).summary
    assert len(told.holes) == 1
    assert told.refused == {"GridHODL: not enough USD for a buy": 1}
