"""Room for open orders: who gets the places that a pair has left, and that no order is sent only to be refused. Pure.

The venue limits the open orders of one pair and does not say to how many. Once it has refused a single order nothing
is sent before an order of the pair is closed, and then as many as were closed. Counter-sells come first: a place that a
refused one waits for is not given to a new buy.
"""

from collections.abc import Mapping

from msgspec import Struct

from messages.ids import ClientOrderId

SHORT_SECONDS = 60.0
FULL_SECONDS = 300.0
"""Seconds after which one order is tried: external orders may have made room unseen."""
NEXT_TRIAL_SECONDS = 5.0
"""Seconds before another order is tried without a closure, once one has been sent as a trial."""
OWED_SECONDS = 30.0
"""A strategy asks again for a refused counter-sell within ten seconds; one that has given it up does not."""
ANY = 10**6
"""More than any request holds: no limit is known."""


class _Full(Struct):
    ended: int
    """Orders of the pair that had been closed when its last place was taken."""
    until: float


class Room:
    """Room below the limit of open orders, by pair of one account; outlives its sessions. Seconds of trio's clock."""

    def __init__(self) -> None:
        self._full: dict[str, _Full] = {}
        self._short: dict[str, float] = {}
        self._owed: dict[str, dict[ClientOrderId, float]] = {}
        """Counter-sells that found no room, by client id, and until when their place is kept."""

    def used_up(self, symbol: str, ended: Mapping[str, int], now: float) -> None:
        """Kraken refused one single order of this pair; `ended` counts its orders that were closed until now."""
        self._full[symbol] = _Full(ended.get(symbol, 0), now + FULL_SECONDS)

    def ran_short(self, symbol: str, now: float) -> None:
        """Kraken refused several orders of this pair together: some of them may fit."""
        self._short[symbol] = now + SHORT_SECONDS

    def is_short(self, symbol: str, now: float) -> bool:
        """Whether one request of this pair waits for the answer to the one before: most would be refused."""
        return self._short.get(symbol, now) > now

    def left(self, symbol: str, ended: Mapping[str, int], now: float) -> int:
        """How many orders may be tried: `ANY` while no limit is known, else as many as were closed since."""
        full = self._full.get(symbol)
        closed = ended.get(symbol, 0)
        if full is None or closed < full.ended:  # a new session counts from 0
            self._full.pop(symbol, None)
            return ANY
        return closed - full.ended or int(now >= full.until)

    def take(self, symbol: str, orders: int, ended: Mapping[str, int], now: float) -> None:
        """Count orders of the pair as sent: they use up the places that closed orders left."""
        full = self._full.get(symbol)
        if full is None:
            return
        if full.ended == ended.get(symbol, 0):
            full.until = now + NEXT_TRIAL_SECONDS
        full.ended = min(full.ended + orders, ended.get(symbol, 0))

    def give_back(self, symbol: str, orders: int) -> None:
        """This many sent orders were refused for other reasons: their places are free."""
        if full := self._full.get(symbol):
            full.ended -= orders

    def owe(self, symbol: str, order_id: ClientOrderId, now: float) -> None:
        """Keep the pair's next free place for this refused counter-sell, for `OWED_SECONDS`."""
        self._owed.setdefault(symbol, {})[order_id] = now + OWED_SECONDS

    def settle(self, symbol: str, order_id: ClientOrderId) -> None:
        """No place is owed any more to this order: it was sent again, or is not wanted."""
        self._owed.get(symbol, {}).pop(order_id, None)

    def owed(self, symbol: str, now: float) -> int:
        """How many places are kept for counter-sells that were refused."""
        owed = self._owed.get(symbol)
        if not owed:
            return 0
        for order_id in [order_id for order_id, until in owed.items() if until <= now]:
            del owed[order_id]
        return len(owed)
