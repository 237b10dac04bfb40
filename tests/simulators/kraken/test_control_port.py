"""The control port, as a client in another process or another language uses it."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.kraken import Sandbox, Settings, open_sandbox
from simulators.kraken.control_port import COMMANDS
from simulators.kraken.wire import decode
from tests.simulators.kraken.clients import rest_client
from tests.simulators.kraken.desk import START


class Port:
    def __init__(self, kraken: Sandbox, http: httpx.AsyncClient) -> None:
        self.kraken = kraken
        self._http = http

    async def __call__(self, command: str, status: int = 200, /, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        reply = await self._http.post(f"{self.kraken.control_url}/{command}", json=arguments)
        assert reply.status_code == status, reply.text
        return decode(reply.text)

    async def look(self, view: str) -> Any:  # noqa: ANN401 - JSON
        return decode((await self._http.get(f"{self.kraken.control_url}/{view}")).text)


@asynccontextmanager
async def control(settings: Settings | None = None) -> AsyncGenerator[Port]:
    async with open_sandbox(settings=settings) as kraken, httpx.AsyncClient() as http:
        yield Port(kraken, http)


async def test_prices_orders_and_money() -> None:
    async with control(Settings(start=START)) as port, rest_client(port.kraken) as rest:
        await rest.buy(cl_ord_id="a1")
        await rest.buy(cl_ord_id="a2")
        await port("fill", order="a1", volume="0.004")
        await port("amend", order="a1", price=60010)
        await port("cancel", order="a2")
        await port("deposit", asset="USD", amount="12.5")
        await port("withdraw", asset="XXBT", amount=1)
        await port("advance", seconds=30)
        state = await port.look("state")
        account = state["accounts"]["demo"]
        [order] = account["open_orders"].values()
        assert (order["cl_ord_id"], order["vol_exec"], order["misc"]) == ("a1", "0.00400000", "amended")
        assert account["balances"]["XXBT"] == "1.0040000000"
        assert account["balances"]["ZUSD"] == "99771.5400"
        assert state["time"] == START + 30 * 10**9
        await port("price", symbol="BTC/USD", price=59000.5, volume="0.001", side="sell")
        await port("path", symbol="BTC/USD", prices=["59000.0", 58000], every=1)
        assert (await port.look("state"))["accounts"]["demo"]["open_orders"] == {}
        log = await port.look("requests")
        assert [entry["name"] for entry in log] == ["AddOrder", "AddOrder"]


async def test_status_faults_and_connections() -> None:
    async with control() as port, rest_client(port.kraken) as rest:
        await port("system_status", status="maintenance")
        assert (await rest.buy())["error"] == ["EService:Unavailable"]
        await port("system_status", status="online")
        await port("pair_status", symbol="BTC/USD", status="post_only")
        assert (await rest.buy())["error"] == ["EService:Market in post_only mode"]
        await port("fault", action="error", target="rest:*", text="EService:Busy", times=None)
        await port("frame_fault", action="duplicate")
        await port("latency", rest_in=0.001)
        assert (await rest.public("Time"))["error"] == ["EService:Busy"]
        assert len((await port.look("state"))["faults"]) == 2
        await port("clear_faults")
        await port("behave", rest_lag=2.5, post_only="refuse")
        assert port.kraken.venue.behaviour.rest_lag == Decimal("2.5")
        assert (await rest.public("Time"))["error"] == []
        assert await port("drop", which="rest") == 1
        assert await port("silence") == 0
        key = {"public": "k2", "private": "a2V5"}
        await port("add_account", name="second", keys=[key], balances={"ZUSD": "5"})
        assert (await port.look("state"))["accounts"]["second"]["balances"] == {"ZUSD": "5"}


async def test_wrong_commands_are_explained() -> None:
    async with control() as port:
        assert "there are price" in (await port("prise", 400))["error"]
        assert "no pair BTC/XYZ" in (await port("price", 400, symbol="BTC/XYZ", price=1))["error"]
        assert "unknown arguments colour" in (await port("advance", 400, colour=1))["error"]
        assert "missing" in (await port("advance", 400))["error"]
        assert (await port("system_status", 400, status="sleeping"))["error"]
        assert (await port("fault", 400, action="explode"))["error"]
        assert "no order" in (await port("fill", 400, order="nobody"))["error"]
        assert "rest_lagg" in (await port("behave", 400, rest_lagg=1))["error"]
        assert "called" in (await port("drop", 400, which="mine"))["error"]
        assert set(await port.look("help")) == set(COMMANDS)
        assert all(text["about"] for text in (await port.look("help")).values())
        assert (await port.look("help"))["latency"]["arguments"] == "rest_in, rest_out, ws_in, ws_out"
        assert "no view" in (await port.look("nothing"))["error"]


async def test_a_file_of_trades_is_replayed_at_its_own_times(tmp_path: Path) -> None:
    file = tmp_path / "XBTUSD.csv"
    second = START // 10**9
    file.write_text(f"{second + 5},60500.0,0.5\n{second + 5},60000.0,0.004\n{second + 60},59990.0,1.0\n")
    async with control(Settings(start=START)) as port, rest_client(port.kraken) as rest:
        txid = (await rest.buy("60000.0"))["result"]["txid"][0]
        assert await port("replay", symbol="BTC/USD", file=str(file), rows=2) == 2
        assert port.kraken.control.order(txid).filled == Decimal("0.004")
        assert await port("replay", symbol="BTC/USD", file=str(file)) == 3
        assert (await port.look("state"))["time"] == START + 60 * 10**9
        assert port.kraken.control.order(txid).status == "closed"
        assert await port("replay", 400, symbol="BTC/USD", file="/nowhere.csv")


@pytest.mark.process
def test_the_command_line_reads_settings_and_says_where_it_listens(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulators.kraken"]
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True, timeout=30)
    assert "control port" in shown.stdout
    bad = tmp_path / "bad.toml"
    bad.write_text("prise = 1\n")
    refused = subprocess.run(
        [*command, "--settings", str(bad)], capture_output=True, text=True, check=False, timeout=30
    )
    assert (refused.returncode, "prise" in refused.stderr) == (2, True)
    good = tmp_path / "good.toml"
    good.write_text(
        'start = 1790000000000000000\n[prices]\n"ETH/EUR" = 2500.5\n[behaviour]\npost_only = "refuse"\n'
        '[[accounts]]\nname = "a"\nbalances = { ZEUR = 1000.0000 }\n[[accounts.keys]]\npublic = "k"\nprivate = "a2V5"\n'
    )
    with subprocess.Popen([*command, "--settings", str(good)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = dict(process.stdout.readline().strip().split(" = ") for _ in range(4))
        try:
            state = decode(httpx.get(f"{lines['control_url']}/state").text)
            assert state["time"] == START
            assert state["markets"]["ETH/EUR"]["last"] == "2500.5"
            assert state["accounts"]["a"]["balances"] == {"ZEUR": "1000.0000"}
            taken = [*command, "--control-port", lines["control_url"].rpartition(":")[2]]
            refused = subprocess.run(taken, capture_output=True, text=True, check=False, timeout=30)
            assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
            assert "Address already in use" in refused.stderr
        finally:
            process.terminate()
