"""A host that cannot be reached is named, with where to look."""

import socket
import time

import httpx
import pytest
import trio

from adapters.exchanges.kraken.transport.rest_client import PublicRest, make_client
from adapters.exchanges.kraken.transport.server_clock import ServerClock
from adapters.exchanges.kraken.transport.websockets import dial_network, open_socket
from adapters.network.reachability import no_connection
from trading.ports import ExchangeUnavailable


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (socket.EAI_NONAME, "Name or service not known"),
        (socket.EAI_AGAIN, "Temporary failure in name resolution"),
    ],
)
def test_a_name_that_is_not_found_is_a_matter_of_dns(number: int, words: str) -> None:
    told = no_connection("api.kraken.com", 443, socket.gaierror(number, words))
    assert told == f"the name api.kraken.com cannot be looked up ({words}): look at this machine's network and DNS"


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_the_cause_is_found_however_deep_it_lies() -> None:
    port = closed_port()
    with pytest.raises(OSError, match="failed") as of_trio:
        await trio.open_tcp_stream("127.0.0.1", port)
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError) as of_httpx:
            await client.get(f"http://127.0.0.1:{port}")
    for caught in (of_trio, of_httpx):
        told = no_connection("127.0.0.1", port, caught.value)
        assert told.startswith(
            f"no connection to 127.0.0.1:{port} (Connection refused): look at this machine's network"
        )


async def test_the_exchange_is_named_over_rest_and_over_the_sockets() -> None:
    port = closed_port()
    named = f"no connection to 127.0.0.1:{port} .Connection refused.: look at"
    async with make_client(f"http://127.0.0.1:{port}") as client:
        with pytest.raises(ExchangeUnavailable, match=f"Kraken Time: {named}"):
            await PublicRest(client).get("Time", dict)
    with pytest.raises(ExchangeUnavailable, match=f"Kraken orders: {named}"):
        async with open_socket(dial_network, f"ws://127.0.0.1:{port}/v2", "Kraken orders", ServerClock(time.time_ns)):
            pass


def test_an_error_without_a_reason_is_named_by_its_kind() -> None:
    assert "(ConnectTimeout)" in no_connection("api.kraken.com", 443, httpx.ConnectTimeout(""))
