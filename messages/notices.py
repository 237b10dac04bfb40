"""What the user is notified of, as data; `actors/notifier/notice_texts` words it."""

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from messages.ids import NO_CLIENT_ID, NO_VENUE_ID, ClientOrderId, VenueOrderId
from messages.money import Side
from messages.orders import DeferReason

NoticeKind = Literal[
    "start", "end", "fill", "funds", "extra_sell", "released", "halt", "trouble", "channel", "status", "summary"
]
"""What loudness is configured by. A `summary` is as loud as the loudest notice in it."""


class ProgramStarted(Struct, frozen=True, tag=True):
    """All strategies are trading for the first time since the start."""

    bot: str
    simulated: bool
    exchange: str = ""
    """Where it trades with real money; empty when simulated."""
    account: str = ""
    """As the exchange calls it; empty where that is not known."""
    database: str = ""
    strategies: int = 0
    here: str = ""
    """Address on this machine that all orders go to; empty where they may go to the exchange itself."""


class ProgramEnded(Struct, frozen=True, tag=True):
    """The program is about to end; `orders` says what becomes of its open orders."""

    bot: str
    reason: str
    orders: str = ""
    advice: str = ""
    """What the user has to do now; empty after an orderly end."""
    ran: bool = True
    """Whether it was RUNNING before."""


class OrderFilled(Struct, frozen=True, tag=True, omit_defaults=True):
    """An order was executed completely."""

    strategy: str
    symbol: str
    side: Side
    price: Decimal
    volume: Decimal
    cost: Decimal
    """Quote, without fees."""
    fee: Decimal
    order_id: ClientOrderId = NO_CLIENT_ID
    exchange_id: VenueOrderId = NO_VENUE_ID
    cause: str = ""
    """What the order answered: the exchange id of a filled order, or a place of the ladder."""


class FundsMissing(Struct, frozen=True, tag=True):
    """An order is due but the funds are missing; one notice per cause."""

    strategy: str
    symbol: str
    side: Side
    asset: str
    price: Decimal
    volume: Decimal


class ExtraSell(Struct, frozen=True, tag=True, omit_defaults=True):
    """SWING sells accumulated base above the ladder."""

    strategy: str
    symbol: str
    price: Decimal
    volume: Decimal
    order_id: ClientOrderId = NO_CLIENT_ID
    exchange_id: VenueOrderId = NO_VENUE_ID


class OrderReleased(Struct, frozen=True, tag=True, omit_defaults=True):
    """An order is gone for a named reason and is not placed again."""

    strategy: str
    symbol: str
    side: Side
    price: Decimal
    volume: Decimal
    reason: str
    order_id: ClientOrderId = NO_CLIENT_ID
    exchange_id: VenueOrderId = NO_VENUE_ID
    is_unsure: bool = False
    """Whether the program may have cancelled it itself: then its owner has to decide about it."""


class OrderDelayed(Struct, frozen=True, tag=True):
    """An order is due but cannot be placed now; it is tried again. Told once per cause."""

    strategy: str
    symbol: str
    side: Side
    price: Decimal
    volume: Decimal
    reason: str


class OrdersPutOff(Struct, frozen=True, tag=True):
    """The venue does not take orders now; they are asked for again."""

    strategy: str
    symbol: str
    reason: DeferReason
    text: str
    """The venue's own words, or what is waited for."""
    count: int


class OrdersTaken(Struct, frozen=True, tag=True):
    """None of the orders that were reported as put off waits any more."""

    strategy: str
    symbol: str
    seconds: int


class OrderAmended(Struct, frozen=True, tag=True):
    """An order was changed outside of the program, by hand; the grid goes on with what it is now."""

    strategy: str
    symbol: str
    side: Side
    price: Decimal
    volume: Decimal
    former_price: Decimal
    former_volume: Decimal
    beyond: Decimal = Decimal(0)
    """What a sell now offers beyond the base that the strategy bought: it counts as the account owner's."""
    order_id: ClientOrderId = NO_CLIENT_ID
    exchange_id: VenueOrderId = NO_VENUE_ID


class OrdersRecovered(Struct, frozen=True, tag=True):
    """Orders that the journal did not know were taken over from the exchange."""

    strategy: str
    symbol: str
    open_orders: int
    closed_orders: int
    """Filled or partly filled ones; each is answered if it was not."""
    since: int
    """How far back closed orders were looked for, in nanoseconds UTC."""
    unknown: str
    """What the exchange does not know; empty when the journal knows it."""


class StrategyHalted(Struct, frozen=True, tag=True):
    """A strategy does not trade any more; `orders` says what becomes of its open orders."""

    strategy: str
    symbol: str
    reason: str
    orders: str
    advice: str = ""
    """What the user has to do now."""


class StrategyResumed(Struct, frozen=True, tag=True):
    """A halted strategy trades again."""

    strategy: str
    symbol: str


class PairChanged(Struct, frozen=True, tag=True):
    """The venue's facts about a strategy's pair are others than before."""

    strategy: str
    symbol: str
    changes: str
    """Old and new, in words; empty when only the consequence is news."""
    consequence: str = ""
    """What the strategy does not do any more; empty when it goes on."""


class ActorFailed(Struct, frozen=True, tag=True):
    """An actor keeps failing; `action` says what the program does about it."""

    actor: str
    reason: str
    action: str
    disconnected: bool = False
    """Whether all that is wrong is a connection to the exchange."""
    advice: str = ""
    """What the user has to do; empty for the usual advice."""


class ActorRecovered(Struct, frozen=True, tag=True):
    """An actor whose failures were reported works again."""

    actor: str
    seconds: int
    """Since its first failure."""
    disconnected: bool = False


class JournalRepaired(Struct, frozen=True, tag=True):
    """The journal was damaged when it was opened; `detail` says what was done about it."""

    detail: str


class JournalNoted(Struct, frozen=True, tag=True):
    """Something about the journal that its owner should know once; nothing is wrong."""

    detail: str


class NotCovered(Struct, frozen=True, tag=True):
    """Orders or base of this program that no configured strategy looks after."""

    strategy: str
    detail: str


class SecondInstance(Struct, frozen=True, tag=True):
    """Another process seems to work with the same account."""

    detail: str


class ChannelFailed(Struct, frozen=True, tag=True):
    """A notification channel fails; the other channels report it."""

    channel: str
    reason: str
    waiting: int
    misconfigured: bool
    """Whether only a changed configuration mends it."""


class ChannelRecovered(Struct, frozen=True, tag=True):
    """A channel whose failure was reported works again."""

    channel: str
    seconds: int
    """Since its first failure."""


class MissedNotices(Struct, frozen=True):
    """Row of a digest: notices of one kind about one subject that were not delivered one by one."""

    kind: NoticeKind
    count: int
    newest: str
    """The newest of them in one line."""
    time: int
    """Time of the newest notice, in nanoseconds UTC."""
    urgent: bool


class NoticesMissed(Struct, frozen=True, tag=True):
    """One summary for notices that a channel could not take, or not as fast as they came."""

    channel: str
    reason: str
    count: int
    since: int
    """Time of the oldest notice, in nanoseconds UTC."""
    until: int
    rows: tuple[MissedNotices, ...]
    """Rows that need the user come first, then the newest; the oldest may be left out."""
    left_out: int = 0
    """Rows that were left out."""


class LadderStatus(Struct, frozen=True, tag=True):
    """The hourly status of one strategy."""

    strategy: str
    symbol: str
    price: Decimal
    price_decimals: int
    base_total: Decimal
    quote_total: Decimal
    base_free: Decimal
    quote_free: Decimal
    surplus: Decimal
    investment: Decimal
    max_investment: Decimal
    amount_per_grid: Decimal
    open_orders: int
    sells: tuple[Decimal, ...]
    """The nearest five at the most, ascending."""
    buys: tuple[Decimal, ...]
    """The nearest five at the most, descending."""


Notice = (
    ProgramStarted
    | ProgramEnded
    | OrderFilled
    | FundsMissing
    | ExtraSell
    | OrderReleased
    | OrderAmended
    | OrderDelayed
    | OrdersRecovered
    | OrdersPutOff
    | OrdersTaken
    | StrategyHalted
    | StrategyResumed
    | PairChanged
    | ActorFailed
    | ActorRecovered
    | JournalRepaired
    | JournalNoted
    | NotCovered
    | SecondInstance
    | ChannelFailed
    | ChannelRecovered
    | NoticesMissed
    | LadderStatus
)


if TYPE_CHECKING:
    from messages.letters import Letter as Letter  # noqa: PLC0414 - public here: its former place
else:

    def __getattr__(name: str) -> object:
        """`Letter` by its former name: it needs these notices, so it cannot be imported before them."""
        if name != "Letter":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from messages.letters import Letter  # noqa: PLC0415

        return Letter
