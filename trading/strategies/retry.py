"""When something that failed is tried again: after a pause, and for some failures only once something has changed.

All times are in nanoseconds UTC.
"""

from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

from trading.strategies.core import NEVER

RETRY_AFTER = 10 * 10**9
"""What lacked funds or was refused is tried again no sooner than this, in nanoseconds of data time."""
ASK_AGAIN_AFTER = 600 * 10**9
"""What only a change can help is tried again after this, in nanoseconds, without any change."""
CROSSINGS_AT_ONCE = 2
"""Post-only buys at one price that may be refused, as they would have been taken, before the next one waits."""
FIRST_CROSSING_PAUSE = 10**9
"""The pause after a further one, in nanoseconds; it doubles with each, up to `RETRY_AFTER`."""
CROSSINGS_FORGOTTEN = 30 * 10**9
"""Nanoseconds without another one after which the next one is the first again."""

Change = Literal["funds", "place", "rules"]
"""What can make an order succeed that failed.

`funds`: the balance changed, or an order was closed that held some. `place`: an order less is open on the pair.
`rules`: the venue has other rules, takes orders again, or the program restarts.
"""
TIME_ALONE: frozenset[Change] = frozenset()
OTHER_FUNDS: frozenset[Change] = frozenset({"funds"})
A_PLACE: frozenset[Change] = frozenset({"funds", "place"})
"""A change of funds is how a strategy learns that an order of another owner has made room."""
OTHER_RULES: frozenset[Change] = frozenset({"rules"})


class Retry(Struct):
    """Why the last attempt of one side failed, and when the next one may be made."""

    reason: str = ""
    """In words; kept until the next attempt."""
    waits: bool = False
    """Whether the next attempt waits at all."""
    not_before: int = 0
    """No attempt before this time."""
    on: frozenset[Change] = TIME_ALONE
    """Nor before one of these changes; empty where time is enough."""
    at_last: int = NEVER
    """When the next attempt is made even though nothing has changed."""

    def failed(self, reason: str, now: int, *, on: AbstractSet[Change] = TIME_ALONE, at_last: int = NEVER) -> None:
        """An attempt failed at `now`: the next one follows after a pause, and after one of the changes `on`."""
        self.reason, self.waits = reason, True
        self.not_before, self.on, self.at_last = now + RETRY_AFTER, frozenset(on), at_last

    def attempted(self, now: int) -> None:
        """All that was due was tried at `now`: what still waits is tried again after a pause."""
        self.failed("", now)

    def closed_early(self, time: int) -> None:
        """The exchange closed an order at `time`: its successor follows after a pause, unless more is waited for."""
        self.waits, self.not_before = True, max(self.not_before, time + RETRY_AFTER)

    def changed(self, change: Change) -> None:
        """Something is new. What waited for it is tried as soon as the pause is over; new rules end the pause, too."""
        if change not in self.on:
            return
        if change == "rules":
            self.at_once()
        self.on = TIME_ALONE

    def at_once(self) -> None:
        """Nothing is waited for any more."""
        self.waits, self.not_before, self.on, self.at_last = False, 0, TIME_ALONE, NEVER

    @property
    def is_barred(self) -> bool:
        """Whether the venue's rules forbid it: then neither funds nor a free place help."""
        return self.waits and "rules" in self.on

    @property
    def next_attempt(self) -> int:
        """When the next attempt may be made if nothing changes; 0 where nothing is waited for."""
        if not self.waits:
            return 0
        return max(self.not_before, self.at_last) if self.on else self.not_before

    def must_wait(self, now: int) -> bool:
        """Whether the next attempt has to wait still."""
        return now < self.next_attempt


class BuyRetry(Retry):
    """When missing buys are tried again."""

    refill_at: int = NEVER
    """When buys that the venue has closed are placed again although no trade comes."""
    freed_at: int = 0
    """When the newest buy was closed: a refusal for funds that is older says nothing of now."""

    def begun(self) -> None:
        """The buys are decided again; whatever still prevents them is found again."""
        self.at_once()
        self.reason, self.refill_at = "", NEVER

    def hindered(self, reason: str) -> None:
        """No attempt was made, for this reason; the next trade may end it."""
        self.reason = reason

    def made_way(self) -> None:
        """An order of ours was withdrawn for something better: only the venue's rules can still be in the way."""
        if not self.is_barred:
            self.at_once()

    def freed(self, time: int) -> None:
        """A buy was closed at `time`: what it held is free, and no change of balances tells of that."""
        self.freed_at = max(self.freed_at, time)
        self.changed("funds")

    def closed_by_venue(self, time: int) -> None:
        """The venue closed a buy by itself at `time`: it goes back after a pause, even without a trade."""
        self.refill_at = min(self.refill_at, time + RETRY_AFTER)

    def takes_refill(self, now: int) -> bool:
        """Whether it is time to place buys again that the venue has closed; said once."""
        is_due = now >= self.refill_at
        if is_due:
            self.refill_at = NEVER
        return is_due

    def asks_for_place_at(self, time: int) -> None:
        """The limit of open orders was met again; the next attempt is at `time`."""
        if "place" in self.on:
            self.at_last = time


class OrderLimit(Struct):
    """How many orders the exchange takes, as far as refusals have shown it."""

    known: int | None = None
    """How many orders of this strategy fit; None while no refusal has shown a limit."""
    until: int = 0
    """When one more is tried."""

    def shown(self, fits: int, until: int) -> None:
        """A refusal has shown that `fits` orders fit; one more is tried at `until`."""
        self.known, self.until = fits, until

    def shared(self, until: int) -> None:
        """Other strategies fill it with us; one more is tried at `until`."""
        self.until = until

    def holds(self, number: int) -> None:
        """This many are open, so at least this many fit."""
        if self.known is not None:
            self.known = max(self.known, number)

    def at(self, now: int) -> int | None:
        """How many may be open at `now`, one to try included; None while no limit is known."""
        return None if self.known is None else self.known + (now >= self.until)


class Crossings(Struct):
    """Post-only buys that would have been taken: the last trade is above the market."""

    times: dict[Decimal, int] = field(default_factory=dict)
    """By price, how often in a row."""
    newest: int = 0
    """When that was last."""
    until: int = 0
    """When such a price is tried again."""

    def crossed(self, price: Decimal, time: int, now: int) -> None:
        """A buy at `price` would have been taken. The venue is not asked the same with each trade.

        The pause is for this price only: at another one the buy is decided again.
        """
        if time - self.newest > CROSSINGS_FORGOTTEN:
            self.times.clear()
        self.newest = max(self.newest, time)
        times = self.times[price] = self.times.get(price, 0) + 1
        pause = FIRST_CROSSING_PAUSE << min(times - CROSSINGS_AT_ONCE - 1, 10) if times > CROSSINGS_AT_ONCE else 0
        self.until = max(time, now) + min(pause, RETRY_AFTER)

    def traded(self) -> None:
        """An order was executed: the market has been where our orders are."""
        self.times.clear()

    def would_cross(self, price: Decimal, now: int) -> bool:
        """Whether a buy at this price was refused just now, again and again."""
        return self.times.get(price, 0) > CROSSINGS_AT_ONCE and now < self.until
