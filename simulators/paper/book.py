"""The simulated account and its matching: pure, so that a backtest can use it at full speed.

Prices and orders come in, exchange events come out; times are those of the prices. An order placed
after `price(row k)` can fill from row k+1 on, simply because the calls come in that order.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Literal

import msgspec
from msgspec import Struct

from messages.account import AccountBalances, AccountSnapshot, OrderFacts, facts_of_accepted
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.mailboxes import ExchangeEvent
from messages.market import Tick
from messages.money import (
    EXACT,
    ONE,
    ZERO,
    Pair,
    Side,
    below_minimum,
    ceil_cost,
    cost,
    fee_of,
    floor_price,
    floor_volume,
    hold_of,
)
from messages.order_life import Executed, is_complete
from messages.orders import Accepted, CloseReason, Place, Rejected, RejectReason
from simulators.paper.saved_account import (
    Changes,
    LastPrice,
    PaperAccount,
    PaperOrder,
    decode_account,
    decode_orders,
    encode,
)

CLOSED_KEPT = 10_000
"""Closed orders that stay in memory for look-ups; the newest ones."""

_NOWHERE_BELOW = Decimal("-Infinity")
_NOWHERE_ABOVE = Decimal("Infinity")


class Rules(Struct, frozen=True):
    """What the simulated exchange charges and when it fills."""

    maker_fee: Decimal
    """0.0026 is 0.26 %."""
    taker_fee: Decimal
    fill_rule: Literal["at", "through"] = "at"
    """Whether a trade at the limit fills an order, or only one beyond it."""


class Quiet(Struct, frozen=True):
    """No resting order fills while `low < price < high`."""

    low: Decimal
    high: Decimal


_SILENCE = Quiet(_NOWHERE_BELOW, _NOWHERE_ABOVE)


class PaperBook:
    """One simulated account: balances, open orders, and what a price does to them."""

    def __init__(self, rules: Rules, account: PaperAccount, orders: Iterable[PaperOrder] = ()) -> None:
        self.account = account
        self.forgotten = False
        """Whether closed orders exist that `lookup` no longer knows."""
        self._rules = rules
        self._pairs: dict[str, Pair] = {}
        self._open: dict[ClientOrderId, PaperOrder] = {}
        self._closed: dict[ClientOrderId, PaperOrder] = {}
        self._resting: dict[str, dict[ClientOrderId, PaperOrder]] = {}
        self._held: dict[str, Decimal] = {}
        self._quiet: dict[str, Quiet] = {}
        self._changed: dict[VenueOrderId, PaperOrder] = {}
        in_order_of_change = sorted(orders, key=lambda order: (order.facts.time, order.number))
        for order in sorted(in_order_of_change, key=lambda order: order.facts.status == "open"):
            self._keep(order)

    @classmethod
    def load(cls, rules: Rules, account: str, orders: Mapping[str, str]) -> "PaperBook":
        """The book as its `Changes` left it. Raises `DatabaseUnusable` for texts it cannot read."""
        return cls(rules, decode_account(account), decode_orders(orders))

    def add_pair(self, pair: Pair) -> None:
        """Orders and prices of a symbol need its rules first."""
        self._pairs[pair.symbol] = pair

    def price(self, tick: Tick) -> list[ExchangeEvent]:
        """Apply the next row of prices: every resting order it reaches fills completely, at its limit.

        Highest buys first, then lowest sells; of equal ones the one that came first.
        """
        quiet = self.quiet(tick.symbol)
        self.account.last[tick.symbol] = LastPrice(tick.price, tick.time)
        self.account.row += 1
        if quiet.low < tick.price < quiet.high:
            return []
        resting, price = self._resting[tick.symbol].values(), tick.price
        met = [o for o in resting if (o.facts.price >= price if o.facts.side == "buy" else o.facts.price <= price)]
        due = [order for order in met if self._reached(order, tick)]
        due.sort(key=_priority)
        events: list[ExchangeEvent] = []
        for order in due:
            rest = EXACT.subtract(order.facts.volume, order.facts.filled)
            events += self._execute(order, rest, order.facts.price, tick.time)
        return events

    def quiet(self, symbol: str) -> Quiet:
        """The prices that fill no order as it rests now. Holds until the next event of this symbol."""
        known = self._quiet.get(symbol)
        if known is None:
            facts = [order.facts for order in self._resting.get(symbol, {}).values()]
            buys = [order.price for order in facts if order.side == "buy"]
            sells = [order.price for order in facts if order.side == "sell"]
            known = Quiet(max(buys, default=_NOWHERE_BELOW), min(sells, default=_NOWHERE_ABOVE)) if facts else _SILENCE
            self._quiet[symbol] = known
        return known

    def place(self, place: Place) -> list[ExchangeEvent]:
        """Accept the order, refuse it, or fill it at once at the last price when it crosses that.

        Raises `KeyError` for a symbol whose rules were never added.
        """
        last = self.account.last.get(place.symbol)
        time = max(last.time, place.time) if last else place.time
        # An order newer than the last price comes from before a crash, when the price had gone further.
        crossed = last.price if last and last.time >= place.time and _crosses(place, last.price) else None
        rate = self._rules.maker_fee if crossed is None else self._rules.taker_fee
        need = hold_of(self._pairs[place.symbol], place.side, place.price, place.volume, rate)
        refusal = self._refusal(place, need, crosses=crossed is not None)
        if refusal:
            reason, text = refusal
            return [Rejected(order_id=place.order_id, reason=reason, text=text, time=time)]
        number = self._next_number()
        facts = facts_of_accepted(place, VenueOrderId(f"PAPER-{number:09}"), time)
        order = PaperOrder(facts, number=number, fee_rate=rate, held=need, since=place.time)
        self._store(order)
        events: list[ExchangeEvent] = [
            Accepted(order_id=place.order_id, exchange_id=order.facts.exchange_id, time=time)
        ]
        if crossed is not None:
            events += self._execute(order, place.volume, crossed, time)
        return events

    def cancel(self, order_id: ClientOrderId, time: Nanos) -> list[ExchangeEvent]:
        """Cancel as the program asked; an order that is unknown or closed already says nothing."""
        return self._close(order_id, "requested", time)

    def close_by_hand(self, order_id: ClientOrderId, time: Nanos) -> list[ExchangeEvent]:
        """Cancel as its owner would on the exchange's web page."""
        return self._close(order_id, "by hand", time)

    def fill_partially(self, order_id: ClientOrderId, volume: Decimal, time: Nanos) -> list[ExchangeEvent]:
        """Execute some of an open order at its limit, which no price does here.

        Raises `ValueError` for an order that is not open and for a volume it does not have left.
        """
        order = self._open.get(order_id)
        if order is None:
            raise ValueError(f"order {order_id} is not open")
        if not ZERO < volume <= EXACT.subtract(order.facts.volume, order.facts.filled):
            raise ValueError(f"order {order_id} has no {volume} left")
        return self._execute(order, volume, order.facts.price, time)

    def facts(self) -> tuple[OrderFacts, ...]:
        """All open orders, in the order of arrival."""
        return tuple(order.facts for order in sorted(self._open.values(), key=lambda order: order.number))

    def snapshot(self) -> AccountSnapshot:
        """Totals and open orders."""
        return AccountSnapshot(dict(self.account.balances), self.facts())

    def lookup(self, order_ids: Sequence[ClientOrderId]) -> dict[ClientOrderId, OrderFacts]:
        """Orders by client id, closed ones included as far as they are kept in memory."""
        found = ((order_id, self._open.get(order_id) or self._closed.get(order_id)) for order_id in order_ids)
        return {order_id: order.facts for order_id, order in found if order is not None}

    def closed_since(self, time: int) -> tuple[OrderFacts, ...]:
        """Closed orders that are kept in memory, by the time of their closure."""
        return tuple(order.facts for order in self._closed.values() if order.facts.time >= time)

    def free(self, asset: str) -> Decimal:
        """What no open order holds."""
        return EXACT.subtract(self.account.balances.get(asset, ZERO), self._held.get(asset, ZERO))

    @property
    def changed(self) -> bool:
        """Whether anything but prices has changed since the last `take_changes`."""
        return bool(self._changed)

    def take_changes(self) -> Changes:
        """Changes to save since the last call. A caller that saves nothing forgets them instead."""
        orders: dict[str, str] = {order.facts.exchange_id: encode(order) for order in self._changed.values()}
        self._changed.clear()
        return Changes(encode(self.account), orders)

    def forget_changes(self) -> None:
        """This book is not saved: changes do not pile up, and nothing of it is encoded."""
        self._changed.clear()

    def put_back(self, changes: Changes) -> None:
        """They could not be saved: the next `take_changes` returns them again."""
        for order in decode_orders(changes.orders):
            self._changed.setdefault(order.facts.exchange_id, order)

    def _refusal(self, place: Place, need: Decimal, *, crosses: bool) -> tuple[RejectReason, str] | None:
        pair = self._pairs[place.symbol]
        if place.order_id in self._open:
            return "refused", f"an open order has the client order id {place.order_id} already"
        if malformed := _malformed(pair, place):
            return "refused", malformed
        if too_small := below_minimum(pair, place.price, place.volume):
            return "minimum", too_small
        asset = pair.quote if place.side == "buy" else pair.base
        if need > self.free(asset):
            return "funds", f"the order needs {need:f} {asset}, free are {self.free(asset):f} {asset}"
        if crosses and place.post_only:
            return "post-only", f"a {place.side} at {place.price:f} would take from the book"
        return None

    def _reached(self, order: PaperOrder, tick: Tick) -> bool:
        if tick.time < order.since:
            return False
        limit = order.facts.price
        if self._rules.fill_rule == "at" and tick.price == limit:
            return True
        return tick.price < limit if order.facts.side == "buy" else tick.price > limit

    def _execute(self, order: PaperOrder, volume: Decimal, price: Decimal, time: Nanos) -> list[ExchangeEvent]:
        """Trade `volume` more of the order at `price`."""
        before, pair = order.facts, self._pairs[order.facts.symbol]
        filled, total = EXACT.add(before.filled, volume), EXACT.add(before.cost, cost(price, volume))
        complete = is_complete(filled, before.volume)
        executed = Executed(filled, total, _fee(pair, before, total, order.fee_rate))
        facts = before.after("filled" if complete else "partly filled", executed, time)
        held = ZERO if complete else _held_after(pair, facts, order.fee_rate)
        self._store(msgspec.structs.replace(order, facts=facts, held=held))
        totals = self._settle(pair, before, facts)
        return [totals, facts.fill(f"PAPER-F-{self._next_number():09}")]

    def _settle(self, pair: Pair, before: OrderFacts, after: OrderFacts) -> AccountBalances:
        """Move what was traded between `before` and `after`; the new totals of both assets."""
        volume = EXACT.subtract(after.filled, before.filled)
        amount, fee = EXACT.subtract(after.cost, before.cost), EXACT.subtract(after.fee, before.fee)
        if after.side == "buy":
            base, quote = volume, EXACT.minus(EXACT.add(amount, fee))
        else:
            base, quote = EXACT.minus(volume), EXACT.subtract(amount, fee)
        balances = self.account.balances
        balances[pair.base] = EXACT.add(balances.get(pair.base, ZERO), base)
        balances[pair.quote] = EXACT.add(balances.get(pair.quote, ZERO), quote)
        return AccountBalances({asset: balances[asset] for asset in (pair.base, pair.quote)}, with_next=True)

    def _close(self, order_id: ClientOrderId, reason: CloseReason, time: Nanos) -> list[ExchangeEvent]:
        order = self._open.get(order_id)
        if order is None:
            return []
        why = msgspec.structs.replace(order.facts, reason=reason, time=time).closure()
        facts = order.facts.after("closed", order.facts.executed, time, why)
        self._store(msgspec.structs.replace(order, facts=facts, held=ZERO))
        return [why]

    def _store(self, order: PaperOrder) -> None:
        self._changed[order.facts.exchange_id] = order
        self._keep(order)

    def _keep(self, order: PaperOrder) -> None:
        """Let this version of the order replace the one before."""
        facts = order.facts
        resting = self._resting.setdefault(facts.symbol, {})
        asset = _asset_held(facts.symbol, facts.side)
        former = resting.pop(facts.order_id, None)
        change = EXACT.subtract(order.held, former.held) if former else order.held
        self._held[asset] = EXACT.add(self._held.get(asset, ZERO), change)
        self._quiet.pop(facts.symbol, None)
        if facts.status == "open":
            self._open[facts.order_id] = resting[facts.order_id] = order
            return
        self._open.pop(facts.order_id, None)
        self._closed.pop(facts.order_id, None)
        self._closed[facts.order_id] = order
        if len(self._closed) > CLOSED_KEPT:
            del self._closed[next(iter(self._closed))]
            self.forgotten = True

    def _next_number(self) -> int:
        self.account.sequence += 1
        return self.account.sequence


@lru_cache
def _asset_held(symbol: str, side: Side) -> str:
    base, _, quote = symbol.partition("/")
    return quote if side == "buy" else base


def _priority(order: PaperOrder) -> tuple[bool, Decimal, int]:
    facts = order.facts
    return (facts.side == "sell", facts.price if facts.side == "sell" else facts.price.copy_negate(), order.number)


def _malformed(pair: Pair, place: Place) -> str | None:
    if place.price <= ZERO or floor_price(pair, place.price) != place.price:
        return f"price {place.price:f} is no positive multiple of the tick size {pair.tick_size:f}"
    if place.volume <= ZERO or floor_volume(pair, place.volume) != place.volume:
        return f"volume {place.volume:f} is no positive multiple of the lot {pair.lot:f}"
    return None


def _crosses(place: Place, price: Decimal) -> bool:
    return place.price >= price if place.side == "buy" else place.price <= price


def _fee(pair: Pair, before: OrderFacts, total: Decimal, rate: Decimal) -> Decimal:
    """The cumulative fee once the cumulative cost is `total`.

    A buy's is rounded so that cost and fee together are what was held for them, to the last unit. A
    sell's never exceeds what the trade brings in.
    """
    if before.side == "buy":
        return EXACT.subtract(ceil_cost(pair, EXACT.multiply(total, EXACT.add(ONE, rate))), total)
    proceeds = EXACT.subtract(total, before.cost)
    return min(fee_of(pair, total, rate), EXACT.add(before.fee, proceeds))


def _held_after(pair: Pair, facts: OrderFacts, rate: Decimal) -> Decimal:
    """What a partly filled order still holds: what it held at first without what it has paid."""
    if facts.side == "sell":
        return EXACT.subtract(facts.volume, facts.filled)
    at_first = hold_of(pair, "buy", facts.price, facts.volume, rate)
    return EXACT.subtract(at_first, EXACT.add(facts.cost, facts.fee))
