"""What the venue has shown of the program's orders and of its money, added up event by event."""

import json
from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from msgspec import Struct, field

from messages.status import StrategyReport
from simulators.kraken.model.events import BalanceEvent
from simulators.kraken.model.orders import Order
from tests.oracle import terms as oracle_terms
from tests.oracle.ids import userref_of
from tests.simulation.around import Around
from tests.simulation.disk import Disk
from tests.simulation.grids import Grids
from tests.simulation.network import Network

ZERO = Decimal(0)


class Violation(AssertionError):
    """The program did what it must never do."""


class Books(Struct):
    """What the exchange says of one strategy, added up fill by fill."""

    owned: Decimal = ZERO
    acquired: Decimal = ZERO
    """Everything that its buys brought."""
    given: Decimal = ZERO
    """Everything that its sells took."""
    amended: bool = False
    """Whether its owner amended an order of it: whose a fill is, is then more than this adds up."""
    fees: Decimal = ZERO
    costs: dict[str, Decimal] = field(default_factory=dict)
    """Of each order with fills, as the exchange states it; sells bring something in and are negative."""
    bought: set[str] = field(default_factory=set)
    """Client ids of buys that were filled completely."""
    sold: set[str] = field(default_factory=set)

    @property
    def cash_flow(self) -> Decimal:
        return -sum(self.costs.values(), self.fees)


class Ledger:
    """The orders of all strategies, and the money of all accounts."""

    def __init__(self, network: Network, disk: Disk, grids: Grids, around: Around) -> None:
        self.of: dict[int, Books] = {}
        self.accepted: dict[str, str] = {}
        """Client id to exchange id: for ever."""
        self.children: dict[str, list[str]] = {}
        """Exchange ids of the counter-orders of a filled order."""
        self.configured: set[int] = set()
        """userrefs of the strategies that the program shows now."""
        self.is_extra: Callable[[Order, int], bool] = lambda order, userref: False
        """Whether a sell offers what no other sell of the strategy does."""
        self._venue = network.venue
        self._control = network.control
        self._disk = disk
        self._grids = grids
        self._around = around
        self._moved: dict[tuple[str, str], Decimal] = {}
        """By account and row."""
        self._initial = {
            (account.name, row): amount
            for account in self._venue.accounts.values()
            for row, amount in account.rows.items()
        }

    def moved(self, event: BalanceEvent) -> None:
        """An entry of an account's ledger."""
        entry, place = event.entry, (event.account, event.entry.row)
        self._moved[place] = self._moved.get(place, ZERO) + entry.amount - entry.fee

    def traded(self, order: Order, userref: int, volume: Decimal, fee: Decimal) -> None:
        """So much of an order was executed. Raises `Violation` for base that was never acquired."""
        books, sign = self.of[userref], 1 if order.side == "buy" else -1
        self._book_volume(books, order, userref, volume)
        books.fees += fee
        books.costs[order.txid] = sign * self.told(order)

    def order(self, txid: str) -> Order:
        """By exchange id. Raises `Violation` when there is none."""
        order = self._venue.orders.get(txid)
        if order is None:
            raise Violation(f"there is no order {txid}")
        return order

    def open_of(self, userref: int) -> list[Order]:
        """Open orders of a strategy."""
        orders = self._control.open_orders()
        names = ((order, order.request.cl_ord_id or "") for order in orders)
        return [o for o, name in names if userref_of(name) == userref and name not in self._around.foreign]

    def is_known(self, order: Order) -> bool:
        """Whether the program has written down that the exchange has this order."""
        states = (json.loads(core)["orders"].get(order.request.cl_ord_id) for core in self._disk.cores.values())
        return any(state is not None and state["exchange_id"] for state in states)

    def told(self, order: Order) -> Decimal:
        """An order's cost as the exchange states it."""
        decimals = self._venue.pair_of(order).cost_decimals
        return order.cost.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)

    def _book_volume(self, books: Books, order: Order, userref: int, volume: Decimal) -> None:
        """What was not acquired is not spent; what was sold beyond that by permission, its owner's base, is no debt."""
        if order.side == "buy":
            books.owned += volume
            books.acquired += volume
            return
        books.given += volume
        others = [o for o in self.open_of(userref) if o.side == "sell" and o.txid != order.txid]
        promised = sum((o.remaining for o in others if not self.is_extra(o, userref)), ZERO)
        if (left := books.owned - volume) < 0 and not self.sells_what_is_not_its_own(userref):
            raise Violation(f"{order.txid} sold what {userref} never bought: {left}")
        books.owned = oracle_terms.left_of(books.owned, volume, promised)

    def sells_what_is_not_its_own(self, userref: int) -> bool:
        """Whether SWING was told so, or the owner made an order larger by hand."""
        return self._grids.existing_base(userref) or self.of[userref].amended

    def check_offer(self, userref: int) -> None:
        """Raises `Violation` when more is offered than was acquired."""
        if self.sells_what_is_not_its_own(userref):
            return
        offered = sum((o.remaining for o in self.open_of(userref) if o.side == "sell"), ZERO)
        if offered > self.of[userref].owned:
            raise Violation(f"{userref} offers {offered} and has acquired {self.of[userref].owned}")

    def money_wrong(self) -> list[str]:
        """What is there is what was there, plus all that moved."""
        found = []
        for account in self._venue.accounts.values():
            for row, amount in account.rows.items():
                place = (account.name, row)
                expected = self._initial.get(place, ZERO) + self._moved.get(place, ZERO)
                if amount != expected:
                    found.append(f"{row}: {amount}, but {expected} by its movements")
        return found

    def told_wrong(self, report: StrategyReport) -> list[str]:
        """Sums that the program tells and that are not the venue's. An amended order counts like any other in them.

        How much of what was sold is the owner's, after an amendment or of a SWING that may sell what was there before,
        depends on which of two fills is heard of first.
        """
        books = self.of[report.strategy]
        if report.owned < 0:
            return [f"owned is {report.owned}"]
        owned, least = books.owned, max(books.acquired - books.given, ZERO)
        if self.sells_what_is_not_its_own(report.strategy):
            owned = min(max(report.owned, least), books.acquired)
        pairs: Mapping[str, tuple[object, object]] = {
            "owned": (report.owned, owned),
            "cash flow": (report.cash_flow, books.cash_flow),
            "fees": (report.fees, books.fees),
            "filled buys": (report.buys_filled, len(books.bought)),
            "filled sells": (report.sells_filled, len(books.sold)),
            "free quote": (max(report.quote_free, ZERO), self.free_quote(report.symbol)),
        }
        return [
            f"{what} {ours}, the exchange says {theirs}" for what, (ours, theirs) in pairs.items() if ours != theirs
        ]

    def free_quote(self, symbol: str) -> Decimal:
        """What is there, less what every open buy keeps; of a foreign one without its fee."""
        quote = symbol.partition("/")[2]
        account = next(iter(self._venue.accounts.values()))
        free = account.total(self._venue.catalogue.asset(quote))
        for order in self._control.open_orders():
            pair = self._venue.pair_of(order)
            if order.side == "buy" and pair.quote.symbol == quote and not order.request.leverage:
                userref = userref_of(order.request.cl_ord_id or "") or 0
                held = order.price * order.remaining
                if userref in self.configured:
                    held = _ceiling(held * (1 + oracle_terms.shown(self._grids.now(userref).fee)), pair.cost_decimals)
                free -= held
        return max(free, ZERO)

    def free_at_venue(self, symbol: str) -> Decimal:
        """Quote that the venue itself would let an order take."""
        account = next(iter(self._venue.accounts.values()))
        return account.free(self._venue.catalogue.asset(symbol.partition("/")[2]))

    def free_base(self, report: StrategyReport) -> Decimal:
        """What no sell offers, and what no other strategy has bought and not offered."""
        base = report.symbol.partition("/")[0]
        account = next(iter(self._venue.accounts.values()))
        free = account.total(self._venue.catalogue.asset(base))
        offered: dict[int, Decimal] = {}
        for order in self._control.open_orders():
            if order.side == "sell" and self._venue.pair_of(order).base.symbol == base and not order.request.leverage:
                free -= order.remaining
                userref = userref_of(order.request.cl_ord_id or "") or 0
                offered[userref] = offered.get(userref, ZERO) + order.remaining
        for userref, books in self.of.items():
            if userref != report.strategy and self._grids.symbol(userref).partition("/")[0] == base:
                free -= max(books.owned - offered.get(userref, ZERO), ZERO)
        return max(free, ZERO)


def _ceiling(value: Decimal, decimals: int) -> Decimal:
    """Up to so many decimals."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_CEILING)
