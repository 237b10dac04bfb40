"""Another process with the same key is noticed by its nonces, and nobody is suspected without need."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from msgspec import Struct
from trio.testing import MockClock

from adapters.exchanges.kraken.account.company import BEAT_SECONDS, PROOF_SECONDS, Beats, orders_in_doubt, watch_company
from adapters.exchanges.kraken.transport.nonce import FileNonceStore
from messages.account import KeyShared
from messages.ids import Nanos, client_order_id
from tests.adapters.exchanges.kraken.support import NAMES, RestTable, private_rest

SECOND = 10**9
PAIR: dict[str, Any] = {"descr": {"pair": "XBTUSD", "type": "buy", "price": "100", "ordertype": "limit"}, "vol": "1"}
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


def table(key: Key) -> RestTable:
    return RestTable(GetApiKeyInfo=key.ask)


async def told(
    rest: RestTable, beats: int, between: Callable[[], None] = lambda: None, heard: Beats | None = None
) -> list[bool]:
    said: list[KeyShared] = []
    private = private_rest(rest)
    await private.call("GetApiKeyInfo", object)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch_company, private, lambda: Nanos(5), said.append, heard or Beats())
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


async def test_a_watch_that_is_started_anew_tells_of_company_that_has_gone(autojump_clock: MockClock) -> None:
    key, heard = Key(), Beats()

    def other() -> None:
        key.highest += SECOND

    assert await told(table(key), 2, other, heard) == [True, True]
    assert await told(table(key), 5, heard=heard) == [False]


async def test_one_refusal_alone_suspects_nobody(autojump_clock: MockClock) -> None:
    key = Key()
    answers = iter([False, True])

    def accident(body: dict[str, object]) -> object:
        return "EAPI:Invalid nonce" if next(answers, False) else key.ask(body)

    assert await told(RestTable(GetApiKeyInfo=accident), 3) == []


class Shown:
    """Kraken's side of the account: what OpenOrders shows, and the highest nonce."""

    def __init__(self, *, traded: bool = True, **orders: object) -> None:
        self.key = Key()
        self.orders: dict[str, object] = orders or {"O0": ORDER}
        self.rest = private_rest(RestTable(GetApiKeyInfo=self.key.ask, OpenOrders=self._open))
        self.traded = traded
        self.waits: list[tuple[int, int]] = []

    def _open(self, body: dict[str, object]) -> object:
        self.key.ask(body)
        return {"open": dict(self.orders)}

    async def in_doubt(
        self, meanwhile: Callable[[], None] = lambda: None, *, adopt: bool = False, symbol: str = "BTC/USD"
    ) -> list[tuple[str, str]]:
        async def sleep(seconds: float) -> None:
            assert seconds == PROOF_SECONDS
            meanwhile()

        if self.traded:
            await self.rest.trades()
        found = await orders_in_doubt(
            self.rest, NAMES, {1001: symbol}, lambda *news: self.waits.append(news), adopt=adopt, sleep=sleep
        )
        return [(order.facts.exchange_id, order.why) for order in found]


@pytest.mark.parametrize("adopt", [True, False])
async def test_orders_are_ours_to_take_over_once_nobody_else_shows(autojump_clock: MockClock, *, adopt: bool) -> None:
    account = Shown()
    assert await account.in_doubt(adopt=adopt) == []
    assert account.waits == [(1, PROOF_SECONDS)]


@pytest.mark.parametrize("adopt", [True, False])
async def test_whoever_uses_the_key_may_look_after_them(autojump_clock: MockClock, *, adopt: bool) -> None:
    account = Shown()

    def asks() -> None:
        account.key.highest += SECOND

    assert await account.in_doubt(asks, adopt=adopt) == [("O0", "another process uses this API key")]


async def test_without_a_trace_of_own_trading_nothing_is_taken_over_by_itself(autojump_clock: MockClock) -> None:
    """Of another key nothing shows."""
    account = Shown(traded=False)
    assert await account.in_doubt() == [("O0", "")]


@pytest.mark.parametrize("again", [True, False])
async def test_a_refused_start_is_no_trace_of_trading(
    tmp_path: Path, autojump_clock: MockClock, *, again: bool
) -> None:
    store = FileNonceStore(tmp_path / "nonce", "key")
    await store.reserve(5)
    assert not await store.has_traded()
    if again:
        await store.note_trading()
        await store.reserve(6)
        assert await FileNonceStore(tmp_path / "nonce", "key").has_traded()
        assert not await FileNonceStore(tmp_path / "nonce", "other").has_traded()
        assert await store.load() == 6


MOVED: dict[str, dict[str, object]] = {
    "placed": {"O1": {**ORDER, "cl_ord_id": client_order_id(1001, "answer")}},
    "amended in price": {"O0": {**ORDER, "descr": {**PAIR["descr"], "price": "101"}}},
    "amended in volume": {"O0": {**ORDER, "vol": "2"}},
}


@pytest.mark.parametrize("what", MOVED)
async def test_with_adopt_an_order_that_moves_meanwhile_is_somebody_elses(autojump_clock: MockClock, what: str) -> None:
    account = Shown(traded=False)
    found = await account.in_doubt(lambda: account.orders.update(MOVED[what]), adopt=True)
    assert {order for order, _ in found} == {"O0"} | MOVED[what].keys()
    assert all("placed or changed orders of this userref" in why for _, why in found)


async def test_what_is_filled_or_cancelled_meanwhile_accuses_nobody(autojump_clock: MockClock) -> None:
    account = Shown(traded=False, O0=ORDER, O1={**ORDER, "cl_ord_id": client_order_id(1001, "two")})

    def fills() -> None:
        del account.orders["O1"]
        account.orders["O0"] = {**ORDER, "vol_exec": "0.5"}

    assert await account.in_doubt(fills, adopt=True) == []


@pytest.mark.parametrize("adopt", [True, False])
async def test_without_an_order_in_question_nobody_waits(autojump_clock: MockClock, *, adopt: bool) -> None:
    account = Shown(traded=False)
    assert await account.in_doubt(adopt=adopt, symbol="ETH/USD") == []
    assert account.waits == []
