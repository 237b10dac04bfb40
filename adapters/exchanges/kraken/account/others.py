"""External orders: what they reserve and move of the account's money, as far as their reports show. Pure.

Nothing of theirs is an error: what a report leaves out stays as it was, and the ledger has the last word on the money.
"""

from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

from adapters.exchanges.kraken.account.totals import Fill, Totals
from adapters.exchanges.kraken.wire.private_socket import Report
from messages.account import AccountBalances, ForeignOrder, OrderFacts
from messages.mailboxes import ExchangeEvent
from messages.money import ZERO, cost
from messages.order_life import Executed, Happening, is_complete


class KnownRow(Struct):
    """One order that the exchange has shown or acknowledged."""

    facts: OrderFacts
    accepted: bool = False
    """Whether `Accepted` was said."""
    seen_at: float = 0.0
    """When it was first seen, in seconds of trio's clock; cancels cost by age."""
    fills: set[str] = field(default_factory=set)
    fees_in_dollars: Decimal = ZERO
    """All so far, as the exchange states them; they only show that a fill had some."""
    ours: bool = True


def facts_of(report: Report) -> OrderFacts:
    """An open order by its first report; what that leaves out counts as 0."""
    filled = report.cum_qty or ZERO
    spent = report.cum_cost
    if spent is None:
        spent = cost(report.avg_price or ZERO, filled)
    return OrderFacts(
        order_id=report.cl_ord_id,
        exchange_id=report.order_id,
        symbol=report.symbol or "/",
        side=report.side or "buy",
        price=report.limit or ZERO,
        volume=report.order_qty or ZERO,
        status="open",
        filled=filled,
        cost=spent,
        fee=ZERO,
        reason="requested",
        time=report.time,
        margin=report.borrowed,
        userref=report.order_userref or None,
    )


def told(known: KnownRow, report: Report, totals: Totals) -> list[ExchangeEvent]:
    """What a report about an external order changes."""
    facts = known.facts
    if report.borrowed and not facts.margin:
        facts = known.facts = replace(facts, margin=True)
    events: list[ExchangeEvent] = []
    if report.kind == "trade":
        if report.exec_id and report.exec_id in known.fills:
            return []
        known.fills.add(report.exec_id or "")
        changed = {} if facts.margin else moved(report, facts, totals)
        if changed:
            events.append(AccountBalances(changed, with_next=True))
        filled = max(facts.filled, report.cum_qty or facts.filled + (report.last_qty or ZERO))
        complete = bool(facts.volume) and is_complete(filled, facts.volume)
        executed = Executed(filled, facts.cost, facts.fee)
        known.facts = facts.after("filled" if complete else "partly filled", executed, report.time)
    else:
        known.facts = _changed(facts, report)
    return [*events, ForeignOrder(known.facts)]


def moved(report: Report, facts: OrderFacts | None, totals: Totals) -> dict[str, Decimal]:
    """Totals that change by an external fill; what it does not show is left to the ledger entries."""
    symbol = report.symbol or (facts.symbol if facts else "/")
    side = report.side or (facts.side if facts else None)
    if not report.exec_id or symbol == "/" or side is None or not report.last_qty or not report.last_price:
        totals.excuse(report.exec_id)
        return {}
    amount = report.cost if report.cost is not None else cost(report.last_price, report.last_qty)
    return totals.fill(Fill(report.exec_id, symbol, side, report.last_qty, amount, report.fees))


def _changed(facts: OrderFacts, report: Report) -> OrderFacts:
    happening: Happening = "accepted"
    if report.kind == "filled":
        happening = "filled"
    elif report.kind in ("canceled", "expired"):
        happening = "closed"
    return replace(
        facts.after(happening, facts.executed, report.time),
        price=facts.price if report.limit is None else report.limit,
        volume=facts.volume if report.order_qty is None else report.order_qty,
    )
