"""The channel that always exists: notices go to the program's log."""

import logging
from collections.abc import Callable

from messages.notices import ActorFailed, FundsMissing, LadderStatus, Notice, StrategyHalted

log = logging.getLogger(__name__)


class LogChannel:
    """One log line a notice; the hourly status keeps its drawing and therefore its lines."""

    name = "log"

    def __init__(self, headline: Callable[[Notice], str]) -> None:
        """`headline` makes one line of a notice."""
        self._headline = headline

    async def send(self, notice: Notice, text: str) -> None:
        """Write it; never raises `ChannelError`."""
        urgent = isinstance(notice, StrategyHalted | ActorFailed | FundsMissing)
        words = f"hourly status\n{text}" if isinstance(notice, LadderStatus) else self._headline(notice)
        log.log(logging.WARNING if urgent else logging.INFO, "%s", words)
