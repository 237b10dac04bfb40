"""What follows from events of the strategy's own orders. An order that is not known any more changes nothing."""

import shlex
from decimal import Decimal
from typing import assert_never

from messages.ids import Nanos, VenueOrderId
from messages.money import ZERO, against_rules, below_minimum, divide, floor_price, floor_volume, own_part, owned_after
from messages.notices import ExtraSell, OrderAmended, OrderFilled
from messages.order_life import after, happening, of_booked
from messages.orders import Accepted, Amended, Canceled, Filled, OrderEvent, PartiallyFilled, Rejected, RejectReason
from trading.strategies import order_limit, rules
from trading.strategies.ladder import Ladder
from trading.strategies.retry import A_PLACE, ASK_AGAIN_AFTER, OTHER_FUNDS, OTHER_RULES, TIME_ALONE
from trading.strategies.state import OwnOrder, Released, RememberedSell
from trading.strategies.upkeep import NOT_OURS, no_gain_from, retry_remembered_sells, sell_surplus


def on_order_event(ladder: Ladder, event: OrderEvent) -> None:
    """Dispatch by the kind of event."""
    order = ladder.state.orders.get(event.order_id)
    if order is None:
        return
    match event:
        case Accepted():
            _accept(ladder, order, event.exchange_id)
        case PartiallyFilled() | Filled() | Canceled():
            if event.exchange_id:
                _accept(ladder, order, event.exchange_id)
            _book(ladder, order, event)
            _advance(ladder, order, event)
        case Amended():
            _amended(ladder, order, event)
        case Rejected():
            if after(order.phase, happening(event, order.volume, shown=bool(order.exchange_id))) == "rejected":
                _rejected(ladder, order, event)
        case _:
            assert_never(event)


def _advance(ladder: Ladder, order: OwnOrder, event: PartiallyFilled | Filled | Canceled) -> None:
    """What follows from the order's new state: its counter-order, its rest, or nothing."""
    match after(order.phase, of_booked(event, order.filled, order.volume)):
        case "filled":
            _complete(ladder, order, event.time)
        case "canceled" if isinstance(event, Canceled):
            _closed_early(ladder, order, event)


def _accept(ladder: Ladder, order: OwnOrder, exchange_id: VenueOrderId) -> None:
    """The order exists. Only now a surplus counts as offered and an extra sell as told."""
    if order.exchange_id:
        order.exchange_id = exchange_id  # the newest word, should the first one have been wrong
        return
    order.exchange_id = exchange_id
    order_limit.accepted(ladder)
    if order.phase == "requested":
        ladder.opened(order)
    if ladder.state.told and (order.side == "sell" or ladder.is_complete()):
        ladder.no_longer(_cause(order))
    if order.kind == "surplus":
        ladder.state.surplus -= order.volume
        if not ladder.state.surplus:
            ladder.state.surplus_price = Decimal(0)
    if order.kind == "extra":
        name, symbol = ladder.settings.name, ladder.settings.pair.symbol
        ladder.out.append(ExtraSell(name, symbol, order.price, order.volume, order.order_id, order.exchange_id))


def _book(ladder: Ladder, order: OwnOrder, event: PartiallyFilled | Filled | Canceled) -> None:
    """Take over what was executed since the last event; quantities are cumulative, so doubles add nothing."""
    if event.filled <= order.filled:
        return
    state = ladder.state
    volume, order_cost, fee = event.filled - order.filled, event.cost - order.cost, event.fee - order.fee
    sign = 1 if order.side == "buy" else -1
    if not order.is_owners:
        own = ZERO if ladder.sells_unowned else own_part(volume, order.filled, order.placed)
        state.owned = owned_after(order.side, volume, state.owned, ladder.promised_besides(order), own)
        state.cash_flow -= sign * order_cost + fee
        state.fees += fee
    state.fill_time = max(state.fill_time, event.time)
    ladder.crossings.traded()
    ladder.filled(order, event.filled, event.cost, event.fee)
    ladder.executed(order, divide(order_cost, volume), event.time)


def _complete(ladder: Ladder, order: OwnOrder, time: Nanos) -> None:
    """A fill places its counter-order and nothing else."""
    settings = ladder.settings
    ladder.forget(order)
    ladder.out.append(
        OrderFilled(
            settings.name,
            settings.pair.symbol,
            order.side,
            order.price,
            order.filled,
            order.cost,
            order.fee,
            order.order_id,
            order.exchange_id,
            order.cause,
        ),
    )
    if order.side == "buy":
        ladder.state.buys_filled += 1
        ladder.state.highest_buy = max(ladder.state.highest_buy, order.price)
        counter_sell(ladder, order, time)
    else:
        ladder.state.sells_filled += 1
        counter_buy(ladder, order, time)


def counter_sell(ladder: Ladder, buy: OwnOrder, time: Nanos) -> None:
    """A buy that was filled at `time` is sold one interval higher, never more of it than we have."""
    settings, sell_volume = ladder.settings, ladder.variant.sell_volume
    if sell_volume is None or ladder.is_answered(buy.exchange_id):
        return
    price = rules.sell_price(settings, buy.price, ladder.ticker_since(time))
    promised = sum((sell.volume for sell in ladder.state.remembered.values()), ZERO)
    # What other buys have brought so far is for the sells that answer them.
    promised += sum((order.filled for order in ladder.state.orders.values() if order.side == "buy"), ZERO)
    own_base = ladder.own_base()
    most = max(buy.filled, own_base - promised - ladder.state.surplus)
    wanted = floor_volume(settings.pair, min(sell_volume(settings, price, buy.filled), most))
    # The sell of a surplus may have taken what the buy brought before it was complete.
    volume = wanted if ladder.sells_unowned else min(wanted, floor_volume(settings.pair, max(own_base, ZERO)))
    due = RememberedSell(buy.exchange_id, 0, price, wanted, "", buy.price)
    if reason := below_minimum(settings.pair, price, volume):
        short = volume < wanted and below_minimum(settings.pair, price, wanted) is None
        ladder.remember(due, NOT_OURS if short else reason)
        ladder.tell_refused(f"sell {due.parent}", "sell", price, wanted, NOT_OURS if short else reason)
        return
    ladder.place_counter_order("sell", price, volume, due)


def counter_buy(ladder: Ladder, sell: OwnOrder, time: Nanos) -> None:
    """A sell that was filled at `time` is bought back one interval lower, while the grid still has work above."""
    settings = ladder.settings
    if not ladder.sells() or len(ladder.buys()) >= settings.max_open_buys:
        return
    if not ladder.investment_allows_buy() or ladder.buy_retry.is_barred:
        return
    price = rules.buy_price(settings, sell.price, ladder.ticker_since(time) or sell.price)
    volume = rules.buy_volume(settings, price)
    if reason := below_minimum(settings.pair, price, volume):
        ladder.tell_refused("buy", "buy", price, volume, reason)
    elif not no_gain_from(ladder, price):
        ladder.place_counter_order("buy", price, volume, RememberedSell(sell.exchange_id, 0, price, volume, ""))


def _closed_early(ladder: Ladder, order: OwnOrder, event: Canceled) -> None:
    """A cancelled order: a partly filled buy leaves surplus; a sell is released, or due again if we withdrew it."""
    asked_for = order.phase == "canceling"
    ladder.forget(order)
    if order.side == "buy":
        ladder.buy_retry.freed(event.time)
        if event.reason == "post-only":
            ladder.crossings.crossed(order.price, event.time, ladder.now)
        elif not asked_for and event.reason != WITHDRAWN:
            ladder.release(Released("buy", order.price, order.volume, closed_by(event)), order)
            if event.reason not in (*FOR_GOOD, *OUR_OWN):
                ladder.buy_retry.closed_by_venue(max(_closed_at(ladder, event), ladder.now))
        if order.filled and ladder.variant.sell_volume is not None:
            ladder.state.surplus += order.filled
            ladder.state.surplus_price = max(ladder.state.surplus_price, order.price)
            sell_surplus(ladder)
        if asked_for and any(sell.reason == order_limit.REASON for sell in ladder.state.remembered.values()):
            _retry_at_once(ladder)
        return
    _sell_closed_early(ladder, order, event, asked_for=asked_for)


def _sell_closed_early(ladder: Ladder, order: OwnOrder, event: Canceled, *, asked_for: bool) -> None:
    rest = order.rest
    if order.is_owners:
        reason = f"{closed_by(event)}; it offered base of yours"
        ladder.release(Released("sell", order.price, order.volume - order.filled, reason), order)
        _retry_at_once(ladder)
        return
    due_again = asked_for or event.reason not in FOR_GOOD
    ours = asked_for or event.reason == WITHDRAWN
    if order.kind == "counter" and ladder.is_answered(order.parent):
        _retry_at_once(ladder)  # by the next attempt, which was taken over
    elif not rest:
        _retry_at_once(ladder)  # all that its buy brought is sold; the other part was added by hand
    elif order.kind == "counter" and due_again:
        # The closure is known, so a further attempt under a new id cannot become a second order.
        due = RememberedSell(order.parent, order.attempt + 1, order.price, rest, "", order.bought_at)
        for_room = asked_for and ladder.limit.known is not None
        withdrawn = order_limit.REASON if for_room else BY_OURSELVES
        ladder.remember(due, withdrawn if ours else closed_by(event))
        if not for_room:
            ladder.coming_back.add(due.parent)
        if not ours and event.reason not in OUR_OWN:
            ladder.tell_delayed("sell", order.price, rest, f"{closed_by(event)}; it is placed again")
        if not ours:  # what the program itself has withdrawn, as at its stop, is no reason to hold back
            ladder.sell_retry.closed_early(_closed_at(ladder, event))
        if for_room:
            _use_room(ladder)
    elif order.kind == "surplus" and due_again:
        _return_surplus(ladder, order, rest)
        if not ours:
            ladder.surplus_retry.closed_early(_closed_at(ladder, event))
    elif not ours:
        _release_sell(ladder, order, event)
        _retry_at_once(ladder)


FOR_GOOD = ("by hand", "unclear", "unknown to the exchange")
"""Closures after which a counter-sell is not put back: by the account owner, and one whose fills are unknown."""
BY_OURSELVES = "cancelled by this program, at its stop or to make room; it is placed again"
"""Why a sell waits that the program withdrew itself: nothing has to be done about it."""
WITHDRAWN = "requested"
"""A cancel of ours, also where the state does not know of it: it is that of a backup from before."""
OUR_OWN = ("self-trade", "post-only")
"""Closures that follow from our own orders, of which the next attempt is all that anybody needs to know."""


def _closed_at(ladder: Ladder, event: Canceled) -> int:
    """From when on a pause counts, in nanoseconds UTC.

    What a resync tells of is heard at the newest price, which may be much older where nobody trades.
    """
    return event.time if ladder.synced else min(event.time, ladder.now)


def _release_sell(ladder: Ladder, order: OwnOrder, event: Canceled) -> None:
    """Give a counter-sell up for good, unless its owner takes it back."""
    reason, unsure = closed_by(event), _is_unsure(ladder, order, event)
    if unsure:
        back = f"start once with --take-back {shlex.quote(ladder.settings.name)}"
        reason = f"{reason}; perhaps by this program's own stop after the backup: then {back}"
    gone = Released("sell", order.price, order.rest, reason, order.parent, order.attempt + 1, order.bought_at)
    ladder.release(gone, order, is_unsure=unsure)


def _is_unsure(ladder: Ladder, order: OwnOrder, event: Canceled) -> bool:
    """Whether nobody knows who cancelled a sell: after a restore perhaps this program, by a journal that is lost."""
    found_by_resync = ladder.settings.restored and not ladder.synced
    return found_by_resync and event.reason == "by hand" and bool(order.parent)


def closed_by(event: Canceled) -> str:
    """Who closed an order that we did not cancel, in words, the venue's own where it has any."""
    words = f": {event.text}" if event.text else ""
    match event.reason:
        case "by hand":
            return f"cancelled by hand{words}"
        case "requested":
            return "cancelled by this program, at its stop"
        case "venue":
            return f"closed by the exchange{words or ', not by you'}"
        case _:
            return f"closed by the exchange ({event.reason}{words})"


def _use_room(ladder: Ladder) -> None:
    """A far sell was withdrawn for something nearer to the market."""
    ladder.buy_retry.made_way()
    _retry_at_once(ladder)


def _retry_at_once(ladder: Ladder) -> None:
    """What a closed sell held is free for those that wait."""
    ladder.sell_retry.at_once()
    if ladder.synced:
        retry_remembered_sells(ladder)


def _return_surplus(ladder: Ladder, order: OwnOrder, rest: Decimal) -> None:
    """What its sell did not bring away is surplus again, unless it never stopped being that."""
    if not order.exchange_id:
        return
    bought_at = floor_price(ladder.settings.pair, divide(order.price, ladder.settings.step))
    ladder.state.surplus += rest
    ladder.state.surplus_price = max(ladder.state.surplus_price, bought_at)


def _amended(ladder: Ladder, order: OwnOrder, event: Amended) -> None:
    """Amended by hand: the rules use its new limit and quantity from now on."""
    _accept(ladder, order, event.exchange_id)
    if (order.price, order.volume) == (event.price, event.volume):
        return
    name, symbol = ladder.settings.name, ladder.settings.pair.symbol
    former = (order.price, order.volume)
    ladder.amended(order, event.price, event.volume)
    ladder.out.append(
        OrderAmended(
            name,
            symbol,
            order.side,
            event.price,
            event.volume,
            *former,
            beyond=_beyond_own(ladder, order),
            order_id=order.order_id,
            exchange_id=order.exchange_id,
        ),
    )


def _beyond_own(ladder: Ladder, order: OwnOrder) -> Decimal:
    """What a sell offers that no buy of ours brought: its owner's base."""
    if order.side == "buy" or ladder.sells_unowned:
        return ZERO
    if order.is_owners:
        return order.volume - order.filled
    return max(order.volume - order.filled - (ladder.state.owned - ladder.offered_besides(order)), ZERO)


BY_RULES: tuple[RejectReason, ...] = ("rules", "minimum", "pair")
"""Refusals that asking again does not cure: the order waits for other rules of the venue, or ten minutes."""


def _rejected(ladder: Ladder, order: OwnOrder, event: Rejected) -> None:
    """No order exists: the id stays free, and the order is due again or has a named reason."""
    ladder.forget(order)
    if order.side == "buy":
        ladder.buy_retry.changed("funds")
        if order.phase == "canceling":
            return
    is_first = _cause(order) not in ladder.state.told
    _tell_refusal(ladder, order, event)
    pair = ladder.settings.pair
    # Rules that are known by now explain it: the order can be decided again by them.
    is_news = against_rules(pair, order.price, order.volume) is None
    by_rules = event.reason in BY_RULES and is_news
    now = max(event.time, ladder.now)
    if order.side == "buy":
        _buy_refused(ladder, order, event, by_rules=by_rules)
    elif order.kind != "counter":
        last = now + ASK_AGAIN_AFTER
        on = OTHER_RULES if by_rules else TIME_ALONE
        ladder.surplus_retry.failed(_reason(event), now, on=on, at_last=last)
    else:
        due = RememberedSell(order.parent, order.attempt, order.price, order.volume, "", order.bought_at)
        due.retry_at = now + ASK_AGAIN_AFTER if by_rules else 0
        ladder.remember(due, _reason(event))
        ladder.sell_retry.failed("", now)
    _mind_limit(ladder, order, event, is_first=is_first)


def _buy_refused(ladder: Ladder, buy: OwnOrder, event: Rejected, *, by_rules: bool) -> None:
    """What the next buy waits for. Funds that are there by our books are asked for again without any change."""
    if event.reason == "post-only":
        ladder.crossings.crossed(buy.price, max(event.time, ladder.now), ladder.now)
        return
    on = TIME_ALONE
    if by_rules:
        on = OTHER_RULES
    elif event.reason == "funds" and event.time > ladder.buy_retry.freed_at:
        on = OTHER_FUNDS
    elif event.reason == "no room":
        on = A_PLACE
    ladder.buy_retry.failed(_reason(event), ladder.now, on=on, at_last=ladder.now + ASK_AGAIN_AFTER)


def _mind_limit(ladder: Ladder, order: OwnOrder, event: Rejected, *, is_first: bool) -> None:
    """The pair takes no more open orders."""
    if event.reason == order_limit.REASON:
        order_limit.refused(ladder, event.time)
    elif event.reason == "no room":
        order_limit.without_room(ladder, event.time)
    else:
        return
    if is_first and order.side == "sell" and order.kind == "counter":
        order_limit.make_room(ladder)


SAID_BY_NAME: tuple[RejectReason, ...] = ("funds", "post-only", "order limit")
"""Refusals with words of their own in reports. Of all others only the venue's words say anything to the user."""


def _reason(event: Rejected) -> str:
    if event.reason == "no room":
        return order_limit.REASON
    return event.reason if event.reason in SAID_BY_NAME or not event.text else event.text


def _tell_refusal(ladder: Ladder, order: OwnOrder, event: Rejected) -> None:
    if event.reason == "funds":
        ladder.tell_funds_missing(_cause(order), order.side, order.price, order.volume)
    elif event.reason != "post-only":
        ladder.tell_refused(_cause(order), order.side, order.price, order.volume, event.text)


def _cause(order: OwnOrder) -> str:
    """Key under which the user is notified once: all lacking buys share one, each lacking sell has its own."""
    return "buy" if order.side == "buy" else f"sell {order.parent}"
