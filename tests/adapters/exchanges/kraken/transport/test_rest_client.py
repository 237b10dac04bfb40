"""REST: envelopes, transport faults, nonces and the budget."""

import httpx
import pytest
import trio
from trio.testing import MockClock

from adapters.exchanges.kraken.transport.rest_client import make_client
from adapters.exchanges.kraken.wire.error_texts import KrakenError
from adapters.exchanges.kraken.wire.rest_results import ServerTime, Token
from tests.adapters.exchanges.kraken.support import RestTable, private_rest, public_rest
from trading.ports import BotStateError, ExchangeUnavailable

FAULTS: list[object] = [
    httpx.ConnectTimeout("slow"),
    httpx.ReadError("gone"),
    httpx.Response(520, html="<html>Cloudflare</html>"),
    httpx.Response(200, html="<html>hello</html>"),
    httpx.Response(429),
    httpx.Response(302, headers={"location": "https://elsewhere.test"}),
    httpx.Response(200, json={"error": []}),
    httpx.Response(200, json=[]),
    httpx.Response(200, content=b"\xff\xfe"),
    "EService:Unavailable",
    "EAPI:Rate limit exceeded",
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_of_a_question_is_one_exception(fault: object) -> None:
    rest = RestTable(Time=fault, GetWebSocketsToken=fault)
    with pytest.raises(ExchangeUnavailable, match="Kraken Time"):
        await public_rest(rest).get("Time", ServerTime)
    with pytest.raises(ExchangeUnavailable, match="Kraken GetWebSocketsToken"):
        await private_rest(rest).read("GetWebSocketsToken", Token)


@pytest.mark.parametrize("fault", FAULTS[:9])
async def test_an_order_without_a_usable_answer_is_ambiguous(fault: object) -> None:
    with pytest.raises(KrakenError) as caught:
        await private_rest(RestTable(AddOrder=fault)).call("AddOrder", Token)
    assert caught.value.meaning == "ambiguous"


async def test_a_warning_beside_a_result_is_no_failure() -> None:
    answer = httpx.Response(200, json={"error": ["WGeneral:Old"], "result": {"unixtime": 5, "more": 1.5}})
    assert await public_rest(RestTable(Time=answer)).get("Time", ServerTime) == ServerTime(5)


@pytest.mark.parametrize("error", ["EAPI:Invalid key", "EAPI:Invalid signature", "EGeneral:Permission denied"])
async def test_a_refused_key_is_nothing_to_wait_for(error: str) -> None:
    with pytest.raises(BotStateError, match="refuses this API key"):
        await private_rest(RestTable(GetWebSocketsToken=error)).read("GetWebSocketsToken", Token)


async def test_a_refused_nonce_is_repeated_with_a_higher_one() -> None:
    rest = RestTable(GetWebSocketsToken=["EAPI:Invalid nonce", {"token": "T"}])
    assert (await private_rest(rest).read("GetWebSocketsToken", Token)).token == "T"
    first, second = (int(body["nonce"]) for _, body in rest.calls)
    assert second > first


async def test_nonces_that_are_always_refused_end_after_three_calls() -> None:
    rest = RestTable(GetWebSocketsToken="EAPI:Invalid nonce")
    with pytest.raises(ExchangeUnavailable, match="Invalid nonce"):
        await private_rest(rest).read("GetWebSocketsToken", Token)
    assert len(rest.calls) == 3


async def test_during_a_lockout_nothing_is_asked(autojump_clock: MockClock) -> None:
    table = RestTable(GetWebSocketsToken=["EGeneral:Temporary lockout", {"token": "T"}])
    rest = private_rest(table)
    for _ in range(3):
        with pytest.raises(ExchangeUnavailable, match="lockout"):
            await rest.read("GetWebSocketsToken", Token)
    assert len(table.calls) == 1
    await trio.sleep(15 * 60)
    assert (await rest.read("GetWebSocketsToken", Token)).token == "T"


async def test_calls_keep_to_the_budget_and_arrive_in_the_order_of_their_nonces(autojump_clock: MockClock) -> None:
    table = RestTable(GetWebSocketsToken={"token": "T"})
    rest = private_rest(table)
    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(25):
            nursery.start_soon(rest.read, "GetWebSocketsToken", Token)
    assert trio.current_time() - start == pytest.approx(10 / 0.33, abs=0.1)
    nonces = [int(body["nonce"]) for _, body in table.calls]
    assert nonces == sorted(set(nonces))


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "socks5h://127.0.0.1:9")  # even one that httpx cannot use at all
    with trio.fail_after(10):
        client = make_client("http://127.0.0.1:1")
        with pytest.raises(httpx.ConnectError):
            await client.get("/0/public/Time")
        await client.aclose()
