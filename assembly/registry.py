"""Which strategies, exchanges and notification channels exist: the built-in ones and installed plug-ins.

A plug-in is an entry point in one of the groups below; its name is what the configuration says
(`kind` of a strategy or channel, `adapter`). Nothing is imported before it is asked for.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from importlib import metadata
from typing import Protocol, cast

from adapters.channels.log import open_log
from adapters.channels.telling import without_secrets
from config import PAPER, ChannelConfig, Config, ConfigError, Known, Problem, secret_texts
from config.version import version as program_version
from simulators.paper.exchange import AccountStore, open_paper
from simulators.prices.choice import price_file
from trading.ports import Channel, Exchange
from trading.strategies.c_dca import C_DCA
from trading.strategies.core import Core
from trading.strategies.grid_base import GridCore
from trading.strategies.grid_hodl import GRID_HODL
from trading.strategies.grid_sell import GRID_SELL
from trading.strategies.settings import GridSettings, Variant
from trading.strategies.swing import SWING

VARIANTS: Mapping[str, Variant] = {variant.kind: variant for variant in (GRID_HODL, GRID_SELL, SWING, C_DCA)}

KRAKEN = "kraken"
"""The built-in real exchange."""

LOG = "log"
"""The channel that always exists."""

_SHORTEST_SECRET = 12

EXCHANGE_GROUP = "infinity_grid.exchanges"
CHANNEL_GROUP = "infinity_grid.channels"
STRATEGY_GROUP = "infinity_grid.strategies"


class OpenExchange(Protocol):
    """An exchange's entry point: opens one account for as long as the context lasts."""

    def __call__(
        self, config: Config, store: AccountStore, *, now: int, source: str
    ) -> AbstractAsyncContextManager[Exchange]:
        """`store` keeps what a simulated account must remember; `source` names the configuration in errors.

        `now` is the wall clock in nanoseconds UTC. Raises `ConfigError`, `BotStateError`, `ExchangeUnavailable`.
        """


OpenChannel = Callable[[ChannelConfig], Channel]
"""A notification channel's entry point. Raises `ConfigError`."""

MakeCore = Callable[[GridSettings, str | None], Core]
"""A strategy's entry point: settings and saved state to decision core."""


_KRAKEN = "adapters.exchanges.kraken"


def known() -> Known:
    """All names that a configuration may use."""
    return Known(
        kinds=frozenset(VARIANTS) | _plugins(STRATEGY_GROUP).keys(),
        exchanges=frozenset(_BUILT_IN) | _plugins(EXCHANGE_GROUP).keys(),
        channels=frozenset(_CHANNELS) | _plugins(CHANNEL_GROUP).keys(),
    )


def exchange(name: str) -> OpenExchange:
    """The exchange adapter of this name."""
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    return cast("OpenExchange", _load(EXCHANGE_GROUP, name))


def _open_paper(config: Config, store: AccountStore, *, now: int, source: str) -> AbstractAsyncContextManager[Exchange]:
    if config.exchange.paper.prices == KRAKEN:
        return _dry_kraken()(config, store, now=now, source=source)
    return open_paper(config.exchange.paper, store, start_time=now, origin=source)


def _open_kraken(
    config: Config, store: AccountStore, *, now: int, source: str
) -> AbstractAsyncContextManager[Exchange]:
    """A dry run gets Kraken's prices and nothing that could sign an order."""
    open_it = _dry_kraken() if config.bot.dry_run is not False else _real_kraken()
    return open_it(config, store, now=now, source=source)


def kraken_spelling() -> Callable[[str], str]:
    """Gives the common spelling of a currency in any of Kraken's."""
    return cast("Callable[[str], str]", _attribute(f"{_KRAKEN}.wire.names", "common_asset"))


def first_price(config: Config, source: str) -> Decimal | None:
    """Price of the first row of the configured price file; None where there is no such file.

    Blocks. Raises `ConfigError` for a file that cannot be used.
    """
    if config.exchange.paper.price_file is None:
        return None
    return price_file(config.exchange.paper, source).look()


def kraken_urls() -> Callable[[Config], Mapping[str, str]]:
    """Gives the URLs that a start with this configuration asks at Kraken, by what is asked there."""
    return cast("Callable[[Config], Mapping[str, str]]", _attribute(f"{_KRAKEN}.exchange", "asked_urls"))


def _dry_kraken() -> OpenExchange:
    return cast("OpenExchange", _attribute(f"{_KRAKEN}.live_prices", "open_dry_run"))


def _real_kraken() -> OpenExchange:
    return cast("OpenExchange", _attribute(f"{_KRAKEN}.exchange", "open_kraken"))


_BUILT_IN: Mapping[str, OpenExchange] = {PAPER: _open_paper, KRAKEN: _open_kraken}


def _open_telegram(config: ChannelConfig) -> Channel:
    return cast("OpenChannel", _attribute("adapters.channels.telegram", "open_telegram"))(config)


def _open_webhook(config: ChannelConfig) -> Channel:
    return cast("OpenChannel", _attribute("adapters.channels.webhook", "open_webhook"))(config)


_CHANNELS: Mapping[str, OpenChannel] = {LOG: open_log, "telegram": _open_telegram, "webhook": _open_webhook}


def channel(kind: str) -> OpenChannel:
    """The notification channel of this kind."""
    if kind in _CHANNELS:
        return _CHANNELS[kind]
    return cast("OpenChannel", _load(CHANNEL_GROUP, kind))


def channels(config: Config) -> list[tuple[Channel, ChannelConfig]]:
    """The channels of this configuration; without any, notices go to the log.

    Raises `ConfigError` with the problems of all of them.
    """
    wanted: Sequence[ChannelConfig] = [table for table in config.notifier.values() if table.enabled]
    opened: list[tuple[Channel, ChannelConfig]] = []
    problems: list[Problem] = []
    for table in wanted or [ChannelConfig(LOG, LOG)]:
        try:
            opened.append((channel(table.kind)(table), table))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return opened


def scrubber(config: Config) -> Callable[[str], str]:
    """Takes the secrets of this configuration out of a text. Short options are words, not secrets."""
    secrets = tuple(text for text in secret_texts(config) if len(text) >= _SHORTEST_SECRET)
    return lambda text: without_secrets(text, secrets)


def version() -> str:
    """The version of this program, see `config.version`."""
    return program_version()


def strategy(kind: str) -> MakeCore:
    """How the decision core of this kind is made."""
    if kind not in VARIANTS:
        return cast("MakeCore", _load(STRATEGY_GROUP, kind))
    variant = VARIANTS[kind]

    def make(settings: GridSettings, saved: str | None) -> Core:
        return GridCore(settings, variant, saved)

    return make


def _plugins(group: str) -> Mapping[str, str]:
    return {point.name: point.value for point in metadata.entry_points(group=group)}


def _load(group: str, name: str) -> object:
    """Import `module:attribute`. Raises `LookupError` for a name that `known` does not have."""
    place = _plugins(group).get(name)
    if place is None:
        raise LookupError(f"nothing named {name!r} in {group}")
    module, _, attribute = place.partition(":")
    return _attribute(module, attribute)


def _attribute(module: str, attribute: str) -> object:
    return getattr(importlib.import_module(module), attribute)
