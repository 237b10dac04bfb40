"""What it means that there is no connection to a host, in words that say which one and where to look."""

import socket

from adapters.network.causes import causes
from adapters.network.tunnel import reason


def no_connection(host: str, port: int, error: BaseException) -> str:
    """One sentence without a full stop; `error` is what the attempt ended with."""
    if lookup := next((cause for cause in causes(error) if isinstance(cause, socket.gaierror)), None):
        words = lookup.strerror or str(lookup)
        return f"the name {host} cannot be looked up ({words}): look at this machine's network and DNS"
    return f"no connection to {host}:{port} ({reason(error)}): look at this machine's network, firewall and proxy"
