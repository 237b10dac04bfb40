"""What one answer of a decision core asks for, order by order, held against what is its strategy's to spend.

Pure. Orders of one answer add up: two that are allowed each by itself may not be so together.
"""

from collections.abc import Callable
from decimal import Decimal, localcontext

from msgspec import Struct

from messages.counted import counted
from messages.money import EXACT, ZERO, Pair, cost
from messages.orders import Balances, Place
from trading.books import Books, Entry, plain

SECOND = 10**9
BURST = 10_000
"""Orders and cancels that a strategy may ask for without any pause: many times what a venue takes."""
PER_SECOND = 5
"""Further orders allowed per second of the market's time. In the long run the venue takes fewer."""
PER_FILL = 10
"""Further orders allowed per execution of an order."""
AT_ONCE = 2_000
"""New orders in one answer."""


class CoreFailed(Exception):
    """A decision core raised, or asked for what is not its own. It would do so again: its strategy is halted."""


class Bounds(Struct, frozen=True):
    """What a strategy may ask for."""

    userref: int
    pair: Pair
    max_investment: Decimal
    sells_unowned: bool | None = None
    """Whether it may sell base that it did not buy; None: its owner has not said."""
    max_open_buys: int = 0
    """As configured; a large grid may ask for more at once."""

    @property
    def at_once(self) -> int:
        """New orders in one answer, at most."""
        return AT_ONCE + 2 * self.max_open_buys

    @property
    def burst(self) -> int:
        """Orders and cancels without any pause, at most."""
        return BURST + 100 * self.max_open_buys


class Demand:
    """What one answer of a core asks for, checked against what is open. Methods raise `CoreFailed` on a breach."""

    def __init__(
        self,
        bounds: Bounds,
        books: Books,
        funds: Balances | None,
        sells_unowned: Callable[[], bool],
        brought: Decimal = ZERO,
    ) -> None:
        """`funds` are those that the strategy received last. `brought`: proceeds in base of the buy just reported."""
        self._bounds = bounds
        self._books = books
        self._funds = funds
        self._sells_unowned = sells_unowned
        self._brought = brought
        self._sums: _Sums | None = None

    def buy(self, place: Place) -> None:
        """Within the quote it may spend and its `max_investment`."""
        sums, quote = self._of_open(), self._bounds.pair.quote
        worth = cost(place.price, place.volume)
        if place.kind != "counter" and self._funds is not None and sums.buys + worth > self._funds.quote:
            raise CoreFailed(
                f"it asked for buys worth {plain(sums.buys + worth)} {quote} at once, "
                f"of {plain(self._funds.quote)} {quote} it may spend"
            )
        most = self._bounds.max_investment
        if sums.invested + worth > most:
            raise CoreFailed(
                f"it asked for {shown(place)}, which makes {plain(sums.invested + worth)} {quote} of open orders: "
                f"max_investment is {plain(most)}"
            )
        sums.buys += worth
        sums.invested += worth

    def sell(self, place: Place) -> Decimal:
        """Within what its own fills brought, or other base where it may sell that. Returns how much is its own."""
        sums, volume = self._of_open(), place.volume
        free = self._books.owned - sums.own
        told = (self._funds.base if self._funds is not None else ZERO) - sums.own
        mine, others = max(free, told, ZERO), ZERO
        own = min(volume, max(free, ZERO))
        if volume > mine and self._funds is not None and self._sells_unowned():
            others = max(self._funds.base_unowned - sums.lent, ZERO)
        if volume > mine + others:
            # The answer to a fill may be short of base that an order amended by hand has sold: it waits for funds.
            if place.kind != "counter" or volume > self._brought:
                raise CoreFailed(self._too_much(place, max(free, ZERO), others))
            own = volume
            self._brought -= volume
        sums.own += own
        sums.lent += volume - own
        sums.invested += cost(place.price, volume)
        return own

    def canceled(self) -> None:
        """An order was taken back: what it kept may be asked for again."""
        self._sums = None

    def _too_much(self, place: Place, free: Decimal, others: Decimal) -> str:
        base = self._bounds.pair.base
        also = f", and it may sell {plain(others)} {base} that no strategy bought" if others else ""
        return (
            f"it asked for {shown(place)}: its fills have left {plain(free)} {base} that none of its sells offers{also}"
        )

    def _of_open(self) -> "_Sums":
        if self._sums is None:
            with localcontext(EXACT):
                self._sums = _Sums()
                for order in self._books.orders.values():
                    if order.rests:
                        self._sums.add(order)
        return self._sums


class _Sums(Struct):
    """Sums over the orders that reserve funds."""

    buys: Decimal = ZERO
    """Quote of buys, without what is filled."""
    own: Decimal = ZERO
    """Own base in sells."""
    lent: Decimal = ZERO
    """Other base in sells."""
    invested: Decimal = ZERO
    """Price x full volume of both sides."""

    def add(self, order: Entry) -> None:
        own = order.volume if order.placed is None else min(order.volume, order.placed)  # not what was added by hand
        self.invested += cost(order.price, own)
        if order.side == "buy":
            self.buys += cost(order.price, max(order.volume - order.filled, ZERO))
        else:
            self.own += order.own_rest
            self.lent += max(order.rest - order.own_rest, ZERO)


class Pace:
    """How fast a strategy asks: what floods the venue takes the rate budget of its neighbours."""

    def __init__(self, bounds: Bounds) -> None:
        self._at_once = bounds.at_once
        self._burst = bounds.burst
        self._left = bounds.burst
        self._time = 0

    def filled(self) -> None:
        """An order was executed."""
        self._left = min(self._left + PER_FILL, self._burst)

    def spend(self, orders: int, cancels: int, now: int) -> None:
        """Count the orders of one answer at `now`, in nanoseconds of the market's time.

        Raises `CoreFailed` for too many at once, and when there is never a pause.
        """
        if orders > self._at_once:
            raise CoreFailed(f"it asked for {counted(orders, 'new order')} at once: {self._at_once:,} are allowed")
        if now > self._time:
            more = (now - self._time) * PER_SECOND // SECOND
            if more:
                self._left, self._time = min(self._left + more, self._burst), now
        self._left -= orders + cancels
        if self._left < 0:
            raise CoreFailed(
                f"it asks for orders and cancels without end: more than {self._burst} of them, and {PER_SECOND} a "
                "second are allowed"
            )


def shown(place: Place) -> str:
    """For a sentence."""
    return f"a {place.side} of {_shown(place.volume)} at {_shown(place.price)}"


def _shown(amount: object) -> str:
    """A plug-in may answer anything."""
    return plain(amount) if isinstance(amount, Decimal) and amount.is_finite() else str(amount)
