"""The venue's facts about a pair as they were read, and what has changed between two readings, in words. Pure."""

from decimal import Decimal

from msgspec import Struct

from messages.conditions import ConditionCode
from messages.money import EXACT, Pair


class PairFacts(Struct, frozen=True):
    """What was read of one pair at one time."""

    pair: Pair | None
    """None when its rules are not known."""
    fee: Decimal | None = None
    """The account's maker fee rate; None when it was not asked for or not known."""
    price: Decimal | None = None
    """Price of the last trade, quote per base; None when it is not known."""
    trouble: str = ""
    """Why it cannot be traded, with the venue's own words; empty when it can."""


class Objection(Struct, frozen=True):
    """Why a strategy should not go on as configured under these facts."""

    code: ConditionCode
    words: str


def changes(old: Pair, new: Pair) -> list[str]:
    """Each rule that differs, old and new."""
    rows = (
        ("tick size", f"{old.tick_size:f}", f"{new.tick_size:f}", old.quote),
        ("lot decimals", str(old.lot_decimals), str(new.lot_decimals), ""),
        ("cost decimals", str(old.cost_decimals), str(new.cost_decimals), ""),
        ("minimum volume", f"{old.min_volume:f}", f"{new.min_volume:f}", old.base),
        ("minimum cost", f"{old.min_cost:f}", f"{new.min_cost:f}", old.quote),
    )
    return [f"{name} {was} -> {now} {unit}".rstrip() for name, was, now, unit in rows if was != now]


def fee_change(old: Decimal, new: Decimal) -> list[str]:
    """The fee, if it differs."""
    return [] if old == new else [f"maker fee {_percent(old)} -> {_percent(new)}"]


def too_low(stated: Decimal, account: Decimal) -> str:
    """That a stated maker fee rate is below the account's own, and which of them counts."""
    own = _percent(account)
    return f"fee states {_percent(stated)}, the account pays {own}: {own} counts"


def _percent(rate: Decimal) -> str:
    shown = f"{EXACT.multiply(rate, Decimal(100)):f}"
    return f"{shown.rstrip('0').rstrip('.') if '.' in shown else shown} %"
