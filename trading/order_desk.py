"""The order-manager's decisions: which order leaves, which waits for funds, who is notified.

Pure: messages in, effects out. The actor around it and a backtest drive the same desk.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeGuard, assert_never

import msgspec
from msgspec import Struct, field

from messages.account import (
    AbsentAnswered,
    AccountBalances,
    AccountSnapshot,
    Attach,
    ForeignOrder,
    History,
    KeyShared,
    LiveOrder,
    OrderFacts,
    OrderOfAnother,
)
from messages.ids import NO_VENUE_ID, ClientOrderId, userref_of
from messages.journal import Record
from messages.market import FactsChanged
from messages.money import ZERO, Pair, against_rules, own_part
from messages.orders import (
    Accepted,
    Amended,
    Balances,
    Cancel,
    Canceled,
    CloseReason,
    Deferred,
    Filled,
    OrderEvent,
    PartiallyFilled,
    Place,
    Rejected,
    Resynced,
    Submit,
)
from messages.status import StrangeOrder
from trading.absent import Absent
from trading.known_orders import KnownOrders, Tracked
from trading.ledger import Client, Ledger
from trading.order_views import by_whom, event_of, facts_after


class Effects(Struct):
    """What the desk wants done, each list in its order."""

    place: list[Place] = field(default_factory=list)
    cancel: list[ClientOrderId] = field(default_factory=list)
    deliver: list[tuple[int, OrderEvent | Deferred | Balances | Resynced]] = field(default_factory=list)
    record: list[Record] = field(default_factory=list)
    tell: list[StrangeOrder | KeyShared] = field(default_factory=list)
    """Signs of a second instance."""


class OrderDesk:
    """All orders of all strategies of one account."""

    def __init__(self, snapshot: AccountSnapshot, expected: frozenset[int], absent: Absent | None = None) -> None:
        """`expected` are the strategies that will attach; until all have, no base counts as unowned.

        `absent` is what those that are not configured any more have left; it outlives the desk.
        """
        self.absent = absent or Absent()
        self.absent.connected(snapshot.open_orders, expected)
        self.ledger = Ledger(expected)
        self.ledger.set_totals(snapshot.balances)
        self.ledger.keep_for_absent(self.absent.kept())
        self.known = KnownOrders(snapshot.open_orders)
        self._orders = self.known.tracked
        self._waiting: dict[ClientOrderId, Place] = {}
        """Orders that wait for funds which a running cancel will free, in their order."""
        self._withdrawn: set[ClientOrderId] = set()
        """Orders whose cancels are ours, whatever the exchange calls them."""
        self._told: dict[int, Balances] = {}
        self._told_of = 0
        """State of the ledger, in changes, that all strategies were last notified of."""
        for order in snapshot.open_orders:
            self.ledger.hold_foreign(order)

    def uncovered(self, expected: frozenset[int]) -> tuple[OrderFacts, ...]:
        """Open orders with our mark that none of the `expected` strategies will ever count on."""
        return tuple(facts for facts in self.known.unclaimed() if self._is_nobodys(facts, expected))

    def _is_nobodys(self, facts: OrderFacts, expected: frozenset[int]) -> bool:
        userref = userref_of(facts.order_id)
        client = self.ledger.clients.get(userref) if userref is not None else None
        return userref not in expected or (client is not None and client.pair.symbol != facts.symbol)

    def strangers(self, attach: Attach, history: History) -> tuple[OrderFacts, ...]:
        """Orders of this strategy's userref and symbol, if it does not count on all: see `KnownOrders.strangers`."""
        self.known.refuse_other_programs(attach)
        return self.known.strangers(attach, history)

    def tracks(self, order_id: ClientOrderId) -> bool:
        """Whether what happens to this order can be booked: it was shown, sent or answered for."""
        return order_id in self._orders

    def to_look_up(self, attach: Attach) -> list[ClientOrderId]:
        """Orders that must be looked up in the exchange's history; "not among the open ones" proves nothing."""
        return [order.place.order_id for order in attach.orders if order.place.order_id not in self._orders]

    def attach(self, attach: Attach, pair: Pair, looked_up: Mapping[ClientOrderId, OrderFacts]) -> Effects:
        """Tell a strategy what happened to its orders, send what never arrived, then let it decide.

        Raises `UnknownOrderError` when the exchange holds an order of this strategy that its state
        does not know: another program trades under the same userref.
        """
        self.known.refuse_strays(attach)
        self.known.refuse_other_programs(attach)
        for live in attach.orders:
            self.known.meet(live.place.order_id)
        client = Client(attach.strategy, pair, attach.fee, attach.sells_unowned, attach.owned, attach.number)
        self.ledger.join(client)
        self._withdrawn |= attach.withdrawn
        effects = Effects()
        for live in attach.orders:
            # All holds first: what a fill leaves to the strategy depends on what its other sells offer.
            self._waiting.pop(live.place.order_id, None)
            self.ledger.hold(live.place, live.filled, live.placed)
        lost = [o for o in attach.orders if o.place.order_id not in self._orders and o.place.order_id not in looked_up]
        gone = {live.place.order_id for live in lost}
        for live in sorted(attach.orders, key=lambda live: self._last_change(live, looked_up)):
            if live.place.order_id not in gone:
                self._rejoin(live, looked_up, effects)
        for live in lost:
            self.ledger.release(live.place.order_id)
        for live in lost:
            self._never_arrived(live, effects)
        # The other strategies are notified with the next batch: many attach together.
        funds = self._told[attach.strategy] = self.ledger.rejoined(client)
        effects.deliver.append((attach.strategy, funds))
        effects.deliver.append((attach.strategy, Resynced(attach.strategy, attach.number)))
        return effects

    def submit(self, submit: Submit) -> Effects:
        """Send a decision. A command that was seen before changes nothing."""
        effects = Effects()
        for command in submit.commands:
            match command:
                case Place():
                    self._place(command, effects)
                case Cancel():
                    self._cancel(command.order_id, effects)
                case _:
                    assert_never(command)
        self._send_waiting(effects)
        return effects

    def on_event(
        self,
        event: OrderEvent
        | Deferred
        | AccountBalances
        | ForeignOrder
        | AbsentAnswered
        | FactsChanged
        | KeyShared
        | OrderOfAnother,
    ) -> Effects:
        """Book what the exchange says and pass it on to the order's strategy."""
        effects = Effects()
        if isinstance(event, AccountBalances):
            self.ledger.set_totals(event.totals)
        elif isinstance(event, ForeignOrder):
            self._note_foreign(event.facts)
        elif isinstance(event, AbsentAnswered):
            self.absent.answered(event.asked, event.facts)
            self.ledger.keep_for_absent(self.absent.kept())
        elif isinstance(event, FactsChanged):
            self.ledger.reckon_with(event.strategy, event.pair, event.fee)
        elif isinstance(event, Deferred):
            strategy = userref_of(event.order_id)
            if strategy in self.ledger.clients:
                effects.deliver.append((strategy, event))
        elif isinstance(event, KeyShared):
            effects.tell.append(event)
        elif isinstance(event, OrderOfAnother) or self._is_strange(event):
            strategy = userref_of(event.order_id) or 0
            effects.tell.append(StrangeOrder(strategy, event.order_id, event.exchange_id, event.time))
        elif not self._contradicts(event):
            self._book(event)
            self._pass_on(event, effects)
            self._send_waiting(effects)
        return effects

    def _note_foreign(self, facts: OrderFacts) -> None:
        """Note an order that no strategy here asked for; one with our mark is reported as long as it is open."""
        self.ledger.hold_foreign(facts)
        tracked = self._orders.get(facts.order_id)
        if tracked is not None and tracked.place is None:
            tracked.facts = facts
        self._note_absent(facts)

    def _note_absent(self, facts: OrderFacts) -> None:
        if self.absent.note(facts):
            self.ledger.keep_for_absent(self.absent.kept())

    def _is_strange(self, event: OrderEvent) -> TypeGuard[Accepted | PartiallyFilled | Filled]:
        """An order has the userref of an attached strategy, which did not ask for it."""
        return (
            isinstance(event, Accepted | PartiallyFilled | Filled)
            and self.known.is_strange(event.order_id)
            and userref_of(event.order_id) in self.ledger.clients
        )

    def _contradicts(self, event: OrderEvent) -> bool:
        """A refusal of an order that the exchange has shown is a late double of an earlier try's."""
        tracked = self._orders.get(event.order_id)
        return isinstance(event, Rejected) and tracked is not None and tracked.facts is not None

    def balances(self) -> Effects:
        """After a batch of events: notify each strategy whose funds have changed."""
        effects = Effects()
        self._tell_balances(effects)
        return effects

    def outcomes_open(self) -> bool:
        """Whether any order or cancel that was sent still waits for its answer."""
        unanswered = any(tracked.facts is None for tracked in self._orders.values())
        return unanswered or any(hold.leaving for hold in self.ledger.holds.values())

    def _last_change(self, live: LiveOrder, looked_up: Mapping[ClientOrderId, OrderFacts]) -> int:
        """Fills are passed on in their order."""
        tracked = self._orders.get(live.place.order_id)
        facts = tracked.facts if tracked else looked_up.get(live.place.order_id)
        return facts.time if facts else 0

    def _rejoin(self, live: LiveOrder, looked_up: Mapping[ClientOrderId, OrderFacts], effects: Effects) -> None:
        """One order of a strategy that (re)starts: facts become ordinary events."""
        place = live.place
        tracked = self._orders.get(place.order_id)
        facts = tracked.facts if tracked else looked_up.get(place.order_id)
        self._orders[place.order_id] = Tracked(place, facts, live.placed)
        self.ledger.hold(place, live.filled, live.placed)
        if facts is not None:
            if (facts.price, facts.volume) != (place.price, place.volume):
                changed = Amended(
                    order_id=place.order_id,
                    exchange_id=facts.exchange_id,
                    price=facts.price,
                    volume=facts.volume,
                    time=facts.time,
                )
                self._amend(changed)
                self._pass_on(changed, effects)
            # Booked against what the strategy's durable state already includes.
            self._orders[place.order_id].facts = msgspec.structs.replace(facts, filled=live.filled)
            event = event_of(by_whom(facts, live, withdrawn=place.order_id in self._withdrawn))
            self._book(event)
            self._pass_on(event, effects)
        if live.canceling and place.order_id in self._orders:
            self._cancel(place.order_id, effects)

    def _never_arrived(self, live: LiveOrder, effects: Effects) -> None:
        place = live.place
        is_owners = place.side == "sell" and live.placed is not None and not live.placed  # we never asked for it
        if not live.accepted and not live.canceling and not is_owners:
            pair = self.ledger.clients[place.strategy].pair
            if wrong := against_rules(pair, place.price, place.volume):
                # Decided by rules that the pair no longer has: it never left, so it is decided again.
                self._pass_on(Rejected(order_id=place.order_id, reason="rules", text=wrong, time=place.time), effects)
            else:
                self._place(place, effects, decided_earlier=True)
            return
        reason: CloseReason = "unknown to the exchange" if live.accepted or is_owners else "requested"
        self._pass_on(
            Canceled(
                order_id=place.order_id,
                exchange_id=NO_VENUE_ID,
                filled=live.filled,
                cost=ZERO,
                fee=ZERO,
                reason=reason,
                time=place.time,
            ),
            effects,
        )

    def _place(self, place: Place, effects: Effects, *, decided_earlier: bool = False) -> None:
        if place.order_id in self._orders or place.order_id in self._waiting:
            return
        self.known.meet(place.order_id)
        match self.ledger.verdict(place, decided_earlier=decided_earlier):
            case "admitted":
                self._orders[place.order_id] = Tracked(place, None)
                self.ledger.hold(place)
                effects.place.append(place)
            case "waits":
                self._waiting[place.order_id] = place
            case "lacks":
                asset = place.symbol.partition("/")[2 if place.side == "buy" else 0]
                self._pass_on(
                    Rejected(order_id=place.order_id, reason="funds", text=f"not enough free {asset}", time=place.time),
                    effects,
                )

    def _cancel(self, order_id: ClientOrderId, effects: Effects) -> None:
        if waiting := self._waiting.pop(order_id, None):
            never_sent = Canceled(
                order_id=order_id,
                exchange_id=NO_VENUE_ID,
                filled=ZERO,
                cost=ZERO,
                fee=ZERO,
                reason="requested",
                time=waiting.time,
            )
            self._pass_on(never_sent, effects)
        elif order_id in self._orders:
            self.ledger.leaving(order_id)
            effects.cancel.append(order_id)

    def _send_waiting(self, effects: Effects) -> None:
        """Orders that waited for a cancel's funds: sent, refused or waiting on."""
        for place in list(self._waiting.values()):
            if self.ledger.verdict(place) != "waits":
                del self._waiting[place.order_id]
                self._place(place, effects)

    def _book(self, event: OrderEvent) -> None:
        """Take an event into the ledger; quantities are cumulative, so doubles change nothing."""
        tracked = self._orders.get(event.order_id)
        if tracked is None:
            return
        if isinstance(event, Amended):
            self._amend(event)
            return
        closed = isinstance(event, Canceled | Rejected)
        if not isinstance(event, Rejected):
            before = tracked.facts.filled if tracked.facts else ZERO
            tracked.facts = facts_after(tracked.place, tracked.facts, event)
            if tracked.place is None:
                self._note_absent(tracked.facts)
            closed = closed or tracked.facts.filled >= tracked.facts.volume
            if tracked.place is not None and tracked.facts.filled != before:
                if tracked.place.side == "buy" or tracked.placed != ZERO:
                    volume = tracked.facts.filled - before
                    own, waiting = own_part(volume, before, tracked.placed), self._offered_by_waiting(tracked.place)
                    self.ledger.executed(tracked.place, volume, own, waiting)
                    if tracked.placed is not None and tracked.place.side == "sell":
                        self.ledger.mark(tracked.place, tracked.facts.filled)
                if not closed:
                    self.ledger.hold(tracked.place, tracked.facts.filled, tracked.placed)
        if closed:
            self.ledger.release(event.order_id)
            if tracked.place is not None or isinstance(event, Rejected):
                del self._orders[event.order_id]

    def _offered_by_waiting(self, place: Place) -> Decimal:
        """By sells of its strategy that wait for a cancel: its own books count them from the decision on."""
        waiting = (one for one in self._waiting.values() if one.strategy == place.strategy and one.side == "sell")
        return sum((one.volume for one in waiting if one.kind != "extra"), ZERO)

    def _amend(self, event: Amended) -> None:
        """The order's own limit and quantity are others now; what is filled stays filled."""
        tracked = self._orders[event.order_id]
        if tracked.facts is not None:
            tracked.facts = msgspec.structs.replace(tracked.facts, price=event.price, volume=event.volume)
        if tracked.place is not None:
            tracked.placed = tracked.place.volume if tracked.placed is None else tracked.placed
            tracked.place = msgspec.structs.replace(tracked.place, price=event.price, volume=event.volume)
            self.ledger.hold(tracked.place, tracked.facts.filled if tracked.facts else ZERO, tracked.placed)

    def _pass_on(self, event: OrderEvent, effects: Effects) -> None:
        strategy = userref_of(event.order_id)
        if strategy is None:
            return
        if isinstance(event, Canceled) and event.reason in ("unclear", "by hand"):
            ours = event.order_id in self._withdrawn
            event = msgspec.structs.replace(event, reason="requested" if ours else "by hand")
        effects.record.append(Record(strategy, event))
        if strategy in self.ledger.clients:
            effects.deliver.append((strategy, event))

    def _tell_balances(self, effects: Effects) -> None:
        if self._told_of == self.ledger.changes:
            return
        self._told_of = self.ledger.changes
        for funds in self.ledger.all_funds():
            if funds != self._told.get(funds.strategy):
                self._told[funds.strategy] = funds
                effects.deliver.append((funds.strategy, funds))
