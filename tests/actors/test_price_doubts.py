"""One question per pair for everybody who doubts its price, and no storm of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.price_doubts import FIRST_GAP_SECONDS, FORGET_SECONDS, LONGEST_GAP_SECONDS, DoubtDesk
from messages.market import Quote
from trading.ports import ExchangeUnavailable

QUOTE = Quote("BTC/USD", Decimal(50_000), Decimal(50_001))


class Venue:
    """Answers with bid and ask, with nothing, or not at all."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str]] = []
        self.answers: list[Quote | Exception | None] = []

    async def quote(self, symbol: str) -> Quote | None:
        self.asked.append((trio.current_time(), symbol))
        answer = self.answers.pop(0) if self.answers else QUOTE
        if isinstance(answer, Exception):
            raise answer
        return answer


@asynccontextmanager
async def asking(venue: Venue, told: list[Quote]) -> AsyncIterator[DoubtDesk]:
    desk = DoubtDesk(venue, told.append)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.run)
        yield desk
        nursery.cancel_scope.cancel()


async def test_a_hundred_strategies_ask_one_question(autojump_clock: MockClock) -> None:
    venue, told = Venue(), list[Quote]()
    async with asking(venue, told) as desk:
        for _ in range(100):
            desk.doubted("BTC/USD")
        desk.doubted("ETH/USD")
        await wait_all_tasks_blocked()
        await trio.sleep(3600)
    assert [symbol for _, symbol in venue.asked] == ["BTC/USD", "ETH/USD"]
    assert told == [QUOTE, QUOTE]


async def test_doubts_that_go_on_are_asked_about_with_growing_pauses(autojump_clock: MockClock) -> None:
    venue, told = Venue(), list[Quote]()
    async with asking(venue, told) as desk:
        for _ in range(1800):
            desk.doubted("BTC/USD")
            await trio.sleep(1)
        gaps = [after - before for (before, _), (after, _) in zip(venue.asked, venue.asked[1:], strict=False)]
        assert (gaps[0], gaps[-1]) == (FIRST_GAP_SECONDS, LONGEST_GAP_SECONDS)
        assert len(venue.asked) < 40
        await trio.sleep(FORGET_SECONDS + LONGEST_GAP_SECONDS)
        before = trio.current_time()
        desk.doubted("BTC/USD")
        await trio.sleep(1)
        assert venue.asked[-1][0] == before


async def test_a_question_without_an_answer_is_asked_again(autojump_clock: MockClock) -> None:
    venue, told = Venue(), list[Quote]()
    venue.answers = [ExchangeUnavailable("down"), None, QUOTE]
    async with asking(venue, told) as desk:
        desk.doubted("BTC/USD")
        await trio.sleep(FIRST_GAP_SECONDS + 1)
        assert len(venue.asked) == 2
        assert told == []  # an empty book says nothing; who still doubts asks again
        desk.doubted("BTC/USD")
        await trio.sleep(LONGEST_GAP_SECONDS)
    assert told == [QUOTE]
