"""The venue over real loopback sockets."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
import trio
from trio_websocket import ConnectionClosed

from simulators.kraken import Behaviour, Sandbox, Settings, open_sandbox
from tests.simulators.kraken.clients import PATIENCE, rest_client, subscribed, wire_client

ORDER: dict[str, Any] = {
    "order_type": "limit",
    "side": "buy",
    "order_qty": Decimal("0.01000000"),
    "symbol": "BTC/USD",
    "limit_price": Decimal("60000.0"),
    "cl_ord_id": "a1",
}
BRISK = Settings(behaviour=Behaviour(heartbeat_seconds=0.05))


async def test_rest_over_one_connection() -> None:
    async with open_sandbox() as kraken, rest_client(kraken) as rest:
        assert (await rest.public("SystemStatus"))["result"]["status"] == "online"
        assert (await rest.public("Nothing")) == {"error": ["EGeneral:Unknown method"]}
        assert (await rest.private("Balance"))["result"]["ZUSD"] == "100000.0000"
        txid = (await rest.buy(cl_ord_id="a1"))["result"]["txid"][0]
        assert list((await rest.private("OpenOrders"))["result"]["open"]) == [txid]
        assert (await rest.private("CancelOrder", cl_ord_id="a1"))["result"] == {"count": 1}
        assert len(kraken.control.rest_streams) == 1


async def test_the_time_is_the_machines() -> None:
    async with open_sandbox() as kraken, rest_client(kraken) as rest:
        before = (await rest.public("Time"))["result"]["unixtime"]
        kraken.control.advance(Decimal(1000))
        assert (await rest.public("Time"))["result"]["unixtime"] >= before + 1000


async def test_it_lives_on_in_a_nursery_that_is_given() -> None:
    async with trio.open_nursery() as nursery:
        async with open_sandbox(nursery) as kraken:
            pass
        async with rest_client(kraken) as rest:
            assert (await rest.public("Time"))["error"] == []
        nursery.cancel_scope.cancel()


async def test_a_fill_reaches_the_private_stream() -> None:
    async with (
        open_sandbox() as kraken,
        rest_client(kraken) as rest,
        subscribed(kraken, rest, "executions", "balances") as (wire, token),
    ):
        answer = await wire.ask("add_order", 42, token=token, **ORDER)
        assert answer["success"]
        assert answer["req_id"] == 42
        assert answer["time_in"] <= answer["time_out"]
        kraken.control.price("BTC/USD", Decimal("59000.0"))
        kinds: list[str] = []
        while kinds[-1:] != ["filled"]:
            message = await wire.channel("executions")
            kinds.append(message["data"][0]["exec_type"])
            assert message["sequence"] == len(kinds) + 1
        assert kinds == ["pending_new", "new", "trade", "filled"]
        assert [m["data"][0]["asset"] for m in wire.passed if m.get("channel") == "balances"] == ["BTC", "USD"]
        text = (await rest.raw("QueryOrders", txid=answer["result"]["order_id"])).text
        assert '"vol_exec":"0.01000000"' in text


@pytest.mark.parametrize("order", ["first", "last"])
async def test_the_ack_comes_before_or_after_its_events(order: Any) -> None:  # noqa: ANN401 - a literal
    settings = Settings(behaviour=Behaviour(ack_order=order))
    async with (
        open_sandbox(settings=settings) as kraken,
        rest_client(kraken) as rest,
        subscribed(kraken, rest, "executions") as (wire, token),
    ):
        wire.passed.clear()
        await wire.ask("add_order", token=token, **ORDER)
        assert len([message for message in wire.passed if message.get("channel") == "executions"]) == (
            0 if order == "first" else 2
        )


async def test_the_status_comes_unasked_and_again_when_it_changes() -> None:
    async with open_sandbox() as kraken, wire_client(kraken.ws_url) as wire:
        status = await wire.receive()
        assert status["channel"] == "status"
        assert status["data"][0]["system"] == "online"
        assert status["data"][0]["connection_id"] > 2**63
        kraken.control.system_status("cancel_only")
        assert (await wire.receive())["data"][0]["system"] == "cancel_only"


async def test_prices_and_heartbeats_on_the_public_stream() -> None:
    async with open_sandbox(settings=BRISK) as kraken, wire_client(kraken.ws_url) as wire:
        ack = await wire.ask("subscribe", 1, channel="ticker", symbol=["BTC/USD"])
        assert ack["success"]
        snapshot = await wire.channel("ticker")
        assert (snapshot["type"], snapshot["data"][0]["last"]) == ("snapshot", Decimal(61250))
        kraken.control.price("BTC/USD", Decimal("61000.0"))
        assert (await wire.channel("ticker"))["data"][0]["last"] == Decimal(61000)
        assert await wire.channel("heartbeat") == {"channel": "heartbeat"}
        pong = await wire.pong(101)
        assert set(pong) == {"method", "req_id", "time_in", "time_out"}


async def test_without_a_subscription_there_is_no_heartbeat_and_the_connection_ends() -> None:
    impatient = Settings(behaviour=Behaviour(heartbeat_seconds=0.05, idle_seconds=0.3))
    async with open_sandbox(settings=impatient) as kraken, wire_client(kraken.ws_auth_url) as wire:
        assert (await wire.receive())["channel"] == "status"
        with pytest.raises(ConnectionClosed):
            await wire.receive()


async def test_nonsense_is_complained_about() -> None:
    async with open_sandbox() as kraken, wire_client(kraken.ws_url) as wire:
        for text in ("{", "[]", '{"method":1}'):
            await wire.socket.send_message(text)
            complaint = await wire.until(lambda message: "channel" not in message)
            assert "method" not in complaint
            assert complaint["error"]


async def test_only_the_documented_path_is_a_websocket_and_attempts_are_limited() -> None:
    settings = Settings(behaviour=Behaviour(connections_per_10_minutes=2))
    async with open_sandbox(settings=settings) as kraken:
        assert await refusal(kraken.ws_url.replace("v2", "v1")) == 404
        async with wire_client(kraken.ws_url):
            pass
        assert await refusal(kraken.ws_url) == 429


async def refusal(url: str) -> int:
    """The HTTP status with which a handshake is refused."""
    key = {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13"}
    async with httpx.AsyncClient() as http:
        upgrade = {"upgrade": "websocket", "connection": "upgrade"}
        return (await http.get(url.replace("ws:", "http:"), headers=key | upgrade)).status_code


async def test_dropped_connections_end_at_once_and_release_their_token() -> None:
    async with (
        open_sandbox() as kraken,
        rest_client(kraken) as rest,
        subscribed(kraken, rest, "executions") as (wire, token),
    ):
        assert await kraken.control.drop("private") == 1
        await wire.end()
        with trio.fail_after(PATIENCE):
            while kraken.control.connections:
                await trio.lowlevel.checkpoint()
        kraken.control.advance(Decimal(901))
        async with wire_client(kraken.ws_auth_url) as again:
            refused = await again.ask("subscribe", channel="executions", token=token)
            assert refused["error"] == "ESession:Invalid session"


async def test_dropped_rest_connections_are_opened_anew_by_the_client() -> None:
    async with open_sandbox() as kraken, rest_client(kraken) as rest:
        await rest.public("Time")
        assert await kraken.control.drop("rest") == 1
        assert (await rest.public("Time"))["error"] == []


async def test_a_silent_connection_says_nothing_and_hears_nothing() -> None:
    async with open_sandbox(settings=BRISK) as kraken, wire_client(kraken.ws_url) as wire:
        await wire.ask("subscribe", channel="ticker", symbol=["BTC/USD"])
        await wire.channel("heartbeat")
        assert kraken.control.silence("public") == 1
        with trio.move_on_after(0.3) as patience:
            while True:
                await wire.socket.get_message()
        assert patience.cancelled_caught
        with trio.move_on_after(0.1) as patience:
            await wire.socket.ping()
        assert patience.cancelled_caught
        kraken.control.restore("public")
        await wire.channel("heartbeat")


async def test_every_request_is_logged_with_its_time_and_outcome_but_without_token() -> None:
    async with (
        open_sandbox() as kraken,
        rest_client(kraken) as rest,
        subscribed(kraken, rest, "executions") as (wire, token),
    ):
        await wire.ask("add_order", token=token, **ORDER)
        await wire.ask("add_order", token=token, **ORDER)
        first, second = kraken.control.requests("add_order")
        assert (first.outcome, second.outcome) == ("ok", "EGeneral:Invalid arguments:cl_ord_id not unique")
        assert first.received <= first.answered
        assert first.params == ORDER
        assert kraken.control.requests()[0].name == "GetWebSocketsToken"
        assert "token" not in str([entry.params for entry in kraken.control.requests()])


async def test_a_client_that_leaves_early_harms_nobody() -> None:
    async with open_sandbox() as kraken:
        async with httpx.AsyncClient() as http:
            assert (await http.post(f"{kraken.rest_url}/0/public/Time")).status_code == 405
        for port in (kraken.ports.rest, kraken.ports.ws):
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            await stream.send_all(b"GET")
            await stream.aclose()
        await reset(kraken)
        async with rest_client(kraken) as rest:
            assert (await rest.public("Time"))["error"] == []


async def reset(kraken: Sandbox) -> None:
    """Speak no HTTP at all."""
    stream = await trio.open_tcp_stream("127.0.0.1", kraken.ports.rest)
    await stream.send_all(b"\x00\x01\x02\r\n\r\n")
    with trio.fail_after(PATIENCE):
        assert await stream.receive_some() == b""
    await stream.aclose()
