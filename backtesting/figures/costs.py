"""Realised and unrealised profit: which base was sold, and what it had cost.

A counter-sell sells what its buy bought; what it leaves over is kept at its cost. Other sells (SWING's extra
sell, a surplus) sell from what was kept, at its average cost, and then what the account held at the
beginning, at the first price. Costs include the fee of the buy, proceeds are less the fee of the sell; so
realised and unrealised profit together are exactly what the account has gained.
"""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct, field

from backtesting.record import OrderRecord
from messages.money import EXACT, ZERO


class Lot(Struct):
    """Some base and what it cost, in quote currency."""

    volume: Decimal = ZERO
    cost: Decimal = ZERO

    def add(self, other: "Lot") -> None:
        """Put them together at their average cost."""
        self.volume += other.volume
        self.cost += other.cost

    def take(self, volume: Decimal) -> "Lot":
        """As much of `volume` as there is, at average cost."""
        if volume >= self.volume:
            taken = Lot(self.volume, self.cost)
        else:
            taken = Lot(volume, EXACT.divide(EXACT.multiply(self.cost, volume), self.volume))
        self.volume -= taken.volume
        self.cost -= taken.cost
        return taken


class Sale(Struct, frozen=True):
    """One filled sell."""

    order: OrderRecord
    cost: Decimal
    profit: Decimal


class Costs(Struct):
    """The costs of one strategy."""

    waiting: dict[str, Lot] = field(default_factory=dict)
    """Bought, the counter-sell not filled; by the exchange id of the buy."""
    kept: Lot = field(default_factory=Lot)
    sales: list[Sale] = field(default_factory=list)
    fees: Decimal = ZERO

    @property
    def realised(self) -> Decimal:
        """In quote currency, fees of both sides taken off."""
        return sum((sale.profit for sale in self.sales), ZERO)

    @property
    def held(self) -> Lot:
        """All base that was bought and not sold."""
        lots = [self.kept, *self.waiting.values()]
        return Lot(sum((lot.volume for lot in lots), ZERO), sum((lot.cost for lot in lots), ZERO))

    def fill(self, order: OrderRecord, unowned: Lot) -> None:
        """The next fill; `unowned` is base of the account that no strategy bought."""
        self.fees += order.fee
        if order.side == "buy":
            self.waiting[order.exchange_id] = Lot(order.volume, order.cost + order.fee)
            return
        sold = Lot()
        if bought := self.waiting.pop(order.parent, None):
            sold.add(bought.take(order.volume))
            self.kept.add(bought)
        for source in (self.kept, unowned):
            sold.add(source.take(order.volume - sold.volume))
        self.sales.append(Sale(order, sold.cost, order.cost - order.fee - sold.cost))


def figure_costs(fills: Iterable[OrderRecord], strategies: Iterable[int], unowned: Lot) -> dict[int, Costs]:
    """The costs of each strategy; `unowned` shrinks by what was sold of it."""
    costs = {strategy: Costs() for strategy in strategies}
    for order in fills:
        costs[order.strategy].fill(order, unowned)
    return costs
