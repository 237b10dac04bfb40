"""Start the real program as a user would, in a directory of its own, and look at what it leaves behind."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import cycle, islice
from pathlib import Path

import duckdb
import httpx

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30
"""Seconds until a program that does not do what it should counts as failed."""

REPLAY = """
[bot]
name = "trial"
on_stop = "{on_stop}"

[exchange]
adapter = "paper"

[exchange.paper]
balances = {{ USD = 20000, BTC = 0.01 }}
maker_fee = 0.0005
taker_fee = 0.0010
prices = "{prices}"
speed = {speed}

[persistence]
database = "trial.duckdb"

[metrics]
enabled = {metrics}
port = {port}

[supervisor]
backoff_seconds = 0.1
"""

KINDS = ("GridHODL", "GridSell", "SWING", "cDCA")

STRATEGY = """
[[strategy]]
name = "{kind}"
kind = "{kind}"
base_currency = "BTC"
quote_currency = "USD"
userref = {userref}
amount_per_grid = 100
interval = 0.004
n_open_buy_orders = 4
max_investment = 3000
"""


_PORTS = islice(cycle(range(20_000, 32_000)), os.getpid() * 37 % 12_000, None)
"""Below those that connections of other programs are given, which could take one between two lives of ours."""


_TAKEN: list[socket.socket] = []
"""A UDP socket for each port that was told: other processes of the tests see by it that they have to pass on."""


@atexit.register
def _give_back() -> None:
    for reservation in _TAKEN:
        reservation.close()


def free_port() -> int:
    """A port that nobody uses now, and that nobody else is told of."""
    for port in _PORTS:
        reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            reservation.bind(("127.0.0.1", port))
            with socket.create_server(("127.0.0.1", port)):
                _TAKEN.append(reservation)
                return port
        except OSError:
            reservation.close()
    raise AssertionError("a cycle does not end")


def configuration(
    folder: Path,
    *,
    prices: str = "synthetic",
    speed: str = "0",
    on_stop: str = "keep",
    port: int = 0,
    metrics: bool = False,
) -> Path:
    """A configuration of all four kinds on BTC/USD; returns its path."""
    text = REPLAY.format(prices=prices, speed=speed, on_stop=on_stop, port=port, metrics=str(metrics).lower())
    text += "".join(STRATEGY.format(kind=kind, userref=1001 + index) for index, kind in enumerate(KINDS))
    path = folder / "trial.toml"
    path.write_text(text)
    return path


def price_file(folder: Path, rows: int) -> str:
    """A CSV of trades that goes up and down through many grid levels, the same one each time."""
    lines = ["time,price"]
    price = 500_000  # in ticks of 0.1
    for row in range(rows):
        wave = (row % 700) - 350
        price += (1 if wave < 0 else -1) * 60 + (row * 7919 % 401 - 200)
        lines.append(f"{1_700_000_000 + row},{price // 10}.{price % 10}")
    (folder / "prices.csv").write_text("\n".join(lines) + "\n")
    return "prices.csv"


def command(*arguments: str) -> list[str]:
    """The command line of the program."""
    return [sys.executable, "-m", "supervisor", *arguments]


def environment(**more: str) -> dict[str, str]:
    """The environment of the tests, without settings of somebody's own bot."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("INFINITY_GRID_")}
    return clean | {"PYTHONPATH": str(ROOT)} | more


def run_to_end(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the program until it ends by itself."""
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        check=False,
    )


@contextmanager
def started(folder: Path, path: Path, *prefix: str) -> Iterator[subprocess.Popen[str]]:
    """The running program, by another one if there is a prefix; whatever happens, it is gone afterwards."""
    with (folder / "log.txt").open("a") as log:
        process = subprocess.Popen(
            [*prefix, *command(str(path))], cwd=folder, env=environment(), stdout=log, stderr=log, text=True
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def kill_when(process: subprocess.Popen[str], database: Path, after: float) -> None:
    """`kill -9` some time after the journal has come into being; nothing if the program has ended by then."""
    deadline = time.monotonic() + PATIENCE
    while not database.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()


def wait_for_status(port: int, state: str) -> dict[str, object]:
    """Ask `/status` until the program is in this state."""
    deadline = time.monotonic() + PATIENCE
    answer = "no answer"
    while time.monotonic() < deadline:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/status", timeout=5).text
        except httpx.TransportError:
            time.sleep(0.02)
            continue
        if f'"state": "{state}"' in answer:
            status: dict[str, object] = json.loads(answer)
            return status
        time.sleep(0.02)
    raise AssertionError(f"never {state}: {answer}")


Orders = list[tuple[object, ...]]


def open_orders(database: Path) -> Orders:
    """The ladder as the journal has it: who, side, price, volume, what it was for."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(
            "SELECT userref, side, price, volume, kind FROM orders WHERE status = 'open' ORDER BY ALL"
        ).fetchall()


def statuses(database: Path) -> dict[str, str]:
    """What the journal says of each order that was ever decided, by our id."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return dict(connection.execute("SELECT order_id, status FROM orders").fetchall())


def fills(database: Path) -> Orders:
    """Everything that was ever executed."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(
            "SELECT o.userref, o.side, o.price, f.volume, f.cost, f.fee, f.time "
            "FROM fills f JOIN orders o USING (order_id) ORDER BY ALL"
        ).fetchall()


def counter_sells(database: Path) -> dict[int, int]:
    """How many sells that answer a buy are open or filled, by userref."""
    query = (
        "SELECT userref, count(*) FROM orders WHERE side = 'sell' AND kind = 'counter' "
        "AND status IN ('open', 'filled') GROUP BY userref"
    )
    with duckdb.connect(str(database), read_only=True) as connection:
        return dict(connection.execute(query).fetchall())


def placed_twice(database: Path) -> Orders:
    """Causes that led to more than one order at the exchange; there must be none."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(
            "SELECT userref, cause, count(*) FROM orders WHERE exchange_id <> '' GROUP BY ALL HAVING count(*) > 1"
        ).fetchall()


def paper_account(database: Path) -> dict[str, Decimal]:
    """What the simulated exchange says that the account holds."""
    with duckdb.connect(str(database), read_only=True) as connection:
        row = connection.execute("SELECT * FROM paper_account").fetchone()
    assert row is not None
    account = json.loads(next(value for value in row if isinstance(value, str)))
    return {asset: Decimal(amount) for asset, amount in account["balances"].items()}


def paper_orders(database: Path) -> list[dict[str, object]]:
    """Every order that the simulated exchange has ever accepted."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute("SELECT * FROM paper_orders").fetchall()
    return [json.loads(value)["facts"] for row in rows for value in row if str(value).startswith("{")]
