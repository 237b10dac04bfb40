"""Design section 4 once more, for expected orders only: written from the text, sharing no code with the cores."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal

Row = tuple[str, Decimal, Decimal]


@dataclass
class Expected:
    """What should be open at the venue for one strategy."""

    kind: str
    tick: Decimal
    amount: Decimal = Decimal(100)
    interval: Decimal = Decimal("0.01")
    buys_wanted: int = 3
    fee: Decimal = Decimal("0.0025")
    lot: Decimal = Decimal("0.00000001")
    buys: list[Row] = field(default_factory=list)
    sells: list[Row] = field(default_factory=list)
    surplus: Decimal = Decimal(0)

    def rows(self) -> list[Row]:
        """Highest price first."""
        return sorted(self.buys + self.sells, key=lambda row: row[1], reverse=True)

    def fill_up(self, ticker: Decimal) -> None:
        """Buys below the lowest one, each an interval lower, never above the ticker."""
        while len(self.buys) < (self.buys_wanted):
            lowest = min((row[1] for row in self.buys), default=ticker)
            self.buys.append(self._buy(min(lowest, ticker) / self._step))

    def build(self, ticker: Decimal) -> None:
        """All buys anew; sells stay."""
        self.buys = []
        self.fill_up(ticker)

    def move(self, ticker: Decimal) -> None:
        """A trade at `ticker`: fills, best price first, then the upkeep that the tick drives."""
        for buy in sorted((row for row in self.buys if row[1] >= ticker), key=lambda row: -row[1]):
            self.buy_filled(buy, ticker)
        for sell in sorted((row for row in self.sells if row[1] <= ticker), key=lambda row: row[1]):
            self.sell_filled(sell, ticker)
        self.upkeep(ticker)

    def upkeep(self, ticker: Decimal) -> None:
        """Fill up; too many buys; a ladder that the market has left behind."""
        self.fill_up(ticker)
        self.buys = sorted(self.buys, key=lambda row: -row[1])[: self.buys_wanted]
        highest = max(row[1] for row in self.buys)
        if ticker > highest * self._step**2 * Decimal("1.001"):
            self.build(ticker)

    def buy_filled(self, buy: Row, ticker: Decimal) -> None:
        """One interval higher, or above the ticker."""
        self.buys.remove(buy)
        if self.kind == "cDCA":
            return
        price = buy[1] * self._step
        price = _floor(ticker * self._step if price < ticker else price, self.tick)
        volume = buy[2] if self.kind == "GridSell" else self.amount / (price * (1 - 2 * self.fee))
        self.sells.append(("sell", price, _floor(volume, self.lot)))

    def sell_filled(self, sell: Row, ticker: Decimal) -> None:
        """Bought back only while another sell is open and a buy is missing."""
        self.sells.remove(sell)
        if self.sells and len(self.buys) < self.buys_wanted:
            self.buys.append(self._buy(min(sell[1], ticker * self._step) / self._step))

    def canceled_by_hand(self, row: Row, filled: Decimal = Decimal(0)) -> None:
        """A hole; what was filled of a buy is surplus."""
        (self.buys if row[0] == "buy" else self.sells).remove(row)
        if row[0] == "buy" and self.kind != "cDCA":
            self.surplus += filled

    def _buy(self, price: Decimal) -> Row:
        price = _floor(price, self.tick)
        return "buy", price, _floor(self.amount / price, self.lot)

    @property
    def _step(self) -> Decimal:
        return 1 + self.interval


def _floor(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def highest(rows: Iterable[Row], side: str) -> Row:
    """The one nearest to the top."""
    return max((row for row in rows if row[0] == side), key=lambda row: row[1])


def lowest(rows: Iterable[Row], side: str) -> Row:
    """The one nearest to the bottom."""
    return min((row for row in rows if row[0] == side), key=lambda row: row[1])
