"""A strategy of somebody else's: it buys once below the market, sells what that brought, and can be made to lie."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
from msgspec import Struct, field

from messages.account import LiveOrder, OrderFacts, OrdersFound
from messages.ids import ClientOrderId, Nanos, client_order_id
from messages.mailboxes import CoreEvent
from messages.market import Tick
from messages.money import ZERO, Side, floor_price, floor_volume
from messages.notices import LadderStatus
from messages.orders import Cancel, Canceled, Filled, OrderEvent, OrderKind, PartiallyFilled, Place, Rejected, Resynced
from messages.status import Phase, StrategyReport
from trading.strategies.core import EVERY_TICK, Band, Output, Recovery
from trading.strategies.settings import GridSettings

D = Decimal


class Own(Struct):
    """One order."""

    place: Place
    accepted: bool = False
    filled: Decimal = ZERO


class State(Struct):
    """Durable."""

    orders: dict[str, Own] = field(default_factory=dict)
    owned: Decimal = ZERO
    counter: int = 0


class Liar:
    """Honest until a test or its `lie` says otherwise."""

    def __init__(self, settings: GridSettings, saved: str | None = None) -> None:
        self.settings = settings
        self.state = msgspec.json.decode(saved, type=State) if saved else State()
        self.time = 0
        self.price = ZERO
        self.out: list[Output] = []
        self.lie: Callable[[Liar, CoreEvent], None] | None = None
        """Done at the end of each event."""
        self.claims: Decimal | None = None
        self.names: Callable[[LiveOrder], LiveOrder | None] = lambda live: live
        self.wants_unowned = False
        self.synced = False

    def handle(self, event: CoreEvent) -> list[Output]:
        if isinstance(event, Tick):
            self.price, self.time = event.price, event.time
        elif isinstance(event, Resynced):
            self.synced = True
        elif isinstance(event, OrderEvent):
            self._order_event(event)
        if isinstance(event, Tick | Resynced) and self.synced and not self.state.orders:
            price = floor_price(self.settings.pair, self.price * D("0.99"))
            self.order("buy", price, floor_volume(self.settings.pair, self.settings.amount / price))
        if self.lie:
            self.lie(self, event)
        said, self.out = self.out, []
        return said

    def order(
        self, side: Side, price: Decimal, volume: Decimal, *, kind: OrderKind = "ladder", **changes: object
    ) -> Place:
        self.state.counter += 1
        cause = f"{self.settings.lineage}/{self.state.counter}"
        userref = self.settings.userref
        place = Place(
            userref,
            client_order_id(userref, cause),
            self.settings.pair.symbol,
            side,
            price,
            volume,
            side == "buy",
            kind,
            cause,
            Nanos(self.time),
        )
        place = msgspec.structs.replace(place, **changes)
        self.state.orders[place.order_id] = Own(place)
        self.out.append(place)
        return place

    def cancel(self, order_id: ClientOrderId) -> None:
        self.out.append(Cancel(self.settings.userref, order_id))

    def _order_event(self, event: OrderEvent) -> None:
        own = self.state.orders.get(event.order_id)
        if own is None:
            return
        own.accepted = own.accepted or not isinstance(event, Rejected)
        if isinstance(event, PartiallyFilled | Filled | Canceled):
            sign = 1 if own.place.side == "buy" else -1
            self.state.owned += sign * (event.filled - own.filled)
            own.filled = event.filled
        if isinstance(event, Filled | Canceled | Rejected):
            del self.state.orders[event.order_id]
        if isinstance(event, Filled) and own.place.side == "buy":
            self.order("sell", floor_price(self.settings.pair, own.place.price * D("1.02")), own.filled)

    def recover(self, found: OrdersFound, *, adopt: bool) -> Recovery:
        recovery = Recovery()
        for facts in found.orders:
            if facts.status == "open" and facts.order_id not in self.state.orders:
                place = self.adopted(facts)
                self.state.orders[place.order_id] = Own(place)
                recovery.adopted.append(place)
        return recovery

    def adopted(self, facts: OrderFacts) -> Place:
        return Place(
            self.settings.userref,
            facts.order_id,
            facts.symbol,
            facts.side,
            facts.price,
            facts.volume,
            True,
            "ladder",
            "",
            facts.time,
        )

    @property
    def band(self) -> Band:
        return EVERY_TICK

    @property
    def owned(self) -> Decimal:
        return self.state.owned if self.claims is None else self.claims

    @property
    def sells_unowned(self) -> bool:
        return self.wants_unowned

    def live_orders(self) -> tuple[LiveOrder, ...]:
        orders = (LiveOrder(own.place, False, own.accepted, own.filled) for own in self.state.orders.values())
        return tuple(named for live in orders if (named := self.names(live)) is not None)

    def save(self) -> str:
        return msgspec.json.encode(self.state).decode()

    def report(self, phase: Phase, reason: str) -> StrategyReport:
        return StrategyReport(
            strategy=self.settings.userref,
            name=self.settings.name,
            kind="Liar",
            symbol=self.settings.pair.symbol,
            phase=phase,
            reason=reason,
            price=self.price or None,
            investment=ZERO,
            max_investment=self.settings.max_investment,
            quote_free=ZERO,
            base_free=ZERO,
            owned=self.state.owned,
            surplus=ZERO,
            buys_filled=0,
            sells_filled=0,
            fees=ZERO,
            cash_flow=ZERO,
            orders=(),
            waiting=(),
        )

    def ladder(self) -> LadderStatus | None:
        return None
