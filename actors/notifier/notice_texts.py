"""The words for notices: plain text in the look that users of infinity-grid know.

Prices and volumes keep the decimals they carry, those of the pair. What was multiplied has those of both
factors and is cut to the price's, two at least. No number shows an exponent.
"""

from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from actors.notifier.ownership_texts import OwnershipNotice, ownership_branches, ownership_sentence, ownership_title
from actors.notifier.trouble_texts import TroubleNotice, trouble_sentence, trouble_text
from actors.notifier.wait_texts import tree
from messages.counted import counted
from messages.letters import Letter, kind_of
from messages.money import EXACT, ONE, cost, divide
from messages.notices import (
    ExtraSell,
    FundsMissing,
    JournalNoted,
    LadderStatus,
    NotCovered,
    Notice,
    OrderAmended,
    OrderDelayed,
    OrderFilled,
    OrderReleased,
    ProgramStarted,
    SecondInstance,
)

TextNotice = (
    ProgramStarted
    | OrderFilled
    | FundsMissing
    | ExtraSell
    | OrderReleased
    | OrderAmended
    | OrderDelayed
    | OwnershipNotice
    | TroubleNotice
)
"""All but the hourly status, which has a drawing as well."""

_MONEY_DECIMALS = 2
"""Products show at least these; more where the pair's price has more."""

_FEE_DECIMALS = 2
"""More than of the cost, of which a fee is some thousandths."""
_BASE_DECIMALS = 10
_QUOTE_DECIMALS = 5
"""Decimals of a balance in quote, as Kraken keeps most of them; simulations produce more."""


class Words(NamedTuple):
    """A notice in words: plain text, and below it lines that need letters of one width."""

    text: str
    drawing: str = ""


def write_letter(notice: Notice, bot: str, time: int, *, silent: bool = False) -> Letter:
    """A notice with its words; `time` is nanoseconds UTC."""
    text, drawing = words(notice)
    return Letter(notice, kind_of(notice), bot, time, headline(notice), text, drawing, silent)


def words(notice: Notice) -> Words:
    """The whole text of a notice, several lines, without markup."""
    if isinstance(notice, LadderStatus):
        return Words(_ladder_status(notice), _drawing(notice))
    return Words(_text(notice))


def headline(notice: Notice) -> str:
    """The notice as one log line."""
    return " ".join(_sentence(notice).split())


def _text(notice: TextNotice) -> str:
    match notice:
        case ProgramStarted():
            text = _started(notice)
        case OrderFilled():
            text = _filled(notice)
        case FundsMissing():
            text = _funds_missing(notice)
        case ExtraSell(strategy, symbol, price, volume):
            text = tree(f"ℹ️ {strategy}: Placing extra sell order", *_price_and_size(symbol, price, volume))
        case OrderReleased() | OrderAmended():
            text = _order_tree(notice)
        case OrderDelayed(strategy, symbol, side, price, volume, reason):
            details = (*_price_and_size(symbol, price, volume), f"Reason » {reason}")
            text = tree(f"⚠️ {strategy} ({symbol}): {side.capitalize()} order waits", *details)
        case JournalNoted() | NotCovered() | SecondInstance():
            text = tree(ownership_title(notice), *ownership_branches(notice))
        case _:
            text = trouble_text(notice)
    return text


def _sentence(notice: Notice) -> str:
    match notice:
        case ProgramStarted(bot, simulated):
            text = f"{bot} is running" + (", simulated: no real order is placed" if simulated else "")
            if where := _real_money(notice):
                text += f": {_trades_for(notice)}: {', '.join(where)}"
        case OrderFilled(strategy, symbol, side, price, volume):
            text = f"{strategy}: {side} executed, {_size_at(symbol, price, volume)}"
        case FundsMissing(strategy, symbol, side, asset, price, volume):
            text = f"{strategy}: not enough {asset} to {side} {_size_at(symbol, price, volume)}"
        case ExtraSell(strategy, symbol, price, volume):
            text = f"{strategy}: placing extra sell, {_size_at(symbol, price, volume)}"
        case OrderReleased() | OrderAmended():
            text = _order_sentence(notice)
        case OrderDelayed(strategy, symbol, side, price, volume, reason):
            text = f"{strategy}: {side} waits, {_size_at(symbol, price, volume)}: {reason}"
        case LadderStatus():
            text = _status_sentence(notice)
        case JournalNoted() | NotCovered() | SecondInstance():
            text = ownership_sentence(notice)
        case _:
            text = trouble_sentence(notice)
    return text


def _order_sentence(notice: OrderReleased | OrderAmended) -> str:
    match notice:
        case OrderReleased(strategy, symbol, side, price, volume, reason):
            return f"{strategy}: {side} released, {_size_at(symbol, price, volume)}: {reason}"
        case OrderAmended(strategy, symbol, side, price, volume, former_price, former_volume):
            before = _size_at(symbol, former_price, former_volume)
            now = f"{strategy}: {side} amended by hand to {_size_at(symbol, price, volume)}, before: {before}"
            return f"{now}; {note}" if (note := _amended_note(notice)) else now


def _order_tree(notice: OrderReleased | OrderAmended) -> str:
    match notice:
        case OrderReleased(strategy, symbol, side, price, volume, reason):
            details = (*_price_and_size(symbol, price, volume), f"Reason » {reason}")
            return tree(f"ℹ️ {strategy} ({symbol}): {side.capitalize()} order released", *details)
        case OrderAmended(strategy, symbol, side, price, volume, former_price, former_volume):
            before = f"Before » {_size_at(symbol, former_price, former_volume)}"
            title = f"ℹ️ {strategy} ({symbol}): {side.capitalize()} order amended by hand"
            notes = [f"Note » {note}"] if (note := _amended_note(notice)) else []
            return tree(title, *_price_and_size(symbol, price, volume), before, *notes)


def _amended_note(amended: OrderAmended) -> str:
    """Whose coins a larger sell takes, and where those stay that a smaller one leaves out."""
    base, _ = _assets(amended.symbol)
    if amended.beyond:
        return f"{amended.beyond:f} {base} of it were not bought by this strategy and count as yours"
    left_out = amended.former_volume - amended.volume
    if amended.side == "sell" and left_out > 0:
        return f"{left_out:f} {base} are not offered any more and stay in your account"
    return ""


def _started(notice: ProgramStarted) -> str:
    branches = ["Simulated » no real order is placed"] if notice.simulated else []
    if where := _real_money(notice):
        stake = f"Real orders » to whatever answers at {notice.here} as {notice.exchange}"
        branches = [stake if notice.here else f"REAL money » on {notice.exchange}", f"Where » {', '.join(where)}"]
    return tree(f"✅ {notice.bot} is starting!", *branches)


def _real_money(notice: ProgramStarted) -> list[str]:
    """Whose money it is; empty when it is play money."""
    if notice.simulated or not notice.exchange:
        return []
    account = [f"account {notice.account}"] if notice.account else []
    return [*account, f"database {notice.database}", counted(notice.strategies, "strategy")]


def _trades_for(notice: ProgramStarted) -> str:
    """As the first line of the log says it: what answers at an address of this machine may be a simulation."""
    if notice.here:
        return f"real orders to whatever answers at {notice.here} as {notice.exchange}"
    return f"trades with REAL money on {notice.exchange}"


def _filled(notice: OrderFilled) -> str:
    _, quote = _assets(notice.symbol)
    shown = max(_MONEY_DECIMALS, _decimals(notice.price))
    return tree(
        f"✅ {notice.symbol}: {notice.side.capitalize()} order executed",
        *_price_and_size(notice.symbol, notice.price, notice.volume),
        f"Size in {quote} » {_cut(notice.cost, shown):f}",
        f"Fee » {_cut(notice.fee, shown + _FEE_DECIMALS):f} {quote}",
        f"Strategy » {notice.strategy}",
    )


def _funds_missing(notice: FundsMissing) -> str:
    base, quote = _assets(notice.symbol)
    return tree(
        f"⚠️ {notice.strategy} ({notice.symbol})",
        f"Not enough {notice.asset}",
        f"to {notice.side} {notice.volume:f} {base}",
        f"for {notice.price:f} {quote}",
    )


def _ladder_status(notice: LadderStatus) -> str:
    base, quote = _assets(notice.symbol)
    sections = (
        tree(f"👑 {notice.strategy}", f"Price » {_price(notice, notice.price)} {quote}"),
        tree(
            "⚜️ Account",
            f"Total {base} » {_base(notice.base_total)}",
            f"Total {quote} » {_quote(notice, notice.quote_total)}",
            f"Available {quote} » {_quote(notice, notice.quote_free)}",
            f"Available {base} » {_base(notice.base_free)}",
            f"Unfilled surplus of {base} » {_base(notice.surplus)}",
            f"Wealth » {_product(notice, _wealth(notice))} {quote}",
            f"Investment » {_product(notice, notice.investment)} / {notice.max_investment:f} {quote}",
        ),
        tree(
            "💠 Orders",
            f"Amount per Grid » {notice.amount_per_grid:f} {quote}",
            f"Open orders » {notice.open_orders}",
        ),
        f"🏷️ Price in {quote}",
    )
    return "\n\n".join(sections)


def _status_sentence(notice: LadderStatus) -> str:
    _, quote = _assets(notice.symbol)
    return (
        f"{notice.strategy} ({notice.symbol}): price {_price(notice, notice.price)} {quote}, "
        f"{counted(notice.open_orders, 'open order')}, "
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
    """Rounded down, so that no figure exceeds what there is and an investment never looks above its limit."""
    return f"{_cut(amount, max(_MONEY_DECIMALS, notice.price_decimals)):f}"


def _base(amount: Decimal) -> str:
    return f"{_cut(amount, _BASE_DECIMALS):f}"


def _quote(notice: LadderStatus, amount: Decimal) -> str:
    return f"{_cut(amount, max(_QUOTE_DECIMALS, notice.price_decimals)):f}"


def _cut(amount: Decimal, decimals: int) -> Decimal:
    """`amount` with no more than this many decimals, rounded down."""
    if _decimals(amount) > decimals:
        amount = amount.quantize(ONE.scaleb(-decimals), ROUND_FLOOR, EXACT)
    return amount or amount.copy_abs()


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
