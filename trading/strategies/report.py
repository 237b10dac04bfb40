"""What a grid says of itself: the report behind `/status` and the hourly ladder."""

from decimal import Decimal

from messages.conditions import ConditionCode
from messages.counted import counted
from messages.money import ZERO
from messages.notices import LadderStatus
from messages.status import Hindrance, OpenOrder, Phase, StrategyReport
from trading.strategies import order_limit
from trading.strategies.ladder import Ladder
from trading.strategies.order_events import BY_OURSELVES
from trading.strategies.state import Released
from trading.strategies.upkeep import ON_ITS_WAY, surplus_waits_for

SHOWN = 5
"""Orders of each side that the hourly ladder shows."""


def strategy_report(ladder: Ladder, phase: Phase, reason: str) -> StrategyReport:
    """A snapshot of the strategy."""
    settings, state = ladder.settings, ladder.state
    orders = sorted(state.orders.values(), key=lambda order: order.price, reverse=True)
    return StrategyReport(
        strategy=settings.userref,
        name=settings.name,
        kind=ladder.variant.kind,
        symbol=settings.pair.symbol,
        phase=phase,
        reason=reason,
        price=ladder.ticker,
        investment=ladder.investment(),
        max_investment=settings.max_investment,
        quote_free=ladder.quote_free(),
        base_free=ladder.base_free(),
        owned=state.owned,
        surplus=state.surplus,
        buys_filled=state.buys_filled,
        sells_filled=state.sells_filled,
        fees=state.fees,
        cash_flow=state.cash_flow,
        orders=tuple(OpenOrder(o.order_id, o.side, o.price, o.volume, o.filled, o.phase, o.kind) for o in orders),
        waiting=_waiting(ladder),
        held_up=_held_up(ladder),
    )


def _held_up(ladder: Ladder) -> tuple[Hindrance, ...]:
    """What lasts, by the name of its condition; released orders are over."""
    pair, state = ladder.settings.pair, ladder.state
    found = [
        Hindrance(
            "sell waits", f"sell of {sell.volume:f} {pair.base} at {sell.price:f} {pair.quote} waits: {sell.reason}"
        )
        for sell in state.remembered.values()
        if sell.reason != BY_OURSELVES
    ]
    if state.surplus and ladder.variant.sell_volume is not None and ladder.synced:
        reason = surplus_waits_for(ladder)
        if reason and reason != ON_ITS_WAY:
            found.append(Hindrance("sell waits", _surplus_waits(ladder, reason)))
    wanted = ladder.settings.max_open_buys
    blocked = _blocked(ladder)
    if blocked and len(ladder.buys()) < wanted:
        found.append(Hindrance(_code_of(blocked), _too_few(ladder, blocked)))
    if ladder.ticker is not None and ladder.doubted is not None:
        text = f"the last trade at {ladder.doubted:f} is far from {ladder.ticker:f}, the one before: a second one has"
        found.append(Hindrance("price jump", f"{text} to confirm it before the ladder moves"))
    return tuple(found)


def _too_few(ladder: Ladder, blocked: str) -> str:
    settings = ladder.settings
    quote = settings.pair.symbol.partition("/")[2]
    if blocked == "max_investment":
        blocked = f"max_investment of {settings.max_investment:f} {quote} allows no more"
    return f"{len(ladder.buys())} of {settings.max_open_buys} buys rest: {blocked}"


def _blocked(ladder: Ladder) -> str:
    """Why fewer buys are open than configured."""
    if ladder.ticker is None and ladder.doubted is not None:
        reference = ladder.settings.reference
        market = "not confirmed yet" if reference is None else f"far from the exchange's ticker at {reference:f}"
        return f"the last trade at {ladder.doubted:f} is {market}; a second trade has to confirm it"
    return ladder.buy_retry.reason


def _code_of(blocked: str) -> ConditionCode:
    if blocked == "funds":
        return "funds"
    if blocked == order_limit.REASON:
        return "order limit"
    return "fewer buys"  # a fee that eats the interval is named by the watch over the venue's facts


def _waiting(ladder: Ladder) -> tuple[str, ...]:
    """Every absent order has a named reason."""
    pair, state = ladder.settings.pair, ladder.state
    reasons = [
        f"sell of {sell.volume:f} {pair.base} at {sell.price:f} {pair.quote} waits: {sell.reason}"
        for sell in state.remembered.values()
    ]
    if state.surplus and ladder.variant.sell_volume is not None:
        few = f"not worth {ladder.settings.amount:f} {pair.quote} yet"
        reasons.append(_surplus_waits(ladder, surplus_waits_for(ladder) or few))
    if rest := _offered_nowhere(ladder):
        reasons.append(f"{rest:f} {pair.base} that it bought is offered by no sell: {OFFERED_NOWHERE}")
    blocked = _blocked(ladder)
    if blocked and len(ladder.buys()) < ladder.settings.max_open_buys:
        reasons.append(f"fewer than {counted(ladder.settings.max_open_buys, 'buy')}: {blocked}")
    reasons += [
        f"{gone.side} of {gone.volume:f} {pair.base} at {gone.price:f} {pair.quote} released: {gone.reason}"
        for gone in state.released
        if _is_missing(ladder, gone)
    ]
    return tuple(reasons)


def _surplus_waits(ladder: Ladder, reason: str) -> str:
    return f"surplus of {ladder.state.surplus:f} {ladder.settings.pair.base} from partly filled buys waits: {reason}"


OFFERED_NOWHERE = "less than a lot of some buy, since the pair's lots became larger, or a sell was made smaller by hand"


def _offered_nowhere(ladder: Ladder) -> Decimal:
    """Base of a strategy that sells all of each buy, and of which no order, present or due, makes anything."""
    state = ladder.state
    if not ladder.variant.sells_all or not ladder.synced:
        return ZERO
    named = state.surplus + sum((sell.volume for sell in state.remembered.values()), ZERO)
    named += sum((gone.volume for gone in state.released if gone.side == "sell"), ZERO)
    named += sum((order.filled for order in ladder.buys()), ZERO)
    return max(ladder.own_base() - named, ZERO)


def _is_missing(ladder: Ladder, gone: Released) -> bool:
    """Whether a released order still explains that one is absent: no full ladder lacks a buy, no sell its own heir."""
    state = ladder.state
    if gone.side == "buy":
        return len(ladder.buys()) < ladder.settings.max_open_buys
    heirs = {order.parent for order in state.orders.values() if order.side == "sell"} | state.remembered.keys()
    return not gone.parent or gone.parent not in heirs


def ladder_status(ladder: Ladder) -> LadderStatus | None:
    """The hourly status, or None while no price is known."""
    if ladder.ticker is None:
        return None
    settings = ladder.settings
    sells, buys = ladder.sells(), ladder.buys()
    held_base = sum((order.volume - order.filled for order in sells), ZERO)
    exponent = settings.pair.tick_size.normalize().as_tuple().exponent
    return LadderStatus(
        strategy=settings.name,
        symbol=settings.pair.symbol,
        price=ladder.ticker,
        price_decimals=max(0, -int(exponent)),
        base_total=ladder.base_free() + held_base,
        quote_total=ladder.funds.quote,
        base_free=ladder.base_free(),
        quote_free=ladder.quote_free(),
        surplus=ladder.state.surplus,
        investment=ladder.investment(),
        max_investment=settings.max_investment,
        amount_per_grid=settings.amount,
        open_orders=len(ladder.state.orders),
        sells=tuple(order.price for order in sells[:SHOWN]),
        buys=tuple(order.price for order in buys[:SHOWN]),
    )
