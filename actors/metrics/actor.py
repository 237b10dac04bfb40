"""The HTTP endpoint: answers from the status board, read-only, and can be down without anybody noticing.

It installs no signal handler and sets up no logging, so that it may run inside a host program.
"""

import logging
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

import trio
from hypercorn.config import Config
from hypercorn.logging import Logger
from hypercorn.typing import ASGIFramework
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.metrics.exposition import exposition
from actors.metrics.http_port import MetricsServerError
from actors.metrics.http_server import IDLE_SECONDS, LARGEST_REQUEST, LONGEST_SECONDS, NAME, Server
from actors.metrics.status_page import StatusBoard, indented, status_json

log = logging.getLogger(__name__)

ENDPOINTS = {
    "/": "this list",
    "/status": "the program and its strategies, as JSON",
    "/metrics": "the same in Prometheus' text format",
    "/healthz": "200 while the process lives",
    "/readyz": "200 while the program is RUNNING, else 503",
}


async def run_metrics(
    board: StatusBoard,
    listener: socket.socket,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `board` on `listener` (from `bind`) until cancelled; `started` reports the port.

    Raises `MetricsServerError`.
    """

    def ready() -> None:
        task_status.started(listener.getsockname()[1])

    await serve(application(board), listener, ready=ready)


async def serve(
    app: Starlette,
    listener: socket.socket,
    *,
    ready: Callable[[], None] = lambda: None,
    longest: float = LONGEST_SECONDS,
    name: str = NAME,
) -> None:
    """Answer on `listener` until cancelled; a connection lasts `longest` seconds at most. The log calls it `name`.

    The server works on a duplicate, so that a restart finds the same port still open. Raises
    `MetricsServerError`.
    """
    stop = trio.Event()
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_set_when_cancelled, stop)
        try:
            with trio.CancelScope(shield=True):  # cancellation arrives as `stop`, which hypercorn ends orderly on
                await _serve(app, listener, stop, ready, partial(Server, longest=longest, name=name))
        except Exception as error:  # noqa: BLE001 - whatever it was becomes one named error, outside the nursery
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise MetricsServerError(f"the HTTP server failed: {failure!r}") from failure


async def _set_when_cancelled(stop: trio.Event) -> None:
    try:
        await trio.sleep_forever()
    finally:
        stop.set()


async def _serve(
    app: Starlette,
    listener: socket.socket,
    stop: trio.Event,
    ready: Callable[[], None],
    server: Callable[[ASGIFramework, Config], Server],
) -> None:
    with listener.dup() as duplicate:
        # hypercorn's type of an application is narrower than the ASGI that starlette and itself speak
        asgi = cast("ASGIFramework", app)
        await server(asgi, _ServerConfig()).run(duplicate, stop, ready)


class _ServerConfig(Config):
    """How hypercorn is to speak."""

    errorlog = log
    accesslog = None
    include_server_header = False
    keep_alive_timeout = IDLE_SECONDS
    h11_max_incomplete_size = LARGEST_REQUEST
    h2_max_header_list_size = LARGEST_REQUEST

    def __init__(self) -> None:
        self.logger_class = _ServerLog


class _ServerLog(Logger):
    """The supervisor logs the port; hypercorn's own lines (CTRL + C) would mislead."""

    async def info(self, message: str, *args: object, **kwargs: object) -> None:
        """Say it only to who looks closely."""
        await self.debug(message, *args, **kwargs)


def application(board: StatusBoard) -> Starlette:
    """The ASGI application over `board`. Only GET and HEAD; errors are JSON too."""

    async def status(_: Request) -> Response:
        return json_answer(status_json(board.snapshot()))

    async def metrics(_: Request) -> Response:
        return Response(exposition(board), media_type=CONTENT_TYPE_LATEST, headers=_NOT_KEPT)

    async def ready(_: Request) -> Response:
        held_up = [row.detail for row in board.conditions() if row.blocks]
        running = board.state == "RUNNING" and not held_up
        return json_answer(indented({"ready": running, "held_up_by": held_up}), 200 if running else 503)

    app = Starlette(
        routes=[
            _get("/", _endpoints),
            _get("/status", status),
            _get("/metrics", metrics),
            _get("/healthz", _alive),
            _get("/readyz", ready),
        ],
        exception_handlers=ERRORS,
    )
    app.router.redirect_slashes = False
    return app


_NOT_KEPT = {"Cache-Control": "no-store"}


def _get(path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    return Route(path, endpoint, methods=["GET"])


def json_answer(content: bytes, code: int = 200) -> Response:
    """`content` is JSON that nobody keeps."""
    return Response(content, code, media_type="application/json", headers=_NOT_KEPT)


async def _endpoints(_: Request) -> Response:
    return json_answer(indented({"endpoints": ENDPOINTS}))


async def _alive(_: Request) -> Response:
    return json_answer(indented({"alive": True}))


async def _refuse(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    response = json_answer(indented({"error": error.detail}), error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _fail(_: Request, error: Exception) -> Response:
    """Starlette raises `error` again after this answer, and hypercorn logs it."""
    del error
    return json_answer(indented({"error": "Internal Server Error"}), 500)


ERRORS: dict[int | type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    HTTPException: _refuse,
    Exception: _fail,
}
"""Errors are JSON, too."""
