"""The backtest: ticks per second, wall time and peak memory, beside DuckDB handing over the same columns.

    python -m tests.benchmarks.bench_backtest [--rows 100000000] [--data FOLDER] [--only NAME ...]

Every figure is taken in a process of its own, so that peak memory is its own; what is compared follows
each other closely, three times, and the median is shown. `--data` names a folder with the Bitfinex bars.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal, localcontext
from pathlib import Path

import duckdb
import numpy as np

from assembly import registry
from backtesting.data.ahead import CHUNK_ROWS
from backtesting.data.blocks import BlockIndex
from backtesting.data.reading import open_tape
from backtesting.engine import Course, Engine
from backtesting.record import RunRecord
from backtesting.run import run
from backtesting.setup import open_stage
from backtesting.tape import ArrayTape, Tape
from backtesting.trading_account import Trader, TradingAccount
from config import Config, parse
from config.schema import PaperConfig
from messages.money import EXACT
from simulators.paper.book import Rules
from tests.backtesting.small_grid import FEE, PAIR, USERREF, SmallGrid
from tests.backtesting.synthetic_trades import trades

REPEATS = 3
"""Unless `--repeats` says otherwise."""
PIECE = 5_000_000

CONFIG = """
[exchange]
adapter = "paper"
[exchange.paper]
balances = {{ USD = 1000000, BTC = 5 }}
maker_fee = 0.0025
taker_fee = 0.0040
prices = "{prices}"
{columns}
"""
STRATEGY = """
[[strategy]]
name = "{name}"
kind = "{kind}"
base_currency = "BTC"
quote_currency = "USD"
userref = {userref}
amount_per_grid = 100
interval = {interval}
n_open_buy_orders = 5
max_investment = 100000
"""
KINDS = ("GridSell", "GridHODL", "SWING", "cDCA")
BARS = 'price_column = "3"\ntime_column = "1"'


def configuration(
    prices: Path, columns: str = "", interval: str = "0.01", kinds: tuple[str, ...] = KINDS[:1]
) -> Config:
    """Grids on BTC/USD."""
    text = CONFIG.format(prices=prices, columns=columns)
    for number, kind in enumerate(kinds):
        text += STRATEGY.format(name=f"{kind} {number}", kind=kind, userref=number + 1, interval=interval)
    return parse(text, "benchmark", {}, registry.known())


def write_trades(path: Path, rows: int) -> None:
    """The synthetic trades as a Parquet file; the walk goes on from piece to piece with other seeds' steps."""
    tape = trades(min(rows, PIECE))
    chunk = tape.read(0, tape.rows)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE trades (ts BIGINT, price DOUBLE)")
        offset = 1.0
        for start in range(0, rows, PIECE):
            stop = min(rows - start, PIECE)
            part = {
                "ts": chunk.times[:stop] + start * 1_000_000_000,
                "price": np.round(chunk.prices[:stop] / 10 * offset, 1),
            }
            connection.register("part", part)
            connection.execute("INSERT INTO trades SELECT ts, price FROM part")
            connection.unregister("part")
            offset = 1.0 if part["price"][-1] < 20_000 else part["price"][-1] / (chunk.prices[0] / 10)
        connection.execute(f"COPY trades TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 1000000)")


def tape_of(path: Path) -> Tape:
    return open_tape(PaperConfig(prices=str(path)), PAIR, "benchmark", path.parent)


def small_grid(tape: Tape) -> dict[str, object]:
    """The rule set of the comparison with other engines."""
    core, record = SmallGrid(), RunRecord(PAIR.base, PAIR.quote)
    with localcontext(EXACT):
        balances = {PAIR.quote: Decimal(10) ** 9, PAIR.base: Decimal(0)}
        account = TradingAccount(PAIR, Rules(FEE, FEE), balances, [Trader(USERREF, FEE, core)], record)
        begin = time.perf_counter()
        Engine(tape, account, record, Course()).run()
        seconds = time.perf_counter() - begin
    counts = f"{core.bought} buys, {core.sold} sells, {core.shifts} shifts"
    return {"seconds": seconds, "rows": tape.rows, "note": f"{counts}, {len(record.orders)} orders"}


def measure_parquet(path: Path) -> dict[str, object]:
    """The small rule set over a file, read in constant memory."""
    return small_grid(tape_of(path))


def measure_memory(path: Path) -> dict[str, object]:
    """The same over prices in memory."""
    return small_grid(in_memory(path))


def in_memory(path: Path) -> ArrayTape:
    tape = tape_of(path)
    chunk = tape.read(0, tape.rows)
    return ArrayTape(tape.symbol, tape.unit, chunk.times, chunk.prices)


def measure_search(path: Path) -> dict[str, object]:
    """Only index and search over prices in memory, for a band that is never left."""
    tape = in_memory(path)
    begin = time.perf_counter()
    for start in range(0, tape.rows, CHUNK_ROWS):
        chunk = tape.read(start, min(start + CHUNK_ROWS, tape.rows))
        BlockIndex(chunk.prices).next_outside(0, -1, 2**60)
    return {"seconds": time.perf_counter() - begin, "rows": tape.rows, "note": ""}


def measure_duckdb(path: Path) -> dict[str, object]:
    """DuckDB hands both columns over on two threads, in pieces of the same size."""
    begin, rows = time.perf_counter(), tape_of(path).rows
    with duckdb.connect(config={"threads": 2}) as connection:
        for start in range(0, rows, CHUNK_ROWS):
            connection.execute(
                "SELECT ts, price FROM read_parquet(?, file_row_number=true)"
                " WHERE file_row_number >= ? AND file_row_number < ?",
                [str(path), start, start + CHUNK_ROWS],
            ).fetchnumpy()
    return {"seconds": time.perf_counter() - begin, "rows": rows, "note": "time and price, in pieces"}


def measure_duckdb_at_once(path: Path) -> dict[str, object]:
    """DuckDB hands the price column over, all of it at once."""
    begin = time.perf_counter()
    with duckdb.connect(config={"threads": 2}) as connection:
        rows = len(connection.execute("SELECT price FROM read_parquet(?)", [str(path)]).fetchnumpy()["price"])
    return {"seconds": time.perf_counter() - begin, "rows": rows, "note": "price alone, at once"}


def measure_strategy(
    path: Path, kinds: tuple[str, ...] = KINDS[:1], columns: str = "", interval: str = "0.01"
) -> dict[str, object]:
    """A whole run with its figures, as the command line does it."""
    begin = time.perf_counter()
    config = configuration(path, columns, interval, kinds)
    stage = open_stage(config, "benchmark", path.parent)
    result = run(config.strategy, stage, Course())
    fills = len(result.fills)
    note = f"{fills} fills, {len(result.orders)} orders"
    return {"seconds": time.perf_counter() - begin, "rows": stage.tape.rows, "note": note, "fills": fills}


def measure_all_kinds(path: Path) -> dict[str, object]:
    """Four strategies in one account."""
    return measure_strategy(path, KINDS)


def measure_half_interval(path: Path) -> dict[str, object]:
    """A grid of half the interval: about four times as many fills."""
    return measure_strategy(path, interval="0.0055")


def measure_bars(path: Path) -> dict[str, object]:
    """Bars of the data folder, a grid of two percent."""
    return measure_strategy(path, columns=BARS, interval="0.02")


MEASUREMENTS: dict[str, Callable[[Path], dict[str, object]]] = {
    "DuckDB, price": measure_duckdb_at_once,
    "DuckDB, time and price": measure_duckdb,
    "small rule set, Parquet": measure_parquet,
    "small rule set, memory": measure_memory,
    "search alone, memory": measure_search,
    "GridSell, Parquet": measure_strategy,
    "GridSell 0.55 %, Parquet": measure_half_interval,
    "four strategies, Parquet": measure_all_kinds,
    "bars": measure_bars,
}


def in_a_process(name: str, path: Path) -> dict[str, float | str]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_backtest", "--one", name, "--file", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float | str] = json.loads(ended.stdout)
    return answer


def compare(path: Path, names: list[str], repeats: int) -> None:
    """Each measurement in turn, several times; medians."""
    found: dict[str, list[dict[str, float | str]]] = {name: [] for name in names}
    for _ in range(repeats):
        for name in names:
            found[name].append(in_a_process(name, path))
    for name, answers in found.items():
        seconds = statistics.median(float(answer["seconds"]) for answer in answers)
        rows, peak = float(answers[0]["rows"]), max(float(answer["peak"]) for answer in answers)
        cpu = statistics.median(float(answer["cpu"]) for answer in answers)
        print(
            f"{name:28} {seconds:8.3f} s {rows / seconds / 1e6:9.2f} M ticks/s  peak {peak:5.0f} MB"
            f"  CPU of the process {cpu:6.2f} s  {answers[0]['note']}",
            flush=True,
        )


def sweep_of(hundreds: int, bars: Path) -> None:
    """So many hundred configurations over the bars of both years, on all cores."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        toml = CONFIG.format(prices=bars, columns=BARS)
        toml += STRATEGY.format(name="grid", kind="GridHODL", userref=1, interval="0.02")
        (folder / "bars.toml").write_text(toml)
        grid = ["--grid", "interval=0.012..0.05/0.002", "--grid", "n_open_buy_orders=3..7/1"]
        grid += ["--grid", f"amount_per_grid=100..{90 + 10 * hundreds}/10"]
        command = [sys.executable, "-m", "backtest", "sweep", str(folder / "bars.toml"), *grid]
        begin = time.perf_counter()
        subprocess.run([*command, "--results", str(folder / "sweep.parquet")], check=True, capture_output=True)
        seconds, usage = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = usage.ru_utime + usage.ru_stime
        print(f"sweep of {100 * hundreds} configurations: {seconds:.1f} s, CPU of all processes {cpu:.1f} s")


def both_years(data: Path, target: Path) -> None:
    """The bars of 2014 and 2015 in one CSV file without a header."""
    with duckdb.connect() as connection:
        files = [str(data / f"bitfinex-btcusd-1m-{year}.csv.gz") for year in (2014, 2015)]
        connection.execute(
            "COPY (FROM read_csv(?, header=false, all_varchar=true) ORDER BY column0::BIGINT)"
            f" TO '{target}' (HEADER false)",
            [files],
        )


def apart(*arguments: str) -> None:
    """Work in a process of its own: a child counts the peak memory of whoever started it as its own."""
    subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_backtest", *arguments], check=True)


def one(name: str, path: Path) -> None:
    """For `in_a_process`."""
    answer = MEASUREMENTS[name](path)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({**answer, "peak": usage.ru_maxrss / 1024, "cpu": usage.ru_utime + usage.ru_stime}))


def main() -> None:
    """Print everything, or for `--one` a single measurement as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--file", type=Path, help="synthetic trades, instead of writing them")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--write", type=Path, help="only write the synthetic trades, or with --data the bars")
    parser.add_argument("--one", choices=list(MEASUREMENTS))
    parser.add_argument("--hundreds", type=int, default=10, help="hundreds of configurations in the sweep")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--only", nargs="*", help="names of measurements")
    options = parser.parse_args()
    if options.write:
        if options.data:
            both_years(options.data, options.write)
        else:
            write_trades(options.write, options.rows)
        return
    if options.one:
        one(options.one, options.file)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.data:
            bars = folder / "bars.csv"
            apart("--write", str(bars), "--data", str(options.data))
            compare(bars, ["bars"], options.repeats)
            sweep_of(options.hundreds, bars)
            return
        path = options.file or folder / "trades.parquet"
        if not options.file:
            apart("--write", str(path), "--rows", str(options.rows))
        compare(path, options.only or [name for name in MEASUREMENTS if name != "bars"], options.repeats)


if __name__ == "__main__":
    main()
