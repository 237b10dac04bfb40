"""What Kraken does not take at present, and when it is asked again. Pure; seconds of trio's clock.

A refusal that may pass puts off all that it is about, not the one request that met it: one request asks again after a
pause that grows, and the rest goes on once that one was taken. So neither a lockout nor a closed market is asked in a
loop, however many orders wait.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from adapters.exchanges.kraken.limits.request_queue import Batch
from adapters.exchanges.kraken.wire.error_texts import defer_reason, is_about_the_key, meaning_of, throttled_until
from messages.orders import DeferReason

LOCKOUT_SECONDS = 900.0
"""Kraken's own; every request in it makes it longer."""
PROBE_SECONDS = 8.0
"""Seconds for which the answer to the one request that asks again is awaited."""
_PAUSES: Mapping[DeferReason, tuple[float, float]] = {
    "locked out": (LOCKOUT_SECONDS, LOCKOUT_SECONDS),
    "credentials": (10.0, 300.0),
    "rate limit": (1.0, 60.0),
}
_PAUSE = (5.0, 60.0)
_FIRST_OF_RENEWED = 2.0
"""The next request has a new nonce or token, which is all that most of these need."""
_LONGEST_THROTTLE = 3600.0
ALL = "all"


class RequestHold(Struct, frozen=True):
    """One thing that is not taken now."""

    reason: DeferReason
    text: str
    """Kraken's own words."""
    since: float
    until: float
    """When to ask again."""
    times: int = 1
    pause: float = 0.0
    """Seconds that it lasted at first."""
    asking: bool = False
    """Whether the request that asks again is under way; its answer is waited for until `until`."""


class Holds:
    """Pauses that Kraken's refusals impose on one account; outlives its sessions."""

    def __init__(self) -> None:
        self._open: dict[str, RequestHold] = {}

    def refused(self, scope: str, text: str, now: float, unix_time: float) -> RequestHold:
        """Kraken does not take this now; `unix_time` is its clock. Doubled refusals count once."""
        before = self._open.get(scope)
        if before is not None and before.until > now and not before.asking:
            return before
        reason = defer_reason(text)
        again = before is not None and before.reason == reason
        times = before.times + 1 if before is not None and again else 1
        since = before.since if before is not None and again else now
        wait = pause(reason, text, times, unix_time)
        hold = RequestHold(reason, text, since, now + wait, times, wait)
        self._open[scope] = hold
        return hold

    def find(self, scopes: Iterable[str], now: float) -> RequestHold | None:
        """The hold that lasts longest of those that have not run out."""
        found = [hold for scope in scopes if (hold := self._open.get(scope)) and hold.until > now]
        return max(found, key=lambda hold: hold.until, default=None)

    def asks(self, scopes: Iterable[str], now: float) -> bool:
        """A request leaves; where something was held, it is the one that asks, and the others wait for its answer.

        Returns whether anything was held.
        """
        held = [scope for scope in scopes if scope in self._open]
        for scope in held:
            self._open[scope] = replace(self._open[scope], until=now + PROBE_SECONDS, asking=True)
        return bool(held)

    def taken(self, scopes: Iterable[str]) -> list[RequestHold]:
        """A request was taken: what held it up is over."""
        return [hold for scope in scopes if (hold := self._open.pop(scope, None))]

    def opened(self, symbol: str = "") -> bool:
        """The pair, or without a symbol the whole exchange, is said to trade again: what waited for that need not.

        Returns whether anything did.
        """
        prefix = f"{symbol} " if symbol else ""
        over = [s for s, hold in self._open.items() if hold.reason == "market mode" and s.startswith(prefix)]
        return bool(self.taken(over))


def pause(reason: DeferReason, text: str, times: int, unix_time: float) -> float:
    """Seconds until it is asked again, the `times`th time in a row."""
    until = throttled_until(text)
    if until is not None and until > unix_time:
        return min(max(until - unix_time, 1.0), _LONGEST_THROTTLE)
    first, longest = _PAUSES["rate limit"] if until is not None else _PAUSES.get(reason, _PAUSE)
    if meaning_of(text) in ("nonce", "token"):
        first = _FIRST_OF_RENEWED
    return min(first * 2.0 ** min(times - 1, 10), longest)


def scopes_of(batch: Batch) -> tuple[str, ...]:
    """What may hold this request up, from the widest to the narrowest."""
    kind = "cancels" if batch.cancels else "orders"
    return ALL, kind, f"{batch.symbol} {_manner(batch)}"


def scope_of(batch: Batch, text: str) -> str:
    """What a refusal of this request is about."""
    everything, kind, narrow = scopes_of(batch)
    if is_about_the_key(text):
        return everything
    return kind if defer_reason(text) in ("credentials", "user locked") else narrow


def _manner(batch: Batch) -> str:
    """A market may take maker orders and no others, or cancels and no orders."""
    if batch.cancels:
        return "cancels"
    return "maker orders" if all(order.post_only for order in batch.orders) else "orders"
