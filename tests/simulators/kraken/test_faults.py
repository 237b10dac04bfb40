"""Faults on demand, alone and over real sockets."""

import statistics
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal

import httpx
import pytest
import trio

from simulators.kraken import FrameFault, Latency, RequestFault, Sandbox, open_sandbox
from simulators.kraken.faults import FaultPlan
from simulators.kraken.model.events import OrderEvent
from simulators.kraken.wire import rfc3339
from tests.simulators.kraken.clients import PATIENCE, Rest, Wire, rest_client, subscribed
from tests.simulators.kraken.test_over_sockets import BRISK, ORDER


@asynccontextmanager
async def stage() -> AsyncGenerator[tuple[Sandbox, Rest]]:
    async with open_sandbox() as kraken, rest_client(kraken) as rest:
        yield kraken, rest


@asynccontextmanager
async def private_stage() -> AsyncGenerator[tuple[Sandbox, Wire, str]]:
    async with (
        open_sandbox(settings=BRISK) as kraken,
        rest_client(kraken) as rest,
        subscribed(kraken, rest, "executions") as (wire, token),
    ):
        yield kraken, wire, token


def test_a_fault_happens_as_often_as_it_says_at_the_moments_it_names() -> None:
    plan = FaultPlan()
    twice = RequestFault("error", target="rest:Add*", times=2)
    plan.add(twice)
    plan.add(RequestFault("delay", times=None))
    taken = [
        [fault.action for fault in plan.for_request(moment)] for moment in ["rest:Balance", *["rest:AddOrder"] * 3]
    ]
    assert taken == [["delay"], ["error"], ["error"], ["delay"]]
    assert plan.pending() == [RequestFault("delay", times=None)]
    plan.clear()
    assert plan.for_request("rest:AddOrder") == []


def test_a_hook_decides_before_the_list() -> None:
    plan = FaultPlan()
    plan.add(FrameFault("lose_frame"))
    plan.frame_hook = lambda moment: FrameFault("duplicate") if moment == "frame:executions" else None
    plan.request_hook = lambda moment: RequestFault("drop") if moment == "ws:add_order" else None
    assert plan.for_frame("frame:executions") == FrameFault("duplicate")
    assert plan.for_frame("frame:balances") == FrameFault("lose_frame")
    assert plan.for_request("ws:add_order") == [RequestFault("drop")]
    assert plan.for_request("ws:ping") == []


async def test_what_has_left_is_told() -> None:
    told: list[str] = []
    async with stage() as (kraken, rest):
        kraken.faults.sent_hook = told.append
        await rest.buy()
    async with private_stage() as (kraken, wire, token):
        kraken.faults.sent_hook = told.append
        await wire.ask("add_order", token=token, **ORDER)
        await wire.channel("executions")
        await wire.pong(1)  # what was read before has certainly been told by now
    assert {"rest:AddOrder", "ws:add_order", "frame:executions"} <= set(told)


@pytest.mark.parametrize("hang", [False, True])
async def test_a_lost_reply_hides_an_order_that_exists(hang: bool) -> None:
    async with stage() as (kraken, rest):
        kraken.control.fault(RequestFault("lose_reply", target="rest:AddOrder", hang=hang))
        with trio.move_on_after(1) as patience:
            with pytest.raises(httpx.TransportError):
                await rest.buy()
        assert patience.cancelled_caught == hang
        assert len(kraken.control.open_orders()) == 1
        assert kraken.control.requests("AddOrder")[0].outcome == "lose_reply after ok"
        assert (await rest.buy())["error"] == []


async def test_a_lost_request_changes_nothing() -> None:
    async with stage() as (kraken, rest):
        kraken.control.fault(RequestFault("lose_request", target="rest:AddOrder"))
        with pytest.raises(httpx.TransportError):
            await rest.buy()
        assert kraken.control.open_orders() == []


@pytest.mark.parametrize("executed", [False, True])
async def test_a_page_of_the_front_tells_nothing_about_the_order(executed: bool) -> None:
    async with stage() as (kraken, rest):
        kraken.control.fault(RequestFault("http_error", target="rest:AddOrder", status=520, executed=executed))
        reply = await rest.raw("AddOrder", pair="XBTUSD", type="buy", ordertype="limit", price="60000.0", volume="0.01")
        assert reply.status_code == 520
        assert reply.headers["content-type"].startswith("text/html")
        assert len(kraken.control.open_orders()) == int(executed)


async def test_a_named_error_comes_as_often_as_asked() -> None:
    async with stage() as (kraken, rest):
        kraken.control.fault(RequestFault("error", target="rest:AddOrder", text="EService:Busy", times=2))
        kraken.control.fault(RequestFault("error", target="rest:AddOrder", text="EService:Unavailable", executed=True))
        errors = [(await rest.buy())["error"] for _ in range(4)]
        assert errors == [["EService:Busy"], ["EService:Busy"], ["EService:Unavailable"], []]
        assert len(kraken.control.open_orders()) == 2


async def test_a_request_that_arrives_late_misses_its_deadline() -> None:
    async with stage() as (kraken, rest):
        kraken.control.fault(RequestFault("delay", target="rest:AddOrder", seconds=0.15))
        deadline = rfc3339(kraken.venue.clock.now() + 100_000_000)
        assert (await rest.buy(deadline=deadline))["error"] == ["EService:Deadline elapsed"]


@pytest.mark.parametrize("milliseconds", [0, 20, 100])
async def test_latency_per_direction_makes_round_trips_measurable(milliseconds: int) -> None:
    async with private_stage() as (kraken, wire, _):
        one_way = milliseconds / 2000
        kraken.control.latency(Latency(ws_in=one_way, ws_out=one_way))
        times = []
        for number in range(5):
            begin = trio.current_time()
            await wire.pong(number)
            times.append(trio.current_time() - begin)
        assert milliseconds / 1000 <= statistics.median(times)


async def test_latency_delays_but_does_not_queue() -> None:
    async with private_stage() as (kraken, wire, _):
        kraken.control.latency(Latency(ws_in=0.1, ws_out=0.1))
        begin = trio.current_time()
        for number in range(20):
            await wire.send("ping", number)
        for number in range(20):
            assert (await wire.answer("pong"))["req_id"] == number
        assert trio.current_time() - begin < 2


async def test_a_lost_answer_on_the_socket_leaves_the_events() -> None:
    async with private_stage() as (kraken, wire, token):
        kraken.control.fault(RequestFault("lose_reply", target="ws:add_order"))
        await wire.send("add_order", 1, token=token, **ORDER)
        assert (await wire.channel("executions"))["data"][0]["exec_type"] == "pending_new"
        await wire.pong(2)
        assert not any(message.get("method") == "add_order" for message in wire.passed)


async def test_a_socket_that_drops_after_the_order_was_executed() -> None:
    async with private_stage() as (kraken, wire, token):
        kraken.control.fault(RequestFault("drop", target="ws:add_order", executed=True))
        await wire.send("add_order", 1, token=token, **ORDER)
        await wire.end()
        assert len(kraken.control.open_orders()) == 1


async def test_errors_and_lost_requests_on_the_socket() -> None:
    async with private_stage() as (kraken, wire, token):
        kraken.control.fault(RequestFault("lose_request", target="ws:add_order"))
        kraken.control.fault(RequestFault("error", target="ws:add_order", text="EGeneral:Internal error"))
        await wire.send("add_order", 1, token=token, **ORDER)
        answer = await wire.ask("add_order", 2, token=token, **ORDER)
        assert (answer["req_id"], answer["error"], answer["success"]) == (2, "EGeneral:Internal error", False)
        assert kraken.control.open_orders() == []


@pytest.mark.parametrize(
    ("action", "sequences"),
    [("lose_frame", [3, 4]), ("duplicate", [2, 2, 3, 4]), ("reorder", [3, 2, 4])],
)
async def test_frames_that_are_lost_doubled_or_reordered(action: str, sequences: list[int]) -> None:
    async with private_stage() as (kraken, wire, token):
        kraken.control.fault(FrameFault(action, target="frame:executions"))  # type: ignore[arg-type]
        await wire.send("add_order", 1, token=token, **ORDER)
        await wire.answer("add_order")
        kraken.control.cancel("a1")
        seen = [(await wire.channel("executions"))["sequence"] for _ in sequences]
        assert seen == sequences


async def test_a_delayed_frame() -> None:
    async with private_stage() as (kraken, wire, token):
        kraken.control.fault(FrameFault("delay", target="frame:executions", seconds=0.2))
        begin = trio.current_time()
        await wire.send("add_order", 1, token=token, **ORDER)
        await wire.channel("executions")
        assert trio.current_time() - begin >= 0.2


async def test_a_price_path_meets_resting_orders_in_turn() -> None:
    async with private_stage() as (kraken, wire, token):
        for number, price in enumerate(("60500.0", "60000.0", "59500.0")):
            order = ORDER | {"cl_ord_id": f"a{number}", "limit_price": Decimal(price)}
            assert (await wire.ask("add_order", token=token, **order))["success"]
        kraken.control.path("BTC/USD", [Decimal(step) for step in ("61000.0", "60250.0", "59900.0", "61000.0")])
        filled: list[str] = []
        while len(filled) < 2:
            [report] = (await wire.channel("executions"))["data"]
            if report["exec_type"] == "filled":
                filled.append(report["cl_ord_id"])
        assert filled == ["a0", "a1"]
        assert len(kraken.control.open_orders()) == 1


async def test_a_request_on_its_way_takes_effect_although_the_client_has_left() -> None:
    async with open_sandbox() as kraken, rest_client(kraken) as rest:
        kraken.control.latency(Latency(ws_in=0.3))
        arrived = trio.Event()
        kraken.venue.listen(lambda event: arrived.set() if isinstance(event, OrderEvent) else None)
        async with subscribed(kraken, rest, "executions") as (wire, token):
            await wire.send("add_order", 1, token=token, **ORDER)
            await wire.socket.aclose()
        with trio.fail_after(PATIENCE):
            await arrived.wait()
