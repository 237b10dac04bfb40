"""One side of the ladder, kept in order and summed up while orders come, change and go."""

from bisect import insort
from collections.abc import Callable, Iterable
from decimal import Decimal
from operator import attrgetter

from msgspec import Struct

from messages.money import ZERO, Side, hold_of
from trading.strategies import rules
from trading.strategies.settings import GridSettings
from trading.strategies.state import OwnOrder


class _Share(Struct, frozen=True):
    """What one order adds to the sums of its side."""

    invested: Decimal
    held: Decimal


class LadderSide:
    """Orders of one side that are requested or open, nearest to the market first."""

    def __init__(self, settings: GridSettings, side: Side, orders: Iterable[OwnOrder]) -> None:
        self.orders: list[OwnOrder] = []
        """A new list with each change, so that whoever walks through it may cancel meanwhile."""
        self.invested = ZERO
        """Sum of price x full volume, in quote currency."""
        self.held = ZERO
        """Quote of buys with their fees, base of sells, both without what is filled."""
        self._settings = settings
        self._key = _highest_first if side == "buy" else _lowest_first
        self._shares: dict[str, _Share] = {}
        for order in orders:
            self.add(order)

    def add(self, order: OwnOrder) -> None:
        """Behind those at the same price."""
        self.orders = self.orders.copy()
        insort(self.orders, order, key=self._key)
        self._count(order)

    def remove(self, order: OwnOrder) -> None:
        """The order was added before."""
        self.orders = [other for other in self.orders if other is not order]
        self._discount(order)

    def update(self, order: OwnOrder) -> None:
        """Some of it was filled; its price is what it was."""
        self._discount(order)
        self._count(order)

    def _count(self, order: OwnOrder) -> None:
        # What its owner added to a sell by hand is sold for him; what he added to a buy is bought for us.
        is_sell = order.side == "sell"
        # A sell that was taken over counts as invested: its buy may have been ours, before the journal was lost.
        volume = order.wanted if is_sell and not order.is_owners else order.volume
        rest = order.rest if is_sell else order.volume - order.filled
        held = hold_of(self._settings.pair, order.side, order.price, rest, self._settings.fee)
        share = self._shares[order.order_id] = _Share(rules.invested(order.price, volume), held)
        self.invested, self.held = self.invested + share.invested, self.held + share.held

    def _discount(self, order: OwnOrder) -> None:
        share = self._shares.pop(order.order_id)
        self.invested, self.held = self.invested - share.invested, self.held - share.held


_lowest_first: Callable[[OwnOrder], Decimal] = attrgetter("price")


def _highest_first(order: OwnOrder) -> Decimal:
    return order.price.copy_negate()
