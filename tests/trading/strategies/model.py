"""A simple exchange account for the state machine: what it holds is the truth that the core must match.

It refuses what must not even be asked for (an id again, a second order for one fill); which order the rules ask for is
said by `tests.oracle`.
"""

from decimal import Decimal

from msgspec.structs import replace

from messages.account import LiveOrder
from messages.ids import NO_VENUE_ID, ClientOrderId, Nanos, VenueOrderId
from messages.money import ZERO, Pair, against_rules, fee_of, hold_of
from messages.orders import (
    Balances,
    Canceled,
    CloseReason,
    OrderEvent,
    Place,
    Rejected,
    RejectReason,
)
from tests.trading.at_exchange import AtExchange


class Account:
    """Orders, totals and the events that the core has not seen yet."""

    def __init__(self, pair: Pair, fee: Decimal, quote: Decimal, unowned: Decimal) -> None:
        self.pair = pair
        self.fee_rate = fee
        self.quote = quote
        self.unowned = unowned
        self.owned = ZERO
        self.now = Nanos(1_700_000_000 * 10**9)
        self.orders: dict[str, AtExchange] = {}
        self.accepted: set[str] = set()
        self.queue: list[OrderEvent | Balances] = []
        self._exchange_ids = 0

    def place(self, place: Place) -> None:
        """The core's request is on its way. Refuses what must never be sent."""
        assert place.order_id not in self.accepted, "an id that was accepted once is sent again"
        known = self.orders.get(place.order_id)
        assert known is None or known.status == "refused", "an id is sent again although its order was not refused"
        for other in self.orders.values():
            same_fill = place.kind == "counter" and other.place.cause.split("#")[0] == place.cause.split("#")[0]
            assert not (other.live and same_fill), "two live orders for one fill"
        assert place.price % self.pair.tick_size == 0
        assert place.volume % self.pair.lot == 0
        assert place.post_only == (place.side == "buy")
        self._register(place)

    def _register(self, place: Place) -> None:
        self._exchange_ids += 1
        self.orders[place.order_id] = AtExchange(place, VenueOrderId(f"O{self._exchange_ids:05}"))

    def cancel(self, order_id: ClientOrderId) -> None:
        self.orders[order_id].cancel_asked = True

    def chosen(self, *, status: str, canceling: bool | None = None) -> list[AtExchange]:
        return [o for o in self.orders.values() if o.status == status and canceling in (None, o.cancel_asked)]

    def affordable(self, order: AtExchange) -> bool:
        held = sum((self._hold(o) for o in self.chosen(status="open") if o.place.side == order.place.side), ZERO)
        total = self.quote if order.place.side == "buy" else self.owned + self.unowned
        return self._hold(order) <= total - held

    def _hold(self, order: AtExchange) -> Decimal:
        place = order.place
        return hold_of(self.pair, place.side, place.price, place.volume - order.filled, self.fee_rate)

    def accept(self, order: AtExchange) -> None:
        self.accepted.add(order.place.order_id)
        self.queue.append(order.accept(self.now))

    def refuse(self, order: AtExchange, reason: RejectReason) -> None:
        self.queue.append(order.refuse(self.now, reason))

    def close(self, order: AtExchange, reason: CloseReason) -> None:
        """A cancel is confirmed, or the order is closed by another."""
        order.close(self.now, reason)
        self.queue.append(self._told(order))

    def execute(self, order: AtExchange, volume: Decimal) -> None:
        fee = fee_of(self.pair, volume * order.place.price, self.fee_rate)
        base, quote = order.execute(self.now, volume, fee)
        self.owned += base
        self.quote += quote
        self.queue += [self.balances(), order.fill()]

    def deposit(self, quote: Decimal, base: Decimal) -> None:
        self.quote = max(self.quote + quote, ZERO)
        self.unowned = max(self.unowned + base, ZERO)
        self.queue.append(self.balances())

    def balances(self) -> Balances:
        owned = max(self.owned, ZERO)
        total = self.owned + self.unowned
        return Balances(1001, max(self.quote, ZERO), max(min(owned, total), ZERO), max(total - owned, ZERO))

    def _told(self, order: AtExchange) -> OrderEvent:
        """A probe cancel of an order that never arrived knows no id of the exchange's."""
        event = order.event()
        if isinstance(event, Canceled) and order.place.order_id not in self.accepted:
            return replace(event, exchange_id=NO_VENUE_ID)
        return event

    def deliver(self, choice: int) -> OrderEvent | Balances | None:
        """One waiting event: of one order they keep their order, between orders they need not."""
        if not self.queue:
            return None
        chosen = self.queue[choice % len(self.queue)]
        first = next(event for event in self.queue if _subject(event) == _subject(chosen))
        self.queue.remove(first)
        return first

    def resync(self, live: tuple[LiveOrder, ...]) -> list[OrderEvent]:
        """What a restarted strategy is told of the orders that it counts on, oldest change first."""
        self.queue.clear()
        told_off: list[OrderEvent] = []
        for order in live:
            known = self.orders.get(order.place.order_id)
            if known is None or known.status == "refused":
                self.orders.pop(order.place.order_id, None)
                if not order.canceling and against_rules(self.pair, order.place.price, order.place.volume):
                    told_off.append(
                        Rejected(
                            order_id=order.place.order_id,
                            reason="rules",
                            text="decided by older rules",
                            time=self.now,
                        )
                    )
                    continue
                if order.canceling:
                    self._register(order.place)  # never sent, whatever the rules are by now
                else:
                    self.place(order.place)
                known = self.orders[order.place.order_id]
            known.cancel_asked |= order.canceling
            if known.status == "sent" and known.cancel_asked:
                known.status, known.reason, known.time = "canceled", "requested", self.now
        known_orders = [known for order in live if (known := self.orders.get(order.place.order_id))]
        told = sorted((o for o in known_orders if o.status != "sent"), key=lambda o: o.time)
        return [*(self._told(order) for order in told), *told_off]


def _subject(event: OrderEvent | Balances) -> str:
    return "" if isinstance(event, Balances) else event.order_id
