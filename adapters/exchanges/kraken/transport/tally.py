"""How many requests of each method were sent, and how they ended: over REST and over the WebSockets, in one place."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal, get_args

from adapters.exchanges.kraken.wire.error_texts import defer_reason, meaning_of

Outcome = Literal["ok", "refused", "rate_limited", "unknown"]
"""
- `rate_limited`  refused for sending too much, lockouts included
- `unknown`       no usable answer: a timeout, a lost connection, an error text that says nothing of what happened
"""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class RequestTally:
    """Counts the requests of one opened exchange, by Kraken's names: `AddOrder` over REST, `add_order` over sockets."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def answered(self, method: str, error: str | None = None) -> None:
        """A request ended; `error` is Kraken's text, or what became of the connection."""
        self._counts[method, outcome_of(error)] += 1

    def refused(self, method: str, error: str) -> None:
        """Kraken said no over a WebSocket, where not every text is one of its catalogue."""
        outcome = outcome_of(error)
        self._counts[method, outcome if error.startswith("E") or outcome != "unknown" else "refused"] += 1

    def unanswered(self, method: str) -> None:
        """The request ended without a known outcome."""
        self._counts[method, "unknown"] += 1

    def counts(self) -> Mapping[tuple[str, str], int]:
        """By method and outcome."""
        return dict(self._counts)


def outcome_of(error: str | None) -> Outcome:
    """What an error text says of its request."""
    if error is None:
        return "ok"
    if meaning_of(error) == "lockout" or defer_reason(error) in ("rate limit", "locked out"):
        return "rate_limited"
    return "unknown" if meaning_of(error) == "ambiguous" else "refused"
