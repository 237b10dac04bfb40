"""Every order and every cancellation of one strategy, explained by what the venue saw before it.

In `clear` weather (no fault of network, venue or machine; the owner's hand, fills, prices, rules and new lives happen)
a decision follows what asks for it within `CLEAR` nanoseconds, by the rules and a price of that time. Then everything
is checked: price, volume, limits, and that a counter-buy is there exactly when it must be. Allowed is what some order
of the events within `CLEAR` allows: any trade of that time as the ticker, any buy that was open then as the lowest one,
a counter-buy or none where another order of the strategy opened or closed within `CLEAR` of the fill. A buy that would
cross the market, or a sell of the account itself, never rests, so that the next one below it may be the first to be
seen. A buy that was refused may have made another one go. When an order was written down is known: the first ladder
buys of a life are kept back for a moment, lest they take the places of sells that are still due. Counter-buys leave
before them, what the market passes meanwhile is withdrawn and never seen, and a life that ends meanwhile leaves them to
the next one.

In a `storm` a decision may be as old as a lost connection lasts, its request may rest in a queue meanwhile, and the
program may cancel an order to learn its fate. There allowed are: as the ticker any trade since the fill or within
`STORM`, as the lowest buy any within `STORM`; limits, counts and the reason of a cancellation are
left to `rest`, and so is the price of a ladder buy, since a garbled frame may have told a price at which nobody traded.

Of closures that happened while the program was down, or within that time, it may have heard or not: a surplus is what
any of them leave.

An extra sell may take what a partial fill brings: the sells of a SWING may be smaller than what is due, those of others
only where no more is their own.

Nowhere checked are price and volume of what answers an order that its owner amended, and the surplus of a strategy
after that. A misprint is no ticker, except for a life that began after it.

A life holds the first trade that it hears against the venue's ticker. While that is doubted it knows no price: its
sells go out, and nothing has to lift them.
"""

from fractions import Fraction
from functools import partial

from msgspec import Struct

from simulators.kraken.model.orders import Order
from tests.oracle import terms as rules
from tests.oracle.buys import Buys
from tests.oracle.departures import Departures
from tests.oracle.ids import Cause
from tests.oracle.past import ZERO, Past
from tests.oracle.sells import Sells
from tests.oracle.surroundings import CLEAR, SECOND, Surroundings, Wrong, named, one_of
from tests.oracle.terms import Terms

EXCESS, TRADES = 120 * SECOND, 3
"""So long, and over so many trades, more buys than wanted may stay: one print may be doubted, a request under way."""


class Due(Struct):
    """A sell that was filled, and whether the rules ask for a buy."""

    txid: str
    time: int
    life: int
    wanted: bool
    why: str


class Strategy:
    """One strategy, as the venue knows it."""

    def __init__(self, userref: int, lineage: str, around: Surroundings) -> None:
        self.past = Past(userref, lineage, around)
        self._around = around
        self._sells = Sells(self.past, around)
        self._buys = Buys(self.past, around)
        self._departures = Departures(self.past, around)
        self._due: list[Due] = []
        self._too_many = (0, 0)
        """Since when, in nanoseconds, more buys are open than are wanted, and in which life."""

    def placed(self, order: Order) -> None:
        """An order arrived. Raises `Wrong`."""
        cause = self.past.ids.cause(order.request.cl_ord_id or "")
        if cause is None:
            raise Wrong(f"{named(order)}: nothing that happened asks for it")
        try:
            self._check(order, cause)
        finally:
            self.past.placed(order, cause)
        if cause.parent:
            self.past.answers.setdefault(cause.parent, []).append(order.txid)
        if cause.kind == "surplus":
            self.past.offered += Fraction(order.volume)
            if not self.past.surplus:
                self.past.leftovers, self.past.offered = [], ZERO

    def changed(self, order: Order, kind: str, *, by_others: bool, for_good: bool) -> None:
        """Filled in part or completely, amended, cancelled; `for_good` is the owner's own word. Raises `Wrong`."""
        self.past.book(self.past.orders[order.txid], order)
        self.past.orders[order.txid] = order
        if by_others:
            self.past.ended_by_others.add(order.txid)
        self.past.unsure |= kind == "amended"
        if order.is_open:
            self.past.opened[order.txid] = order
            return
        before = self.past.opened.get(order.txid)
        if kind == "canceled" and before is not None and not by_others and order.reason == "User requested":
            self._departures.depart(order)
        self.past.opened.pop(order.txid, None)
        self.past.lately.append(order)
        self.past.closings.append(order.closed)
        if kind == "filled":
            self._filled(order)
        else:
            self.past.closed_early(order, for_good=for_good)
        self.past.changes.append(order.closed)

    def overdue(self, now: int) -> None:
        """In clear weather: buys that must not have come, and counter-buys that must be there. Raises `Wrong`."""
        self._buys.overdue(now)
        self._departures.overdue(now)
        self._check_excess(now)
        ripe = [due for due in self._due if now - due.time > 2 * CLEAR]
        self._due = [due for due in self._due if due not in ripe]
        for due in ripe:
            closed = sum(0 <= time - due.time <= CLEAR for time in self.past.closings)
            if closed > 1 or due.life != self._around.life():
                continue
            if due.wanted != bool(self.past.answers.get(due.txid)):
                words = "is not bought back" if due.wanted else "is bought back"
                raise Wrong(f"the filled sell {due.txid} {words} ({due.why})")

    def _check_excess(self, now: int) -> None:
        """In clear weather buys beyond `n` go with the next trades, although all will be quiet only much later."""
        life, terms, buys = self._around.life(), self._around.terms(now - CLEAR), len(self.past.buys())
        if not self._around.clear or not life or any(buys <= one.buys for one in terms):
            self._too_many = (0, 0)
        elif self._too_many[1] != life:
            self._too_many = (now, life)
        elif now - self._too_many[0] > EXCESS and len(self._around.traded(now - EXCESS)) > TRADES:
            raise Wrong(f"{buys} buys are open where {max(one.buys for one in terms)} are wanted")

    def _check(self, order: Order, cause: Cause) -> None:
        if order.side == "buy" and not order.request.post_only:
            raise Wrong(f"{named(order)} is not post-only")
        match cause.kind:
            case "counter":
                parent = self.past.orders[cause.parent]
                answers = [self.past.orders[name] for name in self.past.answers.get(cause.parent, ())]
                if parent.amended or any(answer.amended for answer in answers):
                    return
                terms = self._around.terms(parent.closed)
                if order.side == "sell":
                    one_of(terms, partial(self._sells.check_counter, order, parent, cause))
                else:
                    one_of(terms, partial(self._buys.check_counter, order, parent))
                    self._buys.arrive(order, cause)
            case "ladder":
                if order.side != "buy":
                    raise Wrong(f"{named(order)}: a ladder only buys")
                self._buys.arrive(order, cause)
            case "surplus":
                if not self.past.unsure:
                    one_of(
                        self._around.terms(self._around.decided(order) - self.past.slack),
                        lambda one: self._sells.check_surplus(order, one),
                    )
            case "extra":
                one_of(
                    self._around.terms(self._around.decided(order) - self.past.slack),
                    lambda one: self._sells.check_extra(order, one),
                )

    def _filled(self, order: Order) -> None:
        self.past.ids.filled(order.txid)
        if order.side == "buy":
            self.past.highest = max(self.past.highest, Fraction(order.price))
            return
        if due := self._buy_back(order):
            self._due.append(due)

    def _buy_back(self, sell: Order) -> Due | None:
        """Whether the rules ask for a buy below a filled sell; None where nobody can tell."""
        life = self._around.life()
        terms = self._around.terms(sell.closed)[0]
        busy = any(sell.closed - time <= CLEAR for time in self.past.changes)
        if not self._around.clear or not life or busy or self._around.quote() <= terms.need * 2:
            return None
        price = rules.buy_price(terms, Fraction(sell.price), self._around.prices(sell.closed)[-1])
        why = ""
        if not self.past.sells():
            why = "no other sell is open"
        elif len(self.past.buys()) >= terms.buys:
            why = f"{terms.buys} buys are open"
        elif not rules.may_invest(terms, self.past.invested()):
            why = f"{rules.shown(self.past.invested())} of {rules.shown(terms.max_investment)} are invested"
        elif (
            price >= self._around.offer()
            or rules.no_gain(terms, price)
            or rules.too_small(terms, price, rules.buy_volume(terms, price))
        ) or self._had_room_before(sell, terms):
            return None
        invested = rules.shown(self.past.invested())
        words = f"{len(self.past.sells())} sells, {len(self.past.buys())} buys, {invested} invested"
        return Due(sell.txid, sell.closed, life, not why, why or words)

    def _had_room_before(self, sell: Order, terms: Terms) -> bool:
        """Whether the trade that filled the sell may have made the ladder grow first, so that no buy was missing."""
        return rules.may_invest(terms, self.past.invested() + rules.invested([sell]))
