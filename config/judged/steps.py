"""One ladder by itself: how far its steps are apart, what the fees leave of one, how deep it reaches."""

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

from config.pair_checks import BUYS_ONLY, fees_eat
from config.problems import ConfigWarning
from config.schema import Config, StrategyConfig
from messages.counted import counted
from messages.money import EXACT, ONE, ZERO, divide

WIDE = Decimal("0.1")
"""Interval above which percent were probably meant."""
NARROW = Decimal("0.001")
"""Interval below which the noise of a quiet market fills order after order."""
LEAST_SHARE = Decimal("0.25")
"""Part of a step that should be left after both fees."""
DEEP = Decimal("0.25")
"""Part of the price below which few markets go, and none without trouble of its own."""


def step_warnings(config: Config, index: int, source: str) -> Iterator[ConfigWarning]:
    """What is odd about the steps of strategy `index`."""
    strategy = config.strategy[index]

    def warning(key: str, found: str, meaning: str) -> ConfigWarning:
        return ConfigWarning(source, f"strategy[{index}].{key}", found, meaning, strategy.name)

    interval = strategy.interval
    if interval > WIDE:
        fall = percent(ONE - divide(ONE, ONE + interval))
        meaning = f"the price has to fall by {fall} % for each buy; for {interval:f} % write {interval.scaleb(-2):f}"
        yield warning("interval", f"{interval:f}, a step of {percent(interval)} %", meaning)
    elif interval < NARROW:
        meaning = f"a quiet minute moves most prices by more, and each move costs a fee; {interval:f} is no percentage"
        yield warning("interval", f"{interval:f}, a step of {percent(interval)} %", meaning)
    if (thin := _thin(config, strategy)) is not None:
        yield warning("interval", *thin)
    lowest = lowest_buy(strategy)
    if lowest < DEEP:
        meaning = (
            f"the lowest buy waits at {percent(lowest)} % of the price; what is kept for the buys down there"
            " earns nothing until then"
        )
        yield warning("n_open_buy_orders", f"{strategy.n_open_buy_orders} in steps of {percent(interval)} %", meaning)


def lowest_buy(strategy: StrategyConfig) -> Decimal:
    """Price of the last of all open buys, as a part of the market's price."""
    return _depth(strategy.interval, strategy.n_open_buy_orders)


def _depth(interval: Decimal, count: int) -> Decimal:
    return divide(ONE, EXACT.power(ONE + interval, count))


def likely_fee(config: Config, strategy: StrategyConfig) -> Decimal:
    """Maker fee rate that its orders will probably cost: the simulated account's, else the one stated.

    Where a real account's is asked for only at the start it is that of a new one, the default of `[exchange.paper]`.
    """
    account = config.exchange.paper.maker_fee
    if strategy.fee is None:
        return account
    return max(strategy.fee, account) if config.simulated else strategy.fee


def ladder_sentence(
    config: Config, strategy: StrategyConfig, most: int | None = None, *, least_fee: Decimal = ZERO
) -> str:
    """What the strategy will do, in numbers. `most` buys are all that its limit allows; None: no such limit.

    `least_fee`: maker fee rate that the account probably pays, whatever is stated.
    """
    count, quote = strategy.n_open_buy_orders, strategy.quote_currency
    count = count if most is None else min(count, max(most, 1))
    highest, lowest = percent(divide(ONE, ONE + strategy.interval)), percent(_depth(strategy.interval, count))
    reach = f"at {highest} % of the price" if count == 1 else f"from {highest} % down to {lowest} % of the price"
    buys = f"{counted(count, 'buy')} of {strategy.amount_per_grid:f} {quote} {reach}"
    begin = f"{strategy.name} ({strategy.kind}, {strategy.symbol}): {buys}"
    if strategy.kind in BUYS_ONLY:
        return f"{begin}; it never sells"
    fee = max(likely_fee(config, strategy), least_fee)
    gain = EXACT.multiply(strategy.amount_per_grid, kept_of_a_step(strategy.interval, fee))
    rate = f"at a maker fee of {percent(fee)} %"
    if gain <= 0:
        return f"{begin}; no round of buy and sell would bring a gain {rate}"
    return f"{begin}; a round of buy and sell leaves {_money(gain)} {quote} {rate}"


def kept_of_a_step(interval: Decimal, fee: Decimal) -> Decimal:
    """What a buy and its sell one interval higher leave, as a part of the amount."""
    return EXACT.multiply(ONE + interval, ONE - 2 * fee) - ONE


def percent(rate: Decimal) -> str:
    """A rate in percent, with as many digits as are worth reading."""
    value = rate.scaleb(2)
    digits = max(2, 2 - value.adjusted()) if value else 0
    rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN, EXACT)
    return f"{rounded.normalize():f}"


def _thin(config: Config, strategy: StrategyConfig) -> tuple[str, str] | None:
    """What was found and what it means where the fees eat most of a step, or all of it."""
    fee, interval = likely_fee(config, strategy), strategy.interval
    if strategy.kind in BUYS_ONLY:
        return None
    whose = "the simulated account's" if config.simulated else "a new account's"
    rate = f"a maker fee of {percent(fee)} %{'' if strategy.fee == fee else f', {whose}'}"
    if eaten := fees_eat(strategy.kind, interval, fee):
        return f"{interval:f}", f"a loss at each sell at {rate}; it takes {eaten[1].partition(', ')[0]}"
    kept = kept_of_a_step(interval, fee)
    if kept >= EXACT.multiply(interval, LEAST_SHARE):
        return None
    gain = _money(EXACT.multiply(strategy.amount_per_grid, kept))
    share = percent(ONE - divide(kept, interval))
    spare = ONE - LEAST_SHARE - 2 * fee
    better = divide(2 * fee, spare).quantize(Decimal("0.0001"), ROUND_CEILING, EXACT) if spare > 0 else None
    advice = f"; from {better:f} on a quarter of the step is left" if better is not None else ""
    told = f"fees take {share} % of each step: {gain} {strategy.quote_currency} are left of a round at {rate}{advice}"
    return f"{interval:f}", told


def _money(amount: Decimal) -> str:
    """An amount with as many digits as are worth reading."""
    digits = max(2, 1 - amount.adjusted()) if amount else 2
    return f"{amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN, EXACT):f}"
