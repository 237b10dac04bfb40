"""The port of the HTTP endpoint, taken before anything starts. What answers on it is imported later: it takes long."""

import socket

BACKLOG = 100
STUCK_CLIENT_MS = 3000
"""hypercorn shields its writes from cancellation, so a client that does not read could hold up the shutdown."""


class MetricsServerError(Exception):
    """The HTTP server failed; trading goes on without it."""


def bind(host: str, port: int) -> socket.socket:
    """Take the address before anything starts; port 0 takes any free one. The caller closes the socket.

    Raises `OSError`: the port is in use, the name is unknown, the address is not ours.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    # Listening at once makes the check reliable: two sockets that only bind may share a port on Linux.
    listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; accepted sockets inherit it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK_CLIENT_MS)
    return listener
