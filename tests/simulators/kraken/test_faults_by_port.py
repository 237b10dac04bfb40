"""Damaged replies and connections, and the moves of others: asked for over the control port, met over real sockets."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import httpx
import pytest
import trio

from simulators.kraken import Behaviour, Sandbox, Settings, open_sandbox
from simulators.kraken.wire import decode
from tests.simulators.kraken.clients import PATIENCE, Rest, Wire, rest_client, subscribed, wire_client
from tests.simulators.kraken.test_control_port import Port
from tests.simulators.kraken.test_over_sockets import BRISK, ORDER

BUY = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "60000.0", "volume": "0.01"}


@asynccontextmanager
async def stage(settings: Settings | None = None) -> AsyncGenerator[tuple[Sandbox, Port, Rest]]:
    async with open_sandbox(settings=settings) as kraken, httpx.AsyncClient() as http, rest_client(kraken) as rest:
        yield kraken, Port(kraken, http), rest


@asynccontextmanager
async def private_stage(*channels: str) -> AsyncGenerator[tuple[Sandbox, Port, Wire, str]]:
    async with stage(BRISK) as (kraken, port, rest), subscribed(kraken, rest, *channels) as (wire, token):
        yield kraken, port, wire, token


async def test_a_late_reply_to_an_order_that_exists_at_once() -> None:
    async with stage() as (kraken, port, rest):
        await port("fault", action="late_reply", target="rest:AddOrder", seconds=0.2)
        begin = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rest.raw, "AddOrder")  # refused, but late all the same
            await trio.sleep(0.05)
            assert kraken.control.requests("AddOrder")[0].outcome != "pending"
        assert trio.current_time() - begin >= 0.2


async def test_a_late_answer_on_the_socket_comes_after_later_events() -> None:
    async with private_stage("executions") as (kraken, port, wire, token):
        await port("fault", action="late_reply", target="ws:add_order", seconds=0.2)
        await wire.send("add_order", 1, token=token, **ORDER)
        assert (await wire.channel("executions"))["data"][0]["exec_type"] == "pending_new"
        await wire.pong(2)
        kraken.control.cancel("a1")
        assert (await wire.answer("add_order"))["success"] is True
        kinds = [
            row["exec_type"] for frame in wire.passed if frame.get("channel") == "executions" for row in frame["data"]
        ]
        assert kinds == ["new", "canceled"]


async def test_a_truncated_reply_breaks_off_after_the_order_was_placed() -> None:
    async with stage() as (kraken, port, rest):
        await port("fault", action="truncate", target="rest:AddOrder")
        with pytest.raises(httpx.RemoteProtocolError):
            await rest.raw("AddOrder", **BUY)
        assert len(kraken.control.open_orders()) == 1
        assert (await rest.public("Time"))["error"] == []


async def test_a_truncated_answer_on_the_socket_is_no_json() -> None:
    async with private_stage("executions") as (kraken, port, wire, token):
        await port("fault", action="truncate", target="ws:add_order")
        await wire.send("add_order", 1, token=token, **ORDER)
        texts: list[str] = []
        with trio.fail_after(PATIENCE):
            while not texts or '"add_order"' not in texts[-1]:
                texts.append(str(await wire.socket.get_message()))
        with pytest.raises(ValueError, match="char"):
            decode(texts[-1])
        assert len(kraken.control.open_orders()) == 1


@pytest.mark.parametrize("status", [429, 502, 520])
async def test_a_front_answers_instead_of_the_venue(status: int) -> None:
    async with stage() as (kraken, port, rest):
        await port("fault", action="http_error", target="rest:AddOrder", status=status)
        reply = await rest.raw("AddOrder", **BUY)
        assert reply.status_code == status
        assert kraken.control.open_orders() == []


async def test_an_order_is_filled_while_its_cancel_is_on_the_way() -> None:
    async with private_stage("executions") as (kraken, port, wire, token):
        assert (await wire.ask("add_order", 1, token=token, **ORDER))["success"]
        await port("fault", action="fill_first", target="ws:cancel_order")
        answer = await wire.ask("cancel_order", 2, token=token, cl_ord_id=["a1"])
        assert (answer["success"], answer["error"]) == (False, "EOrder:Unknown order")
        assert kraken.control.open_orders() == []
        assert kraken.venue.accounts["demo"].trades[0].volume == Decimal("0.01")


async def test_the_same_over_rest() -> None:
    async with stage() as (kraken, port, rest):
        txid = (await rest.buy())["result"]["txid"][0]
        await port("fault", action="fill_first", target="rest:CancelOrder")
        assert (await rest.private("CancelOrder", txid=txid))["error"] == ["EOrder:Unknown order"]
        assert kraken.control.order(txid).status == "closed"


async def test_a_malformed_frame_and_the_next_one() -> None:
    async with private_stage("executions") as (_, port, wire, token):
        await port("frame_fault", action="malformed", target="frame:executions")
        await wire.send("add_order", 1, token=token, **ORDER)
        texts: list[str] = []
        with trio.fail_after(PATIENCE):
            while '"exec_type":"new"' not in "".join(texts):
                texts.append(str(await wire.socket.get_message()))
        broken = [text for text in texts if not text.endswith("}")]
        assert len(broken) == 1
        assert '"sequence":2' in broken[0]


async def test_a_huge_frame_is_still_json() -> None:
    async with private_stage("executions") as (_, port, wire, token):
        await port("frame_fault", action="huge", target="frame:executions", size=200_000)
        await wire.send("add_order", 1, token=token, **ORDER)
        report = await wire.channel("executions")
        assert len(report["padding"]) > 190_000
        assert report["data"][0]["exec_type"] == "pending_new"


async def test_connections_are_refused_until_they_are_admitted() -> None:
    async with stage() as (kraken, port, rest):
        await port("refuse", which="ws")
        for number in (kraken.ports.ws, kraken.ports.ws_auth):
            async with await trio.open_tcp_stream("127.0.0.1", number) as stream:
                with trio.fail_after(PATIENCE):
                    assert await stream.receive_some() == b""
        assert (await rest.public("Time"))["error"] == []
        await port("refuse", which="rest")
        await port("drop", which="rest")
        with pytest.raises(httpx.TransportError):
            await rest.public("Time")
        await port("admit")
        assert (await rest.public("Time"))["error"] == []
        async with wire_client(kraken.ws_url) as wire:
            await wire.pong(1)
        assert "no connections" in (await port("refuse", 400, which="mine"))["error"]


async def test_a_half_open_connection_speaks_but_does_not_hear() -> None:
    async with private_stage("executions") as (kraken, port, wire, token):
        assert await port("silence", which="private", direction="in") == 1
        await wire.send("add_order", 1, token=token, **ORDER)
        for _ in range(3):
            await wire.channel("heartbeat")
        assert kraken.control.requests("add_order") == []
        await port("restore")
        await wire.answer("add_order")
        assert len(kraken.control.open_orders()) == 1


async def test_a_connection_that_hears_but_does_not_speak() -> None:
    async with private_stage("executions") as (kraken, port, wire, token):
        assert await port("silence", which="private", direction="out") == 1
        await wire.send("add_order", 1, token=token, **ORDER)
        with trio.fail_after(PATIENCE):
            while not kraken.control.open_orders():  # noqa: ASYNC110 - the venue is looked at from outside
                await trio.sleep(0.01)
        with trio.move_on_after(0.2) as patience:
            await wire.answer("add_order")
        assert patience.cancelled_caught


async def test_a_second_program_places_orders_and_uses_nonces() -> None:
    async with private_stage("executions", "balances") as (kraken, port, wire, _):
        txid = await port("place", symbol="BTC/USD", side="buy", price="60000.0", volume="0.01", cl_ord_id="other")
        report = (await wire.channel("executions"))["data"][0]
        assert (report["order_id"], report["cl_ord_id"], report["limit_price"]) == (txid, "other", Decimal("60000.0"))
        assert (
            "Insufficient"
            in (await port("place", 400, symbol="BTC/USD", side="buy", price="60000.0", volume="50"))["error"]
        )
        await port("use_nonce", nonce=10**12)
        async with rest_client(kraken) as rest:
            assert (await rest.private("Balance"))["error"] == ["EAPI:Invalid nonce"]
            rest._nonce = 10**12
            assert (await rest.private("Balance"))["error"] == []


async def test_a_lockout_ends_by_itself() -> None:
    async with stage() as (_, port, rest):
        await port("lock_out", seconds=900)
        assert (await rest.private("Balance"))["error"] == ["EGeneral:Temporary lockout"]
        await port("advance", seconds=899)
        assert (await rest.private("Balance"))["error"] == ["EGeneral:Temporary lockout"]
        await port("advance", seconds=2)
        assert (await rest.private("Balance"))["error"] == []


async def test_a_smaller_tier_from_now_on() -> None:
    async with stage() as (kraken, port, rest):
        await port("tier", name="starter")
        errors: list[Any] = [(await rest.private("Balance"))["error"] for _ in range(17)]
        assert errors.count(["EAPI:Rate limit exceeded"]) == 2
        async with subscribed_later(kraken, port) as limit:
            assert limit == 60


@asynccontextmanager
async def subscribed_later(kraken: Sandbox, port: Port) -> AsyncGenerator[int]:
    """The threshold that a new subscription is told, once the REST counter has room."""
    await port("advance", seconds=600)
    async with rest_client(kraken) as rest:
        rest._nonce = 10**6
        token = (await rest.private("GetWebSocketsToken"))["result"]["token"]
        async with wire_client(kraken.ws_auth_url) as wire:
            answer = await wire.ask("subscribe", channel="executions", token=token)
            yield answer["result"]["maxratecount"]


async def test_tokens_run_out() -> None:
    async with private_stage("executions") as (_, port, wire, token):
        await port("revoke_tokens")
        answer = await wire.ask("add_order", 1, token=token, **ORDER)
        assert answer["error"] == "ESession:Invalid session"


@pytest.mark.parametrize("lag", [0, 60])
async def test_rest_shows_orders_as_late_as_asked(lag: int) -> None:
    async with stage() as (_, port, rest):
        await port("behave", rest_lag=lag)
        await rest.buy()
        assert len((await rest.private("OpenOrders"))["result"]["open"]) == (0 if lag else 1)
        await port("advance", seconds=lag + 1)
        assert len((await rest.private("OpenOrders"))["result"]["open"]) == 1


async def test_cancel_only_refuses_orders_and_takes_cancels() -> None:
    async with private_stage("executions") as (_, port, wire, token):
        assert (await wire.ask("add_order", 1, token=token, **ORDER))["success"]
        await port("system_status", status="cancel_only")
        assert (await wire.channel("status"))["data"][0]["system"] == "cancel_only"
        refused = await wire.ask("add_order", 2, token=token, **(ORDER | {"cl_ord_id": "a2"}))
        assert refused["error"] == "EService:Market in cancel_only mode"
        assert (await wire.ask("cancel_order", 3, token=token, cl_ord_id=["a1"]))["success"]


async def test_events_before_the_answer() -> None:
    async with stage(Settings(behaviour=Behaviour(ack_order="last"))) as (kraken, _, rest):
        async with subscribed(kraken, rest, "executions") as (wire, token):
            await wire.send("add_order", 1, token=token, **ORDER)
            await wire.answer("add_order")
        assert [frame["channel"] for frame in wire.passed if "sequence" in frame] == ["executions", "executions"]


async def test_an_execution_before_its_tick() -> None:
    async with private_stage("executions") as (kraken, port, wire, token), wire_client(kraken.ws_url) as public:
        await public.ask("subscribe", channel="trade", symbol=["BTC/USD"])
        assert (await wire.ask("add_order", 1, token=token, **ORDER))["success"]
        await port("frame_fault", action="delay", target="frame:trade", seconds=0.5)
        begin = trio.current_time()
        await port("price", symbol="BTC/USD", price="60000.0")
        await wire.until(
            lambda frame: frame.get("channel") == "executions" and frame["data"][0]["exec_type"] == "trade"
        )
        executed = trio.current_time() - begin
        await public.channel("trade")
        assert trio.current_time() - begin >= 0.5 > executed
