"""The venue without sockets: signed REST calls and WebSocket sessions as plain calls, at a time that stands still."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from msgspec.structs import replace

from simulators.kraken import (
    DEMO_KEY,
    DEMO_PRIVATE,
    AccountSettings,
    Behaviour,
    Control,
    KeySettings,
    Settings,
)
from simulators.kraken.faults import FaultPlan
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.venue import Venue
from simulators.kraken.request_log import RequestLog
from simulators.kraken.rest import RestApi
from simulators.kraken.signing import sign
from simulators.kraken.sockets import Session
from simulators.kraken.web import HttpRequest
from simulators.kraken.wire import decode, encode
from simulators.kraken.ws_private import PrivateSession
from simulators.kraken.ws_public import PublicSession

START = 1_790_000_000 * SECOND
"""2026-09-21T14:13:20Z, the time of the documented examples."""

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
Message = dict[str, Any]

DEMO = AccountSettings(
    "demo",
    (KeySettings(DEMO_KEY, DEMO_PRIVATE),),
    {"ZUSD": Decimal("1000.0000"), "XXBT": Decimal("0.0500000000")},
)
OTHER = AccountSettings(
    "other",
    (KeySettings("other", DEMO_PRIVATE),),
    {"ZUSD": Decimal("1000000.0000"), "XXBT": Decimal("10.0000000000")},
)


def settings(behaviour: Behaviour | None = None, **account: Any) -> Settings:  # noqa: ANN401 - fields of a struct
    """The demo account with changes, a second one, and a clock that stands still."""
    return Settings(
        accounts=(replace(DEMO, **account), OTHER),
        prices={"BTC/USD": Decimal("61250.0")},
        behaviour=behaviour or Behaviour(),
        start=START,
    )


class Desk:
    """One venue and the ways to talk to it."""

    def __init__(self, chosen: Settings | None = None) -> None:
        chosen = chosen or settings()
        self.venue = Venue(chosen)
        self.log = RequestLog()
        self.faults = FaultPlan()
        self.control = Control(self.venue, self.faults, self.log)
        self.api = RestApi(self.venue, self.faults, self.log)
        self.nonce = 1_790_000_000_000_000_000
        for symbol, price in chosen.prices.items():
            self.control.price(symbol, price)

    def public(self, name: str, **params: str) -> Message:
        """The envelope of a public call."""
        return self._send(HttpRequest("GET", f"/0/public/{name}", urlencode(params), {}, b""))

    def private(self, name: str, fields: Mapping[str, object] | None = None, *, key: str = DEMO_KEY) -> Message:
        """The envelope of a private call with a form body."""
        self.nonce += 1
        body = urlencode({"nonce": self.nonce} | dict(fields or {})).encode()
        return self.signed(name, body, FORM, str(self.nonce), key=key)

    def private_json(self, name: str, fields: Mapping[str, object]) -> Message:
        """The same with a JSON body."""
        self.nonce += 1
        body = json.dumps({"nonce": str(self.nonce)} | dict(fields)).encode()
        return self.signed(name, body, JSON, str(self.nonce))

    def signed(self, name: str, body: bytes, kind: str, nonce: str, *, key: str = DEMO_KEY) -> Message:
        path = f"/0/private/{name}"
        headers = {"api-key": key, "api-sign": sign(DEMO_PRIVATE, path, nonce, body), "content-type": kind}
        return self._send(HttpRequest("POST", path, "", headers, body))

    def result(self, name: str, fields: Mapping[str, object] | None = None, *, key: str = DEMO_KEY) -> Any:  # noqa: ANN401 - JSON
        """The result of a private call that must succeed."""
        envelope = self.private(name, fields, key=key)
        assert envelope["error"] == []
        return envelope["result"]

    def buy(self, price: str = "60000.0", volume: str = "0.00250000", **fields: object) -> str:
        """Place a limit order over REST; its txid."""
        order = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": price, "volume": volume}
        txid: str = self.result("AddOrder", order | fields)["txid"][0]
        return txid

    def refusal(self, **fields: object) -> str:
        """The error text of an AddOrder that differs from a good one in these fields."""
        order = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "60000.0", "volume": "0.0025"}
        envelope = self.private("AddOrder", {name: value for name, value in (order | fields).items() if value != ""})
        assert "result" not in envelope
        [text] = envelope["error"]
        assert isinstance(text, str)
        return text

    def token(self, key: str = DEMO_KEY) -> str:
        token: str = self.result("GetWebSocketsToken", key=key)["token"]
        return token

    def _send(self, request: HttpRequest) -> Message:
        entry = self.log.open("rest", request.path, "", {}, self.venue.clock.now())
        reply = self.api.answer(request, entry)
        assert reply.status == 200
        decoded: Message = decode(reply.body)
        return decoded


class Socket:
    """A WebSocket session without a socket: what was sent comes back decoded from its text."""

    def __init__(self, desk: Desk, *, private: bool = True) -> None:
        self.desk = desk
        self.session: Session = PrivateSession(desk.venue) if private else PublicSession(desk.venue)
        self.heard: list[Message] = []
        desk.venue.listen(lambda event: self.heard.extend(_wired(frame.payload) for frame in self.session.hear(event)))

    def ask(self, method: str, req_id: int | None = None, **params: object) -> list[Message]:
        """The frames that answer a request."""
        message: Message = {"method": method, "params": params} | ({} if req_id is None else {"req_id": req_id})
        entry = self.desk.log.open("ws", method, "", {}, self.desk.venue.clock.now())
        return [_wired(frame.payload) for frame in self.session.answer(decode(encode(message)), entry)]

    def reports(self) -> list[Message]:
        """The execution reports heard so far."""
        return [report for frame in self.heard if frame["channel"] == "executions" for report in frame["data"]]


def _wired(payload: Message) -> Message:
    decoded: Message = decode(encode(payload))
    return decoded


def shape(value: object) -> object:
    """The keys and kinds of a JSON value; lists by their first element."""
    match value:
        case dict():
            return {key: shape(part) for key, part in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case bool() | None:
            return value if value is None else "flag"
        case str():
            return "text"
        case _:
            return "number"
