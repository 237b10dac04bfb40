"""A stand-in of Kraken's spot REST and WebSocket v2 on loopback, because no public test net exists.

    async with open_sandbox(settings=Settings(prices={"BTC/USD": Decimal("61250.0")})) as kraken:
        ...  # point a client at kraken.rest_url, kraken.ws_url and kraken.ws_auth_url
        kraken.control.price("BTC/USD", Decimal("60000.0"))

`python -m adapters.exchanges.kraken.sandbox --help` runs it for clients in other processes. It is written
from the published facts and recorded messages, not from the adapter that it tests. What nobody outside the
venue knows is a switch in `settings.Behaviour`.
"""

from adapters.exchanges.kraken.sandbox.control import Control
from adapters.exchanges.kraken.sandbox.faults import FrameFault, Latency, RequestFault
from adapters.exchanges.kraken.sandbox.server import Doors, Ports, Sandbox, open_sandbox, serve
from adapters.exchanges.kraken.sandbox.settings import (
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
