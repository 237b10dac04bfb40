"""Prices that are doubted: the exchange is asked for bid and ask, one question per pair for all its strategies."""

import logging
import math
from collections.abc import Callable

import trio
from msgspec import Struct

from messages.about import about
from messages.market import Quote
from trading.ports import ExchangeUnavailable, TellsQuotes

logger = logging.getLogger("infinity_grid.venue")

FIRST_GAP_SECONDS = 2.0
"""Between two questions about one pair; doubled up to the longest while the doubts go on."""
LONGEST_GAP_SECONDS = 60.0
FORGET_SECONDS = 300.0
"""Seconds without a doubt after which the next one is asked about at once."""


class _Doubt(Struct):
    ask_at: float = -math.inf
    gap: float = FIRST_GAP_SECONDS
    open: bool = False


class PriceDoubts:
    """Which pairs have to be asked about, and when. Pure; seconds of trio's clock."""

    def __init__(self) -> None:
        self._pairs: dict[str, _Doubt] = {}

    def doubted(self, symbol: str, now: float) -> None:
        """A strategy doubts a price of this pair."""
        doubt = self._pairs.setdefault(symbol, _Doubt())
        if now >= doubt.ask_at + FORGET_SECONDS:
            doubt.gap = FIRST_GAP_SECONDS
        doubt.open = True

    def due(self, now: float) -> list[str]:
        """Pairs to ask about now; each counts as asked."""
        due = [symbol for symbol, doubt in self._pairs.items() if doubt.open and now >= doubt.ask_at]
        for symbol in due:
            doubt = self._pairs[symbol]
            doubt.ask_at, doubt.gap = now + doubt.gap, min(2 * doubt.gap, LONGEST_GAP_SECONDS)
        return due

    def answered(self, symbol: str) -> None:
        """Bid and ask were published; a strategy that still doubts says so again."""
        self._pairs[symbol].open = False

    def next(self) -> float:
        """When the next question is due; infinite: never."""
        return min((doubt.ask_at for doubt in self._pairs.values() if doubt.open), default=math.inf)


class DoubtDesk:
    """Ask for bid and ask, until cancelled, and post them to all strategies of the pair."""

    def __init__(self, exchange: TellsQuotes, tell: Callable[[Quote], None]) -> None:
        self._exchange = exchange
        self._tell = tell
        self._doubts = PriceDoubts()
        self._news = trio.Event()

    def doubted(self, symbol: str) -> None:
        """A strategy doubts a price of this pair."""
        self._doubts.doubted(symbol, trio.current_time())
        self._news.set()

    async def run(self) -> None:
        """Serve for ever. A question that fails is asked again; meanwhile a second trade may speak."""
        while True:
            with trio.move_on_at(self._doubts.next()):
                await self._news.wait()
            self._news = trio.Event()
            for symbol in self._doubts.due(trio.current_time()):
                try:
                    quote = await self._exchange.quote(symbol)
                except ExchangeUnavailable as error:
                    logger.warning("bid and ask of %s cannot be asked for: %s", symbol, error, extra=about(pair=symbol))
                    continue
                self._doubts.answered(symbol)
                if quote is not None:
                    self._tell(quote)
