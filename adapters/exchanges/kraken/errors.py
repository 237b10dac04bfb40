"""Kraken's error texts, and what each means for the request that met it.

An error is `<severity><Category>:<text>[:<extra>]`. Texts are matched by prefix, and what is not in the
catalogue counts as ambiguous: a request that may have been carried out is never sent again unchecked.
"""

import re
from collections.abc import Sequence
from typing import Literal

from messages.orders import RejectReason

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
- `credentials`    the key is wrong or its account disabled; nothing to wait for
- `forbidden`      the key or the account lacks a right that this request needs
- `nonce`, `token` nothing happened, repeat with a new one
- `lockout`        nothing happened, every call makes it worse for a quarter of an hour
- `unknown order`  no open order of this id
- `duplicate id`   an order with this client id is open
"""

_CATALOGUE: Sequence[tuple[str, Meaning]] = (
    ("EGeneral:Invalid arguments:cl_ord_id not unique", "duplicate id"),
    ("EGeneral:Invalid arguments", "refused"),
    ("EGeneral:Permission denied", "forbidden"),
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
)

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
    tight = _AFTER_COLON.sub(":", text.strip())
    return next((meaning for prefix, meaning in _CATALOGUE if tight.startswith(prefix)), "ambiguous")


def reject_reason(text: str) -> RejectReason:
    """Why an order was refused, as the strategies know it."""
    tight = _AFTER_COLON.sub(":", text.strip())
    return next((reason for prefix, reason in _REASONS if tight.startswith(prefix)), "refused")


def first_error(errors: Sequence[str]) -> str | None:
    """The failure in a REST envelope; warnings are none."""
    return next((text for text in errors if not text.startswith("W")), None)
