"""Another process with the same key is noticed by its nonces, and nobody is suspected without need."""

from collections.abc import Callable

import pytest
import trio
from msgspec import Struct
from trio.testing import MockClock

from adapters.exchanges.kraken.company import BEAT_SECONDS, PROOF_SECONDS, order_of_another, watch_company
from messages.account import KeyShared
from messages.ids import client_order_id
from tests.adapters.exchanges.kraken.support import NAMES, RestTable, private_rest

SECOND = 10**9
PAIR = {"descr": {"pair": "XBTUSD", "type": "buy", "price": "100", "ordertype": "limit"}, "vol": "1"}
ORDER = {**PAIR, "status": "open", "cl_ord_id": client_order_id(1001, "any"), "opentm": "1"}


class Key(Struct):
    """Kraken's side of one key: the highest nonce that it has seen."""

    highest: int = 0

    def ask(self, body: dict[str, object]) -> object:
        nonce = int(str(body["nonce"]))
        if nonce <= self.highest:
            return "EAPI:Invalid nonce"
        self.highest = nonce
        return {"permissions": []}


def table(key: Key, *orders: object) -> RestTable:
    shown = {f"O{n}": order for n, order in enumerate(orders)}

    def opened(body: dict[str, object]) -> object:
        key.ask(body)
        return {"open": shown}

    return RestTable(GetApiKeyInfo=key.ask, OpenOrders=opened)


async def told(rest: RestTable, beats: int, between: Callable[[], None] = lambda: None) -> list[bool]:
    said: list[KeyShared] = []
    private = private_rest(rest)
    await private.call("GetApiKeyInfo", object)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch_company, private, lambda: 5, said.append)
        for _ in range(beats):
            await trio.sleep(BEAT_SECONDS / 2)
            between()
            await trio.sleep(BEAT_SECONDS / 2 + 1)
        nursery.cancel_scope.cancel()
    return [message.shared for message in said]


async def test_who_is_alone_is_told_nothing(autojump_clock: MockClock) -> None:
    assert await told(table(Key()), 5) == []


async def test_another_process_is_told_once_it_calls_and_when_it_has_gone(autojump_clock: MockClock) -> None:
    key = Key()
    calls = iter([True, True, False, False, False, False])

    def other() -> None:
        key.highest += SECOND if next(calls) else 0

    assert await told(table(key), 6, other) == [True, True, False]


async def test_one_refusal_alone_suspects_nobody(autojump_clock: MockClock) -> None:
    key = Key()
    answers = iter([False, True])

    def accident(body: dict[str, object]) -> object:
        return "EAPI:Invalid nonce" if next(answers, False) else key.ask(body)

    assert await told(RestTable(GetApiKeyInfo=accident), 3) == []


@pytest.mark.parametrize("alive", [True, False])
async def test_an_order_is_anothers_only_while_somebody_else_lives(autojump_clock: MockClock, *, alive: bool) -> None:
    key = Key()

    async def meanwhile(seconds: float) -> None:
        assert seconds == PROOF_SECONDS
        if alive:
            key.highest += SECOND

    told: list[tuple[int, int]] = []
    rest = private_rest(table(key, ORDER))
    found = await order_of_another(rest, NAMES, {1001: "BTC/USD"}, lambda *news: told.append(news), meanwhile)
    assert told == [(1, PROOF_SECONDS)]
    assert (found is not None) == alive


@pytest.mark.parametrize("symbols", [{1002: "BTC/USD"}, {1001: "ETH/USD"}, {}])
async def test_without_an_order_in_question_nobody_waits(symbols: dict[int, str]) -> None:
    async def never(seconds: float) -> None:
        raise AssertionError(seconds)

    def silent(orders: int, seconds: int) -> None:
        raise AssertionError(orders, seconds)

    assert await order_of_another(private_rest(table(Key(), ORDER)), NAMES, symbols, silent, never) is None
