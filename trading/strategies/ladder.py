"""The working memory of a grid: its state, the newest price and funds, and what one decision asks for.

There are no fixed levels; the ladder is what is open. A requested order counts as open from the decision
on, and an order being cancelled has left the ladder, although its funds stay held until the event.
"""

from decimal import Decimal

import msgspec

from messages.ids import NO_VENUE_ID, ClientOrderId, Nanos, VenueOrderId, client_order_id, counter_cause, ladder_cause
from messages.market import Quote
from messages.money import ZERO, Pair, Side, below_minimum
from messages.notices import FundsMissing, Notice, OrderDelayed, OrderReleased
from messages.orders import Balances, Cancel, OrderKind, Place
from trading.strategies.core import Output
from trading.strategies.doubt import AHEAD, QUOTE_LASTS, QUOTE_PATIENCE, Doubt, is_at_market, is_near
from trading.strategies.retry import BuyRetry, Crossings, OrderLimit, Retry
from trading.strategies.settings import GridSettings, Variant
from trading.strategies.side import LadderSide
from trading.strategies.state import GridState, OwnOrder, Released, RememberedSell, remember_release

CROSSED = "post-only buys would cross the ask: the last trade is above the market; tried again after a pause"


class Ladder:
    """One grid between two events. Only `state` is durable; the rest arrives again after a restart."""

    def __init__(self, settings: GridSettings, variant: Variant, state: GridState) -> None:
        self.settings = settings
        self.variant = variant
        self.state = state
        self.ticker: Decimal | None = None
        self._saved_fill_time = state.fill_time
        self.tick_time = Nanos(0)
        self.doubt: Doubt | None = None
        """The newest price, when it jumped away from `ticker` and nothing has confirmed it yet; else None."""
        self.quote: Quote | None = None
        """What was bid and asked when it was asked for last."""
        self.quoted_at = Nanos(0)
        self.clock = Nanos(0)
        """When the core was last woken by the clock, in nanoseconds UTC."""
        self.put_off: set[ClientOrderId] = set()
        """Requests that the venue does not take now: what nothing was sent for can be decided again."""
        self.funds = Balances(settings.userref, ZERO, ZERO, ZERO)
        self.synced = False
        self.buy_retry = BuyRetry()
        self.sell_retry = Retry()
        """For all remembered sells together; what each one waits for is part of the state."""
        self.surplus_retry = Retry()
        """For what is sold besides: the surplus, and the extra sell."""
        self.coming_back: set[VenueOrderId] = set()
        """By the fill that they answer: remembered sells of closed orders that were not tried again yet."""
        self.limit = OrderLimit()
        self.crossings = Crossings()
        self.out: list[Output] = []
        self.sum_up()

    def change_rules(self, pair: Pair, fee: Decimal) -> None:
        """Decide by these from now on; what the former ones forbade is tried again."""
        self.settings = msgspec.structs.replace(self.settings, pair=pair, fee=fee)
        self.sum_up()
        self.sell_retry.at_once()
        self.surplus_retry.at_once()
        self.ask_again()

    def sum_up(self) -> None:
        """Derive from the state what is otherwise kept up with each change: both sides, and what is pending."""
        orders = self.state.orders.values()
        self._buys, self._sells = (
            LadderSide(self.settings, side, [o for o in orders if o.side == side and o.phase != "canceling"])
            for side in ("buy", "sell")
        )
        self._pending = {order.order_id for order in orders if order.phase != "open"}

    def buys(self) -> list[OwnOrder]:
        """The ladder: buys that are requested or open, highest price first. Not to be changed by the caller."""
        return self._buys.orders

    def sells(self) -> list[OwnOrder]:
        """Sells that are requested or open, lowest price first. Not to be changed by the caller."""
        return self._sells.orders

    def pending(self) -> bool:
        """Whether the outcome of any request that the venue looks at is not known yet."""
        return not self._pending <= self.put_off

    @property
    def now(self) -> Nanos:
        """The newest time that is known: of a tick, or of the clock that woke the core."""
        return max(self.tick_time, self.clock)

    def investment(self) -> Decimal:
        """Sum of price x full volume over both sides of the ladder."""
        return self._buys.invested + self._sells.invested

    def quote_free(self) -> Decimal:
        """Quote that no open order of anybody holds."""
        return self.funds.quote - self._buys.held

    def base_free(self) -> Decimal:
        """Base that this strategy may sell and has not offered yet."""
        total = self.funds.base
        if self.sells_unowned:
            total += self.funds.base_unowned
        return total - self._sells.held

    @property
    def sells_unowned(self) -> bool:
        """Whether base that no strategy bought may be sold, too."""
        return self.variant.sells_accumulated_base and self.settings.sell_existing_base

    def own_base(self) -> Decimal:
        """Base that by our books is ours and that no sell offers yet; no deposit makes it more."""
        return self.state.owned - self.offered_besides(None)

    def unoffered_base(self) -> Decimal:
        """Base an extra sell may offer: own base that no sell offers yet, and base no strategy bought, if permitted."""
        return self.own_base() + (self.funds.base_unowned if self.sells_unowned else ZERO)

    def offered_besides(self, sell: OwnOrder | None) -> Decimal:
        """What all other sells offer of ours, those that are being cancelled included."""
        return sum((order.rest for order in self._sells_besides(sell)), ZERO)

    def promised_besides(self, sell: OwnOrder) -> Decimal:
        """What others offer of what buys brought: an extra sell takes what is left, first of all its owner's base."""
        return sum((order.rest for order in self._sells_besides(sell) if order.kind != "extra"), ZERO)

    def _sells_besides(self, sell: OwnOrder | None) -> list[OwnOrder]:
        return [order for order in self.state.orders.values() if order.side == "sell" and order is not sell]

    def _side(self, order: OwnOrder) -> LadderSide:
        return self._buys if order.side == "buy" else self._sells

    def investment_allows_buy(self) -> bool:
        """Whether one more buy stays below `max_investment`, once the sells rest again that are only paused."""
        remembered = self.state.remembered
        paused = (remembered[parent] for parent in self.coming_back if parent in remembered)
        due = sum((sell.price * sell.volume for sell in paused), ZERO)
        return self.settings.max_investment > self.investment() + due + self.settings.amount_with_fee

    def is_complete(self) -> bool:
        """Whether `n` buys are open and none of them is still a request."""
        buys = self.buys()
        return len(buys) >= self.settings.max_open_buys and all(order.phase == "open" for order in buys)

    @property
    def doubted(self) -> Decimal | None:
        """A price that nothing has confirmed yet."""
        return None if self.doubt is None else self.doubt.price

    def doubts(self, price: Decimal, time: Nanos) -> bool:
        """Whether a trade at `price` is so far from the last one that a second one has to confirm it.

        Where bid and ask are known they decide, since a misprint may come twice; where they are asked for they are
        waited for. The first one that is heard is held against the exchange's ticker, lest a ladder begin at a
        misprint; where that was not known, against bid and ask.
        """
        settings = self.settings
        known = settings.reference if self.ticker is None else self.ticker
        if settings.believes_first_price and (known is None or not self.synced):
            return False
        if known is not None and is_near(price, known, settings.jump):
            return False
        if self.quote is not None and time <= self.quoted_at + QUOTE_LASTS:
            return not is_at_market(price, self.quote, settings.step)
        if self.doubt is None or not self.doubt.is_seconded(price, time, settings.jump):
            return True
        return settings.asks_for_quotes and time < self.doubt.since + QUOTE_PATIENCE

    def must_confirm(self, price: Decimal, time: Nanos, before: Nanos) -> None:
        """This price is doubted; `before`: the time of the trade before it."""
        if self.doubt is None:
            self.doubt = Doubt(price, time, since=time, sure_until=before)
        else:
            self.doubt.add(price, time)

    def quoted(self, quote: Quote) -> None:
        """Bid and ask confirm a doubted price, or say that the market is where it was before."""
        self.quote, self.quoted_at = quote, self.now
        doubt, step = self.doubt, self.settings.step
        if doubt is None:
            return
        self.quoted_at = max(self.now, doubt.time)
        if is_at_market(doubt.price, quote, step):
            self.confirm(doubt.price)
        elif self.ticker is not None and is_at_market(self.ticker, quote, step):
            self.confirm(self.ticker)
        else:
            doubt.contradicted = True

    def confirm(self, price: Decimal) -> None:
        """Where the market is, beyond doubt."""
        self.ticker, self.doubt = price, None

    def executed(self, order: OwnOrder, price: Decimal, time: Nanos) -> None:
        """A part of the order was traded at `price`: a second trade, if the doubted one lies beyond its limit.

        It speaks for what is near and of its time only: a sell at 50000 is also filled in a market at 50000, whatever
        a misprint says. Where bid and ask are not available, as in a simulation, a fill is the best evidence there is.
        """
        doubt, settings = self.doubt, self.settings
        if doubt is None or (doubt.price > order.price if order.side == "buy" else doubt.price < order.price):
            return
        proves = is_near(doubt.price, price, settings.jump) and time + AHEAD >= doubt.time
        if proves or not settings.asks_for_quotes:
            self.confirm(doubt.price)

    def fresh_ticker(self) -> Decimal | None:
        """The newest price, unless a fill is newer."""
        return self.ticker_since(self.state.fill_time)

    def believe_no_fill_ahead(self) -> None:
        """A saved time of the last fill that lies ahead of the market's is a wrong stamp: nothing waits for it."""
        if self.state.fill_time == self._saved_fill_time and self.state.fill_time > self.tick_time + AHEAD:
            self.state.fill_time = self.tick_time

    def ticker_since(self, time: int) -> Decimal | None:
        """The newest price beyond doubt, unless it is older than `time`."""
        known_at = self.tick_time if self.doubt is None else self.doubt.sure_until
        return self.ticker if known_at >= time else None

    def place_ladder_order(self, side: Side, price: Decimal, volume: Decimal, kind: OrderKind) -> None:
        """An order that no fill asked for; its cause is the counter."""
        self.state.counter += 1
        cause = ladder_cause(self.settings.lineage, kind, self.state.counter)
        self._place(side, price, volume, kind, cause, RememberedSell(NO_VENUE_ID, 0, price, volume, ""))

    def place_counter_order(self, side: Side, price: Decimal, volume: Decimal, due: RememberedSell) -> None:
        """The answer to the fill of `due.parent`; the same fill can never be answered twice."""
        self._place(side, price, volume, "counter", counter_cause(due.parent, due.attempt), due)

    def is_answered(self, fill: VenueOrderId) -> bool:
        """Whether a sell that answers this order is there already: taken over, where the journal had lost it."""
        return any(sell.parent == fill for sell in self.sells())

    def add(self, order: OwnOrder) -> None:
        """A new order, requested."""
        self.state.orders[order.order_id] = order
        self._side(order).add(order)
        self._pending.add(order.order_id)

    def opened(self, order: OwnOrder) -> None:
        """The exchange has the order."""
        order.phase = "open"
        self._answered(order)

    def _answered(self, order: OwnOrder) -> None:
        self._pending.discard(order.order_id)
        self.put_off.discard(order.order_id)

    def filled(self, order: OwnOrder, volume: Decimal, order_cost: Decimal, fee: Decimal) -> None:
        """Take the order's cumulative executed volume, cost and fee."""
        order.filled, order.cost, order.fee = volume, order_cost, fee
        if order.phase != "canceling":
            self._side(order).update(order)

    def amended(self, order: OwnOrder, price: Decimal, volume: Decimal) -> None:
        """The order rests at another price or with another full volume."""
        order.placed = order.volume if order.placed is None else order.placed
        order.price, order.volume = price, volume
        self.sum_up()

    def cancel(self, order: OwnOrder) -> None:
        """Take the order off the ladder and ask for its cancellation."""
        order.phase = "canceling"
        self.put_off.discard(order.order_id)  # of the cancel nothing is known yet
        self._side(order).remove(order)
        self._pending.add(order.order_id)
        if order.side == "buy":
            self.buy_retry.made_way()
        self.out.append(Cancel(self.settings.userref, order.order_id))

    def forget(self, order: OwnOrder) -> None:
        """The order is closed."""
        del self.state.orders[order.order_id]
        self._answered(order)
        if order.phase != "canceling":  # otherwise it has left the ladder already
            self._side(order).remove(order)

    def release(self, gone: Released, order: OwnOrder, *, is_unsure: bool = False) -> None:
        """Give up an order, or the rest of it, for a named reason; `is_unsure` as in the notice."""
        remember_release(self.state, gone)
        name, symbol = self.settings.name, self.settings.pair.symbol
        self.out.append(
            OrderReleased(
                name,
                symbol,
                gone.side,
                gone.price,
                gone.volume,
                gone.reason,
                order.order_id,
                order.exchange_id,
                is_unsure,
            )
        )

    def remember(self, due: RememberedSell, reason: str) -> None:
        """A counter-sell that cannot rest now; it is tried again."""
        due.reason = reason
        self.state.remembered[due.parent] = due

    def ask_again(self) -> None:
        """Retry at once what the venue's rules forbade: it takes orders again, or the program restarts."""
        for sell in self.state.remembered.values():
            sell.retry_at = 0
        self.buy_retry.changed("rules")

    def sell_is_due(self) -> bool:
        """Whether a remembered sell will be placed as soon as its funds are there: none that is below a minimum."""
        pair = self.settings.pair
        return any(below_minimum(pair, sell.price, sell.volume) is None for sell in self.state.remembered.values())

    def tell_delayed(self, side: Side, price: Decimal, volume: Decimal, reason: str) -> None:
        """Tell that an order is due again."""
        self.out.append(OrderDelayed(self.settings.name, self.settings.pair.symbol, side, price, volume, reason))

    def tell_once(self, cause: str, notice: Notice) -> None:
        """Notify the user, unless this cause was reported and still lasts."""
        if cause not in self.state.told:
            self.state.told.append(cause)
            self.out.append(notice)

    def no_longer(self, cause: str) -> None:
        """The cause is gone; if it comes back it is reported again."""
        if cause in self.state.told:
            self.state.told.remove(cause)

    def tell_refused(self, cause: str, side: Side, price: Decimal, volume: Decimal, reason: str) -> None:
        """Tell once that an order is due but cannot be placed."""
        settings = self.settings
        notice = OrderDelayed(settings.name, settings.pair.symbol, side, price, volume, reason)
        self.tell_once(cause, notice)

    def tell_funds_missing(self, cause: str, side: Side, price: Decimal, volume: Decimal) -> None:
        """Tell once that an order is due but cannot be paid."""
        pair = self.settings.pair
        asset = pair.quote if side == "buy" else pair.base
        notice = FundsMissing(self.settings.name, pair.symbol, side, asset, price, volume)
        self.tell_once(cause, notice)

    def _place(
        self,
        side: Side,
        price: Decimal,
        volume: Decimal,
        kind: OrderKind,
        cause: str,
        due: RememberedSell,
    ) -> None:
        order = OwnOrder(
            order_id=client_order_id(self.settings.userref, cause),
            side=side,
            price=price,
            volume=volume,
            kind=kind,
            cause=cause,
            parent=due.parent,
            attempt=due.attempt,
            bought_at=due.bought_at,
            time=max(self.tick_time, self.state.fill_time),
        )
        if order.order_id not in self.state.orders:
            self.add(order)
            self.out.append(self.request(order))

    def request(self, order: OwnOrder) -> Place:
        """The order as the order-manager is asked for it."""
        return Place(
            strategy=self.settings.userref,
            order_id=order.order_id,
            symbol=self.settings.pair.symbol,
            side=order.side,
            price=order.price,
            volume=order.volume,
            post_only=order.side == "buy",
            kind=order.kind,
            cause=order.cause,
            time=order.time,
        )
