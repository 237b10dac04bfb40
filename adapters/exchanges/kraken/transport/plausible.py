"""Times of the venue that lie ahead of the venue's own clock: nothing may wait for a moment that does not come soon.

A fill that is stamped an hour ahead would make every price look older than it for an hour.
"""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from msgspec.structs import replace

from adapters.exchanges.kraken.transport.server_clock import SECOND
from messages.account import AccountSnapshot, History, OrderFacts
from messages.mailboxes import ExchangeEvent
from messages.market import Tick
from messages.orders import Accepted, Amended, Canceled, Filled, PartiallyFilled

AHEAD = 60 * SECOND
"""More than our idea of the venue's clock may be wrong by, and soon over."""

Timed = TypeVar("Timed", bound=Accepted | Amended | Canceled | Filled | PartiallyFilled | OrderFacts | Tick)


class Plausible:
    """Holds times against the venue's clock."""

    def __init__(self, now: Callable[[], int]) -> None:
        """`now` is the venue's clock in nanoseconds UTC."""
        self._now = now

    def of(self, item: Timed) -> Timed:
        """The item, with a stamp too far ahead of the venue's clock replaced by now: that is when we heard of it."""
        now = self._now()
        return item if item.time <= now + AHEAD else replace(item, time=now)

    def event(self, event: ExchangeEvent) -> ExchangeEvent:
        """The event, with a stamp too far ahead replaced by now."""
        match event:
            case Accepted() | Amended() | Canceled() | Filled() | PartiallyFilled():
                return self.of(event)
            case _:
                return event

    def snapshot(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """The snapshot, with stamps of its orders that are too far ahead replaced by now."""
        return replace(snapshot, open_orders=tuple(self.of(facts) for facts in snapshot.open_orders))

    def history(self, history: History) -> History:
        """The history, with stamps of its orders that are too far ahead replaced by now."""
        return replace(history, orders=tuple(self.of(facts) for facts in history.orders))

    def events(self, events: AsyncIterator[ExchangeEvent]) -> "PlausibleEvents":
        """The events, each with a stamp too far ahead replaced by now."""
        return PlausibleEvents(self, events)


class PlausibleEvents:
    """An iterator that may be left at any time, unlike a generator."""

    def __init__(self, plausible: Plausible, events: AsyncIterator[ExchangeEvent]) -> None:
        self._plausible = plausible
        self._events = events

    def __aiter__(self) -> "PlausibleEvents":
        return self

    async def __anext__(self) -> ExchangeEvent:
        return self._plausible.event(await anext(self._events))
