"""Where a grid sleeps: the prices and times at which no rule of the upkeep could act.

Being too narrow only costs time; being too wide would skip a decision. So every state that is not
known to be quiet wakes on each tick.
"""

from decimal import Decimal
from itertools import pairwise

from messages.money import EXACT, divide
from trading.strategies import rules
from trading.strategies.core import EVERY_TICK, NO_TICK, Band
from trading.strategies.ladder import Ladder
from trading.strategies.upkeep import surplus_is_due


def band(ladder: Ladder) -> Band:
    """The band that holds until the next event that is not a tick inside it."""
    if not ladder.synced:
        return NO_TICK if ladder.settings.believes_first_price else EVERY_TICK  # each may be doubted
    wake = _next_wake(ladder)
    # The clock may have passed what is due although no tick has: then the next one acts, whatever its time.
    if _any_tick_acts(ladder) or ladder.ticker is None or wake <= ladder.now:
        return Band(low=EVERY_TICK.low, high=EVERY_TICK.high, wake=wake)
    jump = ladder.settings.jump
    return Band(
        low=divide(ladder.ticker, jump), high=min(_price_limit(ladder), EXACT.multiply(ladder.ticker, jump)), wake=wake
    )


def _any_tick_acts(ladder: Ladder) -> bool:
    if ladder.ticker is None or ladder.doubted is not None or ladder.tick_time < ladder.state.fill_time:
        return True
    if not ladder.put_off.isdisjoint(order.order_id for order in (*ladder.buys(), *ladder.sells())):
        return True
    missing = len(ladder.buys()) < ladder.settings.max_open_buys
    retry = ladder.buy_retry
    if missing and not retry.waits and (retry.reason != "max_investment" or ladder.investment_allows_buy()):
        return True
    if ladder.state.surplus and not ladder.surplus_retry.must_wait(ladder.now) and _surplus_is_due(ladder):
        return True
    too_many = len(ladder.buys()) > ladder.settings.max_open_buys and not ladder.pending()
    return too_many or _has_near_buys(ladder)


def _surplus_is_due(ladder: Ladder) -> bool:
    """At a price that no tick has to lift: what is left of a large surplus is sold at once."""
    return surplus_is_due(ladder, rules.sell_price(ladder.settings, ladder.state.surplus_price, None))


def _next_wake(ladder: Ladder) -> int:
    wakes = [ladder.buy_retry.refill_at]
    if ladder.state.remembered:
        earliest = min(sell.retry_at for sell in ladder.state.remembered.values())
        wakes.append(max(ladder.sell_retry.next_attempt, earliest))
    if ladder.buy_retry.waits:
        wakes.append(ladder.buy_retry.next_attempt)
    if ladder.surplus_retry.must_wait(ladder.now):
        wakes.append(ladder.surplus_retry.next_attempt)
    return min(wakes)


def _price_limit(ladder: Ladder) -> Decimal:
    if ladder.pending():
        # Shift and extra sell wait for the outcome of requests, and that is an event of its own.
        return _surplus_limit(ladder)
    return min(_shift_limit(ladder), _surplus_limit(ladder), _extra_sell_limit(ladder))


def _has_near_buys(ladder: Ladder) -> bool:
    return any(rules.too_near(ladder.settings, higher.price, lower.price) for higher, lower in pairwise(ladder.buys()))


def _shift_limit(ladder: Ladder) -> Decimal:
    buys = ladder.buys()
    return rules.shift_threshold(ladder.settings, buys[0].price) if buys else NO_TICK.high


def _surplus_limit(ladder: Ladder) -> Decimal:
    """A ticker at which the surplus, sold one interval above it, could be worth an amount."""
    surplus, settings = ladder.state.surplus, ladder.settings
    if not surplus or ladder.variant.sell_volume is None:
        return NO_TICK.high
    return divide(settings.amount, surplus * settings.step) * Decimal("0.999")


def _extra_sell_limit(ladder: Ladder) -> Decimal:
    """A ticker at which the free base of a SWING is worth an amount."""
    settings = ladder.settings
    if not ladder.variant.sells_accumulated_base or ladder.sells() or ladder.sell_is_due():
        return NO_TICK.high
    if len(ladder.buys()) != settings.max_open_buys:
        return NO_TICK.high  # it sells above a full ladder only, and one that may be filled up wakes by itself
    base_free = ladder.base_free()
    if base_free <= 0:
        return NO_TICK.high
    return divide(settings.amount_with_fee, base_free)
