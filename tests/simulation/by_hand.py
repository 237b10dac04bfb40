"""What the owner of the account does behind the program's back, drawn from the seed."""

import json
import random
from collections.abc import Callable, Sequence
from decimal import Decimal

from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.errors import Refused
from simulators.kraken.model.orders import Order, Side
from tests.oracle.ids import userref_of
from tests.simulation.disk import Disk
from tests.simulation.lives import USERREFS
from tests.simulation.network import Network
from tests.simulation.prices import Walk

QUESTION_SECONDS = 80
"""Longer than the adapter takes a cancel for its own late question, which may have been on its way for a while."""

After = Callable[[float, Callable[[], None]], None]
"""(seconds, what to do then)."""


class Owner:
    """Cancels and fills orders of the program, opens others, and moves money. Each method tells what was done."""

    def __init__(
        self, network: Network, disk: Disk, walks: Sequence[Walk], chance: random.Random, after: After
    ) -> None:
        self.canceled: set[str] = set()
        """Exchange ids of orders of the program that were cancelled."""
        self.unseen: set[str] = set()
        """The same, of orders that the program may not have seen open: these it may take for its own cancels."""
        self.withdrawn: set[str] = set()
        """Exchange ids of orders of others that were cancelled by whoever placed them."""
        self._network = network
        self._control = network.control
        self._disk = disk
        self._walks = walks
        self._chance = chance
        self._after = after
        self._opened: list[str] = []

    def withdraw_orders(self) -> None:
        """Cancel what was opened by hand."""
        for name in self._opened:
            if (order := self._network.venue.orders.get(name)) is not None and order.is_open:
                self.withdrawn.add(name)
                self._control.cancel(name)
        self._opened.clear()

    def cancel_by_hand(self) -> str:
        """The user cancels one of the program's orders."""
        order = self._own_order()
        if order is None:
            return "none"
        self.cancel(order)
        return f"{order.txid}"

    def cancel(self, order: Order) -> None:
        """This one."""
        (self.canceled if self._was_seen(order) else self.unseen).add(order.txid)
        self._control.cancel(order.txid)

    def own_orders(self) -> list[Order]:
        """Open orders of the program."""
        return [o for o in self._control.open_orders() if userref_of(o.request.cl_ord_id or "") in USERREFS]

    def _was_seen(self, order: Order) -> bool:
        """Whether the program knows for good that the order was open: else the cancel may be its own.

        The same when it has asked to cancel that id lately, to learn the fate of the order.
        """
        since = self._network.venue.clock.now() - QUESTION_SECONDS * SECOND
        for entry in reversed(self._network.log.entries):
            if entry.received < since:
                break
            if "cancel" in entry.name.lower() and (order.request.cl_ord_id or "?") in str(entry.params):
                return False
        for core in self._disk.cores.values():
            known = json.loads(core)["orders"].get(order.request.cl_ord_id)
            if known is not None:
                return bool(known["exchange_id"])
        return False

    def fill_by_hand(self) -> str:
        """Somebody takes some of an order, or all that is left."""
        order = self._own_order()
        if order is None or self._network.venue.system not in ("online", "post_only"):
            return "none"
        lots = int(order.remaining.scaleb(8))
        volume = order.remaining if self._chance.random() < 0.4 else Decimal(self._chance.randint(1, lots)).scaleb(-8)
        self._control.fill(order.txid, volume)
        return f"{order.txid} {volume}"

    def _own_order(self) -> Order | None:
        orders = self.own_orders()
        return self._chance.choice(orders) if orders else None

    def money_moves(self) -> str:
        """Some of what is free leaves the account, and comes back later."""
        asset = self._network.venue.catalogue.asset(self._chance.choice(("USD", "BTC")))
        account = next(iter(self._network.venue.accounts.values()))
        free = account.free(asset)
        if free <= 0:
            return "none"
        amount = (free * Decimal(self._chance.choice(("0.3", "0.9", "1")))).quantize(Decimal(1).scaleb(-4))
        amount = min(amount, free)
        if amount <= 0:
            return "none"
        self._control.withdraw(asset.symbol, amount)
        self._after(self._chance.uniform(20, 600), lambda: self._control.deposit(asset.symbol, amount))
        return f"{asset.symbol} {amount}"

    def foreign_order(self) -> str:
        """The user trades by hand on the same account."""
        walk = self._chance.choice(self._walks)
        side: Side = self._chance.choice(("buy", "sell"))
        share = self._chance.choice(("0.9", "0.99", "1.01", "1.1"))
        price = (walk.price * Decimal(share)).quantize(walk.tick)
        try:
            self._opened.append(self._control.place(walk.symbol, side, price, Decimal("0.01")))
        except (Refused, LookupError) as refused:
            return str(refused)
        return f"{side} {price}"
