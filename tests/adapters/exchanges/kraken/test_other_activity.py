"""Against the local Kraken over real sockets, whose owner and whose other programs are busy on the account too."""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio

from adapters.exchanges.kraken.exchange import NETWORK, connect
from adapters.exchanges.kraken.reconciliation.balance_check import differences
from adapters.exchanges.kraken.wire.names import spendable
from messages.account import AccountBalances
from messages.ids import client_order_id
from simulators.kraken import (
    DEMO_KEY,
    DEMO_PRIVATE,
    AccountSettings,
    KeySettings,
    Sandbox,
    Settings,
    open_sandbox,
)
from simulators.kraken.control import Control
from tests.adapters.exchanges.kraken.kraken_config import configured
from tests.adapters.exchanges.kraken.test_whole_program import PRICE, buys, ended, program, sells, until, write_config
from tests.process.running import placed_twice

D = Decimal
OURS = client_order_id(1001, "not one of this program's causes")
OTHER_STRATEGY = client_order_id(77, "x")
BEYOND = "gzzzzzz00000000000"


@asynccontextmanager
async def busy_kraken(**balances: str) -> AsyncIterator[Sandbox]:
    """One account with these balances."""
    rows = {name.replace("_", "."): D(amount) for name, amount in balances.items()}
    account = AccountSettings("owner", (KeySettings(DEMO_KEY, DEMO_PRIVATE),), rows)
    async with open_sandbox(settings=Settings(accounts=(account,), prices={"BTC/USD": PRICE})) as kraken:
        yield kraken


def log(folder: Path) -> str:
    return (folder / "log.txt").read_text()


MOVES: dict[str, Callable[[Control], object]] = {
    "bonded": lambda control: control.stake("BTC", D("0.2"), ".B"),
    "staked": lambda control: control.stake("BTC", D("0.1"), ".S"),
    "unstaked": lambda control: control.stake("BTC", D("-0.1"), ".M"),
    "earning": lambda control: control.move("BTC", D("0.3"), "transfer", suffix=".F"),
    "a bonded reward": lambda control: control.move("BTC", D("0.01"), "staking", suffix=".B", fee=D("0.001")),
    "a free reward": lambda control: control.move("BTC", D("0.01"), "reward"),
    "a credit that is bound": lambda control: control.move("BTC", D(1), "credit", suffix=".P"),
    "a deposit": lambda control: control.deposit("USD", D(100)),
    "a withdrawal": lambda control: control.withdraw("USD", D(50)),
    "a conversion": lambda control: control.convert("BTC", D("0.1"), "ETH", D(3)),
    "rollover": lambda control: control.move("USD", D(0), "rollover", fee=D("0.5")),
    "a bought coin": lambda control: control.place("BTC/USD", "buy", None, D("0.001")),
    "a short": lambda control: control.place("BTC/USD", "sell", None, D("0.001"), leverage=2),
}


@pytest.mark.parametrize("by_credits", [False, True])
async def test_stream_and_balances_agree_on_what_can_be_spent(tmp_path: Path, by_credits: bool) -> None:
    """Over real sockets, after every kind of activity; else the check of the balances would find a false difference."""
    rows = {"ZUSD": D(1000), "XXBT": D(1), "XBT.F": D("0.5"), "XBT.B": D(9), "XBT.M": D(2), "KFEE": D(10_000)}
    account = AccountSettings("owner", (KeySettings("public", DEMO_PRIVATE),), rows)
    async with open_sandbox(settings=Settings(accounts=(account,), prices={"BTC/USD": PRICE})) as kraken:
        kraken.control.fees(fee_credits=by_credits)
        config = configured(tmp_path, rest_url=kraken.rest_url, ws_url=kraken.ws_url, ws_auth_url=kraken.ws_auth_url)
        async with connect(config, "c.toml", NETWORK) as exchange, exchange.trading() as session:
            totals = dict((await session.snapshot()).balances)
            events = session.events()
            for name, move in MOVES.items():
                move(kraken.control)
                kraken.control.deposit("USD", D("0.01"))  # The last of the entries: then all others have come.
                expected = spendable(kraken.control.venue.accounts["owner"].rows)
                with trio.move_on_after(5):
                    while expected["USD"] != totals["USD"]:
                        event = await anext(events)
                        if isinstance(event, AccountBalances):
                            totals |= event.totals
                assert not differences(expected, totals), name


@pytest.mark.process
async def test_a_short_on_margin_holds_no_coin_and_its_fill_moves_none(tmp_path: Path) -> None:
    async with busy_kraken(ZUSD="2000", XXBT="0") as kraken:
        with program(tmp_path, write_config(tmp_path, kraken)) as process:
            await until(tmp_path, lambda: buys(kraken) == 5)
            kraken.control.place("BTC/USD", "sell", D("70000.0"), D("0.05"), leverage=2)
            kraken.control.place("BTC/USD", "buy", D("40000.0"), D("5"), leverage=2)
            kraken.control.place("BTC/USD", "sell", None, D("0.01"), leverage=3)
            kraken.control.price("BTC/USD", D("60000.0"))
            await until(tmp_path, lambda: sells(kraken) == 2)
            kraken.control.price("BTC/USD", D("58800.0"))
            await until(tmp_path, lambda: sells(kraken) == 3)
            assert await ended(process, signal.SIGTERM) == 0
    assert "not enough" not in log(tmp_path)
    assert placed_twice(tmp_path / "infinity-grid-kraken.duckdb") == []


ODD: list[dict[str, Any]] = [
    {"changes": {"cl_ord_id": None}},
    {"changes": {"symbol": None}},
    {"changes": {"order_id": None}},
    {"changes": {"order_id": None, "cl_ord_id": None, "symbol": None}},
    {"changes": {"exec_type": "unheard of"}},
    {"changes": {"exec_type": None, "order_status": None, "status": None}},
    {"changes": {"side": None, "limit_price": None, "order_qty": None, "last_qty": None, "vol": None, "price": None}},
    {"changes": {"side": "x", "fees": None, "exec_id": None, "descr": None, "vol_exec": "NaN"}},
    {"without": ["symbol", "side", "timestamp", "descr"]},
    {"cl_ord_id": OTHER_STRATEGY, "changes": {"status": "unheard of", "limit_price": None}},
    {"cl_ord_id": BEYOND, "changes": {"vol": None, "order_qty": "x"}},
    {"cl_ord_id": OURS, "price": None},
    {"cl_ord_id": OURS, "symbol": "ETH/USD", "changes": {"limit_price": None, "vol": "0"}},
]


def place_odd(kraken: Sandbox, odd: dict[str, Any], price: str) -> None:
    """An order of somebody else's that looks like this."""
    described = {"symbol": "BTC/USD", "price": D(price), **odd}
    kraken.control.place(described.pop("symbol"), "buy", described.pop("price"), D("0.01"), **described)


@pytest.mark.process
@pytest.mark.parametrize("odds", [ODD[first::4] for first in range(4)], ids=["1", "2", "3", "4"])
async def test_orders_of_others_leave_no_fill_unanswered(tmp_path: Path, odds: list[dict[str, Any]]) -> None:
    """Before the start, open and closed, while it runs, and after kill -9. A few at once: each costs two programs."""
    async with busy_kraken(ZUSD="50000", XXBT="0") as kraken:
        kraken.control.price("ETH/USD", D("2000.00"))
        for odd in odds:
            place_odd(kraken, odd, "60500.0")
        kraken.control.price("BTC/USD", D("60400.0"))
        for odd in odds:
            place_odd(kraken, odd, "50000.0" if "cl_ord_id" not in odd else "49000.0")
        kraken.control.price("BTC/USD", PRICE)
        before = len(kraken.control.open_orders())
        with program(tmp_path, write_config(tmp_path, kraken)) as process:
            await until(tmp_path, lambda: buys(kraken) == before + 5)
            for odd in odds:
                place_odd(kraken, {**odd, "cl_ord_id": None} if odd.get("cl_ord_id") else odd, "60040.0")
            kraken.control.price("BTC/USD", D("60000.0"))
            await until(tmp_path, lambda: sells(kraken) == 1)
            await ended(process, signal.SIGKILL)
        kraken.control.price("BTC/USD", D("58800.0"))
        with program(tmp_path, write_config(tmp_path, kraken)) as process:
            await until(tmp_path, lambda: sells(kraken) == 2)
            assert await ended(process, signal.SIGTERM) == 0
    assert "restart" not in log(tmp_path)
    assert placed_twice(tmp_path / "infinity-grid-kraken.duckdb") == []


@pytest.mark.process
async def test_staking_conversions_and_fee_credits_end_nothing(tmp_path: Path) -> None:
    async with busy_kraken(ZUSD="2000", XXBT="0.5", XBT_B="9", DOT_S="4", KFEE="10000") as kraken:
        control = kraken.control
        with program(tmp_path, write_config(tmp_path, kraken)) as process:
            await until(tmp_path, lambda: buys(kraken) == 5)
            control.stake("BTC", D("0.2"), ".B")
            control.move("BTC", D("0.001"), "reward", suffix=".M")
            control.move("DOT", D("0.1"), "staking", suffix=".S")
            control.convert("BTC", D("0.1"), "ETH", D("3"))
            control.move("USD", D("-1"), "rollover")
            control.move("USD", D("-2"), "settled")
            control.fees(fee_credits=True)
            control.price("BTC/USD", D("60000.0"))
            await until(tmp_path, lambda: sells(kraken) == 1)
            control.stake("BTC", D("-0.2"), ".B")
            control.price("BTC/USD", PRICE)
            await until(tmp_path, lambda: sells(kraken) == 0)
            assert await ended(process, signal.SIGTERM) == 0
    assert "restart" not in log(tmp_path)
