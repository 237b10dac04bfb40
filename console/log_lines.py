"""Log records as lines: text for people, JSON for programs. No text from outside can forge or break a line."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from messages.about import ABOUT, FIELDS
from messages.ids import ClientOrderId, userref_of

LINES = "lines"
"""A record with this attribute has several lines on purpose: the further ones are indented."""

_INDENT = "    "
_BREAKS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Control characters, all that some viewer takes for the end of a line, and what turns the direction of writing."""
_ESCAPES = {code: repr(chr(code))[1:-1] for code in _BREAKS}


def one_line(text: str) -> str:
    """The text with escapes in place of line ends, other control characters and half characters."""
    if text.isprintable():
        return text
    return text.translate(_ESCAPES).encode("utf-8", "backslashreplace").decode()


def several_lines(text: str) -> str:
    """A text that has line ends on purpose: indented, no further line looks like a line of the log."""
    return f"\n{_INDENT}".join(one_line(line) for line in text.split("\n"))


def moment(created: float) -> str:
    """ISO 8601 in UTC, whatever this machine's time zone is: `2026-11-28T12:00:00.123Z`."""
    return datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _owner(order_ids: str) -> int | None:
    """The userref inside the first of these client ids."""
    return userref_of(ClientOrderId(order_ids.partition(" ")[0]))


class TextFormatter(logging.Formatter):
    """`2025-10-27T12:21:07.250Z     INFO | message`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; a traceback and what has several lines on purpose is indented below it."""
        words = several_lines if getattr(record, LINES, False) else one_line
        line = f"{moment(record.created)} {record.levelname:>8} | {words(record.getMessage())}"
        if record.exc_info:
            line = f"{line}\n{_INDENT}{several_lines(self.formatException(record.exc_info))}"
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what the line is about."""

    def __init__(self, names: Mapping[int, str] | None = None) -> None:
        """`names` of the strategies, by userref."""
        super().__init__()
        self._names = names or {}

    def format(self, record: logging.LogRecord) -> str:
        """`strategy`, `pair`, `order_id`, `exchange_id` and `cause` are there where the line is about one."""
        line = {
            "time": moment(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self._about(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)

    def _about(self, record: logging.LogRecord) -> dict[str, object]:
        fields = dict(getattr(record, ABOUT, None) or {})
        strategy = fields.get("strategy") or _owner(str(fields.get("order_id", "")))
        if isinstance(strategy, int):
            strategy = self._names.get(strategy, str(strategy))
        if strategy:
            fields["strategy"] = strategy
        return {name: fields[name] for name in FIELDS if name in fields}
