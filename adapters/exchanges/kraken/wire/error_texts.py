"""Kraken's error texts, and what each means for the request that met it.

An error is `<severity><Category>:<text>[:<extra>]`. Texts are matched by prefix, and what is not in the
catalogue counts as ambiguous: a request that may have been carried out is never sent again unchecked.
"""

import re
from collections.abc import Sequence
from typing import Literal

from messages.orders import DeferReason, RejectReason

Meaning = Literal[
    "refused",
    "wait",
    "ambiguous",
    "credentials",
    "forbidden",
    "nonce",
    "token",
    "lockout",
    "unknown order",
    "duplicate id",
]
"""
- `refused`        nothing happened, and the same request would be refused again
- `wait`           nothing happened, the same request may work later
- `ambiguous`      it may or may not have happened
- `credentials`    nothing happened: the key is wrong, disabled or lacks a right. Kraken says so of good keys, too,
                   for minutes, so that only a key that has never worked is given up at once
- `forbidden`      the account may not do this, with any key
- `nonce`, `token` nothing happened, repeat with a new one
- `lockout`        nothing happened, every call makes it worse for a quarter of an hour
- `unknown order`  no open order of this id
- `duplicate id`   an order with this client id is open
"""

_CATALOGUE: Sequence[tuple[str, Meaning]] = (
    ("EGeneral:Invalid arguments:cl_ord_id not unique", "duplicate id"),
    ("EGeneral:Invalid arguments", "refused"),
    ("EGeneral:Permission denied", "credentials"),
    ("EGeneral:Temporary lockout", "lockout"),
    ("EGeneral:Internal error", "ambiguous"),
    ("EGeneral:Unknown method", "refused"),
    ("EGeneral:Too many requests", "wait"),
    ("EAPI:Invalid key", "credentials"),
    ("EAPI:Invalid signature", "credentials"),
    ("EAPI:Invalid nonce", "nonce"),
    ("EAPI:Rate limit exceeded", "wait"),
    ("EAPI:Bad request", "refused"),
    ("EAPI:Invalid token", "token"),
    ("ESession:Invalid session", "token"),
    ("EService:Market in ", "wait"),
    ("EService:Throttled", "wait"),
    ("EService:Unavailable", "ambiguous"),
    ("EService:Busy", "ambiguous"),
    ("EService:Deadline elapsed", "ambiguous"),
    ("EOrder:Unknown order", "unknown order"),
    ("EOrder:Invalid order", "unknown order"),
    ("EOrder:Rate limit exceeded", "wait"),
    ("EOrder:Domain rate limit exceeded", "wait"),
    ("EOrder:", "refused"),
    ("EQuery:", "refused"),
    ("EAccount:Invalid permissions", "forbidden"),
    ("EAuth:Rate limit exceeded", "wait"),
    ("EAuth:Too many requests", "wait"),
    ("EAuth:", "credentials"),
    ("ETrade:User Locked", "wait"),
    ("ETrade:", "refused"),
    ("EBM:limit exceeded", "refused"),
    ("EFunding:", "refused"),
    ("Exceeded msg rate", "wait"),
)

_REASONS: Sequence[tuple[str, RejectReason]] = (
    ("EOrder:Insufficient funds", "funds"),
    ("EOrder:Insufficient margin", "funds"),
    ("EOrder:Order minimum not met", "minimum"),
    ("EOrder:Cost minimum not met", "minimum"),
    ("EGeneral:Invalid arguments:volume minimum not met", "minimum"),
    ("EOrder:Post only order", "post-only"),
    ("EOrder:Orders limit exceeded", "order limit"),
    ("EAccount:Invalid permissions", "pair"),
    ("EQuery:Unknown asset pair", "pair"),
    ("EOrder:Tick size check failed", "rules"),
    ("EOrder:Invalid price", "rules"),
    ("EGeneral:Invalid arguments:price", "rules"),
)

_DELAYS: Sequence[tuple[str, DeferReason]] = (
    ("EGeneral:Temporary lockout", "locked out"),
    ("EService:Market in ", "market mode"),
    ("ETrade:User Locked", "user locked"),
    ("EService:Throttled", "rate limit"),
    ("EGeneral:Too many requests", "rate limit"),
    ("EAuth:Too many requests", "rate limit"),
    ("Exceeded msg rate", "rate limit"),
)
_THE_KEY_ITSELF = (
    "EAPI:Invalid key",
    "EAPI:Invalid signature",
    "EAuth:",
    "EGeneral:Temporary lockout",
    "EService:Throttled",
    "Exceeded msg rate",
)
_THROTTLED = re.compile(r"EService:Throttled:(\d+)")

_AFTER_COLON = re.compile(r":\s+")


class KrakenError(Exception):
    """The exchange answered with an error. It stays inside this package."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    @property
    def meaning(self) -> Meaning:
        """What it means for the request."""
        return meaning_of(self.text)


def meaning_of(text: str) -> Meaning:
    """The class of an error text; `ambiguous` for an unknown one."""
    tight = _tight(text)
    return next((meaning for prefix, meaning in _CATALOGUE if tight.startswith(prefix)), "ambiguous")


def reject_reason(text: str) -> RejectReason:
    """Why an order was refused, as the strategies know it."""
    tight = _tight(text)
    return next((reason for prefix, reason in _REASONS if tight.startswith(prefix)), "refused")


def defer_reason(text: str) -> DeferReason:
    """Why a request is not taken now, as the strategies know it."""
    tight = _tight(text)
    if found := next((reason for prefix, reason in _DELAYS if tight.startswith(prefix)), None):
        return found
    if meaning_of(tight) in ("credentials", "nonce", "token"):
        return "credentials"
    return "rate limit" if "ate limit" in tight else "no answer"


def is_about_the_key(text: str) -> bool:
    """Whether a refusal holds for each request of the key, whatever it asks for."""
    return _tight(text).startswith(_THE_KEY_ITSELF)


def throttled_until(text: str) -> float | None:
    """UNIX time in seconds before which Kraken takes nothing, where it says that."""
    found = _THROTTLED.match(_tight(text))
    return float(found[1]) if found else None


def _tight(text: str) -> str:
    return _AFTER_COLON.sub(":", text.strip())


def first_error(errors: Sequence[str]) -> str | None:
    """The failure in a REST envelope; warnings are none."""
    return next((text for text in errors if not text.startswith("W")), None)
