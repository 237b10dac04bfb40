"""The engine's matching against five other engines: the same rules over the same trades give the same counts."""

from decimal import Decimal, localcontext

from backtesting.engine import Course, Engine
from backtesting.record import RunRecord
from backtesting.tape import ArrayTape
from backtesting.trading_account import Trader, TradingAccount
from messages.money import EXACT
from simulators.paper.book import Rules
from tests.backtesting.small_grid import FEE, PAIR, USERREF, SmallGrid
from tests.backtesting.synthetic_trades import trades


def test_the_counts_on_which_five_other_engines_agree() -> None:
    tape = trades()
    assert (tape.read(0, tape.rows).prices.min(), tape.read(0, tape.rows).prices.max()) == (345_314, 602_900)
    core, record = run(tape)
    assert (core.bought, core.sold, core.shifts) == (935, 896, 820)
    assert round(sum(order.fee for order in record.fills), 2) == Decimal("459.89")


def run(tape: ArrayTape) -> tuple[SmallGrid, RunRecord]:
    """The small rule set with money without end."""
    core, record = SmallGrid(), RunRecord(PAIR.base, PAIR.quote)
    with localcontext(EXACT):
        balances = {PAIR.quote: Decimal(10) ** 9, PAIR.base: Decimal(0)}
        account = TradingAccount(PAIR, Rules(FEE, FEE), balances, [Trader(USERREF, FEE, core)], record)
        Engine(tape, account, record, Course()).run()
    return core, record
