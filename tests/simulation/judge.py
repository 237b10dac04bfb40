"""What must be true: after every event of the exchange, and more of it once all is quiet."""

import json
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from msgspec import Struct, field

from adapters.exchanges.kraken.sandbox.model.events import BalanceEvent, Event, OrderEvent
from adapters.exchanges.kraken.sandbox.model.matching import POST_ONLY
from adapters.exchanges.kraken.sandbox.model.orders import Order
from config import Config, StrategyConfig
from messages.ids import client_order_id, counter_cause, userref_of
from messages.status import Status, StrategyReport
from tests.simulation import rules
from tests.simulation.disk import Disk
from tests.simulation.network import Network
from tests.simulation.trace import Trace

ATTEMPTS = 40
"""Of one counter-order, at most; each needs the closure of the one before."""
ZERO = Decimal(0)


class Violation(AssertionError):
    """The program did what it must never do."""


class Books(Struct):
    """What the exchange says of one strategy, added up fill by fill."""

    owned: Decimal = ZERO
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
        self, network: Network, config: Config, disk: Disk, by_hand: set[str], unseen: set[str], trace: Trace
    ) -> None:
        """`by_hand` are exchange ids of orders that the user cancelled, `unseen` those that he was too quick with."""
        self.fills = 0
        self.orders = 0
        self._venue = network.venue
        self._control = network.control
        self._config = config
        self._disk = disk
        self._by_hand = by_hand
        self._unseen = unseen
        self._trace = trace
        self._strategies = {strategy.userref: strategy for strategy in config.strategy}
        self._grids = {strategy.userref: self._grid(strategy) for strategy in config.strategy}
        self._books = {strategy.userref: Books() for strategy in config.strategy}
        self._accepted: dict[str, str] = {}
        """Client id to exchange id: for ever."""
        self._due: dict[str, str] = {}
        """Client id of a counter-order to the exchange id of the filled order that asks for it."""
        self._children: dict[str, list[str]] = {}
        """Exchange ids of the counter-orders of a filled order."""
        self._moved: dict[str, Decimal] = {}
        self._initial = {
            row: amount for account in self._venue.accounts.values() for row, amount in account.rows.items()
        }
        self._venue.listen(self.hear)

    def hear(self, event: Event) -> None:
        """After every event of the exchange."""
        match event:
            case OrderEvent():
                self._hear_order(event)
            case BalanceEvent():
                entry = event.entry
                self._moved[entry.row] = self._moved.get(entry.row, ZERO) + entry.amount - entry.fee
                self._trace.note(f"balance {entry.row} {entry.balance}")

    def _hear_order(self, event: OrderEvent) -> None:
        order = event.order
        self._trace.note(
            f"{event.kind} {order.txid} {order.request.cl_ord_id} {order.pair} {order.side} {order.price} "
            f"{order.volume} {order.filled} {order.reason}"
        )
        client_id = order.request.cl_ord_id or ""
        userref = userref_of(client_id)
        if userref is None:
            return
        if userref not in self._books:
            raise Violation(f"an order of nobody: {client_id}")
        match event.kind:
            case "pending_new":
                self._opened(order, client_id, userref)
            case "trade" if event.trade is not None:
                self.fills += 1
                books, sign = self._books[userref], 1 if order.side == "buy" else -1
                books.owned += sign * event.trade.volume
                books.fees += event.trade.fee
                books.costs[order.txid] = sign * self._told(order)
            case "filled":
                books = self._books[userref]
                (books.bought if order.side == "buy" else books.sold).add(client_id)
                for attempt in range(ATTEMPTS):
                    self._due[client_order_id(userref, counter_cause(order.txid, attempt))] = order.txid

    def _opened(self, order: Order, client_id: str, userref: int) -> None:
        self.orders += 1
        former = self._accepted.get(client_id)
        if former is not None and not self._came_to_nothing(former):
            raise Violation(f"the client id {client_id} is accepted twice: {former}, {order.txid}")
        self._accepted[client_id] = order.txid
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
        self._check_answer(self._order(parent), order, self._grids[userref], first=len(siblings) == 1)

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

    def _check_answer(self, parent: Order, answer: Order, grid: rules.Grid, *, first: bool) -> None:
        if answer.side == parent.side or answer.pair != parent.pair:
            raise Violation(f"{answer.txid} is no answer to {parent.txid}")
        if answer.side == "buy":
            return
        due = rules.due_price(grid, parent.price)
        volume = rules.sold_volume(grid, answer.price, parent.filled)
        if answer.price < due:
            raise Violation(f"sell {answer.txid} at {answer.price} is below {due}")
        if answer.volume > volume or (first and answer.price == due and answer.volume != volume):
            raise Violation(f"sell {answer.txid} of {answer.volume} where {volume} is due")

    def _order(self, txid: str) -> Order:
        order = self._venue.orders.get(txid)
        if order is None:
            raise Violation(f"there is no order {txid}")
        return order

    def _told(self, order: Order) -> Decimal:
        """An order's cost as the exchange states it."""
        decimals = self._venue.catalogue.pairs[order.pair].cost_decimals
        return order.cost.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)

    def _grid(self, strategy: StrategyConfig) -> rules.Grid:
        pair = self._venue.catalogue.by_symbol(strategy.symbol)
        if pair is None:
            raise LookupError(strategy.symbol)
        return rules.Grid(
            kind=strategy.kind,
            amount=strategy.amount_per_grid,
            interval=strategy.interval,
            buys=strategy.n_open_buy_orders,
            max_investment=strategy.max_investment,
            fee=strategy.fee or ZERO,
            tick=pair.tick_size,
            lot=Decimal(1).scaleb(-pair.lot_decimals),
        )

    def unsettled(self, status: Status) -> str:
        """Why the program is not at rest yet; empty when it is."""
        if status.state != "RUNNING":
            return f"the program is {status.state}: {status.reason}"
        for report in status.strategies:
            if report.phase != "trading":
                return f"{report.name} is {report.phase}: {report.reason}"
            if any(order.phase != "open" for order in report.orders):
                return f"{report.name} waits for {[order for order in report.orders if order.phase != 'open']}"
            if any("waits:" in reason and "funds" not in reason for reason in report.waiting):
                return f"{report.name}: {report.waiting}"
            shown = sorted((o.order_id, o.price, o.volume, o.filled) for o in report.orders)
            there = sorted(
                (o.request.cl_ord_id or "", o.price, o.volume, o.filled) for o in self._open_of(report.strategy)
            )
            if shown != there:
                return f"{report.name} shows {shown}, the exchange {there}"
        broken = self._broken(status)
        return "; ".join(broken)

    def _open_of(self, userref: int) -> list[Order]:
        orders = self._control.open_orders()
        return [order for order in orders if userref_of(order.request.cl_ord_id or "") == userref]

    def _broken(self, status: Status) -> list[str]:
        """Everything that must be true at rest and is not."""
        found = self._money()
        for report in status.strategies:
            name, state = report.name, json.loads(self._disk.cores[report.strategy])
            found += [f"{name}: {words}" for words in self._ledger(report)]
            found += [f"{name}: {words}" for words in self._rules(report, state)]
            found += [f"{name}: {words}" for words in self._answers(report, state)]
        return found + self._journal()

    def _money(self) -> list[str]:
        """What is there is what was there, plus all that moved."""
        found = []
        for account in self._venue.accounts.values():
            for row, amount in account.rows.items():
                expected = self._initial.get(row, ZERO) + self._moved.get(row, ZERO)
                if amount != expected:
                    found.append(f"{row}: {amount}, but {expected} by its movements")
        return found

    def _ledger(self, report: StrategyReport) -> list[str]:
        books = self._books[report.strategy]
        pairs: Mapping[str, tuple[object, object]] = {
            "owned": (report.owned, books.owned),
            "cash flow": (report.cash_flow, books.cash_flow),
            "fees": (report.fees, books.fees),
            "filled buys": (report.buys_filled, len(books.bought)),
            "filled sells": (report.sells_filled, len(books.sold)),
            "free quote": (report.quote_free, self._free_quote(report.symbol)),
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
            pair = self._venue.catalogue.pairs[order.pair]
            if order.side == "buy" and pair.quote.symbol == quote:
                grid = self._grids.get(userref_of(order.request.cl_ord_id or "") or 0)
                held = order.price * order.remaining
                free -= held if grid is None else rules.ceiling(held * (1 + grid.fee), pair.cost_decimals)
        return free

    def _rules(self, report: StrategyReport, state: dict[str, Any]) -> list[str]:
        orders = [rules.Row(o.side, o.price, o.volume, o.filled) for o in self._open_of(report.strategy)]
        market = self._venue.markets[self._venue.catalogue.pair(report.symbol).id]
        quiet = rules.Quiet(
            orders=orders,
            price=market.last or ZERO,
            quote_free=report.quote_free,
            base_free=report.base_free,
            waiting=report.waiting,
            surplus=Decimal(state["surplus"]),
            surplus_price=Decimal(state["surplus_price"]),
            remembered=len(state["remembered"]),
        )
        return rules.broken(self._grids[report.strategy], quiet)

    def _answers(self, report: StrategyReport, state: dict[str, Any]) -> list[str]:
        """Each filled buy has exactly one sell, open or filled, or a reason that is named."""
        if report.kind == "cDCA":
            return []
        found = []
        for client_id in self._books[report.strategy].bought:
            parent = self._accepted[client_id]
            answers = [self._order(txid) for txid in self._children.get(parent, ())]
            alive = [order for order in answers if order.is_open or order.status == "closed"]
            excused = parent in state["remembered"] or any(
                order.txid in self._by_hand | self._unseen for order in answers
            )
            if len(alive) != 1 and not (excused and not alive):
                found.append(f"the filled buy {parent} has {len(alive)} answers")
        return found

    def _journal(self) -> list[str]:
        """Every order's fate in the journal is its fate at the exchange."""
        found = []
        fates = {"pending": "open", "open": "open", "closed": "filled", "canceled": "canceled", "expired": "canceled"}
        for client_id, txid in self._accepted.items():
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
