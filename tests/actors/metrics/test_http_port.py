"""The port is ours before anything starts."""

import socket

import pytest

from actors.metrics.http_port import bind


def test_a_port_that_is_taken_is_refused_and_one_that_is_free_listens_at_once() -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            bind("127.0.0.1", port)
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
