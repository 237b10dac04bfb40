"""Checks that need a fee or a pair's trading rules: will a grid of this shape earn, will its orders be taken?"""

from decimal import ROUND_CEILING, Decimal

from config.problems import Problem
from config.schema import Config, StrategyConfig
from messages.money import EXACT, ONE, Pair, ceil_cost, cost, divide, floor_price, floor_to, price_above

BUYS_ONLY = frozenset({"cDCA"})
"""Kinds that place no counter-sell, so that no interval has to pay for two fees."""
SELLS_ITS_AMOUNT = frozenset({"GridHODL", "SWING"})
"""Kinds whose sell is worth one amount again, with a smaller volume than the buy had."""


HALF = Decimal("0.5")


def check_against_pair(
    config: Config,
    index: int,
    pair: Pair,
    fee: Decimal,
    price: Decimal | None = None,
    source: str = "configuration",
) -> list[Problem]:
    """What the exchange's rules and the account's fee rate (a fraction) forbid to strategy `index`.

    `fee` is the maker fee rate that the strategy will assume; above the one it states, the account's own. With the
    market's last `price` the amount is compared to the minimum volume as well, since only then is a volume known.
    """
    strategy = config.strategy[index]
    key = f"strategy[{index}]"
    problems = []
    stated = strategy.fee
    whose = "" if stated is None or stated >= fee else f"; fee states {stated:f}, the account pays {fee:f}"
    wrong = fees_eat(strategy.kind, strategy.interval, fee)
    if wrong:
        problems.append(Problem(source, f"{key}.interval", wrong[0] + whose, wrong[1], strategy=strategy.name))
    coarse = None if wrong or price is None else tick_eats(strategy.kind, strategy.interval, fee, pair, price)
    if coarse:
        problems.append(Problem(source, f"{key}.interval", coarse[0] + whose, coarse[1], strategy=strategy.name))
    needed = needed_amount(strategy, pair, fee, price)
    if strategy.amount_per_grid < needed:
        found = f"{strategy.amount_per_grid:f}"
        at = f" at a price of {price:f}" if price is not None else ""
        rule = f"minimum {pair.min_volume:f} {pair.base} and {pair.min_cost:f} {pair.quote}"
        allowed = f"{needed:f} {pair.quote} or more for {pair.symbol}{at} ({rule})"
        problems.append(Problem(source, f"{key}.amount_per_grid", found, allowed, strategy=strategy.name))
    return problems


def fees_eat(kind: str, interval: Decimal, fee: Decimal) -> tuple[str, str] | None:
    """What was found and what is allowed when a buy and its sell lose money, else None."""
    if kind in BUYS_ONLY:
        return None
    left = ONE - 2 * fee
    kept = EXACT.multiply(ONE + interval, left)
    if kept > ONE:
        return None
    found = (
        f"{interval:f} with a fee of {fee:f}, a loss at each sell: (1 + {interval:f}) * (1 - 2 * {fee:f}) = {kept:f}"
    )
    if left <= 0:
        return found, "no interval at such a fee"
    least = divide(2 * fee, left).quantize(Decimal("0.000001"), ROUND_CEILING, EXACT)
    return found, f"an interval above {least:f}, so that this product is above 1"


def tick_eats(kind: str, interval: Decimal, fee: Decimal, pair: Pair, price: Decimal) -> tuple[str, str] | None:
    """What was found and what is allowed when no tick near a buy brings a gain; with prices as they are truncated."""
    buy = floor_price(pair, divide(price, ONE + interval))
    if kind in BUYS_ONLY or buy <= 0:
        return None
    sell = price_above(pair, divide(buy, ONE - 2 * fee))
    if sell <= EXACT.multiply(buy, EXACT.power(ONE + interval, 2)):
        return None
    found = (
        f"{interval:f} where {pair.symbol} at {price:f} moves in steps of {pair.tick_size:f}: a buy at {buy:f}"
        f" is sold with a gain at {sell:f} only, with a fee of {fee:f}"
    )
    least = (divide(sell, buy) - ONE).quantize(Decimal("0.000001"), ROUND_CEILING, EXACT)
    return found, f"an interval of {least:f} or more at this price"


def needed_amount(strategy: StrategyConfig, pair: Pair, fee: Decimal, price: Decimal | None) -> Decimal:
    """The smallest amount_per_grid, in quote, that the pair's minima allow; without a price, its minimum cost."""
    if price is None:
        return pair.min_cost
    buy = floor_price(pair, divide(price, ONE + strategy.interval))
    if buy <= 0:
        return pair.min_cost
    volume = max(_ceil_volume(pair, pair.min_volume), _ceil_volume(pair, divide(pair.min_cost, buy)))
    needed = cost(buy, volume)
    if strategy.kind in SELLS_ITS_AMOUNT:
        sell = floor_price(pair, EXACT.multiply(buy, ONE + strategy.interval))
        if fee < HALF:
            sell = max(sell, price_above(pair, divide(buy, ONE - 2 * fee)))
        needed = max(needed, EXACT.multiply(cost(sell, volume), ONE - 2 * fee))
    return ceil_cost(pair, needed)


def _ceil_volume(pair: Pair, volume: Decimal) -> Decimal:
    floored = floor_to(volume, pair.lot)
    return floored if floored == volume else floored + pair.lot
