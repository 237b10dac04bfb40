"""The endpoint over real loopback sockets. Port 0 everywhere; every server is under a time limit."""

import json
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest
import trio

import actors.metrics.http_port
from actors.mailbox import MailboxOverflow
from actors.metrics.actor import ENDPOINTS, run_metrics
from actors.metrics.http_port import MetricsServerError, bind
from actors.metrics.status_page import StatusBoard, post_report
from messages.conditions import Condition, Conditions
from messages.status import ProgramReport
from tests.actors.reports import BUY, HODL, new_board


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with bind("127.0.0.1", 0) as bound:
        yield bound


@asynccontextmanager
async def serving(board: StatusBoard, listener: socket.socket) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running endpoint; the endpoint has ended when the block ends."""
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            port = await nursery.start(run_metrics, board, listener)
            assert port == listener.getsockname()[1]
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                yield client
            nursery.cancel_scope.cancel()


async def test_status_tells_what_was_reported_last(listener: socket.socket) -> None:
    mailbox, board = new_board()
    async with serving(board, listener) as client:
        assert '"state": "INITIALIZING"' in (await client.get("/status")).text
        post_report(mailbox, ProgramReport("RUNNING", ""))
        post_report(mailbox, HODL)
        response = await client.get("/status")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert "server" not in response.headers
    assert '\n  "state": "RUNNING",\n' in response.text
    assert response.json()["strategies"][0]["name"] == "btc-hodl"


async def test_status_answers_200_in_error_too(listener: socket.socket) -> None:
    mailbox, board = new_board()
    post_report(mailbox, ProgramReport("ERROR", "all strategies halted"))
    async with serving(board, listener) as client:
        response = await client.get("/status")
    assert (response.status_code, response.json()["reason"]) == (200, "all strategies halted")


async def test_ready_only_in_running_and_healthy_always(listener: socket.socket) -> None:
    mailbox, board = new_board()
    async with serving(board, listener) as client:
        answers = []
        for report in (
            ProgramReport("INITIALIZING", ""),
            ProgramReport("RUNNING", ""),
            ProgramReport("ERROR", ""),
            ProgramReport("SHUTDOWN_REQUESTED", ""),
        ):
            post_report(mailbox, report)
            answers.append([(await client.get(path)).status_code for path in ("/readyz", "/healthz")])
    assert answers == [[503, 200], [200, 200], [503, 200], [503, 200]]


async def test_not_ready_while_something_keeps_orders_that_are_due_from_being_placed(listener: socket.socket) -> None:
    mailbox, board = new_board()
    post_report(mailbox, ProgramReport("RUNNING", ""))
    hindered = Condition(0, "connection", "reconnecting", 1)
    locked = Condition(0, "lockout", "Kraken locks this key out", 2, blocks=True)
    answers = []
    async with serving(board, listener) as client:
        for rows in ((hindered,), (hindered, locked), ()):
            post_report(mailbox, Conditions("account", rows))
            answer = await client.get("/readyz")
            answers.append((answer.status_code, answer.json()["held_up_by"]))
    assert answers == [(200, []), (503, ["Kraken locks this key out"]), (200, [])]


async def test_metrics_are_prometheus_text(listener: socket.socket) -> None:
    mailbox, board = new_board()
    post_report(mailbox, HODL)
    async with serving(board, listener) as client:
        response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert 'grid_investment_quote{bot="my grids",pair="BTC/USD",strategy="btc-hodl"} 100.0\n' in response.text


async def test_the_root_lists_endpoints_that_all_exist(listener: socket.socket) -> None:
    mailbox, board = new_board()
    post_report(mailbox, ProgramReport("RUNNING", ""))
    async with serving(board, listener) as client:
        listed = (await client.get("/")).json()["endpoints"]
        assert listed == ENDPOINTS
        assert [(await client.get(path)).status_code for path in listed] == [200] * len(listed)


async def test_head_has_the_headers_of_get_without_its_body(listener: socket.socket) -> None:
    _, board = new_board()
    async with serving(board, listener) as client:
        for path in ENDPOINTS:
            got, head = await client.get(path), await client.head(path)
            assert head.status_code == got.status_code
            assert head.content == b""
            assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize("path", ["/nothing", "/status/", "/%2e%2e/etc/passwd", "/status%00"])
async def test_an_unknown_path_is_404_as_json(listener: socket.socket, path: str) -> None:
    _, board = new_board()
    async with serving(board, listener) as client:
        response = await client.get(path)
    assert (response.status_code, response.json()) == (404, {"error": "Not Found"})


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_any_writing_method_is_405(listener: socket.socket, method: str) -> None:
    _, board = new_board()
    async with serving(board, listener) as client:
        response = await client.request(method, "/status")
    assert (response.status_code, response.json()) == (405, {"error": "Method Not Allowed"})
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_parallel_requests_are_all_answered(listener: socket.socket) -> None:
    mailbox, board = new_board()
    post_report(mailbox, ProgramReport("RUNNING", ""))
    answers: list[httpx.Response] = []

    async def ask(client: httpx.AsyncClient, path: str) -> None:
        answers.append(await client.get(path))

    async with serving(board, listener) as client, trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(ask, client, "/status")
            nursery.start_soon(ask, client, "/metrics")
    assert [response.status_code for response in answers] == [200] * 40


async def test_no_signal_handler_and_no_log_handler_is_installed(listener: socket.socket) -> None:
    handled = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD]
    before = [signal.getsignal(number) for number in handled]
    _, board = new_board()
    async with serving(board, listener) as client:
        await client.get("/status")
        assert [signal.getsignal(number) for number in handled] == before
    for name in ("hypercorn", "hypercorn.error", "hypercorn.access", "actors.metrics.actor"):
        assert logging.getLogger(name).handlers == []


async def test_requests_leave_no_line_in_the_log(listener: socket.socket, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    _, board = new_board()
    async with serving(board, listener) as client:
        await client.get("/status")
        await client.get("/nothing")
    assert [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))] == []


async def test_cancellation_closes_the_port_and_the_connections() -> None:
    _, board = new_board()
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                await nursery.start(run_metrics, board, listener)
                idle = await trio.open_tcp_stream("127.0.0.1", port)
                await idle.send_all(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await idle.receive_some()).startswith(b"HTTP/1.1 200")
                nursery.cancel_scope.cancel()
            async with idle:
                rest = [chunk async for chunk in idle]
    assert b"HTTP/1.1" not in b"".join(rest)
    with pytest.raises(OSError, match=r"refused|connect"):
        await trio.open_tcp_stream("127.0.0.1", port)


async def test_a_second_run_serves_the_same_port_with_the_same_reports(listener: socket.socket) -> None:
    mailbox, board = new_board()
    post_report(mailbox, ProgramReport("RUNNING", ""))
    async with serving(board, listener) as client:
        await client.get("/status")
    async with serving(board, listener) as client:
        assert '"state": "RUNNING"' in (await client.get("/status")).text


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="an option of Linux")
async def test_a_client_that_does_not_read_cannot_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.metrics.http_port, "STUCK_CLIENT_MS", 200)
    mailbox, board = new_board()
    more_than_the_sockets_hold = (BUY,) * 100_000
    post_report(mailbox, msgspec.structs.replace(HODL, orders=more_than_the_sockets_hold))
    with trio.fail_after(15), bind("127.0.0.1", 0) as listener:
        deaf = await trio.open_tcp_stream("127.0.0.1", listener.getsockname()[1])
        async with deaf:
            await deaf.send_all(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
            async with trio.open_nursery() as nursery:
                await nursery.start(run_metrics, board, listener)
                await deaf.receive_some(1)
                nursery.cancel_scope.cancel()


async def test_a_server_that_fails_raises_its_own_error(listener: socket.socket) -> None:
    _, board = new_board()
    os.close(listener.detach())
    with pytest.raises(MetricsServerError, match="HTTP server failed") as raised:
        await run_metrics(board, listener)
    assert isinstance(raised.value.__cause__, OSError)


async def test_a_bug_in_a_page_is_answered_with_500_and_logged(
    listener: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox, board = new_board()
    async with serving(board, listener) as client:
        for _ in range(100):
            mailbox.post(ProgramReport("RUNNING", ""))
        response = await client.get("/status")
        assert (response.status_code, response.json()) == (500, {"error": "Internal Server Error"})
        assert (await client.get("/healthz")).status_code == 200
    failures = [record.exc_info[0] for record in caplog.records if record.exc_info]
    assert failures == [MailboxOverflow]


def test_a_port_in_use_is_told_before_the_start() -> None:
    with bind("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", first.getsockname()[1])


def test_an_unknown_host_is_told_before_the_start() -> None:
    with pytest.raises(OSError, match=r".+"):
        bind("256.256.256.256.invalid.", 0)


def test_a_bound_port_is_not_inherited_by_child_processes(listener: socket.socket) -> None:
    assert listener.get_inheritable() is False


async def test_ipv6_loopback_can_be_served() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        listener = bind("::1", 0)
    except OSError:
        pytest.skip("no IPv6 loopback here")
    _, board = new_board()
    with listener, trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            port = await nursery.start(run_metrics, board, listener)
            async with httpx.AsyncClient(trust_env=False) as client:
                assert json.loads((await client.get(f"http://[::1]:{port}/healthz")).text) == {"alive": True}
            nursery.cancel_scope.cancel()
