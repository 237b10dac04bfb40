"""Rows left out because they cannot be read and concern no strategy: logged now and then, in one line."""

import logging

from messages.counted import counted

logger = logging.getLogger("infinity_grid.kraken")

EVERY_SECONDS = 600.0


class Skipped:
    """Counts what one stream leaves out."""

    def __init__(self, about: str = "other activity of the account") -> None:
        self._about = about
        self._count = 0
        self._first = ""
        self._quiet_until = 0.0

    def note(self, what: str, error: str) -> None:
        """One more row."""
        self._count += 1
        self._first = self._first or f"{what}: {error}"

    def tell(self, now: float) -> None:
        """Log what came together, at most every `EVERY_SECONDS`; `now` in seconds of any clock that goes on."""
        if self._count and now >= self._quiet_until:
            logger.warning(
                "left out %s about %s that cannot be read; the first is %s",
                counted(self._count, "row"),
                self._about,
                self._first[:300],
            )
            self._count, self._first, self._quiet_until = 0, "", now + EVERY_SECONDS
