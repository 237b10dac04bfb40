"""What the person behind the program is told, as data; the words are made in `actors/notice_texts`."""

from decimal import Decimal

from msgspec import Struct

from messages.money import Side


class ProgramStarted(Struct, frozen=True, tag=True):
    """All strategies are trading for the first time since the start."""

    bot: str
    simulated: bool


class ProgramEnded(Struct, frozen=True, tag=True):
    """The program is about to end."""

    bot: str
    reason: str


class OrderFilled(Struct, frozen=True, tag=True):
    """An order was executed completely."""

    strategy: str
    symbol: str
    side: Side
    price: Decimal
    volume: Decimal
    cost: Decimal
    """Quote, without fees."""
    fee: Decimal


class FundsMissing(Struct, frozen=True, tag=True):
    """An order is due but the funds are not there; told once per cause."""

    strategy: str
    symbol: str
    side: Side
    asset: str
    price: Decimal
    volume: Decimal


class ExtraSell(Struct, frozen=True, tag=True):
    """SWING sells accumulated base above the ladder."""

    strategy: str
    symbol: str
    price: Decimal
    volume: Decimal


class OrderReleased(Struct, frozen=True, tag=True):
    """An order is gone for a named reason and is not placed again."""

    strategy: str
    symbol: str
    side: Side
    price: Decimal
    volume: Decimal
    reason: str


class OrderDelayed(Struct, frozen=True, tag=True):
    """An order is due but cannot be placed now; it is tried again. Told once per cause."""

    strategy: str
    symbol: str
    side: Side
    price: Decimal
    volume: Decimal
    reason: str


class StrategyHalted(Struct, frozen=True, tag=True):
    """A strategy does not trade any more; `orders` says what becomes of its open orders."""

    strategy: str
    symbol: str
    reason: str
    orders: str


class StrategyResumed(Struct, frozen=True, tag=True):
    """A halted strategy trades again."""

    strategy: str
    symbol: str


class ActorFailed(Struct, frozen=True, tag=True):
    """An actor keeps failing; `action` says what the program does about it."""

    actor: str
    reason: str
    action: str


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
    | OrderDelayed
    | StrategyHalted
    | StrategyResumed
    | ActorFailed
    | LadderStatus
)
