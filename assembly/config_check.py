"""A configuration judged by all that is known without a connection: `--check` says it, and the start obeys it."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from adapters.network.proxies import way
from adapters.network.trust import check_named
from assembly import registry
from config import (
    PAPER,
    SYNTHETIC,
    Config,
    ConfigError,
    ConfigWarning,
    Problem,
    check_against_pair,
    examine,
    judge,
)
from config.judged.api_keys import key_problems, key_warnings
from config.judged.currencies import spelling_problems, unknown_names
from config.judged.price_files import price_file_problems
from config.judged.stakes import TOO_SMALL, minimum_warnings
from config.load import veiled
from config.problems import key_path
from config.veil import Veil
from messages.money import Pair
from simulators.paper.pairs import KNOWN_PAIRS, pair_rules, reference_price

_OF_THE_NETWORK = ("https_proxy", "http_proxy", "all_proxy", "ssl_cert_file", "ssl_cert_dir")
"""Environment variables in lower case: without one of them there is nothing to judge, and less to import."""


class Checked(Struct, frozen=True):
    """What a configuration file is, and what is to be said of it."""

    mode: str
    """Its first line: LIVE, dry run or paper exchange; empty for a file that cannot be read."""
    config: Config | None
    """None where there are problems: then nothing starts."""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[ConfigWarning, ...] = ()
    notes: tuple[str, ...] = ()
    veil: Veil = Veil()
    """Hides what may be a secret in whatever else is said of the file."""

    def accepted(self) -> Config:
        """The configuration. Raises `ConfigError` with all problems."""
        if self.config is None:
            raise ConfigError(self.problems)
        return self.config


def check_config(path: Path, environ: Mapping[str, str]) -> Checked:
    """Read and judge a file. Blocks for small reads, and for the first rows of a price file; never connects."""
    examined, source = examine(path, environ, registry.known()), str(path)
    config = examined.config
    if config is None:
        return Checked(examined.mode, None, examined.problems, examined.warnings, veil=examined.veil)
    head = _head(config, source)
    problems = [*_of_channels(config), *_of_exchange(config, source), *_of_network(config, environ)]
    problems += [*_of_paper(config, source), *head.problems]
    judgement = judge(config, source)
    warnings = [*examined.warnings, *judgement.warnings, *_at_kraken(config, source)]
    used, doubts = _is_used(config), list(_of_paper_rules(config, head.price, source)) if not problems else []
    if used:
        warnings += [_halts(problem) for problem in doubts]
    else:
        problems += doubts
    accepted = None if problems else config
    wrong = {(problem.source, problem.key) for problem in problems}
    # Of a value that is refused nothing more is worth saying.
    warnings = [warning for warning in warnings if (warning.source, warning.key) not in wrong]
    notes = (*_possible(judgement.notes, warnings, config), *_left_to_the_start(config))
    veil = examined.veil
    told = tuple(map(veil.text, notes))
    return Checked(examined.mode, accepted, veiled(problems, veil), veiled(warnings, veil), told, veil)


def _possible(notes: Iterable[str], warnings: Iterable[ConfigWarning], config: Config) -> Iterator[str]:
    """Notes without the gains of ladders whose orders would be refused: a warning says why."""
    none = {warning.key for warning in warnings if warning.meaning.startswith(TOO_SMALL)}
    begins = tuple(
        f"{strategy.name} ({strategy.kind}, {strategy.symbol}): "
        for index, strategy in enumerate(config.strategy)
        if f"strategy[{index}].amount_per_grid" in none
    )
    yield from (note for note in notes if not note.startswith(begins) or not begins)


def _of_channels(config: Config) -> Iterator[Problem]:
    """Only a channel knows what its own keys may be."""
    try:
        registry.channels(config)
    except ConfigError as error:
        yield from error.problems


def _of_exchange(config: Config, source: str) -> Iterator[Problem]:
    if config.exchange.adapter == registry.KRAKEN:
        yield from key_problems(config, source)
    if _prices_of_kraken(config):
        yield from spelling_problems(config, registry.kraken_spelling(), source)


def _of_network(config: Config, environ: Mapping[str, str]) -> Iterator[Problem]:
    """What a start would say of proxies and certificates, before anything is asked for."""
    if not _prices_of_kraken(config) or not any(name.lower() in _OF_THE_NETWORK for name in environ):
        return
    urls = registry.kraken_urls()(config)
    try:
        way(urls, environ)
    except ConfigError as error:
        yield from error.problems
    try:
        if any(urlsplit(url).scheme.lower() in ("https", "wss") for url in urls.values()):
            check_named(environ)
    except ConfigError as error:
        yield from error.problems


def _at_kraken(config: Config, source: str) -> Iterator[ConfigWarning]:
    if config.exchange.adapter == registry.KRAKEN:
        yield from key_warnings(config, source)
    if _prices_of_kraken(config):
        symbols = {strategy.symbol for strategy in config.strategy}.intersection(KNOWN_PAIRS)
        yield from unknown_names(config, source)
        yield from minimum_warnings(config, {symbol: _taken_down(symbol) for symbol in symbols}, source)


def _left_to_the_start(config: Config) -> Iterator[str]:
    """What only the exchange can tell, so that nobody takes it for checked."""
    if _invented(config):
        return
    account = "" if config.simulated else ", the key and its rights, the account's fee and balances"
    yield f"not checked, the start asks the exchange: the pairs and their minimum orders{account}"


def _prices_of_kraken(config: Config) -> bool:
    return registry.KRAKEN in (config.exchange.adapter, config.exchange.paper.prices)


def _taken_down(symbol: str) -> tuple[Pair, Decimal]:
    pair = pair_rules(symbol, {}, "")
    return pair, reference_price(pair)


def _of_paper(config: Config, source: str) -> Iterator[Problem]:
    """What the simulated exchange would say at once: pairs that it does not know, a price file that is none."""
    if not _invented(config):
        return
    yield from price_file_problems(config, source)
    for symbol in dict.fromkeys(strategy.symbol for strategy in config.strategy):
        try:
            pair_rules(symbol, config.exchange.paper.pairs, source)
        except ConfigError as error:
            yield from error.problems


class _Head(Struct, frozen=True):
    """What the first row of a price file says."""

    price: Decimal | None = None
    """None without such a file."""
    problems: tuple[Problem, ...] = ()


def _head(config: Config, source: str) -> _Head:
    if not _invented(config):
        return _Head()
    try:
        return _Head(registry.first_price(config, source))
    except ConfigError as error:
        return _Head(None, error.problems)


def _of_paper_rules(config: Config, head: Decimal | None, source: str) -> Iterator[Problem]:
    """What the pairs' rules forbid at the first price."""
    if not _invented(config):
        return
    paper = config.exchange.paper
    for index, strategy in enumerate(config.strategy):
        pair = pair_rules(strategy.symbol, paper.pairs, source)
        fee = paper.maker_fee if strategy.fee is None else strategy.fee
        price = head or paper.start_price or reference_price(pair)
        if price <= pair.tick_size:
            key = key_path(key_path("exchange.paper.pairs", strategy.symbol), "tick_size")
            allowed = f"a step below the price ({price:f}): else no buy lies under it"
            yield Problem(source, key, f"{pair.tick_size:f}", allowed)
            continue
        yield from check_against_pair(config, index, pair, fee, price, source)


def _invented(config: Config) -> bool:
    """Whether rules and prices are a matter of this file alone."""
    paper = config.exchange.paper
    return config.exchange.adapter == PAPER and (paper.prices == SYNTHETIC or paper.price_file is not None)


def _is_used(config: Config) -> bool:
    """Whether there is a journal already: then what is wrong with a pair halts its strategy and ends nothing."""
    try:
        return config.database.stat().st_size > 0
    except (OSError, ValueError):
        return False


def _halts(problem: Problem) -> ConfigWarning:
    meaning = f"allowed: {problem.allowed}; the strategy halts while it is so"
    return ConfigWarning(problem.source, problem.key, problem.found, meaning, problem.strategy)
