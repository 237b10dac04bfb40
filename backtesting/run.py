"""One backtest from its configuration to its figures."""

from collections.abc import Sequence
from decimal import localcontext

from backtesting.engine import Course, Engine, Progress
from backtesting.figures.summary import Result, summarise
from backtesting.series import POINTS, Series
from backtesting.setup import Stage, make_account, make_record
from config import StrategyConfig
from messages.money import EXACT


def run(
    strategies: Sequence[StrategyConfig],
    stage: Stage,
    course: Course,
    progress: Progress | None = None,
    points: int = POINTS,
) -> Result:
    """Trade the rows of `course` with a new account. Blocks; raises `ConfigError` for rows that make no sense."""
    end = stage.tape.rows if course.end is None else course.end
    record, series = make_record(stage.pair), Series(end - course.begin, points)
    with localcontext(EXACT):
        account = make_account(strategies, stage, record)
        Engine(stage.tape, account, record, course).run(series, progress)
        return summarise(stage, strategies, record, series, course.hole)
