"""Connections over real sockets that never come to be."""

import time

import pytest
import trio

from adapters.exchanges.kraken.transport.server_clock import ServerClock
from adapters.exchanges.kraken.transport.websockets import CONNECT_SECONDS, dial_network, open_socket
from simulators.kraken import open_sandbox
from trading.ports import ExchangeUnavailable


async def test_a_server_that_hangs_up_before_its_answer_is_noticed_at_once() -> None:
    async with open_sandbox() as kraken:
        kraken.control.refuse("ws")
        with trio.fail_after(CONNECT_SECONDS / 3), pytest.raises(ExchangeUnavailable, match="before its answer"):
            async with open_socket(dial_network, kraken.ws_url, "socket", ServerClock(time.time_ns)):
                pass


async def test_a_port_that_nobody_listens_on() -> None:
    async with open_sandbox() as kraken:
        url = kraken.ws_url
    with trio.fail_after(CONNECT_SECONDS / 3), pytest.raises(ExchangeUnavailable):
        async with open_socket(dial_network, url, "socket", ServerClock(time.time_ns)):
            pass
