"""What a cancellation by the program must have for a reason, in clear weather: one of four."""

from collections.abc import Sequence
from fractions import Fraction

from msgspec import Struct

from simulators.kraken.model.orders import Order
from tests.oracle import terms as rules
from tests.oracle.past import Past
from tests.oracle.surroundings import CLEAR, SECOND, Surroundings, Wrong, named, shown
from tests.oracle.terms import Terms


class Departure(Struct, frozen=True):
    """A buy that we cancelled, and what was open beside it."""

    order: Order
    beside: tuple[Order, ...]
    tickers: Sequence[Fraction]


class Departures:
    """Of one strategy."""

    def __init__(self, past: Past, around: Surroundings) -> None:
        self._past = past
        self._around = around
        self._departures: list[Departure] = []

    def overdue(self, now: int) -> None:
        """Judge what is old enough. Raises `Wrong`."""
        departed = [one for one in self._departures if now - one.order.closed > 2 * CLEAR]
        self._departures = self._departures[len(departed) :]
        for departure in departed:
            self._check_departure(departure)

    def depart(self, order: Order) -> None:
        """One was cancelled by us. Raises `Wrong` for a sell."""
        if not self._around.clear:
            return
        if order.side == "sell":
            raise Wrong(f"{named(order)}: nothing asks for its cancellation")
        others = tuple(one for one in self._past.since(order.closed) if one.side == "buy" and one.txid != order.txid)
        self._departures.append(Departure(order, others, self._around.prices(order.closed - CLEAR)))

    def _check_departure(self, departure: Departure) -> None:
        order = departure.order
        if not any(self._may_depart(departure, terms) for terms in self._around.terms(order.opened)):
            raise Wrong(f"{named(order)}: nothing asks for its cancellation; market {shown(departure.tickers)}")

    def _may_depart(self, departure: Departure, terms: Terms) -> bool:
        order = departure.order
        price, time = Fraction(order.price), order.closed
        # What was decided together with the cancellation may arrive after it.
        later = [one for one in self._past.orders.values() if one.side == "buy" and time <= one.opened <= time + CLEAR]
        others = [*departure.beside, *(one for one in later if one not in departure.beside)]
        then = self._around.opened_under(order.opened)
        if (then.amount, then.interval) != (terms.amount, terms.interval):
            return True
        prices = [*(Fraction(one.price) for one in others), *self._answered_in_vain(departure, terms)]
        if any(other <= price and rules.too_near(terms, price, other) for other in prices):
            return True
        if sum(other >= price for other in prices) >= terms.buys:
            return True
        stay = [one for one in others if one.opened < time - SECOND and self._stays(one, time)]
        threshold = rules.shift_above(terms, max([price, *(Fraction(one.price) for one in stay)]))
        return any(ticker > threshold for ticker in departure.tickers)

    def _answered_in_vain(self, departure: Departure, terms: Terms) -> set[Fraction]:
        """Counter-buys that were decided with the cancellation and refused, for funds or as they cross the market."""
        time = departure.order.closed
        since = min(self._around.unheard_since(time), time - CLEAR)
        sold = [one for one in self._past.orders.values() if one.side == "sell" and since <= one.closed <= time]
        tickers = departure.tickers
        return {rules.buy_price(terms, Fraction(one.price), ticker) for one in sold for ticker in tickers}

    def _stays(self, order: Order, time: int) -> bool:
        """Whether it did not end about that time, other than by our own cancellation of the same moment."""
        now = self._past.orders[order.txid]
        together = now.closed == time and not _is_full(now) and order.txid not in self._past.ended_by_others
        return not now.closed or now.closed > time + CLEAR or together


def _is_full(order: Order) -> bool:
    return order.filled >= order.volume
