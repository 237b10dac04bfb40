"""Channels for tests: they fail, hang and break on command, and keep what they took."""

import itertools
from collections.abc import Callable
from decimal import Decimal

import trio

from actors.notifier.notice_texts import write_letter
from messages.letters import Letter
from messages.notices import LadderStatus, Notice, NoticesMissed, OrderFilled, ProgramEnded
from trading.ports import ChannelError

SECOND = 1_000_000_000
START = 1_761_567_667 * SECOND
"""2025-10-27T12:21:07Z"""
ZERO = Decimal(0)


class FakeChannel:
    """Takes `seconds` per notice; fails while `error` is set; raises `bug` once."""

    def __init__(self, name: str = "fake", seconds: float = 0) -> None:
        self.name = name
        self.seconds = seconds
        self.error: Exception | None = None
        self.bug: Exception | None = None
        self.contact: ChannelError | None = None
        """What the first contact ends with."""
        self.attempts: list[float] = []
        self.letters: list[Letter] = []

    async def check(self) -> None:
        """The first contact."""
        if self.contact is not None:
            raise self.contact

    async def send(self, letter: Letter) -> None:
        """An attempt."""
        self.attempts.append(trio.current_time())
        await trio.sleep(self.seconds)
        if self.bug is not None:
            bug, self.bug = self.bug, None
            raise bug
        if self.error is not None:
            raise self.error
        self.letters.append(letter)

    @property
    def notices(self) -> list[Notice]:
        return [letter.notice for letter in self.letters]

    @property
    def texts(self) -> list[str]:
        return [letter.plain for letter in self.letters]

    @property
    def numbers(self) -> list[int]:
        """Of the notices that `note` made, in order."""
        return [int(notice.reason) for notice in self.notices if isinstance(notice, ProgramEnded)]

    def summaries(self) -> list[NoticesMissed]:
        return [notice for notice in self.notices if isinstance(notice, NoticesMissed)]


def wall_clock() -> Callable[[], int]:
    """A wall clock that goes with trio's."""
    return lambda: START + round(trio.current_time() * SECOND)


def note(number: int) -> ProgramEnded:
    """A notice that can be told from others."""
    return ProgramEnded("bot", str(number))


def letter(notice: Notice, time: int = START) -> Letter:
    return write_letter(notice, "bot", time)


def fill(strategy: str = "grid", side: str = "buy", price: str = "159.89") -> OrderFilled:
    return OrderFilled(
        strategy, "SOL/EUR", "buy" if side == "buy" else "sell", Decimal(price), Decimal("0.31"), ZERO, ZERO
    )


_prices = itertools.count(1)


def ladder(strategy: str = "grid", price: int | None = None) -> LadderStatus:
    """An hourly status; another price each time unless one is given."""
    last = Decimal(price if price is not None else next(_prices))
    return LadderStatus(strategy, "SOL/EUR", last, 2, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, 0, (), ())
