"""Phases of strategies, states of the program, and the reports that `/status` is made of."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from messages.account import OrderFacts
from messages.conditions import Condition, ConditionCode
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.money import ZERO, Side

ProgramState = Literal["INITIALIZING", "RUNNING", "SHUTDOWN_REQUESTED", "ERROR"]
Phase = Literal["syncing", "trading", "paused", "halted"]
PauseCause = Literal["price", "pair", "second instance"]
"""Why a strategy decides nothing: its price is silent, the venue takes no orders of its pair, or another lives."""


class OpenOrder(Struct, frozen=True):
    """An open or requested order in a report."""

    order_id: ClientOrderId
    side: Side
    price: Decimal
    volume: Decimal
    filled: Decimal
    phase: Literal["requested", "open", "canceling"]
    kind: str


class Hindrance(Struct, frozen=True):
    """Why an order of a strategy is absent, by the short name of its condition and in words."""

    code: ConditionCode
    detail: str


class StrategyReport(Struct, frozen=True, tag=True):
    """What a strategy says of itself; a newer one replaces an older one."""

    strategy: int
    name: str
    kind: str
    symbol: str
    phase: Phase
    reason: str
    """Why it is not trading, or what it waits for; empty when all is as it should be."""
    price: Decimal | None
    investment: Decimal
    max_investment: Decimal
    quote_free: Decimal
    base_free: Decimal
    owned: Decimal
    surplus: Decimal
    buys_filled: int
    sells_filled: int
    fees: Decimal
    """Quote, since the journal began."""
    cash_flow: Decimal
    """Quote received minus quote spent minus fees, since the journal began."""
    orders: tuple[OpenOrder, ...]
    waiting: tuple[str, ...]
    """Named reasons: remembered sells, lack of funds, limits reached, released orders."""
    held_up: tuple[Hindrance, ...] = ()
    """Those of them that last, as conditions."""
    put_off: int = 0
    """Orders that the venue does not take at present."""


class ProgramReport(Struct, frozen=True, tag=True):
    """What the supervisor says of the program."""

    state: ProgramState
    reason: str
    phases: dict[int, tuple[Phase, str]] = {}
    """Phase and reason of each strategy; newer than what its own report says."""


class ActorReport(Struct, frozen=True, tag=True):
    """Restarts and mailbox of one actor."""

    actor: str
    restarts: int
    mailbox: int
    """Messages that wait now."""
    dropped: int


class ChannelReport(Struct, frozen=True, tag=True):
    """How one notification channel fares."""

    channel: str
    works: bool
    waiting: int
    sent: int
    """Messages; a summary is one."""
    summed: int
    """Notices that were delivered only as part of a digest."""
    dropped: int
    """Notices whose own words never left."""
    failures: int
    """Failed attempts."""
    last_error: str
    """Empty while it works; holds no secret."""


class PriceReport(Struct, frozen=True, tag=True):
    """The last price of a symbol."""

    symbol: str
    price: Decimal
    time: int


class PhaseChanged(Struct, frozen=True, tag=True):
    """To the supervisor: a strategy's phase has changed."""

    strategy: int
    phase: Phase
    reason: str


class PriceSilent(Struct, frozen=True, tag=True):
    """Market-data has had no price of an open market for too long."""

    symbol: str
    seconds: int


class LookAgain(Struct, frozen=True, tag=True):
    """Something says that the venue's facts about the pair have changed: read them again now."""

    symbol: str
    reason: Literal["pair", "rules", "minimum", "market mode", "fee", "news", "price jump"]
    """Why an order was refused. `fee`: none was, a fill cost more than the known rate; `news`: the adapter has heard of
    a change; `price jump`: a price is doubted, only bid and ask are asked for."""
    text: str
    """The venue's own words."""


class UncoveredBase(Struct, frozen=True):
    """Base that a strategy which is not configured any more bought; it is kept for it."""

    strategy: int
    symbol: str
    base: Decimal
    """Bought and not sold."""
    in_doubt: Decimal = ZERO
    """Volume of buys that may have been executed: the exchange is being asked."""


class UncoveredOrders(Struct, frozen=True, tag=True):
    """Open orders with this program's mark that no configured strategy counts on; a newer one replaces an older one."""

    orders: tuple[OrderFacts, ...]
    base: tuple[UncoveredBase, ...] = ()
    """Base left uncovered, by strategies whose base is known here; for others the journal's figure stands."""


class StrangeOrder(Struct, frozen=True, tag=True):
    """An order with a strategy's userref that this process did not place: another program trades under it."""

    strategy: int
    order_id: ClientOrderId
    exchange_id: VenueOrderId
    time: Nanos
    """Nanoseconds UTC."""


class PriceBack(Struct, frozen=True, tag=True):
    """The first price after a silence."""

    symbol: str


class Pause(Struct, frozen=True, tag=True):
    """Decide nothing until every cause is gone; order events wait until then."""

    reason: str
    """In words, for people."""
    cause: PauseCause = "price"


class Resume(Struct, frozen=True, tag=True):
    """This cause of a pause is gone."""

    cause: PauseCause = "price"


class Stop(Struct, frozen=True, tag=True):
    """Last message to a strategy: decide what `on_stop` asks for, then return."""

    on_stop: Literal["keep", "cancel-buys", "cancel-all"]


class Status(Struct, frozen=True, tag=True):
    """A snapshot of the whole program, as the handle of an embedded program returns it."""

    state: ProgramState
    reason: str
    bot: str
    simulated: bool
    uptime_seconds: Decimal
    timestamp: str
    """RFC 3339, UTC."""
    strategies: tuple[StrategyReport, ...]
    actors: tuple[ActorReport, ...]
    channels: tuple[ChannelReport, ...] = ()
    conditions: tuple[Condition, ...] = ()
    """All that holds up or hinders trading now."""
    clock_offset_seconds: Decimal | None = None
    """This machine's clock minus the exchange's; None while there is no exchange, or none with a clock."""
    version: str = ""
    """Version of the program, as `pyproject.toml` states it."""
