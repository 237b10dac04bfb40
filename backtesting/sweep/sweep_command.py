"""`python -m backtest sweep`: many configurations, their results, and what they looked like out of sample."""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from backtesting.figures.assumptions import assumptions, looks_like_bars
from backtesting.report import wording as say
from backtesting.report.heat_map import judgement, write_heat_map
from backtesting.report.progress import bar
from backtesting.setup import open_stage
from backtesting.spans import parse_length
from backtesting.sweep.grid import Axis, cells, parse_axes
from backtesting.sweep.options import add_price_options, read_config, spans_of
from backtesting.sweep.result_files import SweepFile
from backtesting.sweep.search import POINTS, SweepRow, Task, carried, shared, sweep
from config import ConfigError
from messages.counted import counted

_PART_SECONDS = 5.0
"""A kill costs at most the work of this time."""
_SHOWN = 10


def main(arguments: Sequence[str], console: Console) -> None:
    """Raises `ConfigError` and `SpanError` for what cannot be meant."""
    options = _parser().parse_args(arguments)
    if options.results.suffix != ".parquet":
        raise ConfigError.at("command line", "--results", f'"{options.results}"', "a file that ends in .parquet")
    config = read_config(options)
    axes = tuple(parse_axes(options.grid, config))
    hole = parse_length(options.hole)
    with tempfile.TemporaryDirectory(prefix="sweep-") as scratch:
        stage = open_stage(config, str(options.config), Path(scratch))
        span, later = spans_of(options, stage)
        task = Task(config, axes, stage.pair, str(options.config), hole, span, later)
        file = SweepFile(options.results, axes, task.fingerprint)
        rows = file.load()
        todo = [cell for cell in cells(axes) if cell not in rows]
        if rows:
            console.print(f"resuming: {counted(len(rows), 'configuration')} done, {len(todo):,} to do")
        if todo:
            prices = shared(stage.tape, Path(scratch)) if options.dask is None else carried(stage.tape)
            ready = sweep(task, todo, prices, jobs=options.jobs, dask=options.dask)
            with bar(Console(stderr=True), "configurations", len(todo)) as progress:
                for done, row in enumerate(_kept(ready, file, len(rows)), start=1):
                    rows[row.cell] = row
                    progress(done)
        bars = looks_like_bars(stage, span)
    file.finish(list(rows.values()))
    found = [rows[cell] for cell in cells(axes)]
    show(console, axes, found, stage.pair.quote)
    console.print(f"written: {options.results}")
    if options.html is not None:
        notes = assumptions(stage, bars=bars, hole=hole, samples=POINTS)
        write_heat_map(options.html, config.bot.name, axes, found, stage.pair.quote, notes)
        console.print(f"written: {options.html}")


def show(console: Console, axes: Sequence[Axis], rows: Sequence[SweepRow], quote: str) -> None:
    """The best in sample, and what they were out of sample."""
    ran = sorted((row for row in rows if row.first), key=lambda row: row.first.profit if row.first else 0, reverse=True)
    judged = any(row.later for row in ran)
    table = Table(title=f"best in sample, {min(_SHOWN, len(ran))} of {len(ran)}", title_justify="left", box=None)
    heads = [*(axis.name for axis in axes), f"profit ({quote})", "realised", "cycles", "drawdown"]
    for name in (*heads, "out of sample", "drawdown") if judged else heads:
        table.add_column(name, justify="right")
    for row in ran[:_SHOWN]:
        outcomes = [outcome for outcome in (row.first, row.later) if outcome]
        first, later = outcomes[0], outcomes[1:]
        table.add_row(
            *(f"{value.normalize():f}" for value in row.cell),
            say.signed(first.profit),
            say.signed(first.realised),
            f"{first.cycles:,}",
            say.share(first.drawdown),
            *(text for outcome in later for text in (say.signed(outcome.profit), say.share(outcome.drawdown))),
        )
    console.print(table)
    if judged:
        console.print(judgement(rows))
    for problem, count in Counter(row.problem for row in rows if row.problem).most_common(_SHOWN):
        more = f" (and {count - 1} more)" if count > 1 else ""
        console.print(f"not run: {problem}{more}", markup=False)


def _kept(ready: Iterator[SweepRow], file: SweepFile, done: int) -> Iterator[SweepRow]:
    """What gets ready, on disk every few seconds and when it ends for any reason."""
    waiting: list[SweepRow] = []
    written = time.monotonic()
    try:
        for row in ready:
            waiting.append(row)
            yield row
            if time.monotonic() - written > _PART_SECONDS:
                done += len(waiting)
                file.add(waiting, done)
                waiting, written = [], time.monotonic()
    finally:
        if waiting:
            file.add(waiting, done + len(waiting))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backtest sweep",
        description="Trade many variants of a configuration. Interrupted, the same command goes on.",
    )
    add_price_options(parser)
    parser.add_argument(
        "--grid",
        action="append",
        required=True,
        metavar="KEY=VALUES",
        help="interval=0.005..0.05/0.005 or n_open_buy_orders=3,5,8; with NAME. before it for one strategy; repeatable",
    )
    parser.add_argument("--results", type=Path, default=Path("sweep.parquet"), metavar="FILE", help="(sweep.parquet)")
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1: one per core (-1)")
    parser.add_argument("--dask", metavar="ADDRESS", help="of a Dask scheduler, to use its workers instead")
    return parser
