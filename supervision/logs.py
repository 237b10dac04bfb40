"""Logging of the command line. An embedded program never calls this: its host has logging of its own."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]

_CHATTY = ("httpx", "httpcore", "trio-websocket", "hypercorn", "h2", "hpack")
"""Their lines show URLs, headers and frames, in which keys and tokens travel."""


def setup_logging(level: LogLevel, log_format: LogFormat) -> None:
    """Log everything from `level` on to stderr, times in UTC. Calling it again replaces the former."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


class _TextFormatter(logging.Formatter):
    """`2025/10/27 12:21:07     INFO | message`, as infinity-grid writes it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)8s | %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - overrides
        del datefmt
        return f"{datetime.fromtimestamp(record.created, UTC):%Y/%m/%d %H:%M:%S}"


class _JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)
