"""The local Kraken in a process of its own, so that its computing time is not counted as the program's."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import trio

from simulators.kraken import DEMO_KEY, DEMO_PRIVATE
from simulators.kraken.signing import sign
from simulators.kraken.wire import decode, encode

HAND = "by-hand"
"""A second key of the account: the program's own nonces stay undisturbed."""

SETTINGS = """
prices = {{ {prices} }}

[[accounts]]
name = "demo"
tier = "pro"
keys = [{{ public = "{key}", private = "{private}" }}, {{ public = "{hand}", private = "{private}" }}]
balances = {{ ZUSD = "10000000", XXBT = "0" }}

[behaviour]
idle_seconds = 3600.0
"""

Json = Any


class FarKraken:
    """Its addresses, its control port, and a look at the account."""

    def __init__(self, addresses: dict[str, str], http: httpx.AsyncClient) -> None:
        self.addresses = addresses
        self._http = http
        self._nonce = 0

    async def do(self, command: str, **arguments: object) -> Json:
        """A command of the control port."""
        reply = await self._http.post(f"{self.addresses['control_url']}/{command}", content=encode(arguments))
        return decode(reply.raise_for_status().text)

    async def look(self, view: str) -> Json:
        """A view of the control port."""
        reply = await self._http.get(f"{self.addresses['control_url']}/{view}")
        return decode(reply.raise_for_status().text)

    async def open_orders(self) -> dict[str, Json]:
        """By the venue's id."""
        orders: dict[str, Json] = (await self.look("state"))["accounts"]["demo"]["open_orders"]
        return orders

    async def closed_at(self, orders: Iterable[str]) -> dict[str, float]:
        """When these orders were closed, in milliseconds UTC; fifty at the most."""
        shown = await self._private("QueryOrders", txid=",".join(orders))
        return {name: float(order["closetm"]) * 1e3 for name, order in shown.items()}

    async def _private(self, name: str, **fields: str) -> Json:
        self._nonce += 1
        body, path = httpx.QueryParams({"nonce": str(self._nonce)} | fields), f"/0/private/{name}"
        headers = {
            "API-Key": HAND,
            "API-Sign": sign(DEMO_PRIVATE, path, str(self._nonce), str(body).encode()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        reply = await self._http.post(self.addresses["rest_url"] + path, content=str(body), headers=headers)
        answer = decode(reply.raise_for_status().text)
        assert not answer["error"], answer
        return answer["result"]


@asynccontextmanager
async def far_kraken(folder: Path, prices: dict[str, Decimal]) -> AsyncIterator[FarKraken]:
    """Started, and ended with the block."""
    settings = folder / "venue.toml"
    listed = ", ".join(f'"{symbol}" = "{price}"' for symbol, price in prices.items())
    settings.write_text(SETTINGS.format(prices=listed, key=DEMO_KEY, private=DEMO_PRIVATE, hand=HAND))
    command = [sys.executable, "-m", "simulators.kraken", "--settings", str(settings)]
    async with trio.open_nursery() as nursery:
        process: trio.Process = await nursery.start(_run, command)
        async with httpx.AsyncClient(timeout=20) as http:
            yield FarKraken(await _addresses(process), http)
        nursery.cancel_scope.cancel()


async def _run(command: list[str], *, task_status: trio.TaskStatus[trio.Process]) -> None:
    await trio.run_process(command, stdout=subprocess.PIPE, check=False, task_status=task_status)


async def _addresses(process: trio.Process) -> dict[str, str]:
    assert process.stdout is not None
    text = b""
    while text.count(b"\n") < 4:
        text += await process.stdout.receive_some()
    return dict(line.split(" = ", 1) for line in text.decode().splitlines())
