"""A stand-in of Kraken's spot REST and WebSocket v2 on loopback, because no public test net exists.

    async with open_sandbox(settings=Settings(prices={"BTC/USD": Decimal("61250.0")})) as kraken:
        ...  # point a client at kraken.rest_url, kraken.ws_url and kraken.ws_auth_url
        kraken.control.price("BTC/USD", Decimal("60000.0"))

`python -m simulators.kraken --help` runs it for clients in other processes. It is written
from the published facts and recorded messages, not from the adapter that it tests. What no one outside the
venue knows is a switch in `settings.Behaviour`.
"""

from simulators.kraken.control import Control
from simulators.kraken.faults import FrameFault, Latency, RequestFault
from simulators.kraken.server import Doors, Ports, Sandbox, open_sandbox, serve
from simulators.kraken.settings import (
    DEMO_KEY,
    DEMO_PRIVATE,
    AccountSettings,
    Behaviour,
    KeySettings,
    Settings,
)

__all__ = [
    "DEMO_KEY",
    "DEMO_PRIVATE",
    "AccountSettings",
    "Behaviour",
    "Control",
    "Doors",
    "FrameFault",
    "KeySettings",
    "Latency",
    "Ports",
    "RequestFault",
    "Sandbox",
    "Settings",
    "open_sandbox",
    "serve",
]
