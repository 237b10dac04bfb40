"""What an exchange states about an account, and how a strategy joins the order-manager."""

from decimal import Decimal
from typing import Literal, cast

from msgspec import Struct, field
from msgspec.structs import replace

from messages.event_base import Event
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.money import ZERO, Side
from messages.order_life import Executed, Happening, after, further
from messages.orders import Canceled, CloseReason, Filled, PartiallyFilled, Place

OrderStatus = Literal["open", "filled", "canceled"]


class OrderFacts(Event, frozen=True, kw_only=True, tag=True):
    """One order as the exchange shows it in a snapshot or a look-up."""

    order_id: ClientOrderId
    """Client order id; empty for a foreign order without one."""
    exchange_id: VenueOrderId
    symbol: str
    side: Side
    price: Decimal
    volume: Decimal
    status: OrderStatus
    filled: Decimal
    cost: Decimal
    fee: Decimal
    reason: CloseReason
    """Why it was canceled; without meaning for other states."""
    time: Nanos
    """Time of the last change, in nanoseconds UTC."""
    text: str = ""
    """The venue's own words for why it was canceled, where it has any."""
    margin: bool = False
    """It opens or closes a position with borrowed funds: it holds collateral, not the coin. Never one of ours."""
    userref: int | None = None
    """The venue's own integer mark of a foreign order, as other programs use it."""

    @property
    def executed(self) -> Executed:
        """Cumulative quantities."""
        return Executed(self.filled, self.cost, self.fee)

    def after(self, happening: Happening, told: Executed, time: Nanos, why: Canceled | None = None) -> "OrderFacts":
        """What the exchange shows once this has happened, by the table of an order's life.

        `told` are the quantities that go with it, `why` the closure where it is one.
        """
        newest = further(self.executed, told)
        return replace(
            self,
            status=cast("OrderStatus", after(self.status, happening)),  # the table leads nowhere else from these
            filled=newest.filled,
            cost=newest.cost,
            fee=newest.fee,
            reason=self.reason if why is None else why.reason,
            text=self.text if why is None else why.text,
            time=time,
        )

    def fill(self, fill_id: str) -> PartiallyFilled | Filled:
        """The event of its newest execution."""
        kind = Filled if self.status == "filled" else PartiallyFilled
        return kind(
            order_id=self.order_id,
            exchange_id=self.exchange_id,
            fill_id=fill_id,
            filled=self.filled,
            cost=self.cost,
            fee=self.fee,
            time=self.time,
        )

    def closure(self) -> Canceled:
        """The event that it was closed."""
        return Canceled(
            order_id=self.order_id,
            exchange_id=self.exchange_id,
            filled=self.filled,
            cost=self.cost,
            fee=self.fee,
            reason=self.reason,
            time=self.time,
            text=self.text,
        )


def facts_of_accepted(place: Place, exchange_id: VenueOrderId, time: Nanos) -> OrderFacts:
    """An order that the exchange has just accepted: open, with nothing filled."""
    return OrderFacts(
        order_id=place.order_id,
        exchange_id=exchange_id,
        symbol=place.symbol,
        side=place.side,
        price=place.price,
        volume=place.volume,
        status="open",
        filled=ZERO,
        cost=ZERO,
        fee=ZERO,
        reason="requested",
        time=time,
    )


class AccountBalances(Struct, frozen=True, tag=True):
    """Totals per asset in common spelling, held funds included."""

    totals: dict[str, Decimal]
    with_next: bool = False
    """Whether the next event is the fill that moved them: both are booked at once, so that its
    proceeds never look unowned."""


class AccountSnapshot(Struct, frozen=True, tag=True):
    """Balances and open orders of the whole account at one moment, foreign orders included."""

    balances: dict[str, Decimal]
    open_orders: tuple[OrderFacts, ...]


class ForeignOrder(Struct, frozen=True, tag=True):
    """An external order was opened, executed, changed or closed: what it reserves is not ours to spend."""

    facts: OrderFacts


class KeyShared(Struct, frozen=True, tag=True):
    """Whether another process uses the account's API key at this time, as far as the exchange shows it."""

    shared: bool
    text: str
    """How that shows."""
    time: Nanos
    """Nanoseconds UTC."""


class OrderInDoubt(Struct, frozen=True):
    """An open order with our mark that another process may look after."""

    facts: OrderFacts
    why: str = ""
    """How another process shows; empty: none does, but nothing proves that a journal of ours knew the order."""


class OrderOfAnother(Struct, frozen=True, tag=True):
    """The exchange had an order under this id before this program sent its own: another process answers the same."""

    order_id: ClientOrderId
    exchange_id: VenueOrderId
    time: Nanos
    """Nanoseconds UTC."""


class LiveOrder(Struct, frozen=True):
    """An order that a strategy still counts on, as its durable state has it."""

    place: Place
    canceling: bool
    accepted: bool
    filled: Decimal
    """Base that `Attach.owned` already includes."""
    placed: Decimal | None = None
    """Part of the volume that is the strategy's, in base: what an order amended by hand was placed with, 0 for an order
    of the account owner. None: all of it."""


class History(Struct, frozen=True):
    """Orders with our mark that were closed since a time and before this program ran."""

    since: int
    """Nanoseconds UTC."""
    orders: tuple[OrderFacts, ...]


class Attach(Struct, frozen=True, tag=True):
    """A strategy (re)starts: say `Resyncing`, tell it what happened to these orders, then say `Resynced`.

    An order that never arrived is sent; a cancel that never arrived is sent again. With `since` the exchange is
    first asked for orders of this userref that are not among `orders`; if there are any, they are the answer
    (`OrdersFound`), and the strategy attaches again.
    """

    strategy: int
    number: int
    """Rises with each start of the strategy; `Resynced` repeats it."""
    symbol: str
    fee: Decimal
    """Maker fee rate that the strategy assumes; its buys reserve it too."""
    owned: Decimal
    """Base that the strategy bought and did not sell, by its durable state."""
    sells_unowned: bool
    """Whether it may also sell base that no strategy bought."""
    orders: tuple[LiveOrder, ...]
    since: int | None = None
    """Nanoseconds UTC: how far back closed orders matter, 0 as far as the exchange is ever asked; None: not at all."""
    withdrawn: frozenset[ClientOrderId] = frozenset()
    """Orders whose cancels were this program's own, although the exchange calls them its user's and `orders` do not say
    so: see `messages.journal.Origin.withdrawn`."""


class OrdersFound(Struct, frozen=True, tag=True):
    """All orders of a strategy's userref, open ones and closed ones: some of them its `Attach` did not name."""

    strategy: int
    number: int
    """Number of the `Attach` that this answers."""
    since: int
    """How far back closed orders were looked for, in nanoseconds UTC."""
    orders: tuple[OrderFacts, ...]


class HistoryProgress(Struct, frozen=True, tag=True):
    """Closed orders are being read, as many at once as the exchange's rate limit allows."""

    read: int
    of: int
    """0 where the exchange does not say."""


class AttachRefused(Struct, frozen=True, tag=True):
    """A strategy may not attach: external orders are in its way."""

    strategy: int
    number: int
    """Number of the `Attach` that was refused."""
    reason: str
    """Which orders, and what to do about them."""


class AttachWaits(Struct, frozen=True, tag=True):
    """What the resync of a strategy that attaches waits for."""

    strategy: int
    number: int
    """Number of the `Attach` that waits."""
    detail: str
    """In words."""


class AttachAnswered(Struct, frozen=True, tag=True):
    """The exchange answers what the order-manager asked it for a strategy that attaches."""

    strategy: int
    number: int
    """Number of the `Attach` whose orders were looked up."""
    history: History | None = None
    facts: dict[ClientOrderId, OrderFacts] = field(default_factory=dict)
    """By client id, of the orders that were looked up; one that is left out never arrived."""


class AbsentAnswered(Struct, frozen=True, tag=True):
    """The exchange answers what became of orders of strategies that are not configured any more."""

    asked: tuple[ClientOrderId, ...]
    """Client ids."""
    facts: dict[ClientOrderId, OrderFacts]
    """By client id; one that is left out never arrived."""


class StopTrading(Struct, frozen=True, tag=True):
    """Last message to the order-manager: send what waits, learn the outcome of all that was sent, return."""
