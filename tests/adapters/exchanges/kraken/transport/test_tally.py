"""Every request is counted once, with how it ended."""

import httpx
import pytest
import trio

from adapters.exchanges.kraken.transport.server_clock import ServerClock
from adapters.exchanges.kraken.transport.tally import OUTCOMES, RequestTally, outcome_of
from adapters.exchanges.kraken.transport.websockets import dial_network, open_socket
from adapters.exchanges.kraken.wire.error_texts import KrakenError
from adapters.exchanges.kraken.wire.rest_results import ServerTime, Token
from simulators.kraken import open_sandbox
from tests.adapters.exchanges.kraken.support import RestTable, private_rest, public_rest
from trading.ports import ExchangeUnavailable

ENDS: list[tuple[object, str]] = [
    ({"unixtime": 5, "token": "T"}, "ok"),
    ("EGeneral:Permission denied", "refused"),
    ("EOrder:Insufficient funds", "refused"),
    ("EAPI:Rate limit exceeded", "rate_limited"),
    ("EGeneral:Temporary lockout", "rate_limited"),
    ("EOrder:Rate limit exceeded", "rate_limited"),
    (httpx.ReadTimeout("slow"), "unknown"),
    (httpx.Response(520, html="<html>Cloudflare</html>"), "unknown"),
]


@pytest.mark.parametrize(("answer", "outcome"), ENDS)
async def test_a_request_over_rest_is_counted_with_how_it_ended(answer: object, outcome: str) -> None:
    public, private = public_rest(RestTable(Time=answer)), private_rest(RestTable(AddOrder=answer))
    try:
        await public.get("Time", ServerTime)
    except (ExchangeUnavailable, KrakenError):
        assert outcome != "ok"
    try:
        await private.call("AddOrder", Token)
    except KrakenError:
        assert outcome != "ok"
    assert public.tally.counts() == {("Time", outcome): 1}
    assert private.tally.counts() == {("AddOrder", outcome): 1}


async def test_requests_over_a_websocket_are_counted_and_those_without_an_answer_at_its_end() -> None:
    tally = RequestTally()
    async with open_sandbox() as kraken:
        async with open_socket(dial_network, kraken.ws_url, "socket", ServerClock(lambda: 0), tally) as socket:
            await socket.send("ping", {}, socket.number())
            await socket.send("subscribe", {"channel": "no such channel"}, socket.number())
            with trio.fail_after(5):
                while len(tally.counts()) < 2:
                    await socket.receive()
            await socket.send("ping", {}, socket.number())
        assert tally.counts() == {("ping", "ok"): 1, ("subscribe", "refused"): 1, ("ping", "unknown"): 1}


def test_every_text_has_an_outcome() -> None:
    assert outcome_of(None) == "ok"
    assert {outcome_of(text) for text in ("EOrder:Invalid price", "EAPI:Rate limit exceeded", "gone", "")} < set(
        OUTCOMES
    )
