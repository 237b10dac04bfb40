"""What is written down, acknowledged and loaded again.

`Commit` is the one write that something waits for: no order leaves before its `Committed`. `Record`
is written behind, in the same groups, and nothing waits for it.
"""

from decimal import Decimal

from msgspec import Struct

from messages.ids import NO_CLIENT_ID, ClientOrderId
from messages.money import ZERO, Side
from messages.orders import Accepted, Amended, Canceled, Command, Filled, PartiallyFilled, Place, Rejected


class Owner(Struct, frozen=True, tag=True):
    """Whose a journal is; written before anything else of its world, and again when the account is known better."""

    exchange: str
    """Name of the adapter."""
    simulated: bool
    """Whether no real order is in it."""
    account: str = ""
    """Name of the account at the exchange; empty while it is not known."""
    key: str = ""
    """Fingerprint of the API key that was used last; empty for none."""


class PastOrder(Struct, frozen=True):
    """An order of which the journal knows no end."""

    side: Side
    price: Decimal
    volume: Decimal
    """Not executed yet."""
    order_id: ClientOrderId = NO_CLIENT_ID
    filled: Decimal = ZERO
    """Executed volume in base that is included in what was bought."""


class LeftBehind(Struct, frozen=True):
    """What a strategy that is not configured any more has, by the journal."""

    strategy: int
    symbol: str
    base: Decimal
    """Bought and not sold."""
    orders: tuple[PastOrder, ...]


class Past(Struct, frozen=True):
    """What the journal holds of one userref."""

    userref: int
    name: str
    kind: str
    symbol: str
    """Empty when it never had an order."""
    state: str
    orders: tuple[PastOrder, ...] = ()
    bought: Decimal = ZERO
    """Base bought and not sold, by its orders."""
    ended: frozenset[ClientOrderId] = frozenset()
    """Orders in the saved state whose end the journal knows: the state may not have heard of it."""


class Origin(Struct, frozen=True):
    """What a saved state was made for, and what it is held against."""

    kind: str = ""
    symbol: str = ""
    """Empty when it never had an order."""
    era: int = 0
    """How often the userref was given another kind or pair."""
    books: str = ""
    """The guard's own account that was committed with the state; empty in what older versions wrote."""
    withdrawn: frozenset[ClientOrderId] = frozenset()
    """Orders that this program cancelled later than the state knows: by a journal that a restore has replaced."""
    restored: bool = False
    """Whether the journal was restored and the strategy has decided nothing since."""


class Commit(Struct, frozen=True, tag=True):
    """A strategy's decision: its new state and the commands that leave once this is durable."""

    strategy: int
    number: int
    """Rises by one per strategy since its start; `Committed` repeats it."""
    name: str
    kind: str
    time: int
    state: str
    """The core's whole state as JSON text."""
    handled: tuple[str, ...]
    """Ids of the order events that led here."""
    commands: tuple[Command, ...]
    adopted: tuple[Place, ...] = ()
    """Orders that the exchange has already and the state takes over; they are not sent."""
    symbol: str = ""
    """The strategy's pair; empty in what older versions wrote."""
    books: str = ""
    """The guard's own account of the strategy as JSON text; empty in what older versions wrote."""


class Committed(Struct, frozen=True, tag=True):
    """The commit is durable."""

    number: int


class Record(Struct, frozen=True, tag=True):
    """Something that happened to an order; written behind."""

    strategy: int
    event: Accepted | PartiallyFilled | Filled | Canceled | Amended | Rejected


class LoadCore(Struct, frozen=True, tag=True):
    """Ask for a strategy's durable state; answered after all commits that were sent before."""

    strategy: int
    number: int = 0
    """Repeated in the answer."""


class CoreLoaded(Struct, frozen=True, tag=True):
    """The durable state, or None for a strategy that the journal has never seen."""

    lineage: str
    """UUID born with the database."""
    state: str | None
    number: int = 0
    """Number of the `LoadCore` that this answers."""
    newest: int = 0
    """Time of the newest thing that the journal holds of any strategy, in nanoseconds UTC; 0 when it holds nothing."""
    origin: Origin = Origin()
    """What the state was made for."""


class SaveAccount(Struct, frozen=True, tag=True):
    """The paper exchange's account after a change; acknowledged with `AccountSaved`."""

    number: int
    account: str
    orders: dict[str, str]
    """The orders that changed, by exchange id; JSON texts, as the account is."""


class AccountSaved(Struct, frozen=True, tag=True):
    """The paper exchange's change is durable."""

    number: int


class LoadAccount(Struct, frozen=True, tag=True):
    """Ask for the paper exchange's account."""


class AccountLoaded(Struct, frozen=True, tag=True):
    """The paper exchange's account as it was saved last, or None for a new database."""

    account: str | None
    orders: dict[str, str]


class Close(Struct, frozen=True, tag=True):
    """Last message: write what waits, close the file, return."""
