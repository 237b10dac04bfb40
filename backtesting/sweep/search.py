"""Many configurations over the same prices: on all cores, or on a Dask cluster; what is done stays done."""

import hashlib
import importlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import joblib
import msgspec
import numpy as np
from msgspec import Struct

from backtesting.engine import Course
from backtesting.figures.summary import Summary
from backtesting.run import run
from backtesting.setup import Stage, check
from backtesting.spans import Span
from backtesting.sweep.grid import Axis, Cell, configured
from backtesting.tape import ArrayTape, Tape
from config import Config, ConfigError
from config.problems import shown
from messages.money import ZERO, Pair

POINTS = 200
"""Stretches in which drawdowns are measured; a sweep draws no picture of a single run."""
_TIMES, _PRICES = "times.npy", "prices.npy"
_PIECE = 1 << 20


class Outcome(Struct, frozen=True):
    """What one configuration brought in one part of the prices; amounts in quote currency."""

    profit: Decimal
    realised: Decimal
    fees: Decimal
    cycles: int
    drawdown: Decimal
    annualised: Decimal | None
    capital: Decimal
    """Average capital in use, of all strategies."""
    return_on_capital: Decimal | None


class SweepRow(Struct, frozen=True):
    """One configuration."""

    cell: Cell
    problem: str
    """Why it was not run; empty when it was."""
    first: Outcome | None
    later: Outcome | None
    """Out of sample."""


class Prices(Struct, frozen=True):
    """Where a worker finds the prices: in files that all processes of this machine share, or with the task."""

    symbol: str
    unit: Decimal
    folder: str = ""
    tape: ArrayTape | None = None

    def open(self) -> Tape:
        """The tape; files stay mapped as long as the process lives."""
        return self.tape or _mapped(self.symbol, self.unit, self.folder)


class Task(Struct, frozen=True):
    """What is the same for all configurations of a sweep."""

    config: Config
    axes: tuple[Axis, ...]
    pair: Pair
    source: str
    hole: int
    span: Span
    later: Span | None

    @property
    def fingerprint(self) -> str:
        """Tells sweeps apart whose results must not be mixed; the values of the axes do not count."""
        names = tuple(axis.name for axis in self.axes)
        exchange, strategies = self.config.exchange.paper, self.config.strategy
        file = Path(exchange.prices)
        size = file.stat().st_size if file.exists() else 0
        parts = (exchange, strategies, names, self.pair, self.hole, self.span, self.later, size)
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]


def shared(tape: Tape, folder: Path) -> Prices:
    """Write the tape where every process of this machine can map it. Blocks."""
    times = np.lib.format.open_memmap(folder / _TIMES, "w+", np.int64, (tape.rows,))
    prices = np.lib.format.open_memmap(folder / _PRICES, "w+", np.int64, (tape.rows,))
    for start in range(0, tape.rows, _PIECE):
        chunk = tape.read(start, min(start + _PIECE, tape.rows))
        stop = start + len(chunk.prices)
        times[start:stop], prices[start:stop] = chunk.times, chunk.prices
    times.flush()
    prices.flush()
    return Prices(tape.symbol, tape.unit, str(folder))


def carried(tape: Tape) -> Prices:
    """The tape as a value, for workers on other machines."""
    chunk = tape.read(0, tape.rows)
    return Prices(tape.symbol, tape.unit, tape=ArrayTape(tape.symbol, tape.unit, chunk.times, chunk.prices))


def sweep(
    task: Task, cells: Sequence[Cell], prices: Prices, *, jobs: int = -1, dask: str | None = None
) -> Iterator[SweepRow]:
    """The rows as they get ready, in any order.

    `jobs` processes (-1: one per core), or a Dask cluster: `dask` is the address of its scheduler.
    """
    calls: Iterable[Any] = (joblib.delayed(run_cell)(task, cell, prices) for cell in cells)
    with _backend(jobs, dask):
        yield from joblib.Parallel(return_as="generator_unordered")(calls)


def run_cell(task: Task, cell: Cell, prices: Prices) -> SweepRow:
    """One configuration, in and out of sample. Runs in a worker; a configuration without sense is a row, too."""
    try:
        config = configured(task.config, task.axes, cell)
        stage = Stage(prices.open(), task.pair, config.exchange.paper, task.source)
        outcomes = [_outcome(config, stage, task.hole, span) for span in (task.span, task.later) if span]
    except ConfigError as error:
        return SweepRow(cell, error.problems[0].line(), None, None)
    return SweepRow(cell, "", outcomes[0], outcomes[1] if task.later else None)


def rank_correlation(rows: Sequence[SweepRow]) -> float | None:
    """Spearman's: 1 when the best in sample are the best out of sample, 0 when luck decided. None without both."""
    both = [(row.first.profit, row.later.profit) for row in rows if row.first and row.later]
    if len(both) < 3:  # noqa: PLR2004 - two points always correlate
        return None
    first, later = (_ranks(values) for values in zip(*both, strict=True))
    if first.std() == 0 or later.std() == 0:
        return None
    return float(np.corrcoef(first, later)[0, 1])


def _outcome(config: Config, stage: Stage, hole: int, span: Span) -> Outcome:
    check(config, stage, span.begin)
    course = Course(hole=hole, begin=span.begin, end=span.end)
    return _of_summary(run(config.strategy, stage, course, points=POINTS).summary)


def _of_summary(summary: Summary) -> Outcome:
    capital = sum((part.capital.average for part in summary.strategies), ZERO)
    gained = sum((part.realised + part.unrealised for part in summary.strategies), ZERO)
    return Outcome(
        profit=summary.profit,
        realised=summary.realised,
        fees=summary.fees,
        cycles=summary.cycles,
        drawdown=summary.drawdown,
        annualised=summary.annualised,
        capital=capital,
        return_on_capital=gained / capital if capital else None,
    )


def _ranks(values: Sequence[Decimal]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Equal values share their middle rank."""
    ordered = sorted(values)
    places: dict[Decimal, list[int]] = {}
    for place, value in enumerate(ordered):
        places.setdefault(value, []).append(place)
    return np.array([sum(places[value]) / len(places[value]) for value in values])


@contextmanager
def _backend(jobs: int, dask: str | None) -> Iterator[None]:
    """Where joblib's calls run."""
    if dask is None:
        with joblib.parallel_config(backend="loky", n_jobs=jobs):
            yield
        return
    with _client(dask), joblib.parallel_config(backend="dask", n_jobs=-1):
        yield


def _client(address: str) -> AbstractContextManager[object]:
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        allowed = 'nothing, unless the extra "dask" is installed'
        raise ConfigError.at("command line", "--dask", shown(address), allowed) from None
    try:
        client: AbstractContextManager[object] = distributed.Client(address, timeout=_DASK_SECONDS)
    except (OSError, ValueError) as error:
        found = f"{shown(address)} ({error})"
        raise ConfigError.at("command line", "--dask", found, "the address of a Dask scheduler") from None
    return client


_DASK_SECONDS = 10


@lru_cache(maxsize=2)
def _mapped(symbol: str, unit: Decimal, folder: str) -> ArrayTape:
    files = (np.load(Path(folder) / name, mmap_mode="r") for name in (_TIMES, _PRICES))
    times, prices = (file.view(np.ndarray) for file in files)  # a slice of a `memmap` costs ten times as much
    return ArrayTape(symbol, unit, times, prices)
