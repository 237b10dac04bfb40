"""One pair's market: the quotes of other traders, the public tape and its statistics."""

from bisect import bisect_right
from collections import deque
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from simulators.kraken.model.catalogue import Pair, PairStatus
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.orders import Oddity, OrderType, Side

DAY = 86_400 * SECOND
TAPE_KEPT = 50_000
NOMINAL_QUANTITY = Decimal(1)
"""Shown as the quantity of an endless quote."""


class PublicTrade(Struct, frozen=True):
    """One row of the public tape; side and type are the taker's."""

    time: int
    price: Decimal
    volume: Decimal
    side: Side
    ordertype: OrderType
    trade_id: int


class Statistics(Struct, frozen=True):
    """Volume and prices of a stretch of the tape."""

    volume: Decimal
    vwap: Decimal
    trades: int
    low: Decimal
    high: Decimal
    open: Decimal


class Window:
    """Statistics of the last 24 hours, kept up to date trade by trade."""

    def __init__(self) -> None:
        self._trades: deque[PublicTrade] = deque()
        self._lows: deque[PublicTrade] = deque()
        self._highs: deque[PublicTrade] = deque()
        self._volume = Decimal(0)
        self._cost = Decimal(0)

    def add(self, trade: PublicTrade) -> None:
        self._trades.append(trade)
        self._volume += trade.volume
        self._cost += trade.volume * trade.price
        while self._lows and self._lows[-1].price >= trade.price:
            self._lows.pop()
        while self._highs and self._highs[-1].price <= trade.price:
            self._highs.pop()
        self._lows.append(trade)
        self._highs.append(trade)

    def statistics(self, now: int) -> Statistics | None:
        """None when nothing was traded."""
        while self._trades and self._trades[0].time <= now - DAY:
            gone = self._trades.popleft()
            self._volume -= gone.volume
            self._cost -= gone.volume * gone.price
            for extremes in (self._lows, self._highs):
                if extremes[0] is gone:
                    extremes.popleft()
        if not self._trades:
            return None
        vwap = self._cost / self._volume if self._volume else self._trades[-1].price
        low, high = self._lows[0].price, self._highs[0].price
        return Statistics(self._volume, vwap, len(self._trades), low, high, self._trades[0].price)


class Market:
    """The synthetic side of one pair. An endless quote has the quantity None."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.status: PairStatus = "online"
        self.odd = Oddity()
        """How its row in the list of pairs differs from the documentation."""
        self.last: Decimal | None = None
        self.bid: Decimal | None = None
        self.ask: Decimal | None = None
        self.bid_quantity: Decimal | None = None
        self.ask_quantity: Decimal | None = None
        self.tape: list[PublicTrade] = []
        self.window = Window()

    def quote(self, price: Decimal, bid: Decimal | None = None, ask: Decimal | None = None) -> None:
        """Other traders trade at `price` now: best bid there, best ask one tick above unless given."""
        self.last = price
        self.bid = price if bid is None else bid
        self.ask = max(price, self.bid) + self.pair.tick_size if ask is None else ask

    def follow_rules(self, pair: Pair) -> None:
        """The pair has other rules now: other traders quote on the new grid."""
        self.pair = pair
        if self.bid is not None and self.ask is not None:
            self.bid -= self.bid % pair.tick_size
            self.ask = max(self.ask + -self.ask % pair.tick_size, self.bid + pair.tick_size)

    def depth(self, bid: Decimal | None, ask: Decimal | None) -> None:
        """How much there is at the best bid and ask; None is endless."""
        self.bid_quantity, self.ask_quantity = bid, ask

    def offer(self, taker: Side) -> tuple[Decimal | None, Decimal | None]:
        """Price and quantity that a taker of this side meets."""
        return (self.ask, self.ask_quantity) if taker == "buy" else (self.bid, self.bid_quantity)

    def consume(self, taker: Side, volume: Decimal) -> None:
        """A taker has taken this much of the quote."""
        if taker == "buy" and self.ask_quantity is not None:
            self.ask_quantity -= volume
        elif taker == "sell" and self.bid_quantity is not None:
            self.bid_quantity -= volume

    def record(self, trade: PublicTrade) -> None:
        self.tape.append(trade)
        self.window.add(trade)
        if len(self.tape) > 2 * TAPE_KEPT:
            del self.tape[:TAPE_KEPT]

    def trades_after(self, time: int) -> list[PublicTrade]:
        """The tape from just after `time` on, oldest first."""
        return self.tape[bisect_right(self.tape, time, key=lambda trade: trade.time) :]

    def statistics_since(self, time: int) -> Statistics | None:
        """Statistics of the tape from `time` on (nanoseconds UTC); None when nothing was traded."""
        window = Window()
        for trade in self.trades_after(time - 1):
            window.add(trade)
        return window.statistics(time)


class Candle(Struct):
    """Open, high, low and close of one interval; built up trade by trade."""

    start: int
    """Nanoseconds UTC."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    cost: Decimal = Decimal(0)
    volume: Decimal = Decimal(0)
    trades: int = 0

    @property
    def vwap(self) -> Decimal:
        return self.cost / self.volume if self.volume else Decimal(0)

    def add(self, trade: PublicTrade) -> None:
        self.high, self.low, self.close = max(self.high, trade.price), min(self.low, trade.price), trade.price
        self.volume += trade.volume
        self.cost += trade.volume * trade.price
        self.trades += 1


Interval = Literal[1, 5, 15, 30, 60, 240, 1440, 10080, 21600]
CANDLES_KEPT = 720


def candles(market: Market, minutes: int, now: int) -> list[Candle]:
    """The newest 720, the running one included; intervals without trades are flat."""
    if not market.tape:
        return []
    step = minutes * 60 * SECOND
    running = now // step * step
    oldest = running - (CANDLES_KEPT - 1) * step
    rows: dict[int, Candle] = {}
    for trade in market.tape:
        start = trade.time // step * step
        if start not in rows:
            rows[start] = Candle(start, trade.price, trade.price, trade.price, trade.price)
        rows[start].add(trade)
    start, close = max(oldest, min(rows)), next(iter(rows.values())).open
    for earlier in (row for row in rows if row < start):
        close = rows[earlier].close
    result = []
    while start <= running:
        row = rows.get(start) or Candle(start, close, close, close, close)
        close = row.close
        result.append(row)
        start += step
    return result
