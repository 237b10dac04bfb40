"""The exact orders that must be open after each trade: `Grid` plays the rules of `terms` itself.

Its neighbours (`causes`, `rest`) foretell nothing; they judge what came, where several outcomes are right.

Prices come as trades, one after the other; each is settled completely before the next. That is what a
program that lost nothing ends with, however long it took to learn of things.
"""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from tests.oracle import terms as rules
from tests.oracle.terms import Terms

LOT = Fraction(1, 10**8)
FEE = Fraction(25, 10000)

Row = tuple[str, Decimal, Decimal]


class Order:
    """Side, limit and volume; a buy knows nothing else, and neither does a sell."""

    def __init__(self, side: str, price: Fraction, volume: Fraction) -> None:
        self.side, self.price, self.volume = side, price, volume

    def row(self) -> Row:
        """As the venue shows it."""
        return self.side, rules.shown(self.price), rules.shown(self.volume)


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
        terms = self._terms
        if terms.sells:
            price = rules.sell_price(terms, buy.price, ticker)
            self.sells.append(Order("sell", price, self.counter_volume(price, buy.volume)))

    def counter_volume(self, price: Fraction, bought: Fraction) -> Fraction:
        """Of the sell at this price that answers a buy."""
        return rules.down(rules.sell_volume(self._terms, price, bought), LOT)

    def _sold(self, sell: Order, ticker: Fraction) -> None:
        self.sells.remove(sell)
        self.filled.append(sell)
        if self.sells and len(self.buys) < self.n and self._may_invest():
            self._buy(sell.price, ticker)

    def _upkeep(self, ticker: Fraction) -> None:
        terms = self._terms
        while True:
            listed = sorted(self.buys, key=lambda order: -order.price)
            for higher, lower in pairwise(listed):
                if rules.too_near(terms, higher.price, lower.price):
                    self.buys.remove(higher)
            while len(self.buys) < self.n and self._may_invest():
                self._buy(min((order.price for order in self.buys), default=None), ticker)
            self.buys = sorted(self.buys, key=lambda order: -order.price)[: self.n]
            if not self.buys or ticker <= rules.shift_above(terms, self.buys[0].price):
                break
            self.buys = []
        if self.kind == "SWING" and not self.sells and len(self.buys) == self.n:
            price = rules.extra_price(terms, ticker, self.highest)
            self.sells.append(Order("sell", price, rules.volume_for_amount(terms, price)))

    def _buy(self, last: Fraction | None, ticker: Fraction) -> None:
        price = rules.buy_price(self._terms, last, ticker)
        self.buys.append(Order("buy", price, rules.buy_volume(self._terms, price)))

    def _may_invest(self) -> bool:
        return rules.may_invest(self._terms, rules.invested((*self.buys, *self.sells)))

    @property
    def _terms(self) -> Terms:
        return Terms(self.kind, self.amount, self.step - 1, self.n, self.limit, FEE, self.tick, LOT)
