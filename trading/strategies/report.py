"""What a grid says of itself: the report behind `/status` and the hourly ladder."""

from collections.abc import Sequence
from typing import assert_never

from messages.conditions import ConditionCode
from messages.counted import counted
from messages.money import ZERO
from messages.notices import LadderStatus
from messages.status import Hindrance, OpenOrder, Phase, StrategyReport
from trading.strategies import order_limit
from trading.strategies.ladder import Ladder
from trading.strategies.upkeep import MAX_INVESTMENT
from trading.strategies.why import Missing, why

SHOWN = 5
"""Orders of each side that the hourly ladder shows."""


def strategy_report(ladder: Ladder, phase: Phase, reason: str) -> StrategyReport:
    """What `/status` shows of one strategy: its orders, balances, counts, and what is missing and why."""
    settings, state = ladder.settings, ladder.state
    missing = why(ladder)
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
        waiting=_waiting(ladder, missing),
        held_up=_held_up(ladder, missing),
    )


def _held_up(ladder: Ladder, missing: Sequence[Missing]) -> tuple[Hindrance, ...]:
    """What lasts, by the name of its condition; released orders are over."""
    found = [_hindrance(ladder, absent) for absent in missing if absent.weight == "hinders"]
    if ladder.ticker is not None and ladder.doubted is not None:
        text = f"the last trade at {ladder.doubted:f} is far from {ladder.ticker:f}, the one before: a second one has"
        found.append(Hindrance("price jump", f"{text} to confirm it before the ladder moves"))
    return tuple(found)


def _hindrance(ladder: Ladder, absent: Missing) -> Hindrance:
    if absent.what != "buys":
        return Hindrance("sell waits", _in_words(ladder, absent))
    settings, reason = ladder.settings, absent.reason
    if reason == MAX_INVESTMENT:
        reason = f"max_investment of {settings.max_investment:f} {settings.pair.quote} allows no more"
    text = f"{len(ladder.buys())} of {settings.max_open_buys} buys rest: {reason}"
    return Hindrance(_code_of(absent.reason), text)


def _code_of(reason: str) -> ConditionCode:
    if reason == "funds":
        return "funds"
    if reason == order_limit.REASON:
        return "order limit"
    return "fewer buys"  # a fee that eats the interval is named by the watch over the venue's facts


def _waiting(ladder: Ladder, missing: Sequence[Missing]) -> tuple[str, ...]:
    """Every absent order has a named reason."""
    return tuple(_in_words(ladder, absent) for absent in missing if absent.weight != "quiet")


def _in_words(ladder: Ladder, absent: Missing) -> str:
    pair, volume, reason = ladder.settings.pair, absent.volume, absent.reason
    order = f"{absent.side} of {volume:f} {pair.base} at {absent.price or ZERO:f} {pair.quote}"
    match absent.what:
        case "sell":
            return f"{order} waits: {reason}"
        case "surplus":
            return f"surplus of {volume:f} {pair.base} from partly filled buys waits: {reason}"
        case "base":
            return f"{volume:f} {pair.base} that it bought is offered by no sell: {reason}"
        case "buys":
            return f"fewer than {counted(ladder.settings.max_open_buys, 'buy')}: {reason}"
        case "released":
            return f"{order} released: {reason}"
        case "extra sell":
            return f"extra sell of {volume:f} {pair.base} waits: {reason}"
        case _:
            assert_never(absent.what)


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
