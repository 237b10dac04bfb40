"""The rule set on which five other back-testers were compared, as a decision core of its own.

Five buys of 100 USD, each 1/1.01 below the one before, the first below the last price; a filled buy places a
sell one percent higher and one buy below the lowest; a filled sell places nothing; far above the highest
buy all buys are placed anew. Prices to 0.1 (sells up, buys down), volumes down to 6 decimals. These are not
the grid's own rules: those are stated in `tests.oracle.terms`.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from msgspec import Struct

from messages.account import LiveOrder, OrdersFound
from messages.ids import NO_VENUE_ID, ClientOrderId, Nanos, VenueOrderId, client_order_id
from messages.mailboxes import CoreEvent
from messages.market import Tick
from messages.money import Pair, Side
from messages.notices import LadderStatus
from messages.orders import Accepted, Cancel, Canceled, Filled, OrderKind, Place, Resynced
from messages.status import Phase, StrategyReport
from trading.strategies.core import NO_TICK, Band, Output, Recovery

D = Decimal
USERREF = 1
PAIR = Pair("BTC/USD", D("0.1"), lot_decimals=6, cost_decimals=8, min_volume=D("0.000001"), min_cost=D(0))
FEE = D("0.0025")
STEP = D("1.01")
SHIFT = STEP * STEP * D("1.001")
BUYS = 5
AMOUNT = D(100)


class Resting(Struct):
    place: Place
    exchange_id: VenueOrderId = NO_VENUE_ID


class SmallGrid:
    """See `trading.strategies.core.Core`."""

    owned = D(0)
    sells_unowned = False

    def __init__(self) -> None:
        self.buys: dict[str, Resting] = {}
        self.sells: dict[str, Resting] = {}
        self.bought = self.sold = self.shifts = 0
        self._count = 0
        self._tick = Tick(PAIR.symbol, D(0), Nanos(0))

    @property
    def band(self) -> Band:
        highest = max((order.place.price for order in self.buys.values()), default=None)
        return NO_TICK if highest is None else Band(NO_TICK.low, highest * SHIFT, NO_TICK.wake)

    def handle(self, event: CoreEvent) -> list[Output]:
        match event:
            case Resynced():
                return self._fill_up()
            case Tick():
                self._tick = event
                return self._shift()
            case Accepted():
                orders = self.buys if event.order_id in self.buys else self.sells
                if event.order_id in orders:
                    orders[event.order_id].exchange_id = event.exchange_id
                return []
            case Filled():
                return self._filled(event.order_id)
            case Canceled():
                return []
            case _:
                return []

    def _filled(self, order_id: ClientOrderId) -> list[Output]:
        if self.sells.pop(order_id, None):
            self.sold += 1
            return []
        bought = self.buys.pop(order_id, None)
        if bought is None:
            return []
        self.bought += 1
        price = (bought.place.price * STEP).quantize(D("0.1"), ROUND_CEILING)
        sell = self._order("sell", price, bought.place.volume, "counter", bought.exchange_id)
        self.sells[sell.order_id] = Resting(sell)
        return [sell, *self._fill_up()]

    def _shift(self) -> list[Output]:
        if not self.buys or self._tick.price <= self.band.high:
            return []
        self.shifts += 1
        gone, self.buys = self.buys, {}
        return [*(Cancel(USERREF, ClientOrderId(order_id)) for order_id in gone), *self._fill_up()]

    def _fill_up(self) -> list[Output]:
        placed: list[Output] = []
        while len(self.buys) < BUYS:
            above = min((order.place.price for order in self.buys.values()), default=self._tick.price)
            price = (above / STEP).quantize(D("0.1"), ROUND_FLOOR)
            volume = (AMOUNT / price).quantize(D("0.000001"), ROUND_FLOOR)
            self._count += 1
            buy = self._order("buy", price, volume, "ladder", f"ladder {self._count}")
            self.buys[buy.order_id] = Resting(buy)
            placed.append(buy)
        return placed

    def _order(self, side: Side, price: Decimal, volume: Decimal, kind: OrderKind, cause: str) -> Place:
        return Place(
            strategy=USERREF,
            order_id=client_order_id(USERREF, cause),
            symbol=PAIR.symbol,
            side=side,
            price=price,
            volume=volume,
            post_only=False,
            kind=kind,
            cause=cause,
            time=Nanos(self._tick.time),
        )

    def recover(self, found: OrdersFound, *, adopt: bool) -> Recovery:
        raise NotImplementedError

    def live_orders(self) -> tuple[LiveOrder, ...]:
        return ()

    def save(self) -> str:
        raise NotImplementedError

    def report(self, phase: Phase, reason: str) -> StrategyReport:
        raise NotImplementedError

    def ladder(self) -> LadderStatus | None:
        return None
