"""One configured program: its mailboxes and what its strategies are, before anything runs."""

import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from actors import books as accounts
from actors.books import Books
from actors.guard import Bounds, GuardedCore
from actors.mailbox import Mailbox
from actors.strategies.core import Core
from actors.strategies.settings import GridSettings
from actors.strategy import Identity, MakeCore, Outlets
from actors.venue_facts import Objection, PairFacts
from actors.venue_watch import Judge, Watched
from adapters.interfaces import Exchange, PairUnavailable
from config import PAPER, Config, ConfigError, Problem, StrategyConfig, check_against_pair
from config.schema import GRIDS, SWING, SYNTHETIC
from messages.conditions import ConditionCode
from messages.journal import AccountLoaded, AccountSaved, Committed, CoreLoaded
from messages.mailboxes import (
    MetricsMail,
    NotifierMail,
    OrderManagerMail,
    PaperMail,
    PersistenceMail,
    StrategyMail,
    SupervisorMail,
    VenueMail,
)
from messages.market import Tick
from messages.money import Pair
from supervision import registry
from supervision.pasts import carried_over
from supervision.policy import Limits

NOTICE_LIMIT = 1_000
"""Notices are bounded: what a stuck notifier cannot take is dropped and counted."""


class Mailboxes:
    """All mailboxes of one program. They outlive the actors that read them."""

    def __init__(self, config: Config) -> None:
        self.supervisor: Mailbox[SupervisorMail] = Mailbox("supervisor")
        self.orders: Mailbox[OrderManagerMail] = Mailbox("order-manager")
        self.persistence: Mailbox[PersistenceMail] = Mailbox("persistence")
        self.paper: Mailbox[PaperMail] = Mailbox("paper")
        self.notifier: Mailbox[NotifierMail] = Mailbox("notifier", NOTICE_LIMIT, lossy=True)
        self.metrics: Mailbox[MetricsMail] = Mailbox("metrics")
        self.prices: Mailbox[Tick] = Mailbox("price-watch")
        self.venue: Mailbox[VenueMail] = Mailbox("venue-watch")
        self.strategies: dict[int, Mailbox[StrategyMail]] = {
            strategy.userref: Mailbox(f"strategy/{strategy.name}") for strategy in config.strategy
        }
        self.numbers: dict[int, Iterator[int]] = {strategy.userref: itertools.count(1) for strategy in config.strategy}

    def deliver(self, address: str, answer: Committed | CoreLoaded | AccountSaved | AccountLoaded) -> None:
        """Where persistence leaves its answers: `strategy/<userref>` or `paper`."""
        if isinstance(answer, AccountSaved | AccountLoaded):
            self.paper.post(answer)
        else:
            self.strategies[int(address.partition("/")[2])].post(answer)

    def lengths(self) -> dict[str, tuple[int, int]]:
        """Of each actor: how many messages wait for it, how many were dropped."""
        boxes: list[Mailbox[Any]] = [
            self.supervisor,
            self.orders,
            self.persistence,
            self.notifier,
            self.prices,
            self.venue,
            *self.strategies.values(),
        ]
        return {mailbox.name: (len(mailbox), mailbox.dropped) for mailbox in boxes}

    def outlets(self) -> Outlets:
        """Where any strategy's messages go."""
        return Outlets(self.orders, self.persistence, self.notifier, self.metrics, self.supervisor, self.venue)

    def subscribers(self, config: Config) -> Mapping[str, list[Mailbox[StrategyMail]]]:
        """Who is told the prices of each symbol."""
        found: dict[str, list[Mailbox[StrategyMail]]] = {}
        for strategy in config.strategy:
            found.setdefault(strategy.symbol, []).append(self.strategies[strategy.userref])
        return found


class Market(Struct, frozen=True):
    """What strategies are made with; live, both tables change in place."""

    pairs: dict[str, Pair]
    fees: dict[int, Decimal]
    prices: dict[str, Decimal] = {}
    """By the exchange's ticker, as it was read last."""
    tells_quotes: bool = False
    """Whether the exchange says what is bid and asked."""

    def knows(self, strategy: StrategyConfig) -> bool:
        """Whether all is known that the strategy needs to start."""
        return strategy.symbol in self.pairs and strategy.userref in self.fees


async def survey(config: Config, exchange: Exchange, source: str, past: Collection[int]) -> dict[str, PairFacts]:
    """Ask for rules, fee and price of each pair, once, and refuse what makes no sense for a new grid.

    `past`: userrefs of strategies that have traded before. Where there are any, nothing that is wrong with a pair ends
    the start: it halts its own strategy, be it new or not, and the others trade. Raises `ConfigError` with all problems
    at once, `ExchangeUnavailable` when nobody answers.
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
    for index, strategy in enumerate(config.strategy):
        fact = facts[strategy.symbol]
        fee = strategy.fee if strategy.fee is not None else fact.fee
        if not past and fact.pair is not None and fee is not None:
            problems += check_against_pair(config, index, fact.pair, fee, fact.price, source)
    if problems:
        raise ConfigError(problems)
    return facts


async def read_facts(config: Config, exchange: Exchange) -> dict[str, PairFacts]:
    """As `survey`, for strategies that run already. Raises `ExchangeUnavailable`."""
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
            if any(strategy.symbol == symbol and strategy.fee is None for strategy in config.strategy):
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
        Watched(strategy.userref, strategy.name, strategy.symbol, strategy.fee, strategy.kind in registry.VARIANTS)
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


def identity(strategy: StrategyConfig, market: Market) -> Identity:
    """Who the strategy is."""
    fee = market.fees[strategy.userref]
    return Identity(strategy.userref, strategy.name, strategy.kind, strategy.symbol, fee)


def core_maker(strategy: StrategyConfig, market: Market) -> MakeCore:
    """How the strategy's decision core is made once the journal has been read."""
    make = registry.strategy(strategy.kind)

    def from_journal(loaded: CoreLoaded) -> Core:
        settings = settings_of(strategy, market, loaded.lineage)
        saved, lineage = carried_over(loaded, settings, strategy.kind)
        return make(msgspec.structs.replace(settings, lineage=lineage), saved)

    return from_journal


def settings_of(strategy: StrategyConfig, market: Market, lineage: str) -> GridSettings:
    """What a strategy's core is made with."""
    return GridSettings(
        userref=strategy.userref,
        name=strategy.name,
        pair=market.pairs[strategy.symbol],
        amount=strategy.amount_per_grid,
        interval=strategy.interval,
        max_open_buys=strategy.n_open_buy_orders,
        max_investment=strategy.max_investment,
        fee=market.fees[strategy.userref],
        lineage=lineage,
        sell_existing_base=sells_existing_base(strategy),
        reference=market.prices.get(strategy.symbol),
        asks_for_quotes=market.tells_quotes,
    )


def guarded_core_maker(strategy: StrategyConfig, market: Market, *, simulated: bool) -> MakeCore:
    """As `core_maker`, of a core whose every answer is checked before it is committed."""
    make, pair = core_maker(strategy, market), market.pairs[strategy.symbol]
    may_sell = permission(strategy, simulated=simulated)
    bounds = Bounds(strategy.userref, pair, strategy.max_investment, may_sell, strategy.n_open_buy_orders)

    def from_journal(loaded: CoreLoaded) -> Core:
        saved, _ = carried_over(loaded, settings_of(strategy, market, loaded.lineage), strategy.kind)
        goes_on = saved is not None and saved == loaded.state
        books = accounts.load(loaded.origin.books) if goes_on else Books()
        return GuardedCore(make(loaded), bounds, books, is_new=saved is None, newest=loaded.newest)

    return from_journal


def permission(strategy: StrategyConfig, *, simulated: bool) -> bool | None:
    """Whether it may sell base that no strategy bought; None where its owner has to say so and has not."""
    said = strategy.sell_existing_base is not None or simulated or strategy.kind in GRIDS
    return sells_existing_base(strategy) if said else None


def sells_existing_base(strategy: StrategyConfig) -> bool:
    """Whether it may sell base that no strategy bought. A simulated account need not state it; there it may."""
    may_say = strategy.kind == SWING or strategy.kind not in GRIDS
    return may_say and strategy.sell_existing_base is not False


def existing_base_sentences(config: Config) -> list[str]:
    """What each SWING does with base that the account holds already."""
    sentences = {
        True: "sells existing base: also what no strategy of this program bought",
        False: "sells no existing base: only what it bought itself",
    }
    swings = [strategy for strategy in config.strategy if strategy.kind == SWING]
    return [f"{strategy.name} ({strategy.symbol}) {sentences[sells_existing_base(strategy)]}" for strategy in swings]


def actor_name(strategy: StrategyConfig) -> str:
    """What logs, metrics and the shutdown call the strategy's actor."""
    return f"strategy/{strategy.name}"


def limits_of(config: Config) -> Limits:
    """`[supervisor]` in the units of trio's clock."""
    limits = config.supervisor
    return Limits(
        restarts=limits.restart_limit,
        period=float(limits.restart_period_seconds),
        backoff=float(limits.backoff_seconds),
        backoff_cap=float(limits.backoff_cap_seconds),
    )


def price_timeouts(config: Config) -> dict[str, int]:
    """Seconds of silence per symbol after which somebody wants to know."""
    seconds = math.ceil(config.supervisor.price_timeout_seconds)
    return {strategy.symbol: seconds for strategy in config.strategy if not strategy.skip_price_timeout}
