"""The local API: HTTP on a socket in the file system, for commands on this machine by the same user.

Unlike the HTTP endpoint it lets things be done, so it is never on a TCP port.
"""

import socket
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import msgspec
import trio
from msgspec import Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from actors.metrics.actor import ERRORS, json_answer, serve
from actors.metrics.status_page import indented
from messages.backup import LONGEST_SECONDS, PATH, BackupWish, NoBackup
from trading.ports import DatabaseUnusable

LARGEST_BODY = 16 * 1024
"""Bytes."""
BODY_SECONDS = 10.0
"""From the headers to the last byte of the body; only the answer may take longer."""

MakeBackup = Callable[[str], Awaitable[Struct]]
"""Into this file or directory (absolute path; empty: beside the database). Raises `DatabaseUnusable`."""


async def run_local_api(make_backup: MakeBackup, listener: socket.socket) -> None:
    """Answer on `listener` until cancelled. Raises `MetricsServerError`."""
    await serve(local_api(make_backup), listener, longest=LONGEST_SECONDS, name="local API")


def local_api(make_backup: MakeBackup) -> Starlette:
    """The ASGI application. Errors are JSON, `{"error": "one sentence"}`."""

    async def backup(request: Request) -> Response:
        try:
            wish = msgspec.json.decode(await _body(request) or b"{}", type=BackupWish)
        except msgspec.MsgspecError as error:
            raise HTTPException(400, f'{error}; expected is {{"target": "an absolute path"}}') from None
        try:
            return json_answer(indented(await make_backup(wish.target)))
        except DatabaseUnusable as error:
            return json_answer(indented(NoBackup(str(error))), 503)

    app = Starlette(routes=[Route(PATH, backup, methods=["POST"])], exception_handlers=ERRORS)
    app.router.redirect_slashes = False
    return app


async def _body(request: Request) -> bytes:
    try:
        with trio.fail_after(BODY_SECONDS):
            return await _whole_body(request)
    except trio.TooSlowError:
        raise HTTPException(408, f"the body was not complete after {BODY_SECONDS:.0f} s") from None
    except ClientDisconnect:
        raise HTTPException(400, "the client went away before the body was complete") from None


async def _whole_body(request: Request) -> bytes:
    body = b""
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > LARGEST_BODY:
                raise HTTPException(413, f"a body of more than {LARGEST_BODY:,} bytes")
    return body
