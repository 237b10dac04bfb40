"""The REST side: routing, authentication, the envelope, the REST counter, and faults around each call."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import trio
from msgspec import Struct

from simulators.kraken import interference, private_rest, public_rest, trading_rest, wire
from simulators.kraken.faults import FaultPlan, RequestFault
from simulators.kraken.fields import Fields
from simulators.kraken.model import trading
from simulators.kraken.model.accounts import ApiKey
from simulators.kraken.model.errors import (
    INVALID_KEY,
    INVALID_NONCE,
    INVALID_SIGNATURE,
    UNKNOWN_METHOD,
    Refused,
)
from simulators.kraken.model.rates import FREE_OF_REST_COUNTER
from simulators.kraken.model.venue import Venue
from simulators.kraken.request_log import Entry, RequestLog
from simulators.kraken.signing import is_signed
from simulators.kraken.web import Answer, HttpReply, HttpRequest, Lost, Truncated
from simulators.kraken.wire import Json

PUBLIC, PRIVATE = "/0/public/", "/0/private/"
_FRONT_PAGE = b"<!DOCTYPE html><html><head><title>api.kraken.com | %d</title></head><body>Error %d</body></html>"

Rights = tuple[frozenset[str], ...]


class Endpoint(Struct, frozen=True):
    """A private endpoint and the alternatives of rights that open it."""

    call: Callable[[Venue, ApiKey, Fields], Json]
    rights: Rights = ()


def _rights(*alternatives: str) -> Rights:
    """Each alternative names its rights with blanks between them."""
    return tuple(frozenset(alternative.split()) for alternative in alternatives)


_CANCEL = _rights("modify-trades", "close-trades")
ENDPOINTS: Mapping[str, Endpoint] = {
    "Balance": Endpoint(private_rest.balance, _rights("query-funds")),
    "BalanceEx": Endpoint(private_rest.balance_ex, _rights("query-funds")),
    "TradeVolume": Endpoint(private_rest.trade_volume, _rights("query-funds")),
    "OpenOrders": Endpoint(private_rest.open_orders, _rights("query-open-trades")),
    "ClosedOrders": Endpoint(private_rest.closed_orders, _rights("query-closed-trades")),
    "QueryOrders": Endpoint(private_rest.query_orders, _rights("query-open-trades", "query-closed-trades")),
    "TradesHistory": Endpoint(private_rest.trades_history, _rights("query-closed-trades")),
    "Ledgers": Endpoint(private_rest.ledgers, _rights("query-ledger")),
    "AddOrder": Endpoint(trading_rest.add_order, _rights("modify-trades")),
    "AddOrderBatch": Endpoint(trading_rest.add_order_batch, _rights("modify-trades close-trades")),
    "CancelOrder": Endpoint(trading_rest.cancel_order, _CANCEL),
    "CancelOrderBatch": Endpoint(trading_rest.cancel_order_batch, _CANCEL),
    "CancelAll": Endpoint(trading_rest.cancel_all, _CANCEL),
    "CancelAllOrdersAfter": Endpoint(trading_rest.cancel_all_orders_after, _CANCEL),
    "GetWebSocketsToken": Endpoint(private_rest.get_websockets_token, _rights("create-ws-token")),
    "GetApiKeyInfo": Endpoint(private_rest.get_api_key_info),
}


class RestApi:
    """Answers REST requests of the venue."""

    def __init__(self, venue: Venue, faults: FaultPlan, log: RequestLog) -> None:
        self._venue = venue
        self._faults = faults
        self._log = log

    async def handle(self, request: HttpRequest) -> Answer:
        """One request with its latency and faults."""
        name = request.path.rpartition("/")[2]
        await trio.sleep(self._faults.latency.rest_in)
        who = request.headers.get("api-key", "")
        entry = self._log.open("rest", name, who, self._shown(request), self._venue.clock.now())
        reply: Answer | None = None
        for fault in self._faults.for_request(f"rest:{name}"):
            match fault.action:
                case "delay":
                    await trio.sleep(fault.seconds)
                case "fill_first":
                    interference.fill_named(self._venue, self._shown(request))
                case "late_reply":
                    reply = self.answer(request, entry)
                    await trio.sleep(fault.seconds)
                case _:
                    reply = self._faulty(request, fault, entry)
        if reply is None:
            reply = self.answer(request, entry)
        await trio.sleep(self._faults.latency.rest_out)
        if isinstance(reply, HttpReply):
            entry.answered = self._venue.clock.now()
        return reply

    def sent(self, request: HttpRequest) -> None:
        """The reply to this request has left."""
        self._faults.sent(f"rest:{request.path.rpartition('/')[2]}")

    def answer(self, request: HttpRequest, entry: Entry) -> HttpReply:
        """The venue's own answer."""
        trading.pass_time(self._venue)
        if request.path.startswith(PUBLIC) and request.method != "GET":
            return _plain(405, entry)
        if request.path.startswith(PRIVATE) and request.method != "POST":
            return _plain(405, entry)
        try:
            result = self._result(request)
        except Refused as refusal:
            entry.outcome = refusal.text
            return _envelope([refusal.text], None)
        entry.outcome = "ok"
        return _envelope([], result)

    def _faulty(self, request: HttpRequest, fault: RequestFault, entry: Entry) -> Answer:
        if fault.action == "truncate":
            reply = self.answer(request, entry)
            entry.outcome = f"truncate after {entry.outcome}"
            return Truncated(reply)
        if fault.executed or fault.action == "lose_reply":
            self.answer(request, entry)
            entry.outcome = f"{fault.action} after {entry.outcome}"
        else:
            entry.outcome = fault.action
        match fault.action:
            case "http_error":
                page = _FRONT_PAGE % (fault.status, fault.status)
                return HttpReply(page, fault.status, "text/html; charset=UTF-8")
            case "error":
                return _envelope([fault.text], None)
            case _:
                return Lost(fault.hang and fault.action != "drop")

    def _result(self, request: HttpRequest) -> Json:
        name = request.path.rpartition("/")[2]
        if request.path == PUBLIC + name and name in public_rest.ENDPOINTS:
            return public_rest.ENDPOINTS[name](self._venue, Fields.of_query(request.query))
        if request.path != PRIVATE + name or name not in ENDPOINTS:
            raise Refused(UNKNOWN_METHOD)
        endpoint = ENDPOINTS[name]
        key, fields = authenticate(self._venue, request)
        key.permit(endpoint.rights)
        if name not in FREE_OF_REST_COUNTER:
            behaviour = self._venue.behaviour
            cost = behaviour.history_cost if name in behaviour.history_calls else Decimal(1)
            key.counter.charge(cost, self._venue.clock.now())
        return endpoint.call(self._venue, key, fields)

    @staticmethod
    def _shown(request: HttpRequest) -> Json:
        try:
            return _fields(request).values
        except Refused:
            return {}


def authenticate(venue: Venue, request: HttpRequest) -> tuple[ApiKey, Fields]:
    """Check key, lockout, signature and nonce in this order. Raises `Refused`."""
    key = venue.keys.get(request.headers.get("api-key", ""))
    if key is None:
        raise Refused(INVALID_KEY)
    now = venue.clock.now()
    key.check_lockout(now)
    fields = _fields(request)
    nonce = str(fields.values.get("nonce", ""))
    signature = request.headers.get("api-sign", "")
    if not is_signed(signature, key.settings.private, request.path, nonce, request.body):
        key.count_fault(now)
        raise Refused(INVALID_SIGNATURE)
    if not nonce.isascii() or not nonce.isdigit():
        raise Refused(INVALID_NONCE)
    key.use_nonce(int(nonce), now)
    return key, fields


def _fields(request: HttpRequest) -> Fields:
    if request.path.startswith(PUBLIC):
        return Fields.of_query(request.query)
    return Fields.of_body(request.body, request.headers.get("content-type", ""))


def _envelope(errors: list[str], result: Json | None) -> HttpReply:
    body: Json = {"error": errors}
    return HttpReply(wire.encode(body if result is None else body | {"result": result}))


def _plain(status: int, entry: Entry) -> HttpReply:
    entry.outcome = f"HTTP {status}"
    return HttpReply(b"", status, "text/plain")
