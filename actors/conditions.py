"""The open conditions of one producer: told to the status page, the journal and the log when they change."""

import logging

from actors.mailbox import Mailbox
from actors.status_page import post_report
from messages.conditions import Condition, ConditionChanged, ConditionCode, Conditions
from messages.mailboxes import MetricsMail, PersistenceMail

logger = logging.getLogger("infinity_grid.conditions")


class ConditionBook:
    """What one producer says of its own conditions. Times are nanoseconds UTC."""

    def __init__(self, origin: str, metrics: Mailbox[MetricsMail], persistence: Mailbox[PersistenceMail]) -> None:
        """`origin` is unique among the producers of a program; it outlives restarts of the producer."""
        self._origin = origin
        self._metrics = metrics
        self._persistence = persistence
        self._open: dict[tuple[int, ConditionCode], Condition] = {}

    def find(self, strategy: int, code: ConditionCode) -> Condition | None:
        """The open condition, or None."""
        return self._open.get((strategy, code))

    def open(self, strategy: int, code: ConditionCode, detail: str, time: int, *, blocks: bool = False) -> bool:
        """Open it, or say it in newer words; returns whether it was not open before."""
        before = self._open.get((strategy, code))
        condition = Condition(strategy, code, detail, before.since if before else time, blocks)
        if condition == before:
            return False
        self._open[strategy, code] = condition
        self._publish()
        if before is None:
            logger.warning("%s: %s", code, detail)
            self._persistence.post(ConditionChanged(condition, closed=False, time=time))
        return before is None

    def close(self, strategy: int, code: ConditionCode, time: int) -> Condition | None:
        """It is over; returns it if it was open."""
        gone = self._open.pop((strategy, code), None)
        if gone is not None:
            self._publish()
            logger.info("%s is over: %s", code, gone.detail)
            self._persistence.post(ConditionChanged(gone, closed=True, time=time))
        return gone

    def close_all(self, time: int) -> None:
        """The producer starts anew and knows of none."""
        for strategy, code in list(self._open):
            self.close(strategy, code, time)

    def _publish(self) -> None:
        rows = sorted(self._open.values(), key=lambda row: (row.strategy, row.code))
        post_report(self._metrics, Conditions(self._origin, tuple(rows)))
