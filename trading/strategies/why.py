"""Why an order is not there, and when it is tried again: one answer for reports and for whoever asks.

The time and the price at which a rule acts again are those until which it sleeps (`upkeep`).
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from messages.money import ZERO, Side, below_minimum
from trading.strategies import order_limit, rules, upkeep
from trading.strategies.core import NEVER, NO_TICK, Band
from trading.strategies.ladder import CROSSED, Ladder
from trading.strategies.order_events import BY_OURSELVES
from trading.strategies.state import Released, RememberedSell

What = Literal["sell", "surplus", "base", "buys", "released", "extra sell"]
"""`base`: what no order, present or due, makes anything of. `released`: an order that was given up."""
Weight = Literal["hinders", "waits", "quiet"]
"""Whether the owner may have to act, it will resolve itself, or only matters to whoever asks."""
Event = Literal["trade", "orders", "funds", "place", "rules", "trading", "owner"]
"""What can happen that helps.

`orders`: an order of this strategy is filled, closed or answered. `funds`, `place`, `rules`: see `retry.Change`.
`trading`: the strategy is connected, and has heard what became of its orders. `owner`: only its owner can help.
"""

OFFERED_NOWHERE = "less than a lot of some buy, since the pair's lots became larger, or a sell was made smaller by hand"
NOT_TRADING = "the strategy does not trade at this moment"
NO_TRADE = "no trade has been seen yet"
NOT_CONFIRMED = "the last trade is far from the one before; a second one has to confirm it"
NEXT_TRADE = "the next trade decides about it"
SELLS_FIRST = "other sells are open or due"
ANSWERS_FIRST = "requests are on their way"
FULL_LADDER_FIRST = "buys are missing: the extra sell follows on a full ladder"
FEW = "not worth {amount:f} {quote} yet"


class Again(Struct, frozen=True):
    """When an order is tried again: whichever comes first. Empty: as long as nothing else happens, never."""

    at: int = NEVER
    """At this time or soon after, in nanoseconds UTC; 0: with the next trade."""
    above: Decimal | None = None
    """Once the price is above this."""
    on: frozenset[Event] = frozenset()
    """After one of these events, although perhaps not before a pause is over."""


class Missing(Struct, frozen=True):
    """One order, or several alike, that could be expected and is not there."""

    what: What
    side: Side
    reason: str
    """In words."""
    again: Again
    weight: Weight
    volume: Decimal = ZERO
    """In base currency; 0 where it is not decided yet."""
    price: Decimal | None = None
    number: int = 1
    """How many orders are missing."""


def why(ladder: Ladder) -> tuple[Missing, ...]:
    """All orders that are missing, each with its reason and its next attempt."""
    return (*_sells(ladder), *_surplus(ladder), *_base(ladder), *_buys(ladder), *_released(ladder), *_extra(ladder))


def _on(*events: Event) -> Again:
    return Again(on=frozenset(events))


def _awake(ladder: Ladder, asleep: Band, *events: Event) -> Again:
    """When a rule that sleeps like this acts again."""
    if asleep.low > asleep.high or (ladder.ticker is not None and ladder.ticker > asleep.high):
        return Again(at=0, on=frozenset(events))
    return Again(asleep.wake, None if asleep.high == NO_TICK.high else asleep.high, frozenset(events))


def _hold_up(ladder: Ladder) -> tuple[str, Again] | None:
    """What keeps all rules from acting, whatever they would do."""
    if not ladder.synced:
        return NOT_TRADING, _on("trading")
    if ladder.ticker is None and ladder.doubted is None:
        return NO_TRADE, _on("trade")
    if ladder.doubted is not None:
        return NOT_CONFIRMED, _on("trade")
    return None


def _sells(ladder: Ladder) -> Iterator[Missing]:
    """Counter-sells that could not be placed."""
    for sell in ladder.state.remembered.values():
        weight: Weight = "waits" if sell.reason == BY_OURSELVES else "hinders"
        again = _when_sold(ladder, sell)
        yield Missing("sell", "sell", sell.reason, again, weight, sell.volume, sell.price)


def _when_sold(ladder: Ladder, sell: RememberedSell) -> Again:
    if not ladder.synced:
        return _on("trading")
    at = max(ladder.sell_retry.next_attempt, sell.retry_at)
    helps: tuple[Event, ...] = ("rules",) if sell.retry_at > ladder.now else ("funds", "place", "rules")
    return Again(at, on=frozenset(helps))


def _surplus(ladder: Ladder) -> Iterator[Missing]:
    """Base of partly filled buys."""
    state, settings = ladder.state, ladder.settings
    if not state.surplus or ladder.variant.sell_volume is None:
        return
    reason = upkeep.surplus_waits_for(ladder)
    weight: Weight = "hinders" if ladder.synced and reason not in ("", upkeep.ON_ITS_WAY) else "waits"
    again = _when_offered(ladder, *_helps_surplus(reason))
    reason = reason or FEW.format(amount=settings.amount, quote=settings.pair.quote)
    yield Missing("surplus", "sell", reason, again, weight, state.surplus)


def _when_offered(ladder: Ladder, *events: Event) -> Again:
    if not ladder.synced:
        return _on("trading")
    if ladder.surplus_retry.must_wait(ladder.now):
        return Again(ladder.surplus_retry.next_attempt, on=frozenset(events))
    return _awake(ladder, upkeep.until_surplus_is_due(ladder), *events)


def _helps_surplus(reason: str) -> tuple[Event, ...]:
    match reason:
        case "":
            return ("orders",)  # a further buy may leave something
        case upkeep.ON_ITS_WAY:
            return ("orders",)
        case order_limit.REASON:
            return ("place", "rules")
    return ("funds", "rules")


def _base(ladder: Ladder) -> Iterator[Missing]:
    """Base of a strategy that sells all of each buy, and of which no order, present or due, makes anything."""
    state = ladder.state
    if not ladder.variant.sells_all or not ladder.synced:
        return
    named = state.surplus + sum((sell.volume for sell in state.remembered.values()), ZERO)
    named += sum((gone.volume for gone in state.released if gone.side == "sell"), ZERO)
    named += sum((order.filled for order in ladder.buys()), ZERO)
    if (rest := ladder.own_base() - named) > ZERO:
        yield Missing("base", "sell", OFFERED_NOWHERE, _on("owner"), "waits", rest)


def _buys(ladder: Ladder) -> Iterator[Missing]:
    """Buys of the ladder, all that are missing together."""
    number = ladder.settings.max_open_buys - len(ladder.buys())
    if number <= 0:
        return
    if ladder.ticker is None and ladder.doubted is not None:
        yield Missing("buys", "buy", _first_price_doubted(ladder), _on("trade"), "hinders", number=number)
        return
    found, hold_up = ladder.buy_retry.reason, _hold_up(ladder)
    again = _when_bought(ladder) if hold_up is None else hold_up[1]
    silent = NEXT_TRADE if hold_up is None else hold_up[0]
    yield Missing("buys", "buy", found or silent, again, "hinders" if found else "quiet", number=number)


def _first_price_doubted(ladder: Ladder) -> str:
    reference = ladder.settings.reference
    market = "not confirmed yet" if reference is None else f"far from the exchange's ticker at {reference:f}"
    return f"the last trade at {ladder.doubted:f} is {market}; a second trade has to confirm it"


def _when_bought(ladder: Ladder) -> Again:
    retry = ladder.buy_retry
    if retry.waits:
        return Again(retry.next_attempt, on=frozenset[Event](retry.on))
    asleep = upkeep.until_buys_may_be_added(ladder)
    if retry.reason == CROSSED:
        return Again(ladder.crossings.until, on=frozenset({"trade"}))
    if ladder.settings.fees_eat and ladder.variant.sell_volume is not None:
        return _on("rules")
    return _awake(ladder, asleep, "orders" if retry.reason == upkeep.MAX_INVESTMENT else "trade")


def _released(ladder: Ladder) -> Iterator[Missing]:
    """Orders that were given up, as far as no successor is there."""
    state = ladder.state
    lacks_buys = len(ladder.buys()) < ladder.settings.max_open_buys
    heirs = {order.parent for order in state.orders.values() if order.side == "sell"} | state.remembered.keys()
    for gone in state.released:
        if lacks_buys if gone.side == "buy" else not gone.parent or gone.parent not in heirs:
            yield Missing(
                "released", gone.side, gone.reason, _when_put_back(ladder, gone), "waits", gone.volume, gone.price
            )


def _when_put_back(ladder: Ladder, gone: Released) -> Again:
    """A released buy is no order of its own: the ladder is filled up."""
    if gone.side == "sell":
        return _on("owner")
    hold_up = _hold_up(ladder)
    return _when_bought(ladder) if hold_up is None else hold_up[1]


def _extra(ladder: Ladder) -> Iterator[Missing]:
    """The sell of accumulated base above a full ladder, where there is such base and no sell of it yet."""
    base = ladder.base_free()
    if not ladder.variant.sells_accumulated_base or base <= 0 or any(o.kind == "extra" for o in ladder.sells()):
        return
    reason, again = _hold_up(ladder) or _extra_waits_for(ladder)
    yield Missing("extra sell", "sell", reason, again, "quiet", base)


def _extra_waits_for(ladder: Ladder) -> tuple[str, Again]:
    """In the order in which the rule looks."""
    settings, ticker = ladder.settings, ladder.ticker or ZERO
    asleep = upkeep.below_the_extra_sell(ladder)
    if ladder.surplus_retry.must_wait(ladder.now):
        return ladder.surplus_retry.reason or BY_OURSELVES, Again(asleep.wake, on=frozenset({"rules"}))
    if ladder.sells() or ladder.sell_is_due():
        return SELLS_FIRST, _on("orders")
    if ladder.pending():
        return ANSWERS_FIRST, _on("orders")
    if len(ladder.buys()) != settings.max_open_buys:
        return FULL_LADDER_FIRST, _on("orders")
    return _extra_is_due(ladder, ticker)


def _extra_is_due(ladder: Ladder, ticker: Decimal) -> tuple[str, Again]:
    """Nothing stands before it: is it worth its order, and is there a place for it?"""
    settings, asleep = ladder.settings, upkeep.below_the_extra_sell(ladder)
    if not ladder.base_free() * ticker > settings.amount_with_fee:
        few = FEW.format(amount=settings.amount_with_fee.normalize(), quote=settings.pair.quote)
        return few, _awake(ladder, asleep, "orders")
    if not order_limit.has_room(ladder):
        return order_limit.REASON, Again(ladder.limit.until, on=frozenset({"place"}))
    price = rules.extra_sell_price(settings, ticker, ladder.state.highest_buy)
    volume = rules.volume_for_amount(settings, price)
    return below_minimum(settings.pair, price, min(volume, ladder.base_free())) or NEXT_TRADE, _awake(
        ladder, asleep, "rules"
    )
