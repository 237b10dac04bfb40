"""How the local venue behaves where the real one is unknown, and who may use it."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

from simulators.kraken.model.catalogue import Pair
from simulators.kraken.model.defaults import PAIRS
from simulators.kraken.model.fees import Rates
from simulators.kraken.model.rates import HISTORY_CALLS, TierName

PERMISSIONS = frozenset(
    {
        "query-funds",
        "query-open-trades",
        "query-closed-trades",
        "modify-trades",
        "close-trades",
        "query-ledger",
        "create-ws-token",
    }
)
"""What a trading bot needs."""

DEMO_KEY = "local-kraken"
DEMO_PRIVATE = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
"""The private half of the documentation's signing example: public, so worth nothing elsewhere."""


class KeySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """One API key."""

    public: str
    private: str
    """Base64."""
    name: str = "grid"
    permissions: frozenset[str] = PERMISSIONS
    nonce_window: int = 0
    """How far below the highest nonce one is still accepted, in the key's own scale."""


class AccountSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """One account, its keys and what it owns at first."""

    name: str
    keys: tuple[KeySettings, ...]
    balances: dict[str, Decimal] = {}
    """By balance row: `XXBT`, `ZUSD`, `XBT.F`, `AAPLx.T`."""
    tier: TierName = "intermediate"
    volume_30d: Decimal = Decimal(0)
    """Spot volume of the last 30 days in USD; it chooses the step of the fee ladder."""
    rates: Rates | None = None
    """Fixed rates in percent instead of the ladder's."""
    iban: str = ""
    """What GetApiKeyInfo says of the account; empty: made from its name."""


class Behaviour(Struct, frozen=True, forbid_unknown_fields=True):
    """Switches: each stands for something unconfirmed, or seen both ways on the live venue."""

    post_only: Literal["cancel", "refuse", "alternate"] = "cancel"
    """A crossing post-only order is accepted and then canceled, refused at once, or in turns."""
    new_before_cancellation: bool = True
    """Whether a post-only or self-trade cancellation is preceded by `new`."""
    post_only_penalty: bool = True
    """Whether a post-only cancellation costs the engine counter what a cancel costs."""
    fill_rule: Literal["at", "through"] = "at"
    """Whether a market trade at the limit fills a resting order, or only one beyond it."""
    hold_fee: bool = True
    """Whether an open buy holds its fee besides its cost."""
    minimum_text: Literal["observed", "documented"] = "observed"
    """`EGeneral:Invalid arguments:volume minimum not met` or `EOrder:Order minimum not met`."""
    excess_volume_decimals: Literal["refuse", "cut"] = "refuse"
    strict_deadline: bool = False
    """Whether deadlines nearer than the documented minimum (2 s REST, 0.5 s WebSocket) are refused."""
    ack_order: Literal["first", "last"] = "first"
    """Whether the answer to a trading request comes before or after the events that it caused."""
    rest_lag: Decimal = Decimal(0)
    """Seconds by which OpenOrders, ClosedOrders, QueryOrders and TradesHistory lag behind the stream."""
    fee_names: Literal["wire", "schema"] = "wire"
    """`minfee`, `nextvolume`, or `min_fee`, `next_volume`."""
    key_info_names: Literal["camel", "snake"] = "camel"
    history_cost: Decimal = Decimal(4)
    """REST counter cost of `history_calls`."""
    history_calls: frozenset[str] = HISTORY_CALLS
    lockout_after: int = 20
    """Number of bad nonces or signatures within a minute that lock a key out for 15 minutes."""
    connections_per_10_minutes: int = 150
    idle_seconds: float = 60.0
    heartbeat_seconds: float = 1.0


def _demo_account() -> tuple[AccountSettings, ...]:
    balances = {"ZUSD": Decimal("100000.0000"), "ZEUR": Decimal("100000.0000"), "XXBT": Decimal("2.0000000000")}
    return (AccountSettings("demo", (KeySettings(DEMO_KEY, DEMO_PRIVATE),), balances),)


def _first_prices() -> dict[str, Decimal]:
    return {"BTC/USD": Decimal("61250.0")}


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything the venue starts with."""

    accounts: tuple[AccountSettings, ...] = field(default_factory=_demo_account)
    prices: dict[str, Decimal] = field(default_factory=_first_prices)
    """First price per WebSocket symbol; a pair without one has an empty book."""
    behaviour: Behaviour = Behaviour()
    start: int | None = None
    """Nanoseconds UTC at which a virtual clock stands at first; None follows the machine's clock."""
    seed: int = 1
    """For the ids."""
    pairs: tuple[Pair, ...] = PAIRS
