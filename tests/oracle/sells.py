"""What a sell must be when it arrives: the answer to a buy, the sale of a surplus, or SWING's extra sell."""

from collections.abc import Collection, Sequence
from fractions import Fraction

from simulators.kraken.model.orders import Order
from tests.oracle import terms as rules
from tests.oracle.ids import Cause
from tests.oracle.past import ZERO, Past
from tests.oracle.surroundings import CLEAR, Surroundings, Wrong, named, shown
from tests.oracle.terms import Terms


class Sells:
    """Of one strategy."""

    def __init__(self, past: Past, around: Surroundings) -> None:
        self._past = past
        self._around = around

    def check_counter(self, order: Order, parent: Order, cause: Cause, terms: Terms) -> None:
        """The answer to a filled buy. Raises `Wrong`."""
        bought, price = Fraction(parent.price), Fraction(order.price)
        tickers = self._around.prices(parent.closed)
        if not terms.sells:
            raise Wrong(f"{named(order)}: a cDCA sells")
        due = {rules.sell_price(terms, bought, ticker) for ticker in (None, *tickers)}
        if price not in due and price not in {rules.up(one, terms.tick) for one in self._remembered(parent, terms)}:
            raise Wrong(f"{named(order)}: due for {parent.txid} at {parent.price} is {shown(due)}")
        self._check_lift(order, tickers, terms, bought)
        if order.opened - parent.closed > CLEAR and order.volume in self._earlier_volumes(parent, price):
            return
        wanted = rules.sell_volume(terms, price, Fraction(parent.filled))
        if cause.attempt:
            siblings = [self._past.orders[name] for name in self._past.answers.get(parent.txid, ())]
            wanted = min([wanted, *(Fraction(o.volume - o.filled) for o in siblings[-1:])])
        self._check_volume(order, terms, wanted, Fraction(parent.filled))

    def _earlier_volumes(self, parent: Order, price: Fraction) -> set[Fraction]:
        """Of a sell that had to wait: reckoned when it was due at first, at another price or for another amount."""
        bought, filled = Fraction(parent.price), Fraction(parent.filled)
        due = {
            (terms, rules.sell_price(terms, bought, ticker))
            for terms in self._around.terms(parent.closed)
            for ticker in (None, *self._around.prices(parent.closed))
        }
        return {
            rules.down(min(rules.sell_volume(terms, one, filled), filled), terms.lot)
            for terms, one in due
            if one <= price
        }

    def _remembered(self, parent: Order, terms: Terms) -> list[Fraction]:
        """What a sell was due at under former rules and intervals, to be rounded anew by those of the moment."""
        bought, tickers = Fraction(parent.price), (None, *self._around.prices(parent.closed))
        former = {(one.tick, one.interval): one for one in self._around.terms(parent.closed)}.values()
        lowest = rules.lowest_sell(terms, bought)
        due = {rules.sell_price(one, bought, ticker) for one in former for ticker in tickers}
        return [max(price, lowest) for price in due | self._lifted_late(parent, former)]

    def _lifted_late(self, parent: Order, former: Collection[Terms]) -> set[Fraction]:
        """Of a sell that waited with its price of a smaller interval until the market had passed that.

        A changed interval leaves what is remembered as it is; the lift is decided when the sell is placed.
        """
        bought, found = Fraction(parent.price), set[Fraction]()
        intervals = [one.interval for one in self._around.terms(parent.closed)]
        for one in former:
            before = intervals[intervals.index(one.interval) :]
            smaller = [other for other in former if other.interval in before and other.interval < one.interval]
            lowest = min((rules.sell_price(other, bought, None) for other in smaller), default=None)
            passed = [price for price in self._around.prices(parent.closed) if lowest is not None and price > lowest]
            found |= {rules.lifted(one, price) for price in passed}
        return found

    def _check_lift(self, order: Order, since_fill: Sequence[Fraction], terms: Terms, bought: Fraction) -> None:
        """In clear weather the market has not passed a sell that is placed, as far as the program knows it.

        It is lifted when what is due lies below the market, not for the part of a tick by which that was rounded down.
        A life that begins with a trade far from the market knows no price: its sells do not wait, and nothing lifts
        them.
        """
        if not self._around.clear:
            return
        since = order.opened - CLEAR
        recent = self._around.prices(since)
        known = [price for price in since_fill if price in recent]
        exact = bought * terms.step
        reached = exact if order.price == rules.down(exact, terms.tick) else Fraction(order.price)
        if known and min(known) > reached and not self._around.knows_no_price(since):
            raise Wrong(f"{named(order)} is not lifted above the market, which traded at {shown(known)}")

    def _check_volume(self, order: Order, terms: Terms, wanted: Fraction, sure: Fraction) -> None:
        """`sure`: what its own buy brought; where more than that is wanted, the strategy may have it or not.

        Less may be left of it: an extra sell or a larger counter-sell takes what a buy brings before it is complete.
        """
        most, own = rules.down(wanted, terms.lot), rules.down(max(self._past.own_base(), ZERO), terms.lot)
        least = ZERO if self._past.unsure or terms.kind == "SWING" else rules.down(min(wanted, sure), terms.lot)
        if not min(least, own) <= order.volume <= most or (order.volume < least and order.volume != own):
            raise Wrong(f"{named(order)}: due are {shown({least, most})}, own {rules.shown(own)}")

    def check_surplus(self, order: Order, terms: Terms) -> None:
        """Of some surplus that the program may know of. Raises `Wrong`."""
        wrong: Wrong | None = None
        for volume, bought in self._past.possible_surplus(order.opened):
            try:
                return self._check_surplus_of(order, terms, volume, bought)
            except Wrong as found:
                wrong = wrong or found
        raise wrong or Wrong(f"{named(order)}: there is no surplus")

    def _check_surplus_of(self, order: Order, terms: Terms, surplus: Fraction, bought: Fraction) -> None:
        tickers = self._around.prices(self._around.decided(order) - self._past.slack)
        due = {rules.sell_price(terms, bought, ticker) for ticker in (None, *tickers)}
        if order.side != "sell" or not terms.sells or order.price not in due:
            raise Wrong(f"{named(order)}: of a surplus of {rules.shown(surplus)} due is {shown(due)}")
        price = Fraction(order.price)
        if surplus * price < terms.amount:
            raise Wrong(f"{named(order)}: a surplus of {rules.shown(surplus)} is not worth {terms.amount}")
        # A trade that is older than what left the surplus is no ticker; a life that slept knows the closure alone.
        since = self._around.traded(max((one.time for one in self._past.leftovers), default=0))
        self._check_lift(order, since, terms, bought)
        wanted = rules.volume_for_amount(terms, price, surplus)
        own = rules.down(max(self._past.own_base(), ZERO), terms.lot)
        if order.volume > wanted or (order.volume not in (wanted, own) and terms.kind != "SWING"):
            raise Wrong(f"{named(order)}: due are {shown({wanted})}")

    def check_extra(self, order: Order, terms: Terms) -> None:
        """SWING's own. Raises `Wrong`."""
        tickers = self._around.prices(self._around.decided(order) - self._past.slack)
        due = {rules.extra_price(terms, ticker, self._past.highest) for ticker in tickers}
        if order.side != "sell" or terms.kind != "SWING" or order.price not in due:
            raise Wrong(f"{named(order)}: due of a SWING is {shown(due)}")
        if order.volume > rules.volume_for_amount(terms, Fraction(order.price)):
            raise Wrong(f"{named(order)} is worth more than {terms.amount}")
        busy = any(order.opened - time <= CLEAR for time in self._past.changes)
        if self._around.clear and not busy and (self._past.sells() or len(self._past.buys()) != terms.buys):
            raise Wrong(f"{named(order)} beside {len(self._past.sells())} sells and {len(self._past.buys())} buys")
