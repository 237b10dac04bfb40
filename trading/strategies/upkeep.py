"""What the grid does by itself on a tick: one named function per rule, run in the order of `upkeep`.

Below each rule stands how long it may sleep: the prices and the time at which no tick could make it act before the next
event. Being too narrow only costs time; being too wide would skip a decision. So every state that is not known to be
quiet wakes on each tick. `band` is the intersection of all.
"""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from messages.money import ZERO, below_minimum, divide, floor_volume
from trading.strategies import order_limit, rules
from trading.strategies.core import EVERY_TICK, NEVER, NO_TICK, Band
from trading.strategies.ladder import CROSSED, Ladder
from trading.strategies.retry import A_PLACE, OTHER_FUNDS
from trading.strategies.state import RememberedSell

OLD_PRICE = 600 * 10**9
"""A last trade that is older, in nanoseconds, says nothing of where a first buy belongs."""
MAX_INVESTMENT = "max_investment"
SHY = Decimal("0.999")
"""So far below the price at which a surplus is worth an amount it wakes already: prices and volumes are rounded."""


class Rule(NamedTuple):
    """What one rule does, and how long it sleeps."""

    acts: Callable[[Ladder], object]
    sleeps: Callable[[Ladder], Band]


def until(wake: int) -> Band:
    """Asleep at each price until this time, in nanoseconds UTC."""
    return NO_TICK if wake == NEVER else Band(NO_TICK.low, NO_TICK.high, wake)


def below(high: Decimal) -> Band:
    """Asleep at each price up to this one."""
    return Band(NO_TICK.low, high, NEVER)


def upkeep(ladder: Ladder) -> None:
    """Run the rules in their order; a shift restarts the list. A doubted price moves no ladder."""
    if ladder.ticker is None or ladder.tick_time < ladder.state.fill_time:
        return
    while True:
        retry_remembered_sells(ladder)
        sell_surplus(ladder)
        if ladder.doubted is not None:
            return
        withdraw_passed_by(ladder)
        cancel_near_buys(ladder)
        fill_up(ladder)
        if ladder.pending():
            return
        cancel_excess_buys(ladder)
        if not shift_up(ladder):
            break
    sell_accumulated_base(ladder)


def upkeep_without_a_trade(ladder: Ladder) -> None:
    """What time alone makes due: it needs no newer price."""
    retry_remembered_sells(ladder)
    sell_surplus(ladder)
    is_due = ladder.buy_retry.takes_refill(ladder.now)
    if ladder.doubted is not None:
        return
    may_begin = ladder.buy_retry.waits and (ladder.buys() or ladder.now - ladder.tick_time < OLD_PRICE)
    # Buys that the venue has closed go back to where they were, however old the last trade is.
    if may_begin or is_due:
        fill_up(ladder)


def retry_remembered_sells(ladder: Ladder) -> None:
    """Sells that could not be placed, the nearest to the market first."""
    if not ladder.state.remembered or ladder.sell_retry.must_wait(ladder.now):
        return
    ladder.sell_retry.attempted(ladder.now)
    for sell in sorted(ladder.state.remembered.values(), key=lambda sell: sell.price):
        if ladder.now >= sell.retry_at:
            ladder.coming_back.discard(sell.parent)
            _retry(ladder, sell)


def _retry(ladder: Ladder, sell: RememberedSell) -> None:
    """One remembered sell, by the pair's rules of this moment."""
    settings, sell_volume = ladder.settings, ladder.variant.sell_volume
    price = rules.lifted(settings, sell.price, sell.bought_at, ladder.fresh_ticker())
    ours = sell.volume if ladder.sells_unowned else min(sell.volume, ladder.own_base())
    volume = floor_volume(settings.pair, max(ours, ZERO))
    if price != sell.price and sell_volume is not None:
        volume = min(volume, floor_volume(settings.pair, sell_volume(settings, price, sell.volume)))
    if reason := below_minimum(settings.pair, price, volume):
        short = volume < sell.volume and below_minimum(settings.pair, price, sell.volume) is None
        sell.reason = NOT_OURS if short else reason
        ladder.tell_refused(f"sell {sell.parent}", "sell", price, sell.volume, sell.reason)
    elif volume > ladder.base_free():
        sell.reason = "funds"  # whatever it waited for at first
    elif order_limit.admits_sell(ladder, price):
        # The user knows its cause, which lasts until the sell is accepted; a refused retry is no news.
        del ladder.state.remembered[sell.parent]
        ladder.place_counter_order("sell", price, volume, sell)


def until_sells_are_due(ladder: Ladder) -> Band:
    """Until the pause is over, and one of the remembered sells may be tried again."""
    if not ladder.state.remembered:
        return NO_TICK
    earliest = min(sell.retry_at for sell in ladder.state.remembered.values())
    return until(max(ladder.sell_retry.next_attempt, earliest))


NOT_OURS = "the base that it would sell is gone, sold by another order"
"""For instance by one that was amended by hand: the books of the strategy hold no base for it any more."""


def sell_surplus(ladder: Ladder) -> None:
    """Base of cancelled, partly filled buys is sold as soon as it is worth one amount."""
    if not ladder.state.surplus or ladder.surplus_retry.must_wait(ladder.now):
        return
    price, wanted = _surplus_sale(ladder)
    if surplus_is_due(ladder, price) and not _surplus_lacks(ladder, price, wanted):
        ladder.place_ladder_order("sell", price, _ours_of(ladder, wanted), "surplus")


def until_surplus_is_due(ladder: Ladder) -> Band:
    """Until the pause is over, and below a ticker at which the surplus, sold one interval above, is worth an amount."""
    surplus, settings = ladder.state.surplus, ladder.settings
    if not surplus:
        return NO_TICK
    due = surplus_is_due(ladder, rules.sell_price(settings, ladder.state.surplus_price, None))  # no tick has to lift it
    waits = ladder.surplus_retry.must_wait(ladder.now)
    if due and not waits:
        return EVERY_TICK
    worth_an_amount = divide(settings.amount, surplus)
    # One interval above the ticker, or on coarse ticks the next tick above it.
    high = min(divide(worth_an_amount, settings.step), worth_an_amount - settings.pair.tick_size) * SHY
    return Band(NO_TICK.low, high, ladder.surplus_retry.next_attempt if waits else NEVER)


def _surplus_sale(ladder: Ladder) -> tuple[Decimal, Decimal]:
    """At what price the surplus is sold at this moment, and how much of it at once."""
    settings, surplus = ladder.settings, ladder.state.surplus
    price = rules.sell_price(settings, ladder.state.surplus_price, ladder.fresh_ticker())
    return price, floor_volume(settings.pair, min(rules.volume_for_amount(settings, price), surplus))


def _ours_of(ladder: Ladder, wanted: Decimal) -> Decimal:
    """Volume of it that is ours to sell, in base.

    Where unowned base may be sold, too, it is all or nothing: how much is unowned is not known right after a start, and
    what is sold must not depend on that.
    """
    if ladder.sells_unowned:
        return wanted if wanted <= ladder.unoffered_base() else ZERO
    return floor_volume(ladder.settings.pair, max(min(wanted, ladder.own_base()), ZERO))


def _surplus_lacks(ladder: Ladder, price: Decimal, wanted: Decimal) -> str:
    """Why a surplus that is worth an amount cannot be offered; nothing where it can."""
    if not order_limit.has_room(ladder):
        return order_limit.REASON
    pair = ladder.settings.pair
    if reason := below_minimum(pair, price, wanted):
        return reason
    ours = _ours_of(ladder, wanted)
    return NOT_OURS if not ours or below_minimum(pair, price, ours) else ""


ON_ITS_WAY = "its sell is on its way"


def surplus_waits_for(ladder: Ladder) -> str:
    """Why no sell offers a surplus that is worth an amount, in the words of a report; nothing where it is not worth it.

    Funds may have left the account behind our back: then its sell is refused, and asked for again and again.
    """
    price, wanted = _surplus_sale(ladder)
    if rules.invested(price, ladder.state.surplus) < ladder.settings.amount:
        return ""
    if not surplus_is_due(ladder, price):
        return ON_ITS_WAY
    lacks_funds = _ours_of(ladder, wanted) > ladder.base_free()
    return _surplus_lacks(ladder, price, wanted) or ("funds" if lacks_funds else ON_ITS_WAY)


def surplus_is_due(ladder: Ladder, price: Decimal) -> bool:
    """Whether the surplus is worth an amount and not offered: it shrinks only once its sell is accepted."""
    if rules.invested(price, ladder.state.surplus) < ladder.settings.amount:
        return False
    return not any(order.kind == "surplus" and not order.exchange_id for order in ladder.state.orders.values())


def withdraw_passed_by(ladder: Ladder) -> None:
    """Withdraw deferred orders that the market has passed, so that they are decided again; counter-sells wait on."""
    if ladder.ticker is None or not ladder.put_off:
        return
    for order in ladder.buys():
        if order.order_id in ladder.put_off and order.price >= ladder.ticker:
            ladder.cancel(order)
    for order in ladder.sells():
        if order.order_id in ladder.put_off and order.kind != "counter" and order.price <= ladder.ticker:
            ladder.cancel(order)


def while_none_is_put_off(ladder: Ladder) -> Band:
    """Any price may pass an order that the venue does not take now."""
    on_ladder = (order.order_id for order in (*ladder.buys(), *ladder.sells()))
    return NO_TICK if not ladder.put_off or ladder.put_off.isdisjoint(on_ladder) else EVERY_TICK


def cancel_near_buys(ladder: Ladder) -> None:
    """Cancel the higher one of two neighbouring buys that are too close to each other."""
    for higher, lower in pairwise(ladder.buys()):
        if rules.too_near(ladder.settings, higher.price, lower.price):
            ladder.cancel(higher)


def while_no_buys_are_near(ladder: Ladder) -> Band:
    """Only events of orders change how far the buys are from each other."""
    near = any(rules.too_near(ladder.settings, higher.price, lower.price) for higher, lower in pairwise(ladder.buys()))
    return EVERY_TICK if near else NO_TICK


def fill_up(ladder: Ladder) -> None:
    """Add buys below the lowest one until `n` are open, or until a named reason stops it."""
    if ladder.buy_retry.must_wait(ladder.now):
        return
    ladder.buy_retry.begun()
    while len(ladder.buys()) < ladder.settings.max_open_buys:
        if not _add_buy(ladder):
            return
    if ladder.is_complete():
        ladder.no_longer("buy")


def until_buys_may_be_added(ladder: Ladder) -> Band:
    """Until an attempt that failed is made again; what merely hinders a buy may end with each trade.

    `max_investment` is the exception: only events of orders change what is invested.
    """
    retry = ladder.buy_retry
    wake = min(retry.refill_at, retry.next_attempt) if retry.waits else retry.refill_at
    complete = len(ladder.buys()) >= ladder.settings.max_open_buys
    if complete or retry.waits or (retry.reason == MAX_INVESTMENT and not ladder.investment_allows_buy()):
        return until(wake)
    return Band(EVERY_TICK.low, EVERY_TICK.high, wake)


def _add_buy(ladder: Ladder) -> bool:
    settings = ladder.settings
    buys = ladder.buys()
    if ladder.ticker is None:
        return False
    if not ladder.investment_allows_buy():
        ladder.buy_retry.hindered(MAX_INVESTMENT)
        return False
    price = rules.buy_price(settings, buys[-1].price if buys else None, ladder.ticker)
    volume = rules.buy_volume(settings, price)
    if no_gain := no_gain_from(ladder, price):
        ladder.buy_retry.hindered(no_gain)
        if not settings.fees_eat:  # the watch over the venue's facts reports that
            ladder.tell_refused("buy", "buy", price, volume, no_gain)
    elif not ladder.quote_free() > settings.amount_with_fee:
        ladder.buy_retry.failed("funds", ladder.now, on=OTHER_FUNDS)
        ladder.tell_funds_missing("buy", "buy", price, volume)
    elif reason := below_minimum(settings.pair, price, volume):
        ladder.buy_retry.hindered(reason)
        ladder.tell_refused("buy", "buy", price, volume, reason)
    elif not volume or (buys and rules.too_near(settings, buys[-1].price, price)):
        ladder.buy_retry.hindered(TOO_COARSE.format(tick=settings.pair.tick_size, interval=settings.interval))
    elif ladder.crossings.would_cross(price, ladder.now):
        ladder.buy_retry.hindered(CROSSED)
    elif not order_limit.has_room_for_buy(ladder):
        ladder.buy_retry.failed(order_limit.REASON, ladder.now, on=A_PLACE, at_last=ladder.limit.until)
        order_limit.withdraw_far_sells(ladder)
    else:
        ladder.place_ladder_order("buy", price, volume, "ladder")
        return True
    return False


TOO_COARSE = "the tick size of {tick:f} is too coarse for an interval of {interval:f} at this price"


def no_gain_from(ladder: Ladder, price: Decimal) -> str:
    """Why a buy at this price could not be sold with a gain, by the rules and fees of this moment; else nothing."""
    settings = ladder.settings
    if ladder.variant.sell_volume is None:
        return ""
    if settings.fees_eat:
        return f"a fee of {settings.fee:f} eats the interval of {settings.interval:f}: each sell would lose money"
    if rules.tick_is_too_coarse(settings, price):
        return TOO_COARSE.format(tick=settings.pair.tick_size, interval=settings.interval)
    return ""


def cancel_excess_buys(ladder: Ladder) -> None:
    """More than `n` buys are open (a smaller `n`, a counter-buy): the lowest ones go."""
    for order in ladder.buys()[ladder.settings.max_open_buys :]:
        ladder.cancel(order)


def while_buys_are_few(ladder: Ladder) -> Band:
    """It waits for the outcome of requests, which is an event of its own."""
    too_many = len(ladder.buys()) > ladder.settings.max_open_buys and not ladder.pending()
    return EVERY_TICK if too_many else NO_TICK


def shift_up(ladder: Ladder) -> bool:
    """Cancel all buys when the market has left the ladder behind; the ladder is rebuilt from the ticker."""
    buys = ladder.buys()
    if not buys or ladder.ticker is None:
        return False
    if ladder.ticker <= rules.shift_threshold(ladder.settings, buys[0].price):
        return False
    cancel_all_buys(ladder)
    return True


def below_the_shift(ladder: Ladder) -> Band:
    """It waits for the outcome of requests, too."""
    buys = ladder.buys()
    if not buys or ladder.pending():
        return NO_TICK
    return below(rules.shift_threshold(ladder.settings, buys[0].price))


def cancel_all_buys(ladder: Ladder) -> None:
    """Take the whole ladder down; sells stay."""
    for order in ladder.buys():
        ladder.cancel(order)


def sell_accumulated_base(ladder: Ladder) -> None:
    """SWING's extra sell: a full ladder, nothing to sell and nothing pending, but base worth an amount."""
    settings, ticker = ladder.settings, ladder.ticker
    if not ladder.variant.sells_accumulated_base or ticker is None or ladder.surplus_retry.must_wait(ladder.now):
        return
    if ladder.sells() or ladder.sell_is_due() or ladder.pending():
        return
    if len(ladder.buys()) != settings.max_open_buys:
        return
    if not ladder.base_free() * ticker > settings.amount_with_fee or not order_limit.has_room(ladder):
        return
    price = rules.extra_sell_price(settings, ticker, ladder.state.highest_buy)
    volume = floor_volume(settings.pair, min(rules.volume_for_amount(settings, price), ladder.base_free()))
    if below_minimum(settings.pair, price, volume) is None:
        ladder.place_ladder_order("sell", price, volume, "extra")


def below_the_extra_sell(ladder: Ladder) -> Band:
    """Below a ticker at which the free base is worth an amount, and until the pause is over.

    It sells above a full ladder only, and one that may be filled up wakes by itself.
    """
    settings = ladder.settings
    if not ladder.variant.sells_accumulated_base:
        return NO_TICK
    wake = ladder.surplus_retry.next_attempt if ladder.surplus_retry.must_wait(ladder.now) else NEVER
    base_free = ladder.base_free()
    stays_off = ladder.pending() or ladder.sells() or ladder.sell_is_due() or base_free <= 0
    if stays_off or len(ladder.buys()) != settings.max_open_buys:
        return until(wake)
    return Band(NO_TICK.low, divide(settings.amount_with_fee, base_free), wake)


RULES = (
    Rule(retry_remembered_sells, until_sells_are_due),
    Rule(sell_surplus, until_surplus_is_due),
    Rule(withdraw_passed_by, while_none_is_put_off),
    Rule(cancel_near_buys, while_no_buys_are_near),
    Rule(fill_up, until_buys_may_be_added),
    Rule(cancel_excess_buys, while_buys_are_few),
    Rule(shift_up, below_the_shift),
    Rule(sell_accumulated_base, below_the_extra_sell),
)
"""All that `upkeep` does, in its order."""
