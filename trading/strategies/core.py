"""What a decision core is: the extension point for strategies of your own.

A core is pure: it handles events and returns what it wants done. It does no I/O and reads no clock;
time arrives in events. The same core runs live, on paper, in a backtest and in a replay.
"""

from decimal import Decimal
from typing import Protocol, runtime_checkable

from msgspec import Struct, field

from messages.account import LiveOrder, OrderFacts, OrdersFound
from messages.ids import Nanos
from messages.mailboxes import CoreEvent
from messages.market import Quote
from messages.money import Pair
from messages.notices import LadderStatus, Notice
from messages.orders import Command, Deferred, Place
from messages.status import Phase, StrategyReport

NEVER = 2**63 - 1
"""A time that does not come."""

Output = Command | Notice


class Band(Struct, frozen=True):
    """Where a core sleeps: no tick with `low <= price <= high` before `wake` makes it act."""

    low: Decimal
    high: Decimal
    wake: int


EVERY_TICK = Band(low=Decimal(1), high=Decimal(0), wake=NEVER)
NO_TICK = Band(low=Decimal("-Infinity"), high=Decimal("Infinity"), wake=NEVER)


class Recovery(Struct):
    """What was taken over from the exchange, the notice about it, and open orders that cannot be explained."""

    adopted: list[Place] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    unexplained: list[OrderFacts] = field(default_factory=list)


@runtime_checkable
class WakesByClock(Protocol):
    """Optional for a core: it also acts when time passes without a trade."""

    def wake(self, time: Nanos) -> list[Output]:
        """All that is due at `time` (nanoseconds UTC) although no tick came; `band.wake` says when to ask.

        Called by the live program only, never in lock-step or in a backtest, where time passes with rows.
        """


@runtime_checkable
class FollowsRules(Protocol):
    """Optional for a core: it goes on when the venue changes the pair's rules or the account's fee."""

    def change_rules(self, pair: Pair, fee: Decimal) -> list[Output]:
        """Decide by these from now on. A core without this method keeps those it was made with."""


@runtime_checkable
class HearsDelays(Protocol):
    """Optional for a core: it is notified of orders that the venue does not take at this moment."""

    def put_off(self, event: Deferred) -> list[Output]:
        """The order waits. It may be cancelled: one that has not left is withdrawn, and nothing is sent."""


@runtime_checkable
class HearsQuotes(Protocol):
    """Optional for a core: it doubts a price that is a jump away, and asks what is bid and asked."""

    @property
    def doubted(self) -> Decimal | None:
        """A price that nothing has confirmed yet."""

    def quote(self, quote: Quote) -> list[Output]:
        """Bid and ask of this moment. Told by live exchanges only that know them."""


@runtime_checkable
class TakesBack(Protocol):
    """Optional for a core: sells that were given up can be put back at their owner's wish."""

    def take_back(self) -> list[Output]:
        """Make released sells due again, each once. Orders follow once the strategy trades."""


@runtime_checkable
class KeepsBooks(Protocol):
    """Implemented by a guard that checks a core against independent books; a core itself does not need it."""

    def books(self) -> str:
        """The guard's books as JSON text."""


class Core(Protocol):
    """One strategy's decisions."""

    def handle(self, event: CoreEvent) -> list[Output]:
        """All that follows from this event: orders and cancels in their order, and notices.

        Doubled and late events must change nothing. An exception is taken for deterministic: the
        strategy is halted, not restarted.
        """

    def recover(self, found: OrdersFound, *, adopt: bool) -> Recovery:
        """Take orders over that the exchange has and the state does not know; see `recovery`.

        No resync has happened yet; it follows and reports what became of them.

        With `adopt` open ones are taken over even where they cannot be explained.
        """

    @property
    def band(self) -> Band:
        """Which ticks cannot make the core act, until the next event that is no such tick."""

    @property
    def owned(self) -> Decimal:
        """Base that the strategy bought and did not sell."""

    @property
    def sells_unowned(self) -> bool:
        """Whether it may also sell base that no strategy bought; only where `sell_existing_base` says so, too."""

    def live_orders(self) -> tuple[LiveOrder, ...]:
        """Every order that is requested, open or being cancelled."""

    def save(self) -> str:
        """The whole durable state as JSON text, for the constructor of a later run."""

    def report(self, phase: Phase, reason: str) -> StrategyReport:
        """A snapshot for `/status`."""

    def ladder(self) -> LadderStatus | None:
        """The hourly status, or None while no price is known."""
