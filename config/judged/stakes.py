"""Amounts, limits and balances: what a ladder needs, and what it shares with others."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import partial
from types import MappingProxyType

from config.judged.steps import likely_fee
from config.pair_checks import BUYS_ONLY, needed_amount
from config.problems import ConfigWarning, one_of
from config.schema import PAPER, SWING, Config, StrategyConfig
from messages.counted import counted
from messages.money import EXACT, ONE, ZERO, Pair, divide

MOST_ORDERS = 60
"""Open orders of one pair that Kraken allows to an account of the lowest tier."""
_FIAT = """ARS AUD BRL CAD CHF CLP COP CZK DKK EUR GBP HKD JPY KRW MXN NOK NZD PLN SEK SGD TRY UGX USD"""
FIAT = frozenset(_FIAT.split())
"""Money of states."""
_PEGGED = "USD DAI PYUSD RLUSD TUSD USD1 USDC USDD USDE USDG USDQ USDR USDS USDT"
_DOLLARS = frozenset(_PEGGED.split())
_HUGE = MappingProxyType({"BTC": Decimal(10), "ETH": Decimal(100)})
_HUGE_AMOUNT = Decimal(1_000_000_000)
"""Amounts of one order, by quote currency, that a unit mistaken explains better than wealth."""


def stake_warnings(config: Config, index: int, source: str) -> Iterator[ConfigWarning]:
    """What is odd about the amounts of strategy `index` by itself."""
    strategy = config.strategy[index]
    quote, count = strategy.quote_currency, strategy.n_open_buy_orders

    def warning(key: str, found: str, meaning: str) -> ConfigWarning:
        return ConfigWarning(source, f"strategy[{index}].{key}", found, meaning, strategy.name)

    if strategy.amount_per_grid >= _HUGE.get(quote, _HUGE_AMOUNT):
        meaning = f"each single buy spends that much {quote}: is it meant?"
        yield warning("amount_per_grid", f"{strategy.amount_per_grid:f} {quote}", meaning)
    if {strategy.base_currency, quote} <= _DOLLARS:
        meaning = "both are worth a dollar: the price hardly moves, and a grid hardly ever trades"
        yield warning("base_currency", strategy.symbol, meaning)
    allowed = buys_at_once(config, strategy)
    if allowed < count:
        needed = EXACT.multiply(cost_of_a_buy(config, strategy), Decimal(count))
        buys = f"{counted(count, 'buy')} of {strategy.amount_per_grid:f} {quote}"
        meaning = f"it has to be above {needed.normalize():f} {quote} for {buys} with fees; it allows {allowed}"
        yield warning("max_investment", f"{strategy.max_investment:f}", meaning)
    if count >= MOST_ORDERS and config.exchange.adapter != PAPER:
        meaning = (
            f"an exchange limits the open orders of a pair, sells included (Kraken: {MOST_ORDERS}, 80 or 225 by the"
            " account's tier); the buys beyond are put off"
        )
        yield warning("n_open_buy_orders", str(count), meaning)
    if strategy.base_currency in FIAT and quote not in FIAT:
        meaning = f"{strategy.base_currency} is bought and sold here, and paid with {quote}: were the two exchanged?"
        yield warning("base_currency", strategy.symbol, meaning)
    if strategy.kind == SWING and strategy.sell_existing_base is None and config.exchange.adapter != PAPER:
        meaning = "the simulated account takes true; for real money true or false has to be stated"
        yield warning("sell_existing_base", "nothing", meaning)


TOO_SMALL = "the smallest order was"
"""How a warning begins after which no order of the ladder would be taken."""


def sharing_sentences(config: Config, source: str) -> Iterator[ConfigWarning]:
    """What ladders share, and what a limit does not limit."""
    yield from _one_pair(config, source)
    yield from _endless(config, source)
    yield from _like_names(config, source)


def balance_warnings(config: Config, source: str) -> Iterator[ConfigWarning]:
    """Whether a new simulated account can pay the ladders that share it, by quote currency."""
    if not config.simulated:
        return
    balances, key = config.exchange.paper.balances, "exchange.paper.balances"
    sharers: dict[str, list[StrategyConfig]] = defaultdict(list)
    for strategy in config.strategy:
        sharers[strategy.quote_currency].append(strategy)
    for quote, strategies in sharers.items():
        held = balances.get(quote, ZERO)
        needed = sum((_needed(config, strategy) for strategy in strategies), ZERO)
        wanted = sum(_wanted(config, strategy) for strategy in strategies)
        names = ", ".join(strategy.name for strategy in strategies)
        if needed > held:
            paid = f"the buys of {names} need {needed.normalize():f} {quote} at once with their fees"
            placed = _affordable(config, strategies, held)
            some = f"{placed or 'none'} of {wanted} can be placed"
            like = next((name for name in balances if name != quote and name.upper() == quote.upper()), None)
            meant = f'; "{like}" is another currency: did you mean {quote}?' if like else ""
            yield ConfigWarning(source, key, f"{held:f} {quote}", f"{paid}; {some}{meant}")
    for strategy in config.strategy:
        if strategy.kind == SWING and strategy.sell_existing_base and not balances.get(strategy.base_currency):
            base = strategy.base_currency
            yield ConfigWarning(source, key, f"no {base}", f"{strategy.name} has no existing {base} to sell")


def minimum_warnings(config: Config, rules: Mapping[str, tuple[Pair, Decimal]], source: str) -> Iterator[ConfigWarning]:
    """Amounts below the minimum that an exchange stated once; the start asks for the one of the day.

    `rules`: by symbol the pair and a price of the right magnitude, both as they were taken down.
    """
    for index, strategy in enumerate(config.strategy):
        if strategy.symbol not in rules:
            continue
        pair, price = rules[strategy.symbol]
        needed = needed_amount(strategy, pair, likely_fee(config, strategy), price)
        if strategy.amount_per_grid < needed:
            meaning = (
                f"{TOO_SMALL} {pair.min_volume:f} {pair.base} and {pair.min_cost:f} {pair.quote}, that is"
                f" {needed.normalize():f} {pair.quote} at {price:f}; the start asks, and refuses what is below"
            )
            key = f"strategy[{index}].amount_per_grid"
            yield ConfigWarning(source, key, f"{strategy.amount_per_grid:f}", meaning, strategy.name)


def cost_of_a_buy(config: Config, strategy: StrategyConfig) -> Decimal:
    """Quote that one buy holds, its fee included."""
    return EXACT.multiply(strategy.amount_per_grid, ONE + likely_fee(config, strategy))


def buys_at_once(config: Config, strategy: StrategyConfig) -> int:
    """How many buys stay below `max_investment` while nothing else is open."""
    return int(divide(strategy.max_investment, cost_of_a_buy(config, strategy)).to_integral_value(ROUND_CEILING)) - 1


def _wanted(config: Config, strategy: StrategyConfig) -> int:
    """How many buys wait at once, as far as its limit allows."""
    return min(strategy.n_open_buy_orders, max(buys_at_once(config, strategy), 0))


def _needed(config: Config, strategy: StrategyConfig) -> Decimal:
    return EXACT.multiply(cost_of_a_buy(config, strategy), Decimal(_wanted(config, strategy)))


def _affordable(config: Config, strategies: Sequence[StrategyConfig], held: Decimal) -> int:
    """Most whole buys that `held` pays: the cheapest come first."""
    placed = 0
    for strategy in sorted(strategies, key=partial(cost_of_a_buy, config)):
        each = cost_of_a_buy(config, strategy)
        count = min(_wanted(config, strategy), int(divide(held, each).to_integral_value(ROUND_FLOOR)))
        held, placed = held - EXACT.multiply(each, Decimal(count)), placed + count
    return placed


def _one_pair(config: Config, source: str) -> Iterator[ConfigWarning]:
    ladders: dict[str, list[int]] = defaultdict(list)
    for index, strategy in enumerate(config.strategy):
        ladders[strategy.symbol.casefold()].append(index)
    for first, *others in ladders.values():
        if others:
            strategy = config.strategy[others[0]]
            names = one_of([config.strategy[index].name for index in (first, *others)]).replace(" or ", " and ")
            meaning = (
                f"{counted(1 + len(others), 'ladder')} on one pair: a fall fills the buys of all;"
                f" max_investment limits each by itself, and all spend the same {strategy.quote_currency}"
            )
            key = f"strategy[{others[0]}].base_currency"
            yield ConfigWarning(source, key, f"{strategy.symbol} in {names}", meaning, strategy.name)


def _endless(config: Config, source: str) -> Iterator[ConfigWarning]:
    for index, strategy in enumerate(config.strategy):
        if strategy.kind in BUYS_ONLY:
            meaning = (
                f"it limits what waits in open buys ({counted(strategy.n_open_buy_orders, 'order')} at most), not what"
                f" is spent: {strategy.kind} never sells, and buys until the {strategy.quote_currency} is gone"
            )
            found = f"{strategy.max_investment:f} for {strategy.kind} ({strategy.name})"
            yield ConfigWarning(source, f"strategy[{index}].max_investment", found, meaning, strategy.name)


def _like_names(config: Config, source: str) -> Iterator[ConfigWarning]:
    first: dict[str, int] = {}
    for index, strategy in enumerate(config.strategy):
        earlier = first.setdefault(" ".join(strategy.name.casefold().split()), index)
        if earlier != index:
            found = f'"{strategy.name}" beside "{config.strategy[earlier].name}"'
            meaning = "names that are hard to tell apart in notices and logs"
            yield ConfigWarning(source, f"strategy[{index}].name", found, meaning, strategy.name)
