"""Signals and held connections while it trades on the local Kraken; a plug-in that breaks the promise of a dry run."""

import signal
import socket
import time
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest
import trio

from assembly.exit_codes import EXIT_ORDERS_LEFT
from simulators.kraken import RequestFault
from tests.process.at_kraken import BTC, desk

pytestmark = pytest.mark.process

CANCEL_ALL = 'dry_run = false\non_stop = "cancel-all"'


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_second_signal_leaves_no_order_behind(tmp_path: Path, number: int) -> None:
    async with desk(tmp_path) as kraken:
        kraken.configure(bot=CANCEL_ALL)
        with kraken.program() as life:
            await life.trades()
            life.process.send_signal(number)
            await trio.sleep(0.01)
            assert await life.stop(number) == 0
        assert kraken.orders() == []
        assert "terminated: asked to stop" in life.said().rstrip().splitlines()[-1]


async def test_the_third_signal_ends_a_stop_that_cannot_and_says_what_it_leaves(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        kraken.configure(bot=CANCEL_ALL)
        with kraken.program() as life:
            await life.trades()
            kraken.kraken.control.fault(RequestFault("lose_request", "ws:*cancel*", times=None))
            begin = time.monotonic()
            for words in ("stopping in order", "a third one cuts it short", "for the third time"):
                life.process.send_signal(signal.SIGTERM)
                await life.until(lambda words=words: words in life.said())  # type: ignore[misc]
            code = await life.ended()
            assert time.monotonic() - begin < 10
            assert code in (EXIT_ORDERS_LEFT, 143)
        last = life.said().rstrip().splitlines()[-1]
        ends = ("NOT cancelled", "look at the exchange", "not stopped in order: orders stay at the exchange")
        assert any(words in last for words in ends)
        assert kraken.sides() == (3, 0)


async def test_held_connections_do_not_keep_the_account_from_its_next_connection(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        kraken.configure()
        with ExitStack() as held, kraken.program(few_files=True) as life:
            await life.trades()
            for _ in range(200):
                held.enter_context(socket.create_connection(("127.0.0.1", kraken.port)))
            await kraken.kraken.control.drop()
            kraken.kraken.control.price(BTC, Decimal("49500.0"))
            await life.until(lambda: kraken.sides()[1] == 1)
            assert await life.stop() == 0


async def test_a_fatal_error_at_the_start_is_told_once(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        kraken.key = "nobody"
        kraken.configure()
        words = await kraken.refused(code=3, seconds=10)
        assert words.count("Invalid key") == 1
        assert "orders:" not in words, "it has none that anything could become of"
        assert words.count("error: ") == 1


async def test_a_plug_in_that_could_place_real_orders_is_refused_in_a_dry_run(tmp_path: Path) -> None:
    async with desk(tmp_path) as kraken:
        kraken.configure(bot="dry_run = true", exchange='adapter = "kraken"')
        with kraken.program(world={"real": 1.0}) as life:
            assert await life.ended() == 2
        assert 'the adapter "kraken" could place real orders even so' in life.said()
        assert life.said().count("error: ") == 1
        assert kraken.orders() == []
        assert kraken.requests() == 0
