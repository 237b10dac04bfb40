"""The HTTP endpoint, once nothing more urgent is to be done: what it is made of takes a third of a second to import."""

import importlib
import sys
from collections.abc import Awaitable, Callable
from errno import EADDRNOTAVAIL, EAFNOSUPPORT
from socket import gaierror, socket
from typing import cast

import trio

from actors.metrics.http_port import bind
from actors.metrics.status_page import StatusBoard
from actors.persistence import InThread
from config import Config, ConfigError
from config.problems import shown

PATIENCE_SECONDS = 1.0
"""Seconds that clients wait at most for their first answer while the strategies begin."""
MODULE = "actors.metrics.actor"

RunMetrics = Callable[[StatusBoard, socket], Awaitable[None]]


async def run_endpoint(board: StatusBoard, listener: socket, begun: trio.Event, in_thread: InThread) -> None:
    """Serve `board` on `listener` until cancelled. Fills come first: see `begun`, the first time that all trade.

    Who connects before finds an open port, and is answered then. Raises `MetricsServerError`.
    """
    if MODULE not in sys.modules:
        with trio.move_on_after(PATIENCE_SECONDS):
            await begun.wait()
    serve = cast("RunMetrics", (await in_thread(importlib.import_module, MODULE)).run_metrics)
    await serve(board, listener)


def bind_endpoint(config: Config, source: str) -> socket | None:
    """Take the configured port; None when the endpoint is disabled. Raises `ConfigError`."""
    metrics = config.metrics
    if not metrics.enabled:
        return None
    try:
        return bind(metrics.host, metrics.port)
    except (gaierror, UnicodeError) as error:
        raise _wrong_host(metrics.host, source, str(getattr(error, "strerror", None) or error)) from None
    except OSError as error:
        words = error.strerror or str(error)
        if error.errno in (EADDRNOTAVAIL, EAFNOSUPPORT):
            raise _wrong_host(metrics.host, source, words) from None
        found = f"{metrics.host}:{metrics.port} ({words})"
        raise ConfigError.at(source, "metrics.port", found, "a free port, or 0 for any") from None


def _wrong_host(host: str, source: str, words: str) -> ConfigError:
    allowed = 'the name or address of an interface of this machine: "127.0.0.1", or "0.0.0.0" for all of them'
    return ConfigError.at(source, "metrics.host", f"{shown(host)} ({words})", allowed)


def status_url(listener: socket) -> str:
    """Where a browser finds the status page; with the port that was taken, where any free one was asked for."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/status"
