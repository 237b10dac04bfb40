"""The open conditions of one producer: changes go to the status page, the journal and the log."""

import logging

from actors.mailbox import Mailbox
from actors.metrics.status_page import post_report
from actors.notifier.wait_texts import duration
from messages.about import about
from messages.conditions import Condition, ConditionChanged, ConditionCode, Conditions
from messages.mailboxes import MetricsMail, PersistenceMail

logger = logging.getLogger("infinity_grid.conditions")

_WORKS_AGAIN: frozenset[ConditionCode] = frozenset({"connection", "credentials", "database"})
_SECOND = 10**9


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

    def codes(self, strategy: int) -> list[ConditionCode]:
        """Codes of the conditions that are open for this userref; 0 means the whole program."""
        return [code for userref, code in self._open if userref == strategy]

    def open(
        self, strategy: int, code: ConditionCode, detail: str, time: int, *, blocks: bool = False, told: bool = False
    ) -> bool:
        """Open it, or say it in newer words; returns whether it was not open before.

        `told`: another line of the log always says the same.
        """
        before = self._open.get((strategy, code))
        condition = Condition(strategy, code, detail, before.since if before else time, blocks)
        if condition == before:
            return False
        self._open[strategy, code] = condition
        self._publish()
        if before is None:
            logger.log(
                logging.DEBUG if told else logging.WARNING,
                "%s: %s",
                code,
                detail,
                extra=about(strategy=strategy, cause=code),
            )
            self._persistence.post(ConditionChanged(condition, closed=False, time=time))
        return before is None

    def close(self, strategy: int, code: ConditionCode, time: int, *, told: bool = False) -> Condition | None:
        """It is over; returns it if it was open. `told` as for `open`."""
        gone = self._open.pop((strategy, code), None)
        if gone is not None:
            self._publish()
            words = "works again" if code in _WORKS_AGAIN else "over"
            lasted = duration(max(0, round((time - gone.since) / _SECOND)))
            name, colon, _ = gone.detail.partition(": ")
            of = f"{name}: " if strategy and colon else ""
            level = logging.DEBUG if told else logging.INFO
            fields = about(strategy=strategy, cause=code)
            logger.log(level, "%s: %s%s after %s", code, of, words, lasted, extra=fields)
            self._persistence.post(ConditionChanged(gone, closed=True, time=time))
        return gone

    def close_all(self, time: int) -> None:
        """Close all conditions: the producer restarts and knows of none."""
        for strategy, code in list(self._open):
            self.close(strategy, code, time)

    def _publish(self) -> None:
        rows = sorted(self._open.values(), key=lambda row: (row.strategy, row.code))
        post_report(self._metrics, Conditions(self._origin, tuple(rows)))
