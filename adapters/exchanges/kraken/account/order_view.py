"""All orders of the account as the executions channel reports them, and the events that follow. Pure.

The channel's reports are partial: only the first of an order names its side, price and volume. Acknowledgements
and reports come in any order, fills may be reported twice, and quantities here are cumulative.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import assert_never

from msgspec.structs import replace

from adapters.exchanges.kraken.account.fee_backfill import fee_in_quote, strange_fee_asset
from adapters.exchanges.kraken.account.others import KnownRow, facts_of, moved, told
from adapters.exchanges.kraken.account.probe_cancels import Questions
from adapters.exchanges.kraken.account.totals import Fill, Totals
from adapters.exchanges.kraken.wire.our_orders import EVERY_MARK, UNREADABLE, Ownership
from adapters.exchanges.kraken.wire.private_socket import Report
from adapters.exchanges.kraken.wire.rest_results import close_reason
from adapters.exchanges.kraken.wire.rows import Unread
from messages.about import about
from messages.account import AccountBalances, OrderFacts, facts_of_accepted
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.mailboxes import ExchangeEvent
from messages.money import ZERO, cost
from messages.order_life import Executed, is_complete
from messages.orders import Accepted, Amended, CloseReason, Place
from trading.ports import ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

CLOSED_KEPT = 10_000
"""Closed orders whose end is known without asking again."""


class AccountOrders:
    """Orders by Kraken's id and by client id."""

    def __init__(self, totals: Totals, questions: Questions, own: Ownership = EVERY_MARK) -> None:
        self._totals = totals
        self.questions = questions
        self.own = own
        """Which orders count as ours."""
        self._placed: dict[ClientOrderId, Place] = {}
        self._known: dict[VenueOrderId, KnownRow] = {}
        self._ids: dict[ClientOrderId, VenueOrderId] = {}
        """Client id to Kraken's id."""
        self.recently_filled: set[ClientOrderId] = set()
        """Client ids among the newest fills when the stream began: they did arrive, whatever REST says."""
        self.ended: dict[str, int] = {}
        """Number of ended orders per pair, external ones included."""
        self.filled_buys: dict[str, int] = {}
        """Number of our buys reported filled, per pair: each leads to a sell."""
        self.found_buys: dict[str, int] = {}
        """Number of our buys that filled while disconnected and were found by a look-up, per pair."""
        self.in_doubt: dict[str, int] = {}
        """Number of our orders being looked up, per pair: they may be filled buys."""
        self._open: dict[str, set[VenueOrderId]] = {}
        """Kraken's ids of the open orders per pair, external ones included."""
        self.canceling: set[ClientOrderId] = set()
        """Client ids that this program asked to be canceled."""
        self.in_question: set[ClientOrderId] = set()
        """Client ids with a probe cancel in flight. Their `Accepted` is withheld until it is answered: had the strategy
        seen the order open, a restart would take the probe's cancellation for the account owner's."""
        self._older_fills: set[str] = set()
        """Fills of the snapshot: its balances include them."""

    def begin(self, reports: Iterable[Report], fees: Mapping[VenueOrderId, Decimal], now: float) -> None:
        """The open orders of a snapshot. `fees` are those of partly filled ones, by Kraken's id."""
        reports = list(reports)
        for report in reports:
            if report.kind == "trade":
                continue
            ours = self.own.claims(report.cl_ord_id, report.symbol)
            facts = replace(_facts_of(report) if ours else facts_of(report), fee=fees.get(report.order_id, ZERO))
            self._keep(KnownRow(facts, True, now, fees_in_dollars=report.fee_usd_equiv or ZERO, ours=ours))
        for report in reports:
            if report.kind == "trade":
                self.recently_filled.add(report.cl_ord_id)
                if report.exec_id:
                    self._older_fills.add(report.exec_id)
                    if known := self._known.get(report.order_id):
                        known.fills.add(report.exec_id)

    def open_orders(self) -> tuple[OrderFacts, ...]:
        """All open orders of the account, external ones included."""
        return tuple(known.facts for known in self._known.values() if known.facts.status == "open")

    def open_count(self, symbol: str) -> int:
        """Number of open orders of a pair, external ones included."""
        return len(self._open.get(symbol, ()))

    def found_filled(self, orders: Iterable[OrderFacts]) -> None:
        """Orders of ours that were closed unseen."""
        for facts in orders:
            if facts.status == "filled" and facts.side == "buy":
                self.found_buys[facts.symbol] = self.found_buys.get(facts.symbol, 0) + 1

    @contextmanager
    def looking_up(self, order_ids: Sequence[ClientOrderId]) -> Iterator[None]:
        """What became of these is being asked for."""
        symbols = [symbol for order_id in order_ids if (symbol := self.own.symbol_of(order_id))]
        for symbol in symbols:
            self.in_doubt[symbol] = self.in_doubt.get(symbol, 0) + 1
        try:
            yield
        finally:
            for symbol in symbols:
                self.in_doubt[symbol] -= 1

    def find(self, order_id: ClientOrderId) -> KnownRow | None:
        """By client id."""
        exchange_id = self._ids.get(order_id)
        return None if exchange_id is None else self._known.get(exchange_id)

    def placing(self, place: Place) -> None:
        """This order is about to be sent; its reports may come at once."""
        self._placed[place.order_id] = place

    def not_placed(self, order_id: ClientOrderId) -> None:
        """It did not come into being."""
        self._placed.pop(order_id, None)

    def acknowledged(
        self, order_id: ClientOrderId, exchange_id: VenueOrderId, time: Nanos, now: float
    ) -> list[ExchangeEvent]:
        """A request was answered with Kraken's id. Raises `ExchangeUnavailable` when the stream had another one."""
        place = self._placed.get(order_id)
        if exchange_id not in self._known and place is not None:
            self._refuse_namesake(order_id, exchange_id)
            self._keep(KnownRow(facts_of_accepted(place, exchange_id, time), False, now))
        known = self._known.get(exchange_id)
        if known is not None and not known.ours:
            raise ExchangeUnavailable(f"order {order_id} is {exchange_id}, which was reported as external")
        return self._accept(known, time) if known is not None else []

    def report(self, report: Report, now: float) -> list[ExchangeEvent]:
        """One report of the channel. Raises `ExchangeUnavailable` when something must have been missed."""
        known = self._of(report, now)
        if known is None:
            return self._of_unknown(report)
        if known.ours:
            return self._events(known, report)
        if report.cl_ord_id in self._placed:
            raise ExchangeUnavailable(f"order {report.cl_ord_id} is {report.order_id}, reported as external before")
        events = told(known, report, self._totals)
        if known.facts.status != "open":
            self._retire(known.facts)
        return events

    def unread(self, row: Unread, *, old: bool = False) -> None:
        """A report that cannot be read. Raises `ExchangeUnavailable` when it may be about an order of ours.

        `old`: it is part of a snapshot, whose balances include it. One that says nothing at all is left out: should
        it have been about an order of ours, the ledger or the next look at the open orders shows that.
        """
        if row.is_nothing:
            return
        exchange_id, order_id = row.text("order_id"), row.text("cl_ord_id")
        known = self._known.get(VenueOrderId(exchange_id or ""))
        if known is not None:
            ours = known.ours
        else:
            pair, kind = row.text("symbol"), row.text("order_type")
            ours = order_id in self._placed or self.own.may_claim(order_id, pair, kind)
        if ours:
            raise ExchangeUnavailable(
                f"executions: a report of order {exchange_id or '(no id)'} cannot be read: {row.error}; {UNREADABLE}"
            )
        if row.text("exec_type") == "trade" and not old and not (known is not None and known.facts.margin):
            self._totals.excuse(row.text("exec_id"))

    def _of_unknown(self, report: Report) -> list[ExchangeEvent]:
        """A report about an order that was never shown. Nothing but its money concerns us, unless it may be ours."""
        if report.kind != "trade":
            return []
        fields = about(order_id=report.cl_ord_id, exchange_id=report.order_id, pair=report.symbol)
        logger.warning("a fill of the unknown order %s", report.order_id, extra=fields)
        if report.borrowed or report.exec_id in self._older_fills or self._may_be_in_flight(report):
            return []
        if report.exec_id:
            self._older_fills.add(report.exec_id)
        changed = moved(report, None, self._totals)
        return [AccountBalances(changed)] if changed else []

    def _may_be_in_flight(self, report: Report) -> bool:
        """A fill that may be of ours, and is missed once the ledger shows it."""
        if report.cl_ord_id:
            return self.own.claims(report.cl_ord_id, report.symbol)
        waiting = (place for place in self._placed.values() if place.order_id not in self._ids)
        return any(report.symbol in (None, place.symbol) for place in waiting)

    def _events(self, known: KnownRow, report: Report) -> list[ExchangeEvent]:
        events: list[ExchangeEvent] = []
        match report.kind:
            case "accepted":
                events = self._accept(known, report.time)
            case "trade":
                events = self._trade(known, report)
            case "filled":
                if known.facts.filled < known.facts.volume:
                    raise ExchangeUnavailable(f"order {report.order_id} is filled, but not all its fills were reported")
            case "canceled" | "expired":
                events = self._close(known, report)
            case "changed":
                events = self._change(known, report)
            case "other":
                pass
            case _:
                assert_never(report.kind)
        return events

    def _change(self, known: KnownRow, report: Report) -> list[ExchangeEvent]:
        before, known.facts = known.facts, _amended(known.facts, report)
        facts = known.facts
        if (facts.price, facts.volume) == (before.price, before.volume):
            return []
        fields = about(
            order_id=facts.order_id, exchange_id=report.order_id, pair=facts.symbol, cause=report.reason or ""
        )
        logger.warning("order %s was changed outside of this program: %s", report.order_id, report.reason, extra=fields)
        amended = Amended(
            order_id=facts.order_id,
            exchange_id=facts.exchange_id,
            price=facts.price,
            volume=facts.volume,
            time=report.time,
        )
        return [*self._accept(known, report.time), amended]

    def _of(self, report: Report, now: float) -> KnownRow | None:
        known = self._known.get(report.order_id)
        if known is not None:
            return known
        self._refuse_namesake(report.cl_ord_id, report.order_id)
        place = self._placed.get(report.cl_ord_id)
        if place is not None:
            known = KnownRow(facts_of_accepted(place, report.order_id, report.time), False, now)
        elif report.kind == "accepted" and self.own.claims(report.cl_ord_id, report.symbol):
            if report.order_qty is not None:
                known = KnownRow(replace(_facts_of(report), filled=ZERO, cost=ZERO), False, now)
        elif report.kind == "accepted":
            self._refuse_look_alike(report)
            known = KnownRow(replace(facts_of(report), filled=ZERO, cost=ZERO), False, now, ours=False)
        if known is not None:
            self._keep(known)
        return known

    def _refuse_namesake(self, order_id: ClientOrderId, exchange_id: VenueOrderId) -> None:
        """Raises `ExchangeUnavailable` when one of our orders is open under another of Kraken's ids: one is wrong."""
        other = self.find(order_id)
        if other is not None and other.ours and other.facts.status == "open":
            raise ExchangeUnavailable(f"order {order_id} is {exchange_id} and {other.facts.exchange_id}")

    def _refuse_look_alike(self, report: Report) -> None:
        """Raises `ExchangeUnavailable` for an order under no name of ours that is in all else one of those in flight.

        Without its client id our order would count as an external one, and would be sent again.
        """
        asked = (report.symbol, report.side, report.limit_price, report.order_qty)
        for place in self._placed.values():
            if place.order_id not in self._ids and asked == (place.symbol, place.side, place.price, place.volume):
                raise ExchangeUnavailable(f"order {report.order_id} is {place.order_id} in all but its name")

    def confirmed(self, order_id: ClientOrderId) -> list[ExchangeEvent]:
        """The question about this order is answered, and it rests."""
        known = self.find(order_id)
        return self._accept(known, known.facts.time) if known and known.facts.status == "open" else []

    def _accept(self, known: KnownRow, time: Nanos) -> list[ExchangeEvent]:
        if known.accepted or known.facts.order_id in self.in_question:
            return []
        known.accepted = True
        return [Accepted(order_id=known.facts.order_id, exchange_id=known.facts.exchange_id, time=time)]

    def _trade(self, known: KnownRow, report: Report) -> list[ExchangeEvent]:
        if report.last_qty is None or report.last_price is None or not report.exec_id:
            raise ExchangeUnavailable(f"a fill of order {report.order_id} without its quantity")
        if report.exec_id in known.fills or known.facts.status == "filled":
            return []
        strange = strange_fee_asset(report, known.facts.symbol, self._totals.held)
        if strange is not None:
            raise ExchangeUnavailable(f'a fill of order {report.order_id} with a fee in "{strange}", which is not held')
        if report.fee_usd_equiv is not None:
            if report.fee_usd_equiv > known.fees_in_dollars and not report.fees:
                raise ExchangeUnavailable(f"a fill of order {report.order_id} without its fee")
            known.fees_in_dollars = report.fee_usd_equiv
        known.fills.add(report.exec_id)
        before = known.facts
        amount = report.cost if report.cost is not None else cost(report.last_price, report.last_qty)
        fill = Fill(report.exec_id, before.symbol, before.side, report.last_qty, amount, report.fees)
        filled = report.cum_qty if report.cum_qty is not None else before.filled + report.last_qty
        executed = Executed(
            max(filled, before.filled),
            before.cost + amount if report.cum_cost is None else max(report.cum_cost, before.cost),
            before.fee + fee_in_quote(report, before.symbol),
        )
        complete = is_complete(filled, before.volume)
        known.facts = before.after("filled" if complete else "partly filled", executed, report.time)
        events: list[ExchangeEvent] = self._accept(known, report.time)
        if totals := self._totals.fill(fill):
            events.append(AccountBalances(totals, with_next=True))
        facts = known.facts
        events.append(facts.fill(report.exec_id))
        if facts.status == "filled":
            self._ended(known)
        return events

    def _close(self, known: KnownRow, report: Report) -> list[ExchangeEvent]:
        facts = known.facts
        if facts.status != "open":
            return []
        if report.cum_qty is not None and report.cum_qty > facts.filled:
            raise ExchangeUnavailable(f"order {report.order_id} is canceled, but not all its fills were reported")
        reason, words = self._reason(facts.order_id, report), report.close_reason or ""
        closure = replace(facts, reason=reason, time=report.time, text=words).closure()
        known.facts = facts.after("closed", facts.executed, report.time, closure)
        events: list[ExchangeEvent] = self._accept(known, report.time)
        events.append(closure)
        self._ended(known)
        return events

    def _reason(self, order_id: ClientOrderId, report: Report) -> CloseReason:
        if report.kind == "expired":
            return "expired"
        told = close_reason(report.close_reason, asked_for=order_id in self.canceling)
        return self.questions.reason(order_id, told, report.time)

    def _keep(self, known: KnownRow) -> None:
        self._known[known.facts.exchange_id] = known
        if known.facts.status == "open":
            self._open.setdefault(known.facts.symbol, set()).add(known.facts.exchange_id)
        if known.facts.order_id and (known.ours or known.facts.order_id not in self._ids):
            self._ids[known.facts.order_id] = known.facts.exchange_id

    def _ended(self, known: KnownRow) -> None:
        """It is not waited for any more; its end is kept in mind as the newest."""
        facts = known.facts
        self.ended[facts.symbol] = self.ended.get(facts.symbol, 0) + 1
        if known.ours and facts.status == "filled" and facts.side == "buy":
            self.filled_buys[facts.symbol] = self.filled_buys.get(facts.symbol, 0) + 1
        self._placed.pop(facts.order_id, None)
        self.canceling.discard(facts.order_id)
        self.questions.over(facts.order_id)
        self._retire(facts)

    def _retire(self, facts: OrderFacts) -> None:
        """Among the closed orders the newest; forget the oldest beyond the limit."""
        self._known[facts.exchange_id] = self._known.pop(facts.exchange_id)
        self._open.get(facts.symbol, set()).discard(facts.exchange_id)
        if len(self._known) <= CLOSED_KEPT:
            return
        oldest = next((key for key, order in self._known.items() if order.facts.status != "open"), None)
        if oldest is not None:
            gone = self._known.pop(oldest).facts
            if self._ids.get(gone.order_id) == oldest:
                del self._ids[gone.order_id]


def _amended(facts: OrderFacts, report: Report) -> OrderFacts:
    """Raises like `_facts_of`."""
    price = facts.price if report.limit_price is None else report.limit_price
    volume = facts.volume if report.order_qty is None else report.order_qty
    _refuse_without_limit(facts.order_id, price, volume)
    return replace(facts, price=price, volume=volume, time=report.time)


def _refuse_without_limit(order_id: ClientOrderId, price: Decimal | None, volume: Decimal | None) -> None:
    if not price or price < 0 or not volume or volume < 0:
        raise ExchangeUnavailable(f"order {order_id} without a usable price and volume")


def _facts_of(report: Report) -> OrderFacts:
    """Raises `ExchangeUnavailable` for an order of ours that is not what we ask for: a limit and a quantity."""
    _refuse_without_limit(report.cl_ord_id, report.limit_price, report.order_qty)
    if report.side is None or report.symbol is None:
        raise ExchangeUnavailable(f"order {report.cl_ord_id} without its side and pair")
    return facts_of(report)
