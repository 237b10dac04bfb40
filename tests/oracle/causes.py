"""Every order and every cancellation of one strategy, explained by what the venue saw before it.

In `clear` weather (no fault of network, venue or machine; the owner's hand, fills, prices, rules and new lives happen)
a decision follows what asks for it within `CLEAR` nanoseconds, by the rules and a price of that time. Then everything
is checked: price, volume, limits, and that a counter-buy is there exactly when it must be. Allowed is what some order
of the events within `CLEAR` allows: any trade of that time as the ticker, any buy that was open then as the lowest one,
a counter-buy or none where another order of the strategy opened or closed within `CLEAR` of the fill. A buy that would
cross the market never rests, so that the next one below it may be the first to be seen; a counter-buy of the same
second may come before what was decided before it. A buy that was refused may have made another one go.

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
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import partial
from itertools import combinations

from msgspec import Struct

from adapters.exchanges.kraken.sandbox.model.orders import Order
from tests.oracle import terms as rules
from tests.oracle.ids import Cause, Ids
from tests.oracle.terms import Terms

SECOND = 10**9
CLEAR = 20 * SECOND
STORM = 4 * 3600 * SECOND
ZERO = Fraction(0)


class Wrong(AssertionError):
    """Something happened that no rule asks for, or did not happen that one does."""


class Surroundings(Struct):
    """What an explanation may use: closures over the venue."""

    terms: Callable[[int], Sequence[Terms]]
    """Those that may have been in force since a time, newest first."""
    opened_under: Callable[[int], Terms]
    """Those in force at a time."""
    prices: Callable[[int], Sequence[Fraction]]
    """Trades since a time, and the last one before it."""
    quote: Callable[[], Fraction]
    """Free quote of the account."""
    ask: Callable[[int], Fraction]
    """The market's best offer at a time: a buy at or above it never rests."""
    unheard_since: Callable[[int], int]
    """Whatever happened since then the program may not have heard of at the given time."""
    life: Callable[[], int]
    """Number of the life that trades; 0 when none does."""
    clear: bool


class Due(Struct):
    """A sell that was filled, and whether the rules ask for a buy."""

    txid: str
    time: int
    life: int
    wanted: bool
    why: str


class Arrival(Struct, frozen=True):
    """A buy, and what was open when it came."""

    order: Order
    cause: Cause
    beside: tuple[Order, ...]
    tickers: Sequence[Fraction]


class Departure(Struct, frozen=True):
    """A buy that we cancelled, and what was open beside it."""

    order: Order
    beside: tuple[Order, ...]
    tickers: Sequence[Fraction]


class Leftover(Struct, frozen=True):
    """What a partly filled buy left, or what the sell of a surplus did not bring away."""

    time: int
    volume: Fraction
    price: Fraction


class Strategy:
    """One strategy, as the venue knows it."""

    def __init__(self, userref: int, lineage: str, around: Surroundings) -> None:
        self.ids = Ids(userref, lineage)
        self._leftovers: list[Leftover] = []
        """Since there was no surplus."""
        self._offered = ZERO
        """Of them."""
        self.highest = ZERO
        """Of all completely filled buys."""
        self.unsure = False
        """Whether its owner amended an order, or cancelled one that the program may not have seen open."""
        self.owned = ZERO
        """Bought minus sold; what was sold beyond that was the owner's."""
        self._around = around
        self._open: dict[str, Order] = {}
        self._lately: list[Order] = []
        """Orders that were closed, newest last."""
        self._changes: list[int] = []
        self._closings: list[int] = []
        self._causes: dict[str, Cause] = {}
        self._answers: dict[str, list[str]] = {}
        self._orders: dict[str, Order] = {}
        self._due: list[Due] = []
        self._arrivals: list[Arrival] = []
        self._departures: list[Departure] = []
        """Both are judged once it is known what was decided together with them."""

    @property
    def slack(self) -> int:
        """How old a decision may be, in nanoseconds."""
        return CLEAR if self._around.clear else STORM

    def placed(self, order: Order) -> None:
        """An order arrived. Raises `Wrong`."""
        cause = self.ids.cause(order.request.cl_ord_id or "")
        if cause is None:
            raise Wrong(f"{_named(order)}: nothing that happened asks for it")
        try:
            self._check(order, cause)
        finally:
            self._open[order.txid] = self._orders[order.txid] = order
            self._causes[order.txid] = cause
            self._changes.append(order.opened)
        if cause.parent:
            self._answers.setdefault(cause.parent, []).append(order.txid)
        if cause.kind == "surplus":
            self._offered += Fraction(order.volume)
            if not self.surplus:
                self._leftovers, self._offered = [], ZERO

    def changed(self, order: Order, kind: str, *, by_others: bool, for_good: bool) -> None:
        """Filled in part or completely, amended, cancelled; `for_good` is the owner's own word. Raises `Wrong`."""
        self._book(self._orders[order.txid], order)
        self._orders[order.txid] = order
        self.unsure |= kind == "amended"
        if order.is_open:
            self._open[order.txid] = order
            return
        before = self._open.get(order.txid)
        if kind == "canceled" and before is not None and not by_others and order.reason == "User requested":
            self._depart(order)
        self._open.pop(order.txid, None)
        self._lately.append(order)
        self._closings.append(order.closed)
        if kind == "filled":
            self._filled(order)
        else:
            self._closed(order, for_good=for_good)
        self._changes.append(order.closed)

    def _book(self, before: Order, after: Order) -> None:
        volume = Fraction(after.filled - before.filled)
        if after.side == "buy":
            self.owned += volume
        elif volume:
            others = [o for o in self.sells() if o.txid != after.txid and self._causes[o.txid].kind != "extra"]
            promised = sum((Fraction(o.remaining) for o in others), ZERO)
            self.owned = max(self.owned - volume, min(max(self.owned, ZERO), promised))

    def own_base(self) -> Fraction:
        """Bought, not sold and not offered."""
        return sum((-Fraction(order.remaining) for order in self.sells()), self.owned)

    def overdue(self, now: int) -> None:
        """In clear weather: buys that must not have come, and counter-buys that must be there. Raises `Wrong`."""
        arrived = [one for one in self._arrivals if now - one.order.opened > 2 * CLEAR]
        self._arrivals = self._arrivals[len(arrived) :]
        for arrival in arrived:
            self._one_of(self._recent_terms(arrival.order), partial(self._check_ladder, arrival))
        departed = [one for one in self._departures if now - one.order.closed > 2 * CLEAR]
        self._departures = self._departures[len(departed) :]
        for departure in departed:
            self._check_departure(departure)
        ripe = [due for due in self._due if now - due.time > 2 * CLEAR]
        self._due = [due for due in self._due if due not in ripe]
        for due in ripe:
            closed = sum(0 <= time - due.time <= CLEAR for time in self._closings)
            if closed > 1 or due.life != self._around.life():
                continue
            if due.wanted != bool(self._answers.get(due.txid)):
                words = "is not bought back" if due.wanted else "is bought back"
                raise Wrong(f"the filled sell {due.txid} {words} ({due.why})")

    @property
    def surplus(self) -> Fraction:
        """Base of partly filled and then cancelled buys that no sell offers."""
        return sum((one.volume for one in self._leftovers), -self._offered)

    @property
    def surplus_price(self) -> Fraction:
        """Highest price among those buys."""
        return max((one.price for one in self._leftovers), default=ZERO)

    def _possible_surplus(self, now: int) -> Iterable[tuple[Fraction, Fraction]]:
        """Volume and price, as far as the program may have heard of the closures."""
        since = self._around.unheard_since(now)
        sure = [one for one in self._leftovers if one.time < since]
        late = [one for one in self._leftovers if one.time >= since]
        for count in range(len(late), -1, -1):
            for some in combinations(late, count):
                known = [*sure, *some]
                volume = sum((one.volume for one in known), -self._offered)
                yield volume, max((one.price for one in known), default=ZERO)

    def buys(self) -> list[Order]:
        """Open ones, highest first."""
        return sorted((o for o in self._open.values() if o.side == "buy"), key=lambda o: -o.price)

    def sells(self) -> list[Order]:
        """Open ones."""
        return [o for o in self._open.values() if o.side == "sell"]

    def invested(self) -> Fraction:
        """Price times full volume of all that is open."""
        return sum((_value(order) for order in self._open.values()), ZERO)

    def _since(self, now: int) -> list[Order]:
        """Open now or within the time that a decision may be old."""
        recent = [order for order in self._lately if now - order.closed <= self.slack]
        self._lately = [order for order in self._lately if now - order.closed <= STORM]
        return [*self._open.values(), *recent]

    # What an order must be

    def _check(self, order: Order, cause: Cause) -> None:
        if order.side == "buy" and not order.request.post_only:
            raise Wrong(f"{_named(order)} is not post-only")
        match cause.kind:
            case "counter":
                parent = self._orders[cause.parent]
                if parent.amended or any(self._orders[name].amended for name in self._answers.get(cause.parent, ())):
                    return
                terms = self._around.terms(parent.closed)
                if order.side == "sell":
                    self._one_of(terms, partial(self._check_counter_sell, order, parent, cause))
                else:
                    self._one_of(terms, partial(self._check_counter_buy, order, parent))
                    self._arrive(order, cause)
            case "ladder":
                if order.side != "buy":
                    raise Wrong(f"{_named(order)}: a ladder only buys")
                self._arrive(order, cause)
            case "surplus":
                if not self.unsure:
                    self._one_of(self._recent_terms(order), lambda one: self._check_surplus(order, one))
            case "extra":
                self._one_of(self._recent_terms(order), lambda one: self._check_extra(order, one))

    def _arrive(self, order: Order, cause: Cause) -> None:
        tickers = self._around.prices(order.opened - self.slack)
        arrival = Arrival(order, cause, tuple(self._open.values()), tickers)
        if self._around.clear:
            self._arrivals.append(arrival)
        elif cause.kind == "ladder":
            self._one_of(self._recent_terms(order), partial(self._check_ladder, arrival))

    def _recent_terms(self, order: Order) -> Sequence[Terms]:
        return self._around.terms(order.opened - self.slack)

    @staticmethod
    def _one_of(possible: Iterable[Terms], check: Callable[[Terms], None]) -> None:
        found: dict[str, None] = {}
        for one in possible:
            try:
                return check(one)
            except Wrong as wrong:
                found[str(wrong)] = None
        raise Wrong("; or ".join(list(found)[:3]) or "nothing is configured")

    def _check_counter_sell(self, order: Order, parent: Order, cause: Cause, terms: Terms) -> None:
        bought, price = Fraction(parent.price), Fraction(order.price)
        tickers = self._around.prices(parent.closed)
        if not terms.sells:
            raise Wrong(f"{_named(order)}: a cDCA sells")
        due = {rules.sell_price(terms, bought, ticker) for ticker in (None, *tickers)}
        if price not in due and price not in {rules.up(one, terms.tick) for one in self._unrounded(parent, terms)}:
            raise Wrong(f"{_named(order)}: due for {parent.txid} at {parent.price} is {_shown(due)}")
        self._check_lift(order, tickers)
        if order.opened - parent.closed > CLEAR and order.volume in self._earlier_volumes(parent, price):
            return
        wanted = rules.sell_volume(terms, price, Fraction(parent.filled))
        if cause.attempt:
            siblings = [self._orders[name] for name in self._answers.get(parent.txid, ())]
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

    def _unrounded(self, parent: Order, terms: Terms) -> list[Fraction]:
        """What a sell was due at under former rules, to be rounded anew by those of the moment."""
        bought, tickers = Fraction(parent.price), (None, *self._around.prices(parent.closed))
        former = {(one.tick, one.interval): one for one in self._around.terms(parent.closed)}
        lowest = rules.lowest_sell(terms, bought)
        return [max(rules.sell_price(one, bought, ticker), lowest) for one in former.values() for ticker in tickers]

    def _check_lift(self, order: Order, since_fill: Sequence[Fraction]) -> None:
        """In clear weather the market has not passed a sell that is placed."""
        if not self._around.clear:
            return
        recent = self._around.prices(order.opened - CLEAR)
        known = [price for price in since_fill if price in recent]
        if known and min(known) > order.price:
            raise Wrong(f"{_named(order)} is not lifted above the market, which traded at {_shown(known)}")

    def _check_volume(self, order: Order, terms: Terms, wanted: Fraction, sure: Fraction) -> None:
        """`sure`: what its own buy brought; where more than that is wanted, the strategy may have it or not.

        Less may be left of it: an extra sell or a larger counter-sell takes what a buy brings before it is complete.
        """
        most, own = rules.down(wanted, terms.lot), rules.down(max(self.own_base(), ZERO), terms.lot)
        least = ZERO if self.unsure or terms.kind == "SWING" else rules.down(min(wanted, sure), terms.lot)
        if not min(least, own) <= order.volume <= most or (order.volume < least and order.volume != own):
            raise Wrong(f"{_named(order)}: due are {_shown({least, most})}, own {rules.shown(own)}")

    def _check_counter_buy(self, order: Order, parent: Order, terms: Terms) -> None:
        sold = Fraction(parent.price)
        tickers = (sold, *self._around.prices(parent.closed))
        due = {rules.buy_price(terms, sold, ticker) for ticker in tickers}
        if order.price not in due:
            raise Wrong(f"{_named(order)}: due for {parent.txid} at {parent.price} is {_shown(due)}")
        if order.volume != rules.buy_volume(terms, Fraction(order.price)):
            raise Wrong(f"{_named(order)} is not worth {rules.shown(terms.amount)}")

    def _check_ladder(self, arrival: Arrival, terms: Terms) -> None:
        order = arrival.order
        if arrival.cause.kind == "ladder":
            if self._around.clear:
                self._check_step(arrival, terms)
            if order.volume != rules.buy_volume(terms, Fraction(order.price)):
                raise Wrong(f"{_named(order)} is not worth {rules.shown(terms.amount)}")
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
        due = {rules.buy_price(terms, last, ticker) for last in lasts for ticker in arrival.tickers}
        due |= self._below_unseen(arrival, terms, due)
        if order.price not in due:
            raise Wrong(f"{_named(order)}: due is {_shown(due)}")

    def _below_unseen(self, arrival: Arrival, terms: Terms, due: set[Fraction]) -> set[Fraction]:
        """Below a buy that was decided together with this one and never came to rest: it would have crossed the market.

        So may one that was withdrawn at once, where something was filled or closed meanwhile; in a storm any one.
        """
        order, found, last = arrival.order, set[Fraction](), due
        busy = any(abs(order.opened - time) <= CLEAR for time in self._closings)
        for depth in range(terms.buys):
            lost = not self._around.clear or (busy and not depth)
            crossing = last if lost else {price for price in last if price >= self._around.ask(order.opened)}
            last = {rules.buy_price(terms, price, price * 2) for price in crossing} - due - found
            found |= last
        return found

    def _standing(self, arrival: Arrival) -> tuple[list[Order], list[Order]]:
        """Buys that the decision reckoned with for sure, and those that it did or did not."""
        time = arrival.order.opened
        buys = [one for one in arrival.beside if one.side == "buy"]
        ending = [one for one in buys if 0 < self._orders[one.txid].closed <= time + self.slack]
        answers = [one for one in buys if time - one.opened < SECOND and self._causes[one.txid].kind == "counter"]
        ending += [one for one in answers if one not in ending]
        ended = [one for one in self._lately if one.side == "buy" and time - self.slack <= one.closed <= time]
        return [one for one in buys if one not in ending], [*ending, *ended]

    def _check_limits(self, arrival: Arrival, terms: Terms) -> None:
        """In clear weather: not one buy too many, and not one beyond `max_investment`."""
        order = arrival.order
        sure, _ = self._standing(arrival)
        sells = [one for one in arrival.beside if one.side == "sell" and order.opened - one.opened > SECOND]
        sells = [one for one in sells if not 0 < self._orders[one.txid].closed <= order.opened + CLEAR]
        invested = sum((_value(one) for one in (*sure, *sells)), ZERO)
        if invested + terms.need >= terms.max_investment:
            raise Wrong(f"{_named(order)}: {rules.shown(invested)} of {rules.shown(terms.max_investment)} are invested")
        if len(sure) >= terms.buys:
            raise Wrong(f"{_named(order)}: {terms.buys} buys are open")
        if rules.no_gain(terms, Fraction(order.price)):
            raise Wrong(f"{_named(order)} cannot be sold with a gain")

    def _check_surplus(self, order: Order, terms: Terms) -> None:
        wrong: Wrong | None = None
        for volume, bought in self._possible_surplus(order.opened):
            try:
                return self._check_surplus_of(order, terms, volume, bought)
            except Wrong as found:
                wrong = wrong or found
        raise wrong or Wrong(f"{_named(order)}: there is no surplus")

    def _check_surplus_of(self, order: Order, terms: Terms, surplus: Fraction, bought: Fraction) -> None:
        tickers = self._around.prices(order.opened - self.slack)
        due = {rules.sell_price(terms, bought, ticker) for ticker in (None, *tickers)}
        if order.side != "sell" or not terms.sells or order.price not in due:
            raise Wrong(f"{_named(order)}: of a surplus of {rules.shown(surplus)} due is {_shown(due)}")
        price = Fraction(order.price)
        if surplus * price < terms.amount:
            raise Wrong(f"{_named(order)}: a surplus of {rules.shown(surplus)} is not worth {terms.amount}")
        self._check_lift(order, self._around.prices(order.opened - CLEAR))
        wanted = rules.down(min(rules.for_amount(terms, price), surplus), terms.lot)
        own = rules.down(max(self.own_base(), ZERO), terms.lot)
        if order.volume > wanted or (order.volume not in (wanted, own) and terms.kind != "SWING"):
            raise Wrong(f"{_named(order)}: due are {_shown({wanted})}")

    def _check_extra(self, order: Order, terms: Terms) -> None:
        tickers = self._around.prices(order.opened - self.slack)
        due = {rules.extra_price(terms, ticker, self.highest) for ticker in tickers}
        if order.side != "sell" or terms.kind != "SWING" or order.price not in due:
            raise Wrong(f"{_named(order)}: due of a SWING is {_shown(due)}")
        if order.volume > rules.down(rules.for_amount(terms, Fraction(order.price)), terms.lot):
            raise Wrong(f"{_named(order)} is worth more than {terms.amount}")
        busy = any(order.opened - time <= CLEAR for time in self._changes)
        if self._around.clear and not busy and (self.sells() or len(self.buys()) != terms.buys):
            raise Wrong(f"{_named(order)} beside {len(self.sells())} sells and {len(self.buys())} buys")

    # What a closure means

    def _filled(self, order: Order) -> None:
        self.ids.filled(order.txid)
        if order.side == "buy":
            self.highest = max(self.highest, Fraction(order.price))
            return
        if due := self._buy_back(order):
            self._due.append(due)

    def _buy_back(self, sell: Order) -> Due | None:
        """Whether the rules ask for a buy below a filled sell; None where nobody can tell."""
        life = self._around.life()
        terms = self._around.terms(sell.closed)[0]
        busy = any(sell.closed - time <= CLEAR for time in self._changes)
        if not self._around.clear or not life or busy or self._around.quote() <= terms.need * 2:
            return None
        price = rules.buy_price(terms, Fraction(sell.price), self._around.prices(sell.closed)[-1])
        why = ""
        if not self.sells():
            why = "no other sell is open"
        elif len(self.buys()) >= terms.buys:
            why = f"{terms.buys} buys are open"
        elif self.invested() + terms.need >= terms.max_investment:
            why = f"{rules.shown(self.invested())} of {rules.shown(terms.max_investment)} are invested"
        elif (
            price >= self._around.ask(sell.closed)
            or rules.no_gain(terms, price)
            or rules.too_small(terms, price, rules.buy_volume(terms, price))
        ):
            return None
        words = f"{len(self.sells())} sells, {len(self.buys())} buys, {rules.shown(self.invested())} invested"
        return Due(sell.txid, sell.closed, life, not why, why or words)

    def _closed(self, order: Order, *, for_good: bool) -> None:
        terms = self._around.terms(order.closed)[0]
        cause = self._causes.get(order.txid)
        if order.side == "buy" and order.filled and terms.sells:
            self._leftovers.append(Leftover(order.closed, Fraction(order.filled), Fraction(order.price)))
        elif cause is not None and cause.kind == "surplus" and not for_good:
            bought = rules.down(Fraction(order.price) / terms.step, terms.tick)
            self._leftovers.append(Leftover(order.closed, Fraction(order.volume - order.filled), bought))

    # What a cancellation must be

    def _depart(self, order: Order) -> None:
        """In clear weather every cancellation of ours has one of four reasons."""
        if not self._around.clear:
            return
        if order.side == "sell":
            raise Wrong(f"{_named(order)}: nothing asks for its cancellation")
        others = tuple(one for one in self._since(order.closed) if one.side == "buy" and one.txid != order.txid)
        self._departures.append(Departure(order, others, self._around.prices(order.closed - CLEAR)))

    def _check_departure(self, departure: Departure) -> None:
        order = departure.order
        if not any(self._may_depart(departure, terms) for terms in self._around.terms(order.opened)):
            raise Wrong(f"{_named(order)}: nothing asks for its cancellation; market {_shown(departure.tickers)}")

    def _may_depart(self, departure: Departure, terms: Terms) -> bool:
        order = departure.order
        price, time = Fraction(order.price), order.closed
        # What was decided together with the cancellation may arrive after it.
        later = [one for one in self._orders.values() if one.side == "buy" and time <= one.opened <= time + CLEAR]
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
        sold = [one for one in self._orders.values() if one.side == "sell" and since <= one.closed <= time]
        tickers = departure.tickers
        return {rules.buy_price(terms, Fraction(one.price), ticker) for one in sold for ticker in tickers}

    def _stays(self, order: Order, time: int) -> bool:
        """Whether it did not end about that time, other than by a cancellation of the same moment."""
        closed = self._orders[order.txid].closed
        return not closed or closed > time + CLEAR or (closed == time and not _is_full(self._orders[order.txid]))


def _named(order: Order) -> str:
    return f"{order.side} {order.txid} of {order.volume} at {order.price}"


def _is_full(order: Order) -> bool:
    return order.filled >= order.volume


def _value(order: Order) -> Fraction:
    return Fraction(order.price) * Fraction(order.volume)


def _shown(values: Iterable[Fraction]) -> str:
    return " or ".join(f"{rules.shown(value):f}" for value in sorted(set(values))[:6]) or "nothing"
