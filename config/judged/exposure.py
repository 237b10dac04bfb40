"""What surrounds the ladders: endpoint, addresses, database, notices, and keys that have no effect as they stand."""

import os
from collections.abc import Iterator
from pathlib import PurePath

from config.addresses import exposed_as_plain_text, is_loopback
from config.problems import ConfigWarning, key_path, shown
from config.schema import PAPER, SYNTHETIC, Config, PaperConfig
from config.secrets import Secret

PRIVILEGED = 1024
"""Ports below belong to root on most systems."""
SHORTEST_STOP, LONGEST_STOP = 1, 90
"""Seconds of an ordinary stop."""
SHORT_SILENCE = 60
"""Seconds without a trade that are ordinary in a quiet market."""
TEMPORARY: tuple[str, ...] = ("/tmp", "/var/tmp", "/dev/shm", "/run")  # noqa: S108 - told as a place that forgets
_EVERY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104 - told as exposed, not bound
_SIMULATED_PRICES_ONLY = ("prices", "seed", "speed", "start_price")
"""Keys of `[exchange.paper]` that choose invented prices; a dry run takes real ones."""


def exposure_warnings(config: Config, source: str) -> Iterator[ConfigWarning]:
    """Everything around the ladders that is allowed and deserves a second look."""
    for key, found, meaning in (
        *_endpoint(config),
        *_addresses(config),
        *_channels(config),
        *_files(config),
        *_simulation(config),
        *_real_money(config),
        *_without_effect(config),
    ):
        yield ConfigWarning(source, key, found, meaning)


Told = tuple[str, str, str]
"""Key, what was found, what it means."""


def _endpoint(config: Config) -> Iterator[Told]:
    metrics = config.metrics
    if not metrics.enabled:
        return
    if not is_loopback(metrics.host):
        reach = "every network of this machine" if metrics.host in _EVERY_ADDRESS else "its network"
        meaning = (
            f"/status and /metrics answer to {reach} without a password; in a container publish the port to 127.0.0.1"
        )
        yield "metrics.host", shown(metrics.host), meaning
    if 0 < metrics.port < PRIVILEGED:
        yield "metrics.port", str(metrics.port), f"ports below {PRIVILEGED} need root, which this program does not"


def _addresses(config: Config) -> Iterator[Told]:
    exchange = config.exchange
    stated = {key: getattr(exchange, key) for key in ("rest_url", "ws_url", "ws_auth_url")}
    needed = [key for key in stated if key != "ws_auth_url" or not config.simulated]
    missing = [key for key in needed if not stated[key]]
    if exchange.adapter != PAPER and missing and len(missing) < len(needed):
        given = next(key for key in needed if stated[key])
        meaning = (
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} the exchange's own: two places at once"
        )
        yield f"exchange.{given}", shown(stated[given]), meaning


def _channels(config: Config) -> Iterator[Told]:
    for channel in config.notifier.values():
        for name, value in channel.options.items():
            if isinstance(value, Secret) and exposed_as_plain_text(value.reveal()):
                # The address itself may be the secret.
                meaning = "notices can be read on their way, and the secret with them: use https://"
                yield key_path(channel.key, name), "an address with http://", meaning
    if config.bot.log_level == "error" and not _has_channel(config):
        meaning = "warnings and notices are not logged, and no other channel tells them"
        yield "bot.log_level", '"error"', meaning


def _has_channel(config: Config) -> bool:
    return any(channel.enabled and channel.kind != "log" for channel in config.notifier.values())


def _files(config: Config) -> Iterator[Told]:
    """With real money it counts where the file is in the end: the path may be relative, or a link."""
    stated = config.persistence.database
    path = stated if config.simulated else os.path.realpath(config.database)
    places = {place for each in TEMPORARY for place in (each, os.path.realpath(each))}
    if any(PurePath(path).is_relative_to(place) for place in places):
        meaning = "this place is emptied at times, and the journal is what the program knows of its orders"
        found = shown(stated) if PurePath(stated) == PurePath(path) else f"{shown(stated)}, which is {shown(path)}"
        yield "persistence.database", found, meaning


def _simulation(config: Config) -> Iterator[Told]:
    paper = config.exchange.paper
    if not config.simulated:
        return
    if paper.maker_fee > paper.taker_fee:
        found = f"{paper.maker_fee:f} above taker_fee ({paper.taker_fee:f})"
        yield "exchange.paper.maker_fee", found, "exchanges ask less of makers: were the two exchanged?"
    if paper.maker_fee == 0:
        yield (
            "exchange.paper.maker_fee",
            "0",
            "simulated orders cost nothing, real ones do: the gains will not come again",
        )
    traded = {strategy.symbol for strategy in config.strategy}
    for symbol in paper.pairs:
        if symbol not in traded:
            yield key_path("exchange.paper.pairs", symbol), "trading rules", "no strategy trades this pair"


def _real_money(config: Config) -> Iterator[Told]:
    if config.simulated:
        return
    if config.exchange.skip_permission_check:
        meaning = "a key that may withdraw is taken, too; whoever gets it empties the account"
        yield "exchange.skip_permission_check", "true", meaning


def _without_effect(config: Config) -> Iterator[Told]:
    exchange, default = config.exchange, PaperConfig()
    live_prices = exchange.adapter != PAPER or not (exchange.paper.prices == SYNTHETIC or exchange.paper.price_file)
    if exchange.adapter == PAPER and config.bot.dry_run is False:
        meaning = f'the adapter "{PAPER}" simulates in any case: no real order is placed; name the exchange as adapter'
        yield "bot.dry_run", "false", meaning
    if live_prices and config.simulated:
        for key in _SIMULATED_PRICES_ONLY:
            value = getattr(exchange.paper, key)
            if value != getattr(default, key) and not (key == "prices" and exchange.adapter == PAPER):
                yield (
                    f"exchange.paper.{key}",
                    shown(value),
                    "no effect: the prices are the exchange's own, as they happen",
                )
    if exchange.adapter == PAPER and not live_prices and (exchange.rest_url or exchange.ws_url or exchange.ws_auth_url):
        yield "exchange.adapter", f'"{PAPER}" beside addresses', "no effect: nothing is asked for at any address"
    stop = config.supervisor.shutdown_seconds
    if not SHORTEST_STOP <= stop <= LONGEST_STOP:
        meaning = (
            "too short to cancel orders and to tell of it"
            if stop < SHORTEST_STOP
            else f"seconds: service managers kill what has not stopped before (systemd after {LONGEST_STOP} s)"
        )
        yield "supervisor.shutdown_seconds", f"{stop:f}", meaning
    seconds = config.supervisor.price_timeout_seconds
    if seconds < SHORT_SILENCE and any(not strategy.skip_price_timeout for strategy in config.strategy):
        meaning = "a quiet market is silent for longer, and each silence halts its strategies"
        yield "supervisor.price_timeout_seconds", f"{seconds:f}", meaning
