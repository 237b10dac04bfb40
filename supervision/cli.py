"""The command line: arguments, signals, log lines and exit codes. Everything global lives here."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import trio

from adapters.interfaces import DatabaseUnusable
from config import Config, ConfigError, load
from supervision import registry
from supervision.control import ProgramFailed
from supervision.logs import setup_logging
from supervision.policy import EXIT_BUG, EXIT_DATABASE, EXIT_OK, EXIT_USAGE
from supervision.restart import root_cause

logger = logging.getLogger("infinity_grid")

EPILOG = """\
exit codes: 0 stopped as asked, 1 a bug, 2 usage or configuration, 3 credentials or permissions,
6 database unusable. SIGINT and SIGTERM stop in order: strategies, orders (on_stop), journal, notices.
"""


class Run(Protocol):
    """The program: `supervisor.run`."""

    async def __call__(self, config: Config, source: str, *, adopt: bool) -> None: ...


def main(run: Run, arguments: list[str] | None = None) -> int:
    """Run a configuration until a signal; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        config = load(options.config, os.environ, registry.known())
        registry.channels(config)  # only a channel knows what its own keys may be
    except ConfigError as error:
        return _complain(error, EXIT_USAGE)
    if options.check:
        print(f"{options.config}: {len(config.strategy)} strategies, adapter {config.exchange.adapter}: valid")  # noqa: T201
        return EXIT_OK
    setup_logging(config.bot.log_level, config.bot.log_format)
    return _run(run, config, str(options.config), adopt=options.adopt)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m supervisor",
        description="Trade grids unattended: run every strategy of a configuration file.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("config", type=Path, help="TOML file, for instance config/demo.toml")
    parser.add_argument("--check", action="store_true", help="read the configuration, say what is wrong, run nothing")
    parser.add_argument(
        "--adopt",
        action="store_true",
        help="take over open orders that the database cannot explain (make sure that no second instance runs)",
    )
    parser.add_argument("--version", action="version", version=f"infinity-grid-trio {registry.version()}")
    return parser


def _run(run: Run, config: Config, source: str, *, adopt: bool) -> int:
    try:
        trio.run(_until_signal, partial(run, config, source, adopt=adopt))
    except Exception as error:  # noqa: BLE001 - the last place where an error can be told
        return _exit_code(root_cause(error))
    return EXIT_OK


async def _until_signal(run: Callable[[], Awaitable[None]]) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_cancel_on_signal, nursery.cancel_scope)
        await run()
        nursery.cancel_scope.cancel()


async def _cancel_on_signal(scope: trio.CancelScope) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            logger.info("%s: stopping in order", signal.Signals(number).name)
            scope.cancel()


def _exit_code(error: BaseException) -> int:
    match error:
        case ProgramFailed():
            return _complain(error, error.exit_code)
        case ConfigError():
            return _complain(error, EXIT_USAGE)
        case DatabaseUnusable():
            return _complain(error, EXIT_DATABASE)
        case _:
            logger.error("a bug; please report it", exc_info=error)
            return EXIT_BUG


def _complain(error: Exception, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)  # noqa: T201
    return code
