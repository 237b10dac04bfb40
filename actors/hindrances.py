"""What holds up one strategy, as conditions: orders that the venue puts off, and what its core itself waits for."""

import math
from collections.abc import Mapping

import trio

from actors.condition_book import ConditionBook
from actors.mailbox import Mailbox
from messages.conditions import ConditionCode
from messages.counted import counted
from messages.mailboxes import NotifierMail
from messages.notices import OrdersPutOff, OrdersTaken
from messages.orders import Canceled, DeferReason, Deferred, Filled, OrderEvent, PartiallyFilled, Rejected
from messages.status import StrategyReport

TELL_AFTER = 60.0
"""Seconds that a wait for the rate budget or an answer lasts before the user is notified; others notify at once."""
_PUT_OFF: Mapping[DeferReason, ConditionCode] = {
    "locked out": "lockout",
    "market mode": "market closed",
    "credentials": "credentials",
    "user locked": "orders put off",
    "rate limit": "orders put off",
    "no answer": "orders put off",
    "no room": "orders put off",
}
_BRIEF: frozenset[DeferReason] = frozenset({"rate limit", "no answer", "no room"})
_OF_THE_CORE: tuple[ConditionCode, ...] = ("funds", "sell waits", "fewer buys", "order limit", "orders refused")
_SHOWN = 3
CROSSINGS = 3
"""Post-only buys in a row that would have been taken at once, beyond which it is no accident."""
RESTS_AFTER = 30.0
"""Seconds without another one after which the buys rest."""


class Hindrances:
    """What keeps one strategy's orders from being placed; empty at each start. Times are nanoseconds UTC."""

    def __init__(
        self, book: ConditionBook, notifier: Mailbox[NotifierMail], userref: int, name: str, symbol: str
    ) -> None:
        self._book = book
        self._notifier = notifier
        self._userref = userref
        self._name = name
        self._symbol = symbol
        self._waiting: dict[str, Deferred] = {}
        self._since: dict[ConditionCode, float] = {}
        """Seconds of trio's clock."""
        self._told: set[ConditionCode] = set()
        self._crossed = 0
        self._crossed_at = -math.inf
        self._newest: StrategyReport | None = None
        self._refused = 0
        """Orders in a row that were refused, by the exchange or for lack of funds before they left."""
        self._refusal = ""
        self._is_named = False
        """Whether the core has named a wait since the first of them: it says itself what becomes of its orders."""

    def begin(self, time: int) -> None:
        """The strategy has been resynced; what still waits is reported again."""
        self._waiting.clear()
        self._show(time)

    def put_off(self, event: Deferred) -> None:
        """The venue does not take this order now."""
        self._waiting[event.order_id] = event
        self._show(event.time)

    def answered(self, event: OrderEvent) -> None:
        """The order was taken, refused or withdrawn."""
        if self._waiting.pop(event.order_id, None) is not None:
            self._show(event.time)
        if isinstance(event, Canceled | Rejected) and event.reason == "post-only":
            self._crossed += 1
            self._crossed_at = trio.current_time()
        elif isinstance(event, Filled | PartiallyFilled):
            self._crossed = 0
        self._count_refusals(event)

    def _count_refusals(self, event: OrderEvent) -> None:
        if isinstance(event, Rejected):
            if event.reason != "post-only":  # counted as crossings
                self._refused += 1
                self._refusal = event.text or event.reason
        elif not isinstance(event, Canceled):
            self._refused = 0
            self._is_named = False

    def count(self) -> int:
        """How many orders are put off."""
        return len(self._waiting)

    def report(self, report: StrategyReport, time: int) -> None:
        """What the core says that it waits for."""
        found: dict[ConditionCode, list[str]] = {}
        for hindrance in report.held_up:
            found.setdefault(hindrance.code, []).append(hindrance.detail)
        self._name_crossings(report, found)
        self._is_named |= self._refused > 0 and bool(found or report.waiting)
        if self._refused and not self._is_named:
            # Built-in kinds name what they lack; a plug-in may leave its refusals unheard.
            detail = f"the last {counted(self._refused, 'order')} of {self._symbol} refused: {self._refusal}"
            found["orders refused"] = [detail]
        for code in _OF_THE_CORE:
            if details := found.get(code):
                more = f"; and {len(details) - _SHOWN} more" if len(details) > _SHOWN else ""
                words = f"{self._name}: {'; '.join(details[:_SHOWN])}{more}"
                self._book.open(self._userref, code, words, time, told=code == "funds")  # a notice says it, too
            else:
                self._book.close(self._userref, code, time)

    def _name_crossings(self, report: StrategyReport, found: dict[ConditionCode, list[str]]) -> None:
        """Why no buy rests in a market whose last trade is above its present ask."""
        self._newest = report
        if self._rests_again() and trio.current_time() >= self._crossed_at + RESTS_AFTER:
            self._crossed = 0
        if self._crossed >= CROSSINGS:
            price = "" if report.price is None else f" of {report.price:f}"
            detail = f"post-only buys would cross the ask: the last trade{price} is above the market; tried again"
            found.setdefault("fewer buys", []).append(detail)

    def _rests_again(self) -> bool:
        """Whether crossings are named although a buy rests: after a while without another one that is over."""
        orders = () if self._newest is None else self._newest.orders
        return self._crossed >= CROSSINGS and any(one.side == "buy" and one.phase == "open" for one in orders)

    def tell_at(self) -> float:
        """When `tell` has something to say, in seconds of trio's clock."""
        untold = (since for code, since in self._since.items() if code not in self._told)
        waits = min(untold, default=math.inf) + TELL_AFTER
        return min(waits, self._crossed_at + RESTS_AFTER) if self._rests_again() else waits

    def tell(self, time: int) -> None:
        """Notices of waits that have lasted, and the end of crossings, for which no report may come."""
        if self._newest and self._rests_again() and trio.current_time() >= self._crossed_at + RESTS_AFTER:
            self.report(self._newest, time)
        for code, since in self._since.items():
            if code not in self._told and trio.current_time() >= since + TELL_AFTER:
                self._notice(code)

    def _show(self, time: int) -> None:
        groups: dict[ConditionCode, list[Deferred]] = {}
        for event in self._waiting.values():
            groups.setdefault(_PUT_OFF[event.reason], []).append(event)
        for code in dict.fromkeys(_PUT_OFF.values()):
            if events := groups.get(code):
                self._opened(code, events, time)
            elif code in self._since:
                self._closed(code, time)
            else:
                self._book.close(self._userref, code, time)  # of an earlier start

    def _opened(self, code: ConditionCode, events: list[Deferred], time: int) -> None:
        newest = events[-1]
        detail = f"{self._name}: {counted(len(events), 'order')} of {self._symbol} put off: {newest.text}"
        self._book.open(self._userref, code, detail, time, blocks=True, told=True)  # the adapter logs it, too
        self._since.setdefault(code, trio.current_time())
        if code not in self._told and any(event.reason not in _BRIEF for event in events):
            self._notice(code)

    def _closed(self, code: ConditionCode, time: int) -> None:
        self._book.close(self._userref, code, time)
        lasted = round(trio.current_time() - self._since.pop(code))
        if code in self._told:
            self._told.remove(code)
            self._notifier.post(OrdersTaken(self._name, self._symbol, lasted))

    def _notice(self, code: ConditionCode) -> None:
        self._told.add(code)
        events = [event for event in self._waiting.values() if _PUT_OFF[event.reason] == code]
        newest = events[-1]
        self._notifier.post(OrdersPutOff(self._name, self._symbol, newest.reason, newest.text, len(events)))
