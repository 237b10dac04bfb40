"""A synchronous exchange for one decision core: what the core asks for happens at once, or when a test says so."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Literal, TypeVar

import msgspec

from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.mailboxes import CoreEvent
from messages.market import Tick
from messages.money import ZERO, Pair, Side
from messages.orders import (
    Accepted,
    Balances,
    Cancel,
    Canceled,
    CloseReason,
    Filled,
    PartiallyFilled,
    Place,
    Rejected,
    RejectReason,
    Resynced,
)
from messages.status import Stop
from tests.oracle.terms import Terms
from trading.strategies.core import Output
from trading.strategies.grid_base import GridCore
from trading.strategies.grid_hodl import GRID_HODL
from trading.strategies.settings import GridSettings, Variant

D = Decimal
SECOND = 10**9
USERREF = 1001

BTC_USD = Pair(
    symbol="BTC/USD",
    tick_size=D("0.1"),
    lot_decimals=8,
    cost_decimals=5,
    min_volume=D("0.00005"),
    min_cost=D("0.5"),
)

SETTINGS = GridSettings(
    userref=USERREF,
    name="grid",
    pair=BTC_USD,
    amount=D(100),
    interval=D("0.01"),
    max_open_buys=5,
    max_investment=D(1_000_000),
    fee=D("0.0025"),
    lineage="2f0b8a54-5ad4-4f0c-8a52-6f6a4f0f4c11",
    sell_existing_base=True,
)

LADDER_AT_50000 = [
    ("buy", D("49504.9"), D("0.00202")),
    ("buy", D("49014.7"), D("0.0020402")),
    ("buy", D("48529.4"), D("0.0020606")),
    ("buy", D("48048.9"), D("0.00208121")),
    ("buy", D("47573.1"), D("0.00210202")),
]
BUYS_AT_50000 = [price for _, price, _ in LADDER_AT_50000]

NoticeType = TypeVar("NoticeType")


def settings(**changes: object) -> GridSettings:
    """The settings of the worked examples, with changes."""
    return msgspec.structs.replace(SETTINGS, **changes)


def terms_of(config: GridSettings, kind: str) -> Terms:
    """The same, as the second statement of the rules wants it."""
    pair = config.pair
    return Terms(
        kind,
        Fraction(config.amount),
        Fraction(config.interval),
        config.max_open_buys,
        Fraction(config.max_investment),
        Fraction(config.fee),
        Fraction(pair.tick_size),
        Fraction(pair.lot),
        Fraction(pair.min_volume),
        Fraction(pair.min_cost),
        existing_base=config.sell_existing_base,
    )


def placed(outputs: Sequence[Output]) -> list[tuple[Side, Decimal, Decimal]]:
    """Side, price and volume of each order that was asked for, in its order."""
    return [(o.side, o.price, o.volume) for o in outputs if isinstance(o, Place)]


def canceled(outputs: Sequence[Output]) -> list[ClientOrderId]:
    """Ids of the orders whose cancellation was asked for, in their order."""
    return [o.order_id for o in outputs if isinstance(o, Cancel)]


def notices(outputs: Sequence[Output], kind: type[NoticeType]) -> list[NoticeType]:
    """The notices of one kind."""
    return [o for o in outputs if isinstance(o, kind)]


def make_core(config: GridSettings = SETTINGS, variant: Variant = GRID_HODL, saved: str | None = None) -> GridCore:
    return GridCore(config, variant, saved)


class Play:
    """One core and its exchange. Every method returns what the core said in answer to it."""

    def __init__(
        self,
        variant: Variant = GRID_HODL,
        config: GridSettings = SETTINGS,
        *,
        quote: str = "100000",
        base: str = "0",
        saved: str | None = None,
    ) -> None:
        """`quote` is the whole account; `base` is what no strategy owns."""
        self.config = config
        self.variant = variant
        self.core = make_core(config, variant, saved)
        self.quote = D(quote)
        self.base = D(base)
        self.owned = self.core.owned
        self.now = Nanos(1_700_000_000 * SECOND)
        self.accepting = True
        """Whether requests are accepted and cancels confirmed at once."""
        self.open: dict[str, Place] = {}
        self.exchange_ids: dict[ClientOrderId, VenueOrderId] = {}
        self.filled: dict[str, Decimal] = {}
        self._numbers: Iterator[int] = count(1)

    def start(self, price: str) -> list[Output]:
        """Tick known, funds known, told everything."""
        self.handle(self.a_tick(price))
        return [*self.handle(self.balances()), *self.handle(Resynced(USERREF, 1))]

    def a_tick(self, price: str) -> Tick:
        """A tick one second later than the one before."""
        self.now = Nanos(self.now + SECOND)
        return Tick("BTC/USD", D(price), self.now)

    def tick(self, price: str, *, after: int = 0) -> list[Output]:
        """A tick, `after` seconds later than the next one would come; a jump is confirmed by a second trade."""
        outputs = self.misprint(price, after=after)
        doubted = self.core._ladder.doubted is not None
        return outputs + (self.misprint(price) if doubted else [])

    def misprint(self, price: str, *, after: int = 0) -> list[Output]:
        """One trade that nothing confirms."""
        self.now = Nanos(self.now + after * SECOND)
        return self.handle(self.a_tick(price))

    def handle(self, event: CoreEvent) -> list[Output]:
        """Pass the event on and carry out what follows."""
        outputs = self.core.handle(event)
        for output in outputs:
            if isinstance(output, Place):
                self.open[output.order_id] = output
        return outputs + (self.settle(outputs) if self.accepting else [])

    def settle(self, outputs: Sequence[Output]) -> list[Output]:
        """Accept and confirm what was asked for; returns what the core answers to that."""
        more: list[Output] = []
        for output in outputs:
            if isinstance(output, Place) and output.order_id in self.open:
                more += self.accept(output.order_id)
            elif isinstance(output, Cancel) and output.order_id in self.open:
                more += self.close(output.order_id)
        return more

    def balances(self) -> Balances:
        return Balances(USERREF, self.quote, max(self.owned, ZERO), self.base)

    def accept(self, order_id: ClientOrderId) -> list[Output]:
        return self.handle(Accepted(order_id=order_id, exchange_id=self.exchange_id(order_id), time=self.now))

    def exchange_id(self, order_id: ClientOrderId) -> VenueOrderId:
        if order_id not in self.exchange_ids:
            self.exchange_ids[order_id] = VenueOrderId(f"O{next(self._numbers):05}")
        return self.exchange_ids[order_id]

    def refuse(self, order_id: ClientOrderId, reason: RejectReason) -> list[Output]:
        del self.open[order_id]
        return self.handle(Rejected(order_id=order_id, reason=reason, text=f"refused: {reason}", time=self.now))

    def close(self, order_id: ClientOrderId, reason: CloseReason = "requested") -> list[Output]:
        """The order is closed; what was filled stays filled."""
        filled = self.filled.get(order_id, ZERO)
        place = self.open.pop(order_id)
        cost = filled * place.price
        event = Canceled(
            order_id=order_id,
            exchange_id=self.exchange_id(order_id),
            filled=filled,
            cost=cost,
            fee=fee(cost),
            reason=reason,
            time=self.now,
        )
        return self.handle(event)

    def partly(self, order_id: ClientOrderId, filled: str) -> list[Output]:
        """`filled` is cumulative."""
        self.now = Nanos(self.now + SECOND)
        return self._execute(self.open[order_id], D(filled))

    def fill(self, order_id: ClientOrderId) -> list[Output]:
        self.now = Nanos(self.now + SECOND)
        place = self.open[order_id]
        return self._execute(place, place.volume)

    def _execute(self, place: Place, filled: Decimal) -> list[Output]:
        volume = filled - self.filled.get(place.order_id, ZERO)
        self.filled[place.order_id] = filled
        sign = 1 if place.side == "buy" else -1
        self.quote -= sign * volume * place.price + fee(volume * place.price)
        self.owned += sign * volume
        outputs = self.handle(self.balances())
        if filled < place.volume:
            return outputs + self.handle(self.fill_event(PartiallyFilled, place, filled))
        del self.open[place.order_id]
        return outputs + self.handle(self.fill_event(Filled, place, filled))

    def fill_event(
        self, kind: type[Filled] | type[PartiallyFilled], place: Place, filled: Decimal
    ) -> Filled | PartiallyFilled:
        exchange_id = self.exchange_id(place.order_id)
        cost = filled * place.price
        return kind(
            order_id=place.order_id,
            exchange_id=exchange_id,
            fill_id=f"{exchange_id}@{filled}",
            filled=filled,
            cost=cost,
            fee=fee(cost),
            time=self.now,
        )

    def fall_to(self, price: str) -> list[Output]:
        """The price falls: every buy at or above it fills, best price first, then the core sees the tick."""
        outputs: list[Output] = []
        for place in self.orders("buy"):
            if place.price >= D(price):
                outputs += self.fill(place.order_id)
        return outputs

    def orders(self, side: Side) -> list[Place]:
        """Open orders, highest price first."""
        return sorted((o for o in self.open.values() if o.side == side), key=lambda o: o.price, reverse=True)

    def prices(self, side: Side) -> list[Decimal]:
        return [order.price for order in self.orders(side)]

    def only(self, side: Side, kind: str | None = None) -> Place:
        """The one open order of that side (and kind)."""
        (order,) = (o for o in self.orders(side) if kind in (None, o.kind))
        return order

    def stop(self, on_stop: Literal["keep", "cancel-buys", "cancel-all"]) -> list[Output]:
        return self.handle(Stop(on_stop))

    def restart(self, price: str, config: GridSettings | None = None) -> "Play":
        """The same account after a restart; facts were all told, the new core is ready."""
        again = Play(self.variant, config or self.config, quote=f"{self.quote:f}", saved=self.core.save())
        again.base, again.owned, again.now = self.base, self.owned, self.now
        again.open, again.exchange_ids, again.filled = self.open, self.exchange_ids, self.filled
        again._numbers = self._numbers
        again.restarted = again.start(price)
        return again

    restarted: Sequence[Output] = ()
    """What the core said when it was started again."""


def fee(cost: Decimal) -> Decimal:
    """A quarter of a percent, exact."""
    return cost * D("0.0025")
