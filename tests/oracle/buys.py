"""What a buy must be when it arrives. It is judged once it is known what was decided together with it."""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from msgspec import Struct

from simulators.kraken.model.orders import Order
from tests.oracle import terms as rules
from tests.oracle.ids import Cause
from tests.oracle.past import Past
from tests.oracle.surroundings import CLEAR, SECOND, Surroundings, Wrong, named, one_of, shown
from tests.oracle.terms import Terms


class Arrival(Struct, frozen=True):
    """A buy, and what was open when it came."""

    order: Order
    cause: Cause
    beside: tuple[Order, ...]
    tickers: Sequence[Fraction]
    """Oldest first."""
    offer: Fraction
    """The lowest at which anybody sold then."""
    decided: int
    """When the program had decided it; it may have been kept back since then."""


class Buys:
    """Of one strategy."""

    def __init__(self, past: Past, around: Surroundings) -> None:
        self._past = past
        self._around = around
        self._arrivals: list[Arrival] = []

    def overdue(self, now: int) -> None:
        """Judge what is old enough. Raises `Wrong`."""
        arrived = [one for one in self._arrivals if now - one.order.opened > 2 * CLEAR]
        self._arrivals = self._arrivals[len(arrived) :]
        for arrival in arrived:
            one_of(self._recent_terms(arrival.order), partial(self._check_ladder, arrival))

    def arrive(self, order: Order, cause: Cause) -> None:
        """One came; in a storm what can be told of it is judged now. Raises `Wrong`."""
        decided, beside = self._around.decided(order), tuple(self._past.opened.values())
        tickers = self._around.prices(decided - self._past.slack)
        arrival = Arrival(order, cause, beside, tickers, self._around.offer(), decided)
        if self._around.clear:
            self._arrivals.append(arrival)
        elif cause.kind == "ladder":
            one_of(self._recent_terms(order), partial(self._check_ladder, arrival))

    def _recent_terms(self, order: Order) -> Sequence[Terms]:
        return self._around.terms(self._around.decided(order) - self._past.slack)

    def check_counter(self, order: Order, parent: Order, terms: Terms) -> None:
        """The answer to a filled sell. Raises `Wrong`."""
        sold = Fraction(parent.price)
        tickers = (sold, *self._around.prices(parent.closed))
        due = {rules.buy_price(terms, sold, ticker) for ticker in tickers}
        if order.price not in due:
            raise Wrong(f"{named(order)}: due for {parent.txid} at {parent.price} is {shown(due)}")
        if order.volume != rules.buy_volume(terms, Fraction(order.price)):
            raise Wrong(f"{named(order)} is not worth {rules.shown(terms.amount)}")

    def _check_ladder(self, arrival: Arrival, terms: Terms) -> None:
        order = arrival.order
        if arrival.cause.kind == "ladder":
            if self._around.clear:
                self._check_step(arrival, terms)
            if order.volume != rules.buy_volume(terms, Fraction(order.price)):
                raise Wrong(f"{named(order)} is not worth {rules.shown(terms.amount)}")
        if self._around.clear:
            self._check_limits(arrival, terms)

    def _check_step(self, arrival: Arrival, terms: Terms) -> None:
        """The price follows from the lowest buy, or from the ticker."""
        order = arrival.order
        sure, perhaps = self._standing(arrival)
        lasts: set[Fraction | None] = {Fraction(o.price) for o in perhaps}
        if not self._around.clear:
            lasts |= {None, *(Fraction(o.price) for o in sure)}
        elif sure:
            lowest = min(Fraction(o.price) for o in sure)
            lasts = {lowest, *(last for last in lasts if last is not None and last < lowest)}
        else:
            lasts.add(None)
        due = set[Fraction]()
        for number, ticker in enumerate(arrival.tickers, 1):
            first = {rules.buy_price(terms, last, ticker) for last in lasts}
            due |= first | self._below_unseen(arrival, terms, first, arrival.tickers[number:])
        if order.price not in due:
            raise Wrong(f"{named(order)}: due is {shown(due)}")

    def _below_unseen(
        self, arrival: Arrival, terms: Terms, due: set[Fraction], later: Sequence[Fraction]
    ) -> set[Fraction]:
        """Below a buy that was decided together with this one and never came to rest: it would have crossed the market.

        So may one that was kept back until a `later` trade passed it: it is withdrawn before it leaves, and those below
        it leave. So may one that was withdrawn at once, where something was filled or closed meanwhile; in a storm any.
        """
        order, found, last = arrival.order, set[Fraction](), due
        busy = any(abs(order.opened - time) <= CLEAR for time in self._past.closings)
        passed = min((arrival.offer, *(later if arrival.decided < order.opened else ())))
        for depth in range(terms.buys):
            lost = not self._around.clear or (busy and not depth)
            unseen = last if lost else {price for price in last if price >= passed}
            last = {rules.buy_price(terms, price, price * 2) for price in unseen} - due - found
            found |= last
        return found

    def _standing(self, arrival: Arrival) -> tuple[list[Order], list[Order]]:
        """Buys that the decision reckoned with for sure, and those that it did or did not."""
        time = arrival.order.opened
        buys = self._decided_before(arrival)
        ending = [one for one in buys if 0 < self._past.orders[one.txid].closed <= time + self._past.slack]
        # A counter-buy leaves before what was decided earlier.
        young = [one for one in buys if one.opened >= arrival.decided]
        answers = [one for one in young if self._past.causes[one.txid].kind == "counter"]
        ending += [one for one in answers if one not in ending]
        ended = [
            one
            for one in self._past.lately
            if one.side == "buy" and arrival.decided - self._past.slack <= one.closed <= time
        ]
        return [one for one in buys if one not in ending], [*ending, *ended]

    def _decided_before(self, arrival: Arrival) -> list[Order]:
        """Of one decision a buy may overtake a dearer one that waits for the funds of a running cancel.

        One that was overtaken is open, too; what overtook it was not there yet.
        """
        buys, causes = [one for one in arrival.beside if one.side == "buy"], self._past.causes
        if arrival.cause.kind != "ladder":
            return buys
        time, number = arrival.order.opened, arrival.cause.number
        here = {arrival.order.txid, *(one.txid for one in arrival.beside)}
        later = [one for one in self._past.orders.values() if time <= one.opened <= time + CLEAR]
        overtaken = [one for one in later if causes[one.txid].kind == "ladder" and one.txid not in here]
        return [one for one in (*buys, *overtaken) if causes[one.txid].number <= number]

    def _check_limits(self, arrival: Arrival, terms: Terms) -> None:
        """In clear weather: not one buy too many, and not one beyond `max_investment`."""
        order = arrival.order
        sure, _ = self._standing(arrival)
        sells = [one for one in arrival.beside if one.side == "sell" and order.opened - one.opened > SECOND]
        sells = [one for one in sells if not 0 < self._past.orders[one.txid].closed <= order.opened + CLEAR]
        invested = rules.invested((*sure, *sells))
        if not rules.may_invest(terms, invested):
            raise Wrong(f"{named(order)}: {rules.shown(invested)} of {rules.shown(terms.max_investment)} are invested")
        if len(sure) >= terms.buys:
            raise Wrong(f"{named(order)}: {terms.buys} buys are open")
        if rules.no_gain(terms, Fraction(order.price)):
            raise Wrong(f"{named(order)} cannot be sold with a gain")
