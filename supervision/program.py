"""One configured program: its mailboxes and what its strategies are, before anything runs."""

import itertools
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from actors.mailbox import Mailbox
from actors.strategies.core import Core
from actors.strategies.settings import GridSettings
from actors.strategy import Identity, MakeCore, Outlets
from adapters.interfaces import Exchange
from config import Config, ConfigError, Problem, StrategyConfig, check_against_pair
from messages.journal import AccountLoaded, AccountSaved, Committed, CoreLoaded
from messages.mailboxes import (
    MetricsMail,
    NotifierMail,
    OrderManagerMail,
    PaperMail,
    PersistenceMail,
    StrategyMail,
    SupervisorMail,
)
from messages.market import Tick
from messages.money import Pair
from supervision import registry
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
            *self.strategies.values(),
        ]
        return {mailbox.name: (len(mailbox), mailbox.dropped) for mailbox in boxes}

    def outlets(self) -> Outlets:
        """Where any strategy's messages go."""
        return Outlets(self.orders, self.persistence, self.notifier, self.metrics, self.supervisor)

    def subscribers(self, config: Config) -> Mapping[str, list[Mailbox[StrategyMail]]]:
        """Who is told the prices of each symbol."""
        found: dict[str, list[Mailbox[StrategyMail]]] = {}
        for strategy in config.strategy:
            found.setdefault(strategy.symbol, []).append(self.strategies[strategy.userref])
        return found


class Market(Struct, frozen=True):
    """What the exchange says of each configured strategy, in the order of the configuration."""

    pairs: dict[str, Pair]
    fees: dict[int, Decimal]


async def survey(config: Config, exchange: Exchange, source: str) -> Market:
    """Ask for pair rules and fees, and refuse what makes no sense for them, before the first order.

    Raises `ConfigError` with all problems at once, `ExchangeUnavailable` when nobody answers.
    """
    pairs: dict[str, Pair] = {}
    fees: dict[int, Decimal] = {}
    problems: list[Problem] = []
    for index, strategy in enumerate(config.strategy):
        symbol = strategy.symbol
        pairs[symbol] = pairs.get(symbol) or await exchange.pair(symbol)
        fee = strategy.fee if strategy.fee is not None else await exchange.maker_fee(symbol)
        fees[strategy.userref] = fee
        price = await exchange.last_price(symbol)
        problems += check_against_pair(config, index, pairs[symbol], fee, price, source)
    if problems:
        raise ConfigError(problems)
    return Market(pairs, fees)


def identity(strategy: StrategyConfig, market: Market) -> Identity:
    """Who the strategy is."""
    fee = market.fees[strategy.userref]
    return Identity(strategy.userref, strategy.name, strategy.kind, strategy.symbol, fee)


def core_maker(strategy: StrategyConfig, market: Market) -> MakeCore:
    """How the strategy's decision core is made once the journal has been read."""
    make = registry.strategy(strategy.kind)

    def from_journal(loaded: CoreLoaded) -> Core:
        settings = GridSettings(
            userref=strategy.userref,
            name=strategy.name,
            pair=market.pairs[strategy.symbol],
            amount=strategy.amount_per_grid,
            interval=strategy.interval,
            max_open_buys=strategy.n_open_buy_orders,
            max_investment=strategy.max_investment,
            fee=market.fees[strategy.userref],
            lineage=loaded.lineage,
        )
        return make(settings, loaded.state)

    return from_journal


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
