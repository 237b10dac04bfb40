"""The rules' second opinion (`tests.oracle`) on every strategy of a history: fed by the venue, asked by the judge."""

from collections import deque
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from msgspec.structs import replace

from messages.orders import Place
from messages.status import StrategyReport
from simulators.kraken.model.events import Event, MarketEvent, OrderEvent
from simulators.kraken.model.market import PublicTrade
from simulators.kraken.model.orders import Order
from simulators.kraken.model.venue import Venue
from tests.oracle import rest
from tests.oracle import terms as rules
from tests.oracle.causes import Strategy
from tests.oracle.surroundings import CLEAR, SECOND, STORM, Surroundings
from tests.simulation.around import Around
from tests.simulation.by_hand import Owner
from tests.simulation.grids import Grids

ZERO = Fraction(0)
NO_OFFER = Fraction(10**12)
KEPT = 100
YOUNG = 60 * SECOND
"""A life's beginning: what happened before it is learned meanwhile."""


class Oracles:
    """One oracle for each userref."""

    def __init__(self, venue: Venue, grids: Grids, lineage: str, owner: Owner, around: Around, *, clear: bool) -> None:
        """`clear`: nothing fails, so that decisions follow at once (see `tests.oracle.causes`)."""
        self._venue = venue
        self._grids = grids
        self._lineage = lineage
        self._owner = owner
        self._around = around
        self._clear = clear
        self._strategies: dict[int, Strategy] = {}
        venue.listen(self._watch)
        self.life: Callable[[], int] = lambda: 0
        self._asks: dict[str, deque[tuple[int, Fraction]]] = {}
        self._present: list[int] = []
        self._began: dict[int, int] = {}
        """When each strategy's life began, and when the one before had ended."""
        self._ended: dict[int, int] = {}
        self._written: dict[str, int] = {}
        """When the journal learned of each order last, by client id."""

    def begin(self, userrefs: Sequence[int]) -> None:
        """A life with these strategies."""
        self._present = list(userrefs)
        self._began |= dict.fromkeys(userrefs, self._venue.clock.now())

    def end(self) -> None:
        """The life is over."""
        self._ended |= dict.fromkeys(self._present, self._venue.clock.now())

    def wrote(self, order: Place) -> None:
        """The journal has it: the program has decided it."""
        self._written[order.order_id] = self._venue.clock.now()

    def hear(self, event: OrderEvent, userref: int) -> None:
        """An order of the strategy changed. Raises `causes.Wrong`."""
        strategy, order = self._of(userref), event.order
        if event.kind == "pending_new":
            strategy.placed(order)
        elif event.kind != "new":
            if event.kind == "canceled" and order.txid in self._owner.unseen:
                strategy.past.unsure = True
            by_others = order.txid in self._owner.canceled | self._owner.unseen | self._around.withdrawn
            strategy.changed(order, event.kind, by_others=by_others, for_good=order.txid in self._owner.canceled)

    def is_extra(self, order: Order, userref: int) -> bool:
        """Whether it offers what no other sell of the strategy does."""
        cause = self._of(userref).past.ids.cause(order.request.cl_ord_id or "")
        return cause is not None and cause.kind == "extra"

    def overdue(self) -> None:
        """Whatever should have been answered by now. Raises `causes.Wrong`."""
        for strategy in self._strategies.values():
            strategy.overdue(self._venue.clock.now())

    def at_rest(
        self, report: StrategyReport, state: dict[str, Any], orders: Sequence[Order], quote: Fraction, base: Fraction
    ) -> list[str]:
        """What is not right of a strategy at rest: `quote` is free, `base` is free for it."""
        strategy, terms = self._of(report.strategy), self._grids.now(report.strategy)
        offered = sum((Fraction(order.remaining) for order in orders if order.side == "sell"), ZERO)
        market = self._venue.markets[self._venue.catalogue.pair(report.symbol).id]
        quiet = rest.Quiet(
            orders=[self._row(order, report.strategy) for order in orders],
            price=Fraction(market.last or 0),
            quote_free=quote,
            base_free=base,
            own_base=Fraction(report.owned) - offered,
            surplus=strategy.past.surplus,
            surplus_price=strategy.past.surplus_price,
            highest=strategy.past.highest,
            waiting=report.waiting,
            told_surplus=Fraction(report.surplus),
            told_investment=Fraction(report.investment),
            told_highest=Fraction(state["highest_buy"]),
            remembered=len(state["remembered"]),
            unsure=strategy.past.unsure,
        )
        return rest.broken(terms, quiet)

    def _row(self, order: Order, userref: int) -> rest.Row:
        """An order; a buy may have the volume that was right by the lot of its day."""
        now, price, volume = self._grids.now(userref), Fraction(order.price), Fraction(order.volume)
        then = self._grids.since(userref, order.opened)
        outdated = not any((one.amount, one.interval) == (now.amount, now.interval) for one in then[-1:])
        lots = {one.lot for one in self._grids.ever(userref)}
        right = {rules.buy_volume(replace(now, lot=lot), price) for lot in lots} if price else set[Fraction]()
        cause = self._of(userref).past.ids.cause(order.request.cl_ord_id or "")
        return rest.Row(
            order.side,
            price,
            volume,
            cause.kind if cause else "",
            outdated=order.side == "buy" and outdated,
            expected=volume if volume in right else None,
        )

    def _of(self, userref: int) -> Strategy:
        if userref not in self._strategies:
            symbol = self._grids.symbol(userref)
            around = Surroundings(
                terms=lambda time: self._grids.answering(userref, time),
                opened_under=lambda time: self._grids.since(userref, time)[-1],
                prices=lambda since: self._prices(symbol, since, userref),
                traded=lambda since: self._prices(symbol, since, userref, before=False),
                knows_no_price=lambda since: self._knows_no_price(symbol, since, userref),
                unheard_since=lambda now: self._unheard_since(userref, now),
                quote=lambda: self._free(symbol.partition("/")[2]),
                offer=lambda: self._offer(symbol),
                decided=lambda order: self._decided(userref, order),
                life=lambda: self.life() if userref in self._present else 0,
                clear=self._clear,
            )
            self._strategies[userref] = Strategy(userref, self._lineage, around)
        return self._strategies[userref]

    def _is_young(self, userref: int, now: int) -> bool:
        return now - self._began.get(userref, 0) < YOUNG

    def _unheard_since(self, userref: int, now: int) -> int:
        if not self._clear:
            return now - STORM
        return self._ended.get(userref, 0) if self._is_young(userref, now) else now - CLEAR

    def _free(self, asset: str) -> Fraction:
        account = next(iter(self._venue.accounts.values()))
        return Fraction(account.free(self._venue.catalogue.asset(asset)))

    def _ask(self, symbol: str, time: int) -> Fraction:
        """As the last trade but those by hand left it; a pair that is not listed has no offer."""
        pair = self._venue.catalogue.by_symbol(symbol)
        if pair is None:
            return NO_OFFER
        asks = [ask for moment, ask in self._asks.get(pair.id, ()) if moment <= time]
        return asks[-1] if asks else NO_OFFER

    def _offer(self, symbol: str) -> Fraction:
        """Of everybody, and of clients whose sells rest above the market; of no pair that is not listed."""
        pair = self._venue.catalogue.by_symbol(symbol)
        if pair is None:
            return NO_OFFER
        sells = [Fraction(order.price) for order in self._venue.orders.resting(pair.id) if order.side == "sell"]
        return min((Fraction(self._venue.markets[pair.id].ask or NO_OFFER), *sells))

    def _decided(self, userref: int, order: Order) -> int:
        """At most `CLEAR` before it arrived, or before the life that had decided it was over."""
        time = self._written.get(order.request.cl_ord_id or "", order.opened)
        before = time < self._began.get(userref, 0)
        return max(time, (self._ended.get(userref, 0) if before else order.opened) - CLEAR)

    def _watch(self, event: Event) -> None:
        """Note the best offer whenever something is traded."""
        if isinstance(event, MarketEvent):
            ask = self._venue.markets[event.pair].ask
            asks = self._asks.setdefault(event.pair, deque(maxlen=KEPT))
            asks.append((self._venue.clock.now(), Fraction(ask or NO_OFFER)))

    def _prices(self, symbol: str, since: int, userref: int, *, before: bool = True) -> list[Fraction]:
        """Trades since then, the last known ones before first; a misprint counts for a life that began after it."""
        pair = self._venue.catalogue.by_symbol(symbol) or self._venue.catalogue.former(symbol)
        if pair is None:
            return []
        market = self._venue.markets[pair.id]
        later = market.trades_after(since - 1)
        earlier = market.tape[: len(market.tape) - len(later)] if before else []
        young = self._is_young(userref, self._venue.clock.now())
        # A young life may take one for the market, but nothing has to follow from it.
        misprints = () if (young and before) or not self._clear else self._around.misprinted
        trades = [*self._last_known(symbol, earlier, userref), *later]
        return [Fraction(trade.price) for trade in trades if (symbol, trade.time) not in misprints]

    def _last_known(self, symbol: str, tape: Sequence[PublicTrade], userref: int) -> Sequence[PublicTrade]:
        """The newest, and in clear weather all back to one at the market: one far from it moves no ladder."""
        if not self._clear:
            return tape[-1:]
        for number, trade in enumerate(reversed(tape), 1):
            if not self._is_far(symbol, trade, userref, trade.time):
                return tape[-number:]
        return tape

    def _is_far(self, symbol: str, trade: PublicTrade, userref: int, time: int) -> bool:
        """Whether the market of that time makes this trade a doubtful one."""
        jump, ask, price = self._grids.now(userref).jump, self._ask(symbol, time), Fraction(trade.price)
        return ask != NO_OFFER and not (price <= ask * jump and ask <= price * jump)

    def _knows_no_price(self, symbol: str, since: int, userref: int) -> bool:
        """Whether a young life may know nothing but a doubtful trade.

        It hears the last trade before it and all that follow; the first one it holds against the ticker of its start.
        """
        now, began = self._venue.clock.now(), self._began.get(userref, 0)
        pair = self._venue.catalogue.by_symbol(symbol) or self._venue.catalogue.former(symbol)
        if pair is None or not self._is_young(userref, now):
            return False
        market = self._venue.markets[pair.id]
        heard, later = market.trades_after(began - 1), market.trades_after(since - 1)
        heard = [*market.tape[: len(market.tape) - len(heard)][-1:], *heard]
        newest = [*self._last_known(symbol, market.tape[: len(market.tape) - len(later)], userref), *later]
        return any(self._is_far(symbol, one, userref, max(one.time, began)) for one in heard if one in newest)
