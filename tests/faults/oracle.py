"""Which orders should be open: design section 4 once more, in fractions, without a line of the program's code.

Prices come as trades, one after the other; each is settled completely before the next. That is what a
program that lost nothing ends with, however long it took to learn of things.
"""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor

LOT = Fraction(1, 10**8)
FEE = Fraction(25, 10000)
SHIFT_MARGIN = Fraction(1001, 1000)

Row = tuple[str, Decimal, Decimal]


class Order:
    """Side, limit and volume; a buy knows nothing else, and neither does a sell."""

    def __init__(self, side: str, price: Fraction, volume: Fraction) -> None:
        self.side, self.price, self.volume = side, price, volume

    def row(self) -> Row:
        """As the venue shows it."""
        return self.side, _decimal(self.price), _decimal(self.volume)


class Grid:
    """One strategy with more money than it needs."""

    def __init__(
        self,
        kind: str,
        *,
        amount: int = 100,
        interval: str = "0.01",
        buys: int = 5,
        investment: int = 10_000,
        tick: str = "0.1",
    ) -> None:
        self.kind, self.amount, self.n, self.limit = kind, Fraction(amount), buys, Fraction(investment)
        self.tick = Fraction(tick)
        self.step = 1 + Fraction(interval)
        self.buys: list[Order] = []
        self.sells: list[Order] = []
        self.filled: list[Order] = []
        self.highest = Fraction(0)

    def ladder(self) -> list[Row]:
        """Open orders, highest price first."""
        rows = [order.row() for order in (*self.buys, *self.sells)]
        return sorted(rows, key=lambda row: (row[1], row[0]), reverse=True)

    def trade(self, price: str) -> list[Row]:
        """A trade: fills, their answers, upkeep. Returns the ladder."""
        ticker = Fraction(price)
        for order in sorted(self.buys, key=lambda order: -order.price):
            if order.price >= ticker:
                self._bought(order, ticker)
        for order in sorted(self.sells, key=lambda order: order.price):
            if order.price <= ticker:
                self._sold(order, ticker)
        self._upkeep(ticker)
        return self.ladder()

    def fill(self, order: Order, ticker: str) -> None:
        """An order is executed although no trade reached it."""
        (self._bought if order.side == "buy" else self._sold)(order, Fraction(ticker))

    def upkeep(self, ticker: str) -> list[Row]:
        """What a tick alone asks for. Returns the ladder."""
        self._upkeep(Fraction(ticker))
        return self.ladder()

    def _bought(self, buy: Order, ticker: Fraction) -> None:
        self.buys.remove(buy)
        self.filled.append(buy)
        self.highest = max(self.highest, buy.price)
        if self.kind == "cDCA":
            return
        price = buy.price * self.step
        price = _down(ticker * self.step if price < ticker else price, self.tick)
        if price * (1 - 2 * FEE) <= buy.price:  # truncated to a loss: the next tick above break-even
            price = _down(buy.price / (1 - 2 * FEE), self.tick) + self.tick
        volume = buy.volume if self.kind == "GridSell" else _down(self.amount / (price * (1 - 2 * FEE)), LOT)
        self.sells.append(Order("sell", price, volume))

    def _sold(self, sell: Order, ticker: Fraction) -> None:
        self.sells.remove(sell)
        self.filled.append(sell)
        if self.sells and len(self.buys) < self.n and self._may_invest():
            self._buy(sell.price, ticker)

    def _upkeep(self, ticker: Fraction) -> None:
        while True:
            listed = sorted(self.buys, key=lambda order: -order.price)
            for higher, lower in pairwise(listed):
                if higher.price / lower.price - 1 < (self.step - 1) / 2:
                    self.buys.remove(higher)
            while len(self.buys) < self.n and self._may_invest():
                self._buy(min((order.price for order in self.buys), default=None), ticker)
            self.buys = sorted(self.buys, key=lambda order: -order.price)[: self.n]
            if not self.buys or ticker <= self.buys[0].price * self.step**2 * SHIFT_MARGIN:
                break
            self.buys = []
        if self.kind == "SWING" and not self.sells and len(self.buys) == self.n:
            price = ticker * self.step**2
            price = _down(self.highest * self.step**2 if price < self.highest else price, self.tick)
            self.sells.append(Order("sell", price, _down(self.amount / (price * (1 - 2 * FEE)), LOT)))

    def _buy(self, last: Fraction | None, ticker: Fraction) -> None:
        price = (ticker if last is None else last) / self.step
        price = _down(ticker / self.step if price > ticker else price, self.tick)
        self.buys.append(Order("buy", price, _down(self.amount / price, LOT)))

    def _may_invest(self) -> bool:
        invested = sum((order.price * order.volume for order in (*self.buys, *self.sells)), Fraction(0))
        return self.limit > invested + self.amount * (1 + FEE)


def _down(value: Fraction, step: Fraction) -> Fraction:
    return floor(value / step) * step


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
