"""What the exchange says of the configured pairs, and what that means for each strategy."""

import math
from collections.abc import Collection
from decimal import Decimal

from actors.venue_facts import Objection, PairFacts
from actors.venue_watch import Judge, Watched
from assembly import registry
from config import PAPER, Config, ConfigError, Problem, check_against_pair
from config.schema import SYNTHETIC
from messages.conditions import ConditionCode
from messages.money import Pair
from trading.ports import Exchange, PairUnavailable


async def survey(config: Config, exchange: Exchange, source: str, past: Collection[int]) -> dict[str, PairFacts]:
    """Ask for rules, fee and price of each pair, once, and refuse what makes no sense for a new grid.

    `past`: userrefs of strategies that have traded before. Where there are any, nothing that is wrong with a pair ends
    the start: it halts its own strategy, be it new or not, and the others trade. Raises `ConfigError` with all problems
    at once, `ExchangeUnavailable` when the exchange does not answer.
    """
    facts: dict[str, PairFacts] = {}
    problems: list[Problem] = []
    for strategy in config.strategy:
        if strategy.symbol in facts:
            continue
        try:
            facts[strategy.symbol] = await _read_pair(config, exchange, strategy.symbol)
        except ConfigError as error:
            facts[strategy.symbol] = _unknown(error)
            if not past or _states_its_rules(config):
                problems += error.problems
    for index, seen in enumerate(watched(config)):
        fact = facts[seen.symbol]
        fee = seen.counting_fee(fact.fee)
        if not past and fact.pair is not None and fee is not None:
            problems += check_against_pair(config, index, fact.pair, fee, fact.price, source)
    if problems:
        raise ConfigError(problems)
    return facts


async def read_facts(config: Config, exchange: Exchange) -> dict[str, PairFacts]:
    """Read the venue's rules, fees and prices of running strategies' pairs, by symbol. Raises `ExchangeUnavailable`."""
    facts: dict[str, PairFacts] = {}
    for symbol in dict.fromkeys(strategy.symbol for strategy in config.strategy):
        try:
            facts[symbol] = await _read_pair(config, exchange, symbol)
        except ConfigError as error:
            facts[symbol] = _unknown(error)
    return facts


async def _read_pair(config: Config, exchange: Exchange, symbol: str) -> PairFacts:
    """Raises `ConfigError` for a pair that the exchange does not know."""
    pair: Pair | None
    try:
        pair, trouble = await exchange.pair(symbol), ""
    except PairUnavailable as error:
        pair, trouble = error.pair, error.words
    fee = price = None
    if pair is not None:
        try:
            if any(strategy.symbol == symbol and strategy.asks_fee for strategy in watched(config)):
                fee = await exchange.maker_fee(symbol)
            price = await exchange.last_price(symbol)
        except PairUnavailable as error:
            trouble = trouble or error.words
    return PairFacts(pair, fee, price, trouble)


def _unknown(error: ConfigError) -> PairFacts:
    """A pair that was traded once and that the exchange does not know now."""
    words = "; ".join(f"the exchange does not list {problem.found}" for problem in error.problems)
    return PairFacts(None, trouble=words)


def _states_its_rules(config: Config) -> bool:
    """Whether the pairs' rules are a matter of the configuration: on paper, without an exchange's prices."""
    paper = config.exchange.paper
    return config.exchange.adapter == PAPER and (paper.prices == SYNTHETIC or paper.price_file is not None)


def watched(config: Config) -> list[Watched]:
    """The strategies as the watch over the venue sees them."""
    return [
        Watched(
            strategy.userref,
            strategy.name,
            strategy.symbol,
            strategy.fee,
            follows=strategy.kind in registry.VARIANTS,
            simulated=config.simulated,
        )
        for strategy in config.strategy
    ]


def judge(config: Config, source: str) -> Judge:
    """What speaks against a configured strategy under rules, fee and price of the moment."""
    indices = {strategy.userref: index for index, strategy in enumerate(config.strategy)}

    def objections(userref: int, pair: Pair, fee: Decimal, price: Decimal | None) -> list[Objection]:
        problems = check_against_pair(config, indices[userref], pair, fee, price, source)
        return [Objection(_code_of(problem), problem.line()) for problem in problems]

    return objections


def _code_of(problem: Problem) -> ConditionCode:
    return "minimum" if problem.key.endswith(".amount_per_grid") else "fees"


def price_timeouts(config: Config) -> dict[str, int]:
    """Seconds of silence after which a strategy pauses, by symbol."""
    seconds = math.ceil(config.supervisor.price_timeout_seconds)
    return {strategy.symbol: seconds for strategy in config.strategy if not strategy.skip_price_timeout}
