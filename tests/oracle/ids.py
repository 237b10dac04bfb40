"""What an order is, told by its id: the hash of its cause, worked out anew."""

import hashlib
from typing import Literal

from msgspec import Struct

Kind = Literal["counter", "ladder", "surplus", "extra"]
_MARK, _LENGTH, _MOST = "g", 18, 2**31 - 1
"""How each id begins, how long it is, and the largest userref of Kraken."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_AHEAD = 1_000
"""Ladder orders between two that the venue sees: each decision counts, those that were refused before they left too."""
ATTEMPTS = 40
"""Of one counter-order, at most; each needs the closure of the one before."""


class Cause(Struct, frozen=True):
    """Why an order exists."""

    kind: Kind
    parent: str = ""
    """Of a counter-order: exchange id of the filled order."""
    attempt: int = 0
    number: int = 0
    """Of an order that no fill asked for: it rises with each decision."""


def _digits(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text


def client_id(userref: int, cause: str) -> str:
    """Mark, userref and hash."""
    number = int.from_bytes(hashlib.sha256(cause.encode()).digest(), "big")
    return f"{_MARK}{_digits(userref, 6)}{_digits(number % 36**11, 11)}"


def attempt_of(parent: str, attempt: int) -> str:
    """The cause of a counter-order."""
    return f"{parent}#{attempt}" if attempt else parent


def answers_to(userref: int, parent: str) -> list[str]:
    """Every id that an answer to this filled order may have, first attempt first."""
    return [client_id(userref, attempt_of(parent, attempt)) for attempt in range(ATTEMPTS)]


def userref_of(name: str) -> int | None:
    """Whose order it is; None where the program cannot have made this id."""
    if len(name) != _LENGTH or name[0] != _MARK or not set(name) <= set(_DIGITS):
        return None
    userref = int(name[1:7], 36)
    return userref if userref <= _MOST else None


class Ids:
    """Every id that one strategy may use, as far as its past explains."""

    def __init__(self, userref: int, lineage: str) -> None:
        self._userref, self._lineage = userref, lineage
        self._known: dict[str, Cause] = {}
        self._counters: dict[str, int] = {}
        self._reckoned = 0
        self._reach(_AHEAD)

    def filled(self, txid: str) -> None:
        """From now on this order may be answered."""
        for attempt, name in enumerate(answers_to(self._userref, txid)):
            self._known[name] = Cause("counter", txid, attempt)

    def cause(self, name: str) -> Cause | None:
        """None: nothing that happened explains this id."""
        if name in self._counters:
            self._reach(self._counters[name] + _AHEAD)
        return self._known.get(name)

    def _reach(self, counter: int) -> None:
        kinds: tuple[Kind, ...] = ("ladder", "surplus", "extra")
        for number in range(self._reckoned + 1, counter + 1):
            for kind in kinds:
                name = client_id(self._userref, f"{self._lineage}/{kind}/{number}")
                self._known[name], self._counters[name] = Cause(kind, number=number), number
        self._reckoned = max(self._reckoned, counter)
