"""Identifiers as the venue mints them: three groups of 6, 5 and 6 signs of `[A-Z0-9]`."""

import random
import re
import string

_SIGNS = string.ascii_uppercase + string.digits
_TOKEN_SIGNS = string.ascii_letters + string.digits
_TOKEN_LENGTH = 43
_WELL_FORMED = re.compile(r"[A-Z0-9]{6}-[A-Z0-9]{5}-[A-Z0-9]{6}")


def is_well_formed(identifier: str) -> bool:
    """Whether it looks like an id of an order, trade or ledger entry."""
    return _WELL_FORMED.fullmatch(identifier) is not None


class Mint:
    """Draws ids that never repeat; the same seed gives the same ids."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - names of a simulated venue, no secrets
        self._drawn: set[str] = set()
        self._trade_id = 98_111_099
        self._number = 0

    def order(self) -> str:
        return self._draw("O")

    def trade(self) -> str:
        return self._draw("T")

    def ledger(self) -> str:
        return self._draw("L")

    def token(self) -> str:
        return "".join(self._random.choices(_TOKEN_SIGNS, k=_TOKEN_LENGTH))

    def connection(self) -> int:
        """Exceeds signed 64 bit, as recorded."""
        return (1 << 63) + self._random.getrandbits(62)

    def trade_number(self) -> int:
        """The rising number of the public tape."""
        self._trade_id += 1
        return self._trade_id

    def number(self) -> int:
        """Rises with every call: order of arrival."""
        self._number += 1
        return self._number

    def _draw(self, first: str) -> str:
        while True:
            signs = first + "".join(self._random.choices(_SIGNS, k=16))
            name = f"{signs[:6]}-{signs[6:11]}-{signs[11:]}"
            if name not in self._drawn:
                self._drawn.add(name)
                return name
