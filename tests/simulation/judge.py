"""What must be true: after every event of the exchange, and more of it once all is quiet."""

import json
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from msgspec import Struct, field

from adapters.exchanges.kraken.sandbox.model.clock import SECOND
from adapters.exchanges.kraken.sandbox.model.events import BalanceEvent, Event, OrderEvent, PairEvent
from adapters.exchanges.kraken.sandbox.model.matching import POST_ONLY
from adapters.exchanges.kraken.sandbox.model.orders import Order
from adapters.exchanges.kraken.sandbox.model.trading import USER_REQUESTED
from config import Config
from messages.ids import userref_of
from messages.status import Status, StrategyReport
from tests.oracle import ids
from tests.oracle import terms as oracle_terms
from tests.oracle.causes import Wrong
from tests.simulation.around import Around
from tests.simulation.by_hand import Owner
from tests.simulation.disk import Disk
from tests.simulation.grids import Grids
from tests.simulation.lives import USERREFS
from tests.simulation.network import Network
from tests.simulation.oracles import Oracles
from tests.simulation.trace import Trace

LATE = 30 * SECOND
"""So long after a death its last requests may still arrive."""
FAR_ABOVE = Decimal("1.5")
"""No buy is ever so far above the market: its price came from a print that nobody traded at."""
NAMED_FOR_LONG = ("funds", "is below the minimum")
"""What a sell may wait for although everything works; the rest of an order that its owner made smaller is dust."""
ZERO = Decimal(0)


class Violation(AssertionError):
    """The program did what it must never do."""


class Books(Struct):
    """What the exchange says of one strategy, added up fill by fill."""

    owned: Decimal = ZERO
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


class Judge:
    """Listens to the exchange, and looks at the program from outside."""

    def __init__(
        self,
        network: Network,
        config: Config,
        disk: Disk,
        owner: Owner,
        around: Around,
        trace: Trace,
        *,
        clear: bool = False,
    ) -> None:
        """`owner` and `around` tell what was done by others; `clear`: nothing fails."""
        self.fills = 0
        self.orders = 0
        self._venue = network.venue
        self._control = network.control
        self._disk = disk
        self._by_hand = owner.canceled
        self._unseen = owner.unseen
        self._owner = owner
        self._around = around
        self._trace = trace
        self._account = next(iter(self._venue.accounts))
        self._idle = ""
        """What lives now and must not touch an order; empty when the program trades."""
        self._idle_since = 0
        self._grids = Grids(self._venue)
        self.oracles = Oracles(self._venue, self._grids, disk.lineage, owner, around, clear=clear)
        self._books: dict[int, Books] = {}
        self._configured: set[int] = set()
        """userrefs of the strategies that the program shows now."""
        self.configure(config)
        self._accepted: dict[str, str] = {}
        """Client id to exchange id: for ever."""
        self._due: dict[str, str] = {}
        """Client id of a counter-order to the exchange id of the filled order that asks for it."""
        self._children: dict[str, list[str]] = {}
        """Exchange ids of the counter-orders of a filled order."""
        self._moved: dict[tuple[str, str], Decimal] = {}
        """By account and row."""
        self._initial = {
            (account.name, row): amount
            for account in self._venue.accounts.values()
            for row, amount in account.rows.items()
        }
        self._venue.listen(self.hear)

    def configure(self, config: Config) -> None:
        """The program begins a life with this configuration."""
        self._idle = ""
        self.oracles.begin([strategy.userref for strategy in config.strategy])
        self._grids.configure(config)
        for strategy in config.strategy:
            self._books.setdefault(strategy.userref, Books())

    def expect_idle(self, what: str) -> None:
        """What lives from now on must not place or cancel anything."""
        self._idle, self._idle_since = what, self._venue.clock.now()

    def hear(self, event: Event) -> None:
        """After every event of the exchange."""
        match event:
            case PairEvent():
                self._grids.follow_rules(event.pair)
            case OrderEvent():
                self._hear_order(event)
            case BalanceEvent():
                entry, place = event.entry, (event.account, event.entry.row)
                self._moved[place] = self._moved.get(place, ZERO) + entry.amount - entry.fee
                self._trace.note(f"balance {entry.row} {entry.balance}")

    def _hear_order(self, event: OrderEvent) -> None:
        order = event.order
        self._trace.note(
            f"{event.kind} {order.txid} {order.request.cl_ord_id} {order.pair} {order.side} {order.price} "
            f"{order.volume} {order.filled} {order.reason}"
        )
        client_id = order.request.cl_ord_id or ""
        userref = userref_of(client_id)
        self._check_touch(event, userref)
        if userref is None or client_id in self._around.foreign:
            return
        if userref not in self._books:
            raise Violation(f"an order of nobody: {client_id}")
        if order.account != self._account:
            raise Violation(f"an order of the program on the account {order.account}: {client_id}")
        if event.kind == "pending_new":
            self._opened(order, client_id, userref)
        self._ask_oracle(event, userref)
        match event.kind:
            case "trade" if event.trade is not None:
                self.fills += 1
                books, sign = self._books[userref], 1 if order.side == "buy" else -1
                self._book_volume(books, order, userref, event.trade.volume)
                books.fees += event.trade.fee
                books.costs[order.txid] = sign * self._told(order)
            case "amended":
                self._books[userref].amended = True
            case "filled":
                books = self._books[userref]
                (books.bought if order.side == "buy" else books.sold).add(client_id)
                for attempt in range(ids.ATTEMPTS):
                    self._due[ids.client_id(userref, ids.attempt_of(order.txid, attempt))] = order.txid

    def _ask_oracle(self, event: OrderEvent, userref: int) -> None:
        try:
            self.oracles.hear(event, userref)
        except Wrong as wrong:
            raise Violation(f"{userref}: {wrong}") from None

    def _opened(self, order: Order, client_id: str, userref: int) -> None:
        self.orders += 1
        former = self._accepted.get(client_id)
        if former is not None and not self._came_to_nothing(former):
            raise Violation(f"the client id {client_id} is accepted twice: {former}, {order.txid}")
        self._accepted[client_id] = order.txid
        self._check_order(order, userref)
        parent = self._due.get(client_id)
        if parent is None:
            return
        siblings = self._children.setdefault(parent, [])
        for sibling in siblings:
            other = self._order(sibling)
            if other.is_open or other.status == "closed":
                raise Violation(f"{parent} is answered twice: by {sibling} and {order.txid}")
            if sibling in self._by_hand:
                raise Violation(f"{sibling}, the answer to {parent}, was cancelled by hand, and is placed again")
        siblings.append(order.txid)
        if order.side == self._order(parent).side or order.pair != self._order(parent).pair:
            raise Violation(f"{order.txid} is no answer to {parent}")

    def _check_touch(self, event: OrderEvent, userref: int | None) -> None:
        """Nobody's order is touched but the program's own, and none at all by what must stay idle."""
        order = event.order
        own = userref in USERREFS and order.account == self._account
        late = self._venue.clock.now() - self._idle_since > LATE
        asked = event.kind == "canceled" and order.reason == USER_REQUESTED
        by_others = self._owner.withdrawn | self._around.withdrawn | self._by_hand | self._unseen
        if not own and asked and order.txid not in by_others:
            raise Violation(f"the order {order.txid} of somebody else was canceled")
        if own and self._idle and late and (event.kind == "pending_new" or (asked and order.txid not in by_others)):
            raise Violation(f"{self._idle}: {event.kind} {order.txid}")

    def _check_order(self, order: Order, userref: int) -> None:
        """What every order of a strategy must be when it arrives."""
        pair, grids = self._venue.pair_of(order), self._grids.ever(userref)
        if pair.symbol != self._grids.symbol(userref):
            raise Violation(f"{order.txid} of {userref} is on {pair.symbol}")
        if order.request.cl_ord_id not in self._disk.orders:
            raise Violation(f"{order.txid} left before the journal knew it, or another instance placed it")
        market = self._venue.markets[order.pair]
        if order.side == "buy":
            if order.price * order.volume > max(grid.amount for grid in grids):
                raise Violation(f"buy {order.txid} of {order.volume} at {order.price} is more than an amount")
            if market.ask is not None and order.price > market.ask * FAR_ABOVE:
                raise Violation(f"buy {order.txid} at {order.price} where the market asks {market.ask}")
            return
        if self._sells_what_is_not_its_own(userref):
            return
        offered = sum((o.remaining for o in self._open_of(userref) if o.side == "sell"), ZERO)
        if offered > self._books[userref].owned:
            raise Violation(f"{userref} offers {offered} and has acquired {self._books[userref].owned}")

    def _book_volume(self, books: Books, order: Order, userref: int, volume: Decimal) -> None:
        """What was not acquired is not spent; what was sold beyond that by permission, its owner's base, is no debt."""
        if order.side == "buy":
            books.owned += volume
            return
        others = [o for o in self._open_of(userref) if o.side == "sell" and o.txid != order.txid]
        promised = sum((o.remaining for o in others if not self.oracles.is_extra(o, userref)), ZERO)
        left = books.owned - volume
        if left < 0 and not self._sells_what_is_not_its_own(userref):
            raise Violation(f"{order.txid} sold what {userref} never bought: {left}")
        books.owned = max(left, min(max(books.owned, ZERO), promised))

    def _sells_what_is_not_its_own(self, userref: int) -> bool:
        """Whether SWING was told so, or the owner made an order larger by hand."""
        return self._grids.existing_base(userref) or self._books[userref].amended

    def _came_to_nothing(self, txid: str) -> bool:
        """Nothing of it was filled, and the program could not know it: then it may be sent anew under its id.

        The user was quick to cancel it, or the exchange took it, never let it rest, and the program was not told.
        """
        order = self._order(txid)
        return not order.filled and (txid in self._unseen or (order.reason == POST_ONLY and not self._is_known(order)))

    def _is_known(self, order: Order) -> bool:
        """Whether the program has written down that the exchange has this order."""
        states = (json.loads(core)["orders"].get(order.request.cl_ord_id) for core in self._disk.cores.values())
        return any(state is not None and state["exchange_id"] for state in states)

    def _order(self, txid: str) -> Order:
        order = self._venue.orders.get(txid)
        if order is None:
            raise Violation(f"there is no order {txid}")
        return order

    def _told(self, order: Order) -> Decimal:
        """An order's cost as the exchange states it."""
        decimals = self._venue.pair_of(order).cost_decimals
        return order.cost.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)

    def check_overdue(self) -> None:
        """What should have been answered by now. Raises `Violation`."""
        try:
            self.oracles.overdue()
        except Wrong as wrong:
            raise Violation(str(wrong)) from None

    def unsettled(self, status: Status) -> str:
        """Why the program is not at rest yet; empty when it is."""
        if status.state != "RUNNING":
            return f"the program is {status.state}: {status.reason}"
        for report in status.strategies:
            if report.phase != "trading":
                return f"{report.name} is {report.phase}: {report.reason}"
            if any(order.phase != "open" for order in report.orders):
                return f"{report.name} waits for {[order for order in report.orders if order.phase != 'open']}"
            if any(
                "waits:" in reason and not any(word in reason for word in NAMED_FOR_LONG) for reason in report.waiting
            ):
                return f"{report.name}: {report.waiting}"
            shown = sorted((o.order_id, o.price, o.volume, o.filled) for o in report.orders)
            there = sorted(
                (o.request.cl_ord_id or "", o.price, o.volume, o.filled) for o in self._open_of(report.strategy)
            )
            if shown != there:
                return f"{report.name} shows {shown}, the exchange {there}"
        blocked = [f"still {condition.code}: {condition.detail}" for condition in status.conditions if condition.blocks]
        return "; ".join(blocked or self._broken(status))

    def _open_of(self, userref: int) -> list[Order]:
        orders = self._control.open_orders()
        names = ((order, order.request.cl_ord_id or "") for order in orders)
        return [o for o, name in names if userref_of(name) == userref and name not in self._around.foreign]

    def _broken(self, status: Status) -> list[str]:
        """Everything that must be true at rest and is not."""
        found = self._money() + self._unnamed(status)
        self._configured = {report.strategy for report in status.strategies}
        for report in status.strategies:
            name, state = report.name, json.loads(self._disk.cores[report.strategy])
            found += [f"{name}: {words}" for words in self._ledger(report)]
            found += [f"{name}: {words}" for words in self._rules(report, state)]
            found += [f"{name}: {words}" for words in self._answers(report, state)]
        return found + self._journal()

    def _unnamed(self, status: Status) -> list[str]:
        """Open orders of strategies that are not configured now, and that no condition names."""
        reported = {report.strategy for report in status.strategies}
        return [
            f"{len(orders)} open orders of {userref}, which is not configured, are named nowhere"
            for userref in self._books
            if userref not in reported
            and (orders := self._open_of(userref))
            and not any(userref == c.strategy or str(userref) in c.detail for c in status.conditions)
        ]

    def _money(self) -> list[str]:
        """What is there is what was there, plus all that moved."""
        found = []
        for account in self._venue.accounts.values():
            for row, amount in account.rows.items():
                place = (account.name, row)
                expected = self._initial.get(place, ZERO) + self._moved.get(place, ZERO)
                if amount != expected:
                    found.append(f"{row}: {amount}, but {expected} by its movements")
        return found

    def _ledger(self, report: StrategyReport) -> list[str]:
        books = self._books[report.strategy]
        if report.owned < 0:
            return [f"owned is {report.owned}"]
        if books.amended:
            return []
        pairs: Mapping[str, tuple[object, object]] = {
            # Whose base a sell of SWING was depends on which of two fills is heard of first.
            "owned": (report.owned, report.owned if self._grids.existing_base(report.strategy) else books.owned),
            "cash flow": (report.cash_flow, books.cash_flow),
            "fees": (report.fees, books.fees),
            "filled buys": (report.buys_filled, len(books.bought)),
            "filled sells": (report.sells_filled, len(books.sold)),
            "free quote": (max(report.quote_free, ZERO), self._free_quote(report.symbol)),
        }
        return [
            f"{what} {ours}, the exchange says {theirs}" for what, (ours, theirs) in pairs.items() if ours != theirs
        ]

    def _free_quote(self, symbol: str) -> Decimal:
        """What is there, less what every open buy keeps; of a foreign one without its fee."""
        quote = symbol.partition("/")[2]
        account = next(iter(self._venue.accounts.values()))
        free = account.total(self._venue.catalogue.asset(quote))
        for order in self._control.open_orders():
            pair = self._venue.pair_of(order)
            if order.side == "buy" and pair.quote.symbol == quote and not order.request.leverage:
                userref = userref_of(order.request.cl_ord_id or "") or 0
                held = order.price * order.remaining
                if userref in self._configured:
                    held = _ceiling(held * (1 + oracle_terms.shown(self._grids.now(userref).fee)), pair.cost_decimals)
                free -= held
        return max(free, ZERO)

    def _free_at_venue(self, symbol: str) -> Decimal:
        account = next(iter(self._venue.accounts.values()))
        return account.free(self._venue.catalogue.asset(symbol.partition("/")[2]))

    def _rules(self, report: StrategyReport, state: dict[str, Any]) -> list[str]:
        orders = self._open_of(report.strategy)
        # A buy that was placed at another fee tier holds what that one asks for, as the exchange alone knows.
        quote = min(self._free_quote(report.symbol), self._free_at_venue(report.symbol))
        base = self._free_base(report)
        return self.oracles.at_rest(report, state, orders, Fraction(quote), Fraction(base))

    def _free_base(self, report: StrategyReport) -> Decimal:
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
        for userref, books in self._books.items():
            if userref != report.strategy and self._grids.symbol(userref).partition("/")[0] == base:
                free -= max(books.owned - offered.get(userref, ZERO), ZERO)
        return max(free, ZERO)

    def _answers(self, report: StrategyReport, state: dict[str, Any]) -> list[str]:
        """Each filled buy has exactly one sell, open or filled, or a reason that is named."""
        if report.kind == "cDCA":
            return []
        found = []
        for client_id in self._books[report.strategy].bought:
            parent = self._accepted[client_id]
            answers = [self._order(txid) for txid in self._children.get(parent, ())]
            alive = [order for order in answers if order.is_open or order.status == "closed" or _is_sold(order)]
            excused = parent in state["remembered"] or any(
                order.txid in self._by_hand | self._unseen for order in answers
            )
            if len(alive) != 1 and not (excused and not alive):
                found.append(f"the filled buy {parent} has {len(alive)} answers")
        return found

    def _journal(self) -> list[str]:
        """Every order's fate in the journal is its fate at the exchange; nobody follows what is not configured."""
        found = []
        fates = {"pending": "open", "open": "open", "closed": "filled", "canceled": "canceled", "expired": "canceled"}
        for client_id, txid in self._accepted.items():
            if userref_of(client_id) not in self._configured:
                continue
            order, row = self._order(txid), self._disk.orders.get(client_id)
            if row is None:
                found.append(f"the journal does not know {client_id}")
            elif (row.status, row.exchange_id, row.filled, row.cost, row.fee) != (
                fates[order.status],
                txid,
                order.filled,
                self._told(order),
                order.fee,
            ):
                found.append(
                    f"{client_id} is {row.status} {row.filled} in the journal, {order.status} {order.filled} at the "
                    f"exchange ({txid}, {row.exchange_id}; cost {row.cost} {order.cost}; fee {row.fee} {order.fee})"
                )
        for client_id, row in self._disk.orders.items():
            if client_id not in self._accepted and row.status in ("open", "filled"):
                found.append(f"{client_id} is {row.status} in the journal and unknown to the exchange")
        return found


def _is_sold(order: Order) -> bool:
    """Whether all that it was placed for is sold, although it was closed with a part that its owner added."""
    return order.amended and order.filled >= order.request.volume


def _ceiling(value: Decimal, decimals: int) -> Decimal:
    """Up to so many decimals."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_CEILING)
