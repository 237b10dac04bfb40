"""What must be true once all works and prices stand still: the program, the journal and the venue tell one story."""

import json
from fractions import Fraction
from typing import Any

from messages.ids import ClientOrderId
from messages.status import Status, StrategyReport
from simulators.kraken.model.orders import Order
from tests.oracle.ids import userref_of
from tests.simulation.books import Ledger
from tests.simulation.by_hand import Owner
from tests.simulation.disk import Disk
from tests.simulation.oracles import Oracles

NAMED_FOR_LONG = ("funds", "is below the minimum", "not worth", "sold by another order")
"""What a sell may wait for although everything works; whether it is true is for the oracle."""
NOTHING_DECIDED: dict[str, Any] = {"remembered": {}, "highest_buy": "0"}
FATES = {"pending": "open", "open": "open", "closed": "filled", "canceled": "canceled", "expired": "canceled"}


class AtRest:
    """Looks at the program from outside."""

    def __init__(self, ledger: Ledger, disk: Disk, owner: Owner, oracles: Oracles) -> None:
        self._ledger = ledger
        self._disk = disk
        self._owner = owner
        self._oracles = oracles

    def unsettled(self, status: Status) -> str:
        """Why the program is not at rest yet; empty when it is."""
        if status.state != "RUNNING":
            return f"the program is {status.state}: {status.reason}"
        for report in status.strategies:
            if why := self._on_its_way(report):
                return why
        blocked = [f"still {condition.code}: {condition.detail}" for condition in status.conditions if condition.blocks]
        return "; ".join(blocked or self._broken(status))

    def _on_its_way(self, report: StrategyReport) -> str:
        if report.phase != "trading":
            return f"{report.name} is {report.phase}: {report.reason}"
        if any(order.phase != "open" for order in report.orders):
            return f"{report.name} waits for {[order for order in report.orders if order.phase != 'open']}"
        if any("waits:" in reason and not any(word in reason for word in NAMED_FOR_LONG) for reason in report.waiting):
            return f"{report.name}: {report.waiting}"
        shown = sorted((o.order_id, o.price, o.volume, o.filled) for o in report.orders)
        there = sorted(
            (o.request.cl_ord_id or "", o.price, o.volume, o.filled) for o in self._ledger.open_of(report.strategy)
        )
        return "" if shown == there else f"{report.name} shows {shown}, the exchange {there}"

    def _broken(self, status: Status) -> list[str]:
        """Everything that must be true at rest and is not."""
        found = self._ledger.money_wrong() + self._unnamed(status)
        self._ledger.configured = {report.strategy for report in status.strategies}
        for report in status.strategies:
            name, state = report.name, self._state(report.strategy)
            found += [f"{name}: {words}" for words in self._ledger.told_wrong(report)]
            found += [f"{name}: {words}" for words in self._rules(report, state)]
            found += [f"{name}: {words}" for words in self._answers(report, state)]
        return found + self._journal()

    def _state(self, userref: int) -> dict[str, Any]:
        """As the journal has it; a strategy that has had nothing to decide yet has left nothing there."""
        core = self._disk.cores.get(userref)
        return NOTHING_DECIDED if core is None else json.loads(core)

    def _unnamed(self, status: Status) -> list[str]:
        """Open orders of strategies that are not configured now, and that no condition names."""
        reported = {report.strategy for report in status.strategies}
        return [
            f"{len(orders)} open orders of {userref}, which is not configured, are named nowhere"
            for userref in self._ledger.of
            if userref not in reported
            and (orders := self._ledger.open_of(userref))
            and not any(userref == c.strategy or str(userref) in c.detail for c in status.conditions)
        ]

    def _rules(self, report: StrategyReport, state: dict[str, Any]) -> list[str]:
        orders = self._ledger.open_of(report.strategy)
        # A buy that was placed at another fee tier holds what that one asks for, as the exchange alone knows.
        quote = min(self._ledger.free_quote(report.symbol), self._ledger.free_at_venue(report.symbol))
        base = self._ledger.free_base(report)
        return self._oracles.at_rest(report, state, orders, Fraction(quote), Fraction(base))

    def _answers(self, report: StrategyReport, state: dict[str, Any]) -> list[str]:
        """Each filled buy has exactly one sell, open or filled, or a reason that is named."""
        if report.kind == "cDCA":
            return []
        found = []
        for client_id in self._ledger.of[report.strategy].bought:
            parent = self._ledger.accepted[client_id]
            answers = [self._ledger.order(txid) for txid in self._ledger.children.get(parent, ())]
            alive = [order for order in answers if order.is_open or order.status == "closed" or _is_sold(order)]
            by_hand = self._owner.canceled | self._owner.unseen
            excused = parent in state["remembered"] or any(order.txid in by_hand for order in answers)
            if len(alive) != 1 and not (excused and not alive):
                found.append(f"the filled buy {parent} has {len(alive)} answers")
        return found

    def _journal(self) -> list[str]:
        """Every order's fate in the journal is its fate at the exchange; nobody follows what is not configured."""
        found = []
        accepted = self._ledger.accepted
        for client_id, txid in accepted.items():
            if userref_of(client_id) not in self._ledger.configured:
                continue
            order, row = self._ledger.order(txid), self._disk.orders.get(ClientOrderId(client_id))
            if row is None:
                found.append(f"the journal does not know {client_id}")
            elif (row.status, row.exchange_id, row.filled, row.cost, row.fee) != (
                FATES[order.status],
                txid,
                order.filled,
                self._ledger.told(order),
                order.fee,
            ):
                found.append(
                    f"{client_id} is {row.status} {row.filled} in the journal, {order.status} {order.filled} at the "
                    f"exchange ({txid}, {row.exchange_id}; cost {row.cost} {order.cost}; fee {row.fee} {order.fee})"
                )
        for client_id, row in self._disk.orders.items():
            if client_id not in accepted and row.status in ("open", "filled"):
                found.append(f"{client_id} is {row.status} in the journal and unknown to the exchange")
        return found


def _is_sold(order: Order) -> bool:
    """Whether all that it was placed for is sold, although it was closed with a part that its owner added."""
    return order.amended and order.filled >= order.request.volume
