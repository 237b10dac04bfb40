"""A guarded plug-in (`tests.liar`) and an exchange that takes everything at once."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from messages.account import OrderFacts, OrdersFound
from messages.ids import ClientOrderId, Nanos, VenueOrderId, client_order_id
from messages.mailboxes import CoreEvent
from messages.market import Tick
from messages.money import ZERO
from messages.orders import Accepted, Balances, Filled, PartiallyFilled, Place, Resynced
from tests.liar import Liar
from tests.trading.strategies.harness import BTC_USD, SECOND, settings
from trading import books as accounts
from trading.books import Books
from trading.guard import Bounds, GuardedCore

D = Decimal
HIGH = D("60000.0")
CONFIG = settings(max_investment=D(1000), amount=D(99), sell_existing_base=False)
BOUGHT = D("0.002")


class Stage:
    """A guarded liar and what it asked for; its orders are taken at once."""

    def __init__(
        self, *, saved: str | None = None, books: Books | None = None, may_sell: bool | None = None, now: int = 1
    ) -> None:
        self.liar = Liar(CONFIG, saved)
        self.bounds = Bounds(CONFIG.userref, BTC_USD, CONFIG.max_investment, may_sell)
        self.guard = GuardedCore(
            self.liar,
            self.bounds,
            (Books() if saved is None else None) if books is None else books,
            is_new=saved is None,
        )
        self.now = Nanos(now * SECOND)
        self.funds = Balances(CONFIG.userref, D(5000), ZERO, ZERO)

    def attach(self) -> "Stage":
        assert self.guard.owned == self.liar.owned
        self.guard.live_orders()
        return self

    def hear(self, event: CoreEvent) -> None:
        """And commit."""
        for output in self.guard.handle(event):
            if isinstance(output, Place):
                self.hear(
                    Accepted(order_id=output.order_id, exchange_id=VenueOrderId(f"O-{output.order_id}"), time=self.now)
                )
        self.guard.save()

    def tick(self, price: str = "50000.0") -> None:
        self.now = Nanos(self.now + SECOND)
        self.hear(Tick("BTC/USD", D(price), self.now))

    def begin(self) -> "Stage":
        self.attach()
        self.tick()
        self.hear(self.funds)
        self.hear(Resynced(CONFIG.userref, 1))
        return self

    def only(self) -> Place:
        (own,) = self.liar.state.orders.values()
        return own.place

    def fill(self, place: Place, filled: str | None = None) -> None:
        self.now = Nanos(self.now + SECOND)
        volume = place.volume if filled is None else D(filled)
        kind = Filled if volume == place.volume else PartiallyFilled
        self.hear(
            kind(
                order_id=place.order_id,
                exchange_id=VenueOrderId(f"O-{place.order_id}"),
                fill_id=f"f{volume}",
                filled=volume,
                cost=ZERO,
                fee=ZERO,
                time=self.now,
            )
        )

    def restarted(self) -> "Stage":
        """The same strategy from what was committed."""
        books = accounts.load(self.guard.books())
        assert books is not None
        return Stage(
            saved=self.guard.save(), books=books, may_sell=self.bounds.sells_unowned, now=self.now // SECOND + 1
        )


def bought() -> Stage:
    """One buy was filled; the sell that answers it is open."""
    stage = Stage().begin()
    stage.fill(stage.only())
    assert stage.only().side == "sell"
    return stage


def sells(*volumes: str) -> Callable[[Liar, CoreEvent], None]:
    def lie(liar: Liar, event: CoreEvent) -> None:
        for volume in volumes:
            liar.order("sell", HIGH, D(volume))

    return lie


def found(order_id: str = "", **changes: object) -> OrdersFound:
    facts = OrderFacts(
        order_id=ClientOrderId(order_id or client_order_id(1001, "lost")),
        exchange_id=VenueOrderId("O1"),
        symbol="BTC/USD",
        side="sell",
        price=HIGH,
        volume=BOUGHT,
        status="open",
        filled=ZERO,
        cost=ZERO,
        fee=ZERO,
        reason="by hand",
        time=Nanos(1),
    )
    return OrdersFound(1001, 1, 0, (msgspec.structs.replace(facts, **changes),))
