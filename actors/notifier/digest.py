"""Digest of undelivered notices, one row per kind and subject, so that memory stays bounded during an outage."""

from msgspec import Struct

from messages.letters import Letter, needs_somebody, subject_of
from messages.notices import MissedNotices, NoticeKind, NoticesMissed

SHOWN_ROWS = 25
"""Rows of one digest: more would not fit into one Telegram message."""
SHOWN_LETTERS = 200
"""Characters of each row of a digest."""
MAX_SUBJECTS = 2_000
"""Far more than the strategies of one program have; beyond, the oldest row is forgotten and only counted."""


class Missed:
    """Counts by kind and subject, and the newest notice of each."""

    def __init__(self) -> None:
        self.rows: dict[tuple[NoticeKind, str], _Row] = {}
        self.bot = ""
        self.folded = 0
        """Number of notices that wait for a digest; the rest of `count` were dropped."""
        self.count = 0
        self.forgotten = 0
        self.since = self.until = 0

    def __len__(self) -> int:
        return self.count

    def add(self, letter: Letter, *, dropped: bool) -> None:
        """Remember a notice by its kind and subject."""
        row = _Row(1, letter.headline[:SHOWN_LETTERS], letter.time, needs_somebody(letter.notice), letter.silent)
        self._merge((letter.kind, subject_of(letter.notice)), row)
        self.bot = letter.bot
        self.count += 1
        self.folded += not dropped
        self.since = min(self.since or letter.time, letter.time)
        self.until = max(self.until, letter.time)

    def absorb(self, other: "Missed") -> None:
        """Take over what another one remembers."""
        for key, row in other.rows.items():
            self._merge(key, row)
        self.bot = other.bot or self.bot
        self.count += other.count
        self.folded += other.folded
        self.forgotten += other.forgotten
        self.since = min(self.since or other.since, other.since or self.since)
        self.until = max(self.until, other.until)

    def summary(self, channel: str, reason: str) -> NoticesMissed:
        """The digest as one notice: rows that need the user come first, then the newest."""
        rows = [
            MissedNotices(kind, row.count, row.newest, row.time, row.urgent) for (kind, _), row in self.rows.items()
        ]
        rows.sort(key=lambda row: (row.urgent, row.time), reverse=True)
        return NoticesMissed(
            channel=channel,
            reason=reason,
            count=self.count,
            since=self.since,
            until=self.until,
            rows=tuple(rows[:SHOWN_ROWS]),
            left_out=len(rows[SHOWN_ROWS:]) + self.forgotten,
        )

    @property
    def silent(self) -> bool:
        """Whether every notice in it would have been silent."""
        return all(row.silent for row in self.rows.values())

    def _merge(self, key: tuple[NoticeKind, str], row: "_Row") -> None:
        known = self.rows.pop(key, None)
        if known is not None:
            newer = row if row.time >= known.time else known
            count, silent = known.count + row.count, known.silent and row.silent
            row = _Row(count, newer.newest, newer.time, newer.urgent, silent)
        elif len(self.rows) >= MAX_SUBJECTS:
            del self.rows[next(iter(self.rows))]
            self.forgotten += 1
        self.rows[key] = row


class _Row(Struct, frozen=True):
    count: int
    newest: str
    time: int
    urgent: bool
    silent: bool
