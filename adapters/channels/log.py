"""The channel that always exists: notices go to the program's log."""

import logging

from config import ChannelConfig
from messages.about import about
from messages.letters import Letter, needs_somebody
from messages.notices import Notice, ProgramEnded

log = logging.getLogger(__name__)


def open_log(config: ChannelConfig) -> "LogChannel":
    """The channel of this table."""
    return LogChannel(config.name)


class LogChannel:
    """One log line a notice; the hourly status keeps its drawing and therefore its lines."""

    def __init__(self, name: str = "log") -> None:
        self.name = name

    async def check(self) -> None:
        """Always there."""

    async def send(self, letter: Letter) -> None:
        """Write it, as a warning if something is wrong and it is not to be silent; never raises `ChannelError`."""
        loud = needs_somebody(letter.notice) and not letter.silent
        title = {"status": "hourly status", "summary": "summary"}.get(letter.kind)
        level = logging.WARNING if loud else logging.INFO
        if isinstance(letter.notice, ProgramEnded) and letter.notice.advice and not letter.notice.ran:
            level = logging.DEBUG  # the error that ends the program says it
        last = isinstance(letter.notice, ProgramEnded)
        text = f"{title}\n{letter.plain}" if title else letter.headline
        log.log(level, "%s", text, extra={"last": last, "lines": bool(title), **_about(letter.notice)})


def _about(notice: Notice) -> dict[str, dict[str, str | int]]:
    """The fields of a line about a notice: those that it has."""

    def field(name: str) -> str:
        return str(getattr(notice, name, ""))

    return about(
        strategy=field("strategy"),
        pair=field("symbol"),
        order_id=field("order_id"),
        exchange_id=field("exchange_id"),
        cause=field("cause") or field("reason"),
    )
