"""What the program asks the venue for, request by request: never to cancel what is not its own.

An order of somebody else that is already closed, or a request that the venue refuses, shows in no event: the venue's
own log of requests does.
"""

from collections.abc import Iterator

from simulators.kraken.model.venue import Venue
from simulators.kraken.request_log import Entry, RequestLog
from tests.oracle.ids import userref_of
from tests.simulation.around import Around
from tests.simulation.books import Violation
from tests.simulation.lives import USERREFS

NEVER = frozenset({"cancelall", "cancelallordersafter", "amendorder", "editorder"})
"""Requests about everybody's orders, and such as change an order in place."""
NAMES = ("order_id", "cl_ord_id", "txid", "orders", "cl_ord_ids")


class Asked:
    """Reads the log as it grows."""

    def __init__(self, log: RequestLog, venue: Venue, around: Around) -> None:
        self._log = log
        self._venue = venue
        self._around = around
        self._read = 0

    def check(self) -> None:
        """What was asked since the last time. Raises `Violation`."""
        news = []
        for entry in reversed(self._log.entries):
            if entry.number <= self._read:
                break
            news.append(entry)
        if news:
            self._read = news[0].number
        for entry in reversed(news):
            self._check(entry)

    def _check(self, entry: Entry) -> None:
        name = entry.name.lower().replace("_", "")
        if name in NEVER:
            raise Violation(f"the program asks for {entry.name}: {entry.params}")
        if "cancel" not in name:
            return
        for named in _named(entry.params):
            if not self._is_ours(named):
                raise Violation(f"the program asks to cancel {named}, an order of somebody else: {entry.name}")

    def _is_ours(self, name: str) -> bool:
        order = self._venue.orders.get(name)
        client_id = name if order is None else order.request.cl_ord_id or ""
        return userref_of(client_id) in USERREFS and client_id not in self._around.foreign


def _named(params: object) -> Iterator[str]:
    """Every id in a request to cancel."""
    if not isinstance(params, dict):
        return
    for key in NAMES:
        value = params.get(key, ())
        for one in value if isinstance(value, list) else [value] if value else []:
            if isinstance(one, str):
                yield from one.split(",")
            else:
                yield from _named(one)
