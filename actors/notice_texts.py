"""The words for notices: plain text in the look that users of infinity-grid know.

Numbers keep the decimals they carry and never show an exponent. Only products (wealth, investment) are
cut, because their decimals are those of a price and a volume together.
"""

from decimal import ROUND_FLOOR, Decimal
from typing import assert_never

from messages.money import EXACT, ONE, cost, divide
from messages.notices import (
    ActorFailed,
    ExtraSell,
    FundsMissing,
    LadderStatus,
    Notice,
    OrderDelayed,
    OrderFilled,
    OrderReleased,
    ProgramEnded,
    ProgramStarted,
    StrategyHalted,
    StrategyResumed,
)

_MONEY_DECIMALS = 2
"""Products show at least these; more where the pair's price has more."""


def render(notice: Notice) -> str:
    """The whole text of a notice, several lines, without markup."""
    match notice:
        case ProgramStarted(bot, simulated):
            text = _tree(f"✅ {bot} is starting!", *(["Simulated » no real order is placed"] if simulated else []))
        case ProgramEnded(bot, reason):
            text = f"{bot} terminated.\nReason: {reason}"
        case OrderFilled():
            text = _filled(notice)
        case FundsMissing():
            text = _funds_missing(notice)
        case ExtraSell(strategy, symbol, price, volume):
            text = _tree(f"ℹ️ {strategy}: Placing extra sell order", *_price_and_size(symbol, price, volume))
        case OrderReleased(strategy, symbol, side, price, volume, reason):
            details = (*_price_and_size(symbol, price, volume), f"Reason » {reason}")
            text = _tree(f"ℹ️ {strategy} ({symbol}): {side.capitalize()} order released", *details)
        case OrderDelayed(strategy, symbol, side, price, volume, reason):
            details = (*_price_and_size(symbol, price, volume), f"Reason » {reason}")
            text = _tree(f"⚠️ {strategy} ({symbol}): {side.capitalize()} order waits", *details)
        case StrategyHalted(strategy, symbol, reason, orders):
            text = _tree(f"⚠️ {strategy} ({symbol}): trading halted", f"Reason » {reason}", f"Orders » {orders}")
        case StrategyResumed(strategy, symbol):
            text = f"✅ {strategy} ({symbol}): trading resumed"
        case ActorFailed(actor, reason, action):
            text = _tree(f"⚠️ {actor} keeps failing", f"Reason » {reason}", f"Action » {action}")
        case LadderStatus():
            text = _ladder_status(notice)
        case _:
            assert_never(notice)
    return text


def headline(notice: Notice) -> str:
    """The notice as one log line."""
    return " ".join(_sentence(notice).split())


def _sentence(notice: Notice) -> str:
    match notice:
        case ProgramStarted(bot, simulated):
            text = f"{bot} is starting" + (", simulated: no real order is placed" if simulated else "")
        case ProgramEnded(bot, reason):
            text = f"{bot} terminated: {reason}"
        case OrderFilled(strategy, symbol, side, price, volume):
            text = f"{strategy}: {side} executed, {_size_at(symbol, price, volume)}"
        case FundsMissing(strategy, symbol, side, asset, price, volume):
            text = f"{strategy}: not enough {asset} to {side} {_size_at(symbol, price, volume)}"
        case ExtraSell(strategy, symbol, price, volume):
            text = f"{strategy}: placing extra sell, {_size_at(symbol, price, volume)}"
        case OrderReleased(strategy, symbol, side, price, volume, reason):
            text = f"{strategy}: {side} released, {_size_at(symbol, price, volume)}: {reason}"
        case OrderDelayed(strategy, symbol, side, price, volume, reason):
            text = f"{strategy}: {side} waits, {_size_at(symbol, price, volume)}: {reason}"
        case StrategyHalted(strategy, symbol, reason, orders):
            text = f"{strategy} ({symbol}): trading halted: {reason}; orders: {orders}"
        case StrategyResumed(strategy, symbol):
            text = f"{strategy} ({symbol}): trading resumed"
        case ActorFailed(actor, reason, action):
            text = f"{actor} keeps failing: {reason}; {action}"
        case LadderStatus():
            text = _status_sentence(notice)
        case _:
            assert_never(notice)
    return text


def _filled(notice: OrderFilled) -> str:
    _, quote = _assets(notice.symbol)
    return _tree(
        f"✅ {notice.symbol}: {notice.side.capitalize()} order executed",
        *_price_and_size(notice.symbol, notice.price, notice.volume),
        f"Size in {quote} » {notice.cost:f}",
        f"Fee » {notice.fee:f} {quote}",
        f"Strategy » {notice.strategy}",
    )


def _funds_missing(notice: FundsMissing) -> str:
    base, quote = _assets(notice.symbol)
    return _tree(
        f"⚠️ {notice.strategy} ({notice.symbol})",
        f"Not enough {notice.asset}",
        f"to {notice.side} {notice.volume:f} {base}",
        f"for {notice.price:f} {quote}",
    )


def _ladder_status(notice: LadderStatus) -> str:
    base, quote = _assets(notice.symbol)
    sections = (
        _tree(f"👑 {notice.strategy}", f"Price » {_price(notice, notice.price)} {quote}"),
        _tree(
            "⚜️ Account",
            f"Total {base} » {notice.base_total:f}",
            f"Total {quote} » {notice.quote_total:f}",
            f"Available {quote} » {notice.quote_free:f}",
            f"Available {base} » {notice.base_free:f}",
            f"Unfilled surplus of {base} » {notice.surplus:f}",
            f"Wealth » {_product(notice, _wealth(notice))} {quote}",
            f"Investment » {_product(notice, notice.investment)} / {notice.max_investment:f} {quote}",
        ),
        _tree(
            "💠 Orders",
            f"Amount per Grid » {notice.amount_per_grid:f} {quote}",
            f"Open orders » {notice.open_orders}",
        ),
        f"🏷️ Price in {quote}\n{_drawing(notice)}",
    )
    return "\n\n".join(sections)


def _status_sentence(notice: LadderStatus) -> str:
    _, quote = _assets(notice.symbol)
    return (
        f"{notice.strategy} ({notice.symbol}): price {_price(notice, notice.price)} {quote}, "
        f"{notice.open_orders} open orders, "
        f"investment {_product(notice, notice.investment)} / {notice.max_investment:f} {quote}"
    )


def _drawing(notice: LadderStatus) -> str:
    """The ladder from the highest sell down to the lowest buy, around the price."""
    sells = [_rung(notice, price) for price in reversed(notice.sells)]
    buys = [_rung(notice, price) for price in notice.buys]
    lines = [f"│  {'┌' if index == 0 else '├'}[ {rung}" for index, rung in enumerate(sells)]
    lines.append(f"└──┼> {_price(notice, notice.price)}")
    lines += [f"   {'└' if index == len(buys) - 1 else '├'}[ {rung}" for index, rung in enumerate(buys)]
    return "\n".join(lines)


def _rung(notice: LadderStatus, price: Decimal) -> str:
    distance = divide(price, notice.price) - ONE
    return f"{_price(notice, price)} ({distance:+.2%})"


def _wealth(notice: LadderStatus) -> Decimal:
    return EXACT.add(notice.quote_total, cost(notice.price, notice.base_total))


def _price(notice: LadderStatus, price: Decimal) -> str:
    """At least the pair's decimals, so that the rungs of the ladder line up."""
    return f"{price:.{max(notice.price_decimals, _decimals(price))}f}"


def _product(notice: LadderStatus, amount: Decimal) -> str:
    """Rounded down: nobody is told of more than there is, and an investment never looks above its limit."""
    shown = max(_MONEY_DECIMALS, notice.price_decimals)
    if _decimals(amount) > shown:
        amount = amount.quantize(ONE.scaleb(-shown), ROUND_FLOOR, EXACT)
    return f"{amount:f}"


def _decimals(number: Decimal) -> int:
    return max(0, -int(number.as_tuple().exponent))


def _price_and_size(symbol: str, price: Decimal, volume: Decimal) -> tuple[str, str]:
    base, quote = _assets(symbol)
    return f"Price » {price:f} {quote}", f"Size » {volume:f} {base}"


def _size_at(symbol: str, price: Decimal, volume: Decimal) -> str:
    base, quote = _assets(symbol)
    return f"{volume:f} {base} at {price:f} {quote}"


def _assets(symbol: str) -> tuple[str, str]:
    base, _, quote = symbol.partition("/")
    return base, quote


def _tree(title: str, *branches: str) -> str:
    last = len(branches) - 1
    return "\n".join([title, *(f"{'└' if index == last else '├'} {text}" for index, text in enumerate(branches))])
