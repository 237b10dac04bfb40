"""Letting recorded time pass at a chosen speed."""

from decimal import Decimal

import trio

_NANOSECONDS = 1_000_000_000


class ReplayPace:
    """Rows at their own distances in time, divided by `speed`, on trio's clock. Speed 0 is no pace at all."""

    def __init__(self, speed: Decimal) -> None:
        self._speed = speed
        self._begin: tuple[float, int] | None = None

    def restart(self) -> None:
        """The next row comes at once, and later ones are paced from it."""
        self._begin = None

    async def wait_for(self, time: int) -> None:
        """Return when the row of this data time is due."""
        if not self._speed:
            await trio.lowlevel.checkpoint()
            return
        if self._begin is None:
            self._begin = trio.current_time(), time
        real, data = self._begin
        await trio.sleep_until(real + float(Decimal(time - data) / (self._speed * _NANOSECONDS)))
