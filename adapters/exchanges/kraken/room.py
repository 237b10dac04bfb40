"""Room for open orders: once a pair has no more of it, no further order is sent only to be refused. Pure."""

from collections.abc import Mapping

from msgspec import Struct

SHORT_SECONDS = 60.0
FULL_SECONDS = 300.0
"""After so long one order is tried: orders of others may have made room unseen."""


class _Full(Struct, frozen=True):
    ended: int
    until: float


class Room:
    """Of one account, by pair; outlives its sessions. Seconds of trio's clock."""

    def __init__(self) -> None:
        self._full: dict[str, _Full] = {}
        self._short: dict[str, float] = {}

    def used_up(self, symbol: str, ended: Mapping[str, int], now: float) -> None:
        """Kraken refused one single order of this pair; `ended` counts its orders that were closed until now."""
        self._full[symbol] = _Full(ended.get(symbol, 0), now + FULL_SECONDS)

    def ran_short(self, symbol: str, now: float) -> None:
        """Kraken refused several orders of this pair together: some of them may fit."""
        self._short[symbol] = now + SHORT_SECONDS

    def is_short(self, symbol: str, now: float) -> bool:
        """Whether one request of this pair waits for the answer to the one before: most would be refused."""
        return self._short.get(symbol, now) > now

    def is_left(self, symbol: str, ended: Mapping[str, int], now: float) -> bool:
        """Whether an order may be tried: nothing is known, one of the pair was closed, or it is time to try."""
        full = self._full.get(symbol)
        if full is None or (now < full.until and full.ended == ended.get(symbol, 0)):
            return full is None
        del self._full[symbol]
        return True
