"""The private WebSocket: executions, balances and trading requests (facts, sections 4.4 to 4.6)."""

from collections.abc import Callable

from msgspec import Struct

from simulators.kraken import reports, ws_trading
from simulators.kraken.fields import Fields
from simulators.kraken.model.accounts import ApiKey
from simulators.kraken.model.errors import UNKNOWN_METHOD, Refused
from simulators.kraken.model.events import BalanceEvent, Event, OrderEvent
from simulators.kraken.model.orders import Order
from simulators.kraken.model.tokens import Token
from simulators.kraken.model.venue import Venue
from simulators.kraken.request_log import Entry
from simulators.kraken.sockets import Frame, accepted, refused
from simulators.kraken.wire import Json
from simulators.kraken.ws_public import BAD_CHANNEL, pong

SNAPSHOT_TRADES = 50
_QUIET_KINDS = frozenset({"new", "filled", "canceled", "expired"})
"""All that is sent with order_status=false."""
_RIGHTS = {"executions": "query-open-trades", "balances": "query-funds"}


class Subscription(Struct):
    """One private channel of one connection."""

    token: Token
    order_status: bool = True
    rate_counter: bool = False
    sequence: int = 0

    @property
    def account(self) -> str:
        return self.token.key.account.name


class PrivateSession:
    """Subscriptions and orders of one private connection."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._subscriptions: dict[str, Subscription] = {}

    def answer(self, message: Json, entry: Entry) -> list[Frame]:
        entry.outcome = "ok"
        try:
            frames = self._answer(message, entry.received)
        except Refused as refusal:
            frames = [Frame(refused(message, refusal.text))]
        errors = [str(frame.payload["error"]) for frame in frames if "error" in frame.payload]
        if errors:
            entry.outcome = errors[0]
        return frames

    def _answer(self, message: Json, arrived: int) -> list[Frame]:
        method = message["method"]
        if method == "ping":
            return [Frame(pong(message, self._venue))]
        params = message.get("params")
        fields = Fields(params if isinstance(params, dict) else {}, strings=False)
        token = self._venue.tokens.use(fields.values.get("token"), self._venue.clock.now())
        if method == "subscribe":
            return self._subscribe(message, fields, token)
        if method == "unsubscribe":
            return self._unsubscribe(message, fields)
        request = ws_trading.METHODS.get(method)
        if request is None:
            raise Refused(UNKNOWN_METHOD)
        token.key.permit(request.rights)
        ws_trading.set_default_deadline(fields, arrived)
        return [
            Frame(refused(message, result.text) if isinstance(result, Refused) else accepted(message, result))
            for result in request.call(self._venue, token.key, fields)
        ]

    def subscribed(self) -> bool:
        return bool(self._subscriptions)

    def close(self) -> None:
        """Tokens that only this connection held run out."""
        for subscription in self._subscriptions.values():
            subscription.token.holders -= 1
        self._subscriptions.clear()

    def hear(self, event: Event) -> list[Frame]:
        match event:
            case OrderEvent():
                return self._execution(event)
            case BalanceEvent():
                subscription = self._subscriptions.get("balances")
                if subscription is None or subscription.account != event.account:
                    return []
                return [_numbered("balances", "update", [reports.balance_change(self._venue, event)], subscription)]
            case _:
                return []

    def _subscribe(self, message: Json, fields: Fields, token: Token) -> list[Frame]:
        channel = fields.values.get("channel")
        snapshots: dict[object, Callable[[Fields, Subscription], tuple[Json, list[Json] | None]]] = {
            "executions": self._executions,
            "balances": self._balances,
        }
        if not isinstance(channel, str) or channel not in snapshots:
            raise Refused(BAD_CHANNEL)
        token.key.permit((frozenset({_RIGHTS[channel]}),))
        order_status = fields.flag("order_status", default=True)
        subscription = Subscription(token, order_status, fields.flag("ratecounter"))
        result, rows = snapshots[channel](fields, subscription)
        former = self._subscriptions.pop(channel, None)
        if former is not None:
            former.token.holders -= 1
        token.holders += 1
        self._subscriptions[channel] = subscription
        frames = [Frame(accepted(message, {"channel": channel} | result))]
        return frames + ([] if rows is None else [_numbered(channel, "snapshot", rows, subscription)])

    def _unsubscribe(self, message: Json, fields: Fields) -> list[Frame]:
        channel = fields.values.get("channel")
        subscription = self._subscriptions.pop(channel, None) if isinstance(channel, str) else None
        if subscription is None:
            raise Refused(BAD_CHANNEL)
        subscription.token.holders -= 1
        return [Frame(accepted(message, {"channel": channel}))]

    def _executions(self, fields: Fields, subscription: Subscription) -> tuple[Json, list[Json] | None]:
        key = subscription.token.key
        snap_orders = fields.flag("snap_orders", default=True)
        snap_trades = fields.flag("snap_trades")
        rows: list[Json] = []
        if snap_orders:
            rows += [reports.open_order(self._venue, order) for order in self._open(key)]
        if snap_trades:
            rows += [reports.past_trade(self._venue, trade) for trade in key.account.trades[-SNAPSHOT_TRADES:]]
        threshold = int(key.account.tier.engine_threshold)
        return {"maxratecount": threshold, "snap_orders": snap_orders, "snap_trades": snap_trades}, rows

    def _balances(self, fields: Fields, subscription: Subscription) -> tuple[Json, list[Json] | None]:
        snapshot = fields.flag("snapshot", default=True)
        rows = reports.balances(self._venue, subscription.token.key.account) if snapshot else None
        return {"snapshot": snapshot}, rows

    def _execution(self, event: OrderEvent) -> list[Frame]:
        subscription = self._subscriptions.get("executions")
        if subscription is None or subscription.account != event.order.account:
            return []
        if not subscription.order_status and event.kind not in _QUIET_KINDS:
            return []
        report = reports.execution(self._venue, event)
        if subscription.rate_counter:
            counter = subscription.token.key.account.counter(event.order.pair)
            report["rate_count"] = int(counter.value(self._venue.clock.now()))
        return [_numbered("executions", "update", [report], subscription)]

    def _open(self, key: ApiKey) -> list[Order]:
        return self._venue.orders.open_of(key.account.name)


def _numbered(channel: str, kind: str, rows: list[Json], subscription: Subscription) -> Frame:
    subscription.sequence += 1
    payload = {"channel": channel, "type": kind, "sequence": subscription.sequence, "data": rows}
    return Frame(payload, channel)
