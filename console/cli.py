"""The command line: arguments, signals, log lines and exit codes. Everything global lives here."""

import argparse
import logging
import math
import os
import platform
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import trio
from msgspec.structs import replace

from assembly import registry
from assembly.cores import existing_base_sentences
from assembly.exit_codes import EXIT_BUG, EXIT_DATABASE, EXIT_OK, EXIT_USAGE, explained
from assembly.journal_check import check_journal
from assembly.world import MACHINE, World
from config import BotConfig, Config, ConfigError, load
from config.problems import one_of, shown
from config.version import program_and_version
from console.log_lines import LINES
from console.logs import check_log_file, log_target, setup_logging
from console.output import QueuedStream, queued_output
from console.verbs import verb_of
from supervision.restart import root_cause
from supervision.signals import StopSignals, stop_signals
from supervision.stop_request import ProgramFailed
from trading.ports import DatabaseUnusable

logger = logging.getLogger("infinity_grid")

EPILOG = f"""\
python -m supervisor schema prints the JSON schema of the configuration file, for editors.

exit codes: {explained()}. SIGINT, SIGTERM and SIGHUP stop in order: strategies, orders (on_stop), journal, notices.
A second signal changes nothing, a third cuts the stop short and says what it leaves.
"""


class Run(Protocol):
    """The program: `supervisor.run`."""

    async def __call__(
        self, config: Config, source: str, *, adopt: bool, take_back: frozenset[str], world: World, hurry: trio.Event
    ) -> None: ...


def main(run: Run, arguments: list[str] | None = None) -> int:
    """Run a configuration until a signal; returns the exit code."""
    with stop_signals() as signals, queued_output() as stderr:
        return _main(run, arguments, signals, stderr)


def _main(run: Run, arguments: list[str] | None, signals: StopSignals, stderr: QueuedStream) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    if verb := verb_of(given):
        return verb(given[1:])
    options = _parser().parse_args(given)
    try:
        config = load(options.config, os.environ, registry.known())
        registry.channels(config)  # only a channel knows what its own keys may be
    except ConfigError as error:
        return _complain(error, EXIT_USAGE)
    if options.check:
        return _check(config, str(options.config))
    if unknown := set(options.take_back) - {strategy.name for strategy in config.strategy}:
        names = one_of([strategy.name for strategy in config.strategy])
        return _complain(ConfigError.at(str(options.config), "--take-back", shown(unknown.pop()), names), EXIT_USAGE)
    try:
        with log_target(config, str(options.config), stderr) as target:
            return _logged(run, options, config, signals, target)
    except ConfigError as error:
        return _complain(error, EXIT_USAGE)


def _logged(run: Run, options: argparse.Namespace, config: Config, signals: StopSignals, target: QueuedStream) -> int:
    names = {strategy.userref: strategy.name for strategy in config.strategy}
    log = setup_logging(config.bot.log_level, config.bot.log_format, target, names)
    try:
        logger.info("%s, Python %s", program_and_version(), platform.python_version())
        if signals.taken:
            logger.info("%s: stopped before anything was started", signals.taken[0].name)
            return EXIT_OK
        for sentence in existing_base_sentences(config):
            logger.info("%s", sentence)
        world = replace(MACHINE, lost_log_lines=lambda: log.dropped)
        wishes = {"adopt": options.adopt, "take_back": frozenset(options.take_back)}
        program = partial(run, config, str(options.config), world=world, **wishes)
        return _run(program, signals, log.tell_sums, config.bot)
    finally:
        logging.getLogger().removeHandler(log)
        log.close()


def _check(config: Config, source: str) -> int:
    """Say what a start would refuse without asking anybody."""
    try:
        check_log_file(config, source)
        told = check_journal(config, source)
    except ConfigError as error:
        return _complain(error, EXIT_USAGE)
    except DatabaseUnusable as error:
        return _complain(error, EXIT_DATABASE)
    count = len(config.strategy)
    valid = f"{source}: {count} {'strategy' if count == 1 else 'strategies'}, adapter {config.exchange.adapter}: valid"
    for sentence in (valid, *told, *existing_base_sentences(config)):
        print(sentence)  # noqa: T201
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m supervisor",
        description="Trade grids unattended: run every strategy of a configuration file.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("config", type=Path, help="TOML file, for instance config/demo.toml")
    parser.add_argument(
        "--check",
        action="store_true",
        help="say what a start would refuse: reads the configuration and the database; no connection, no change",
    )
    parser.add_argument(
        "--adopt",
        action="store_true",
        help="take over open orders that the database cannot explain (make sure that no second instance runs)",
    )
    parser.add_argument(
        "--take-back",
        action="append",
        default=[],
        metavar="STRATEGY",
        help="place this strategy's released sells again (after a cancel by hand); may be repeated",
    )
    parser.add_argument("--version", action="version", version=program_and_version())
    return parser


class _Runs(Protocol):
    async def __call__(self, *, hurry: trio.Event) -> None: ...


def _run(run: _Runs, signals: StopSignals, tell_sums: Callable[[], None], bot: BotConfig) -> int:
    """`tell_sums` is called before the stop, so that the last line says how it ended."""
    try:
        trio.run(_until_signal, run, signals, tell_sums)
    except Exception as error:  # noqa: BLE001 - the last place where an error can be reported
        return _last_words(root_cause(error), bot)
    return EXIT_OK


async def _until_signal(run: _Runs, signals: StopSignals, tell_sums: Callable[[], None]) -> None:
    """The first signal stops the program in order, and nothing but its end ends the watch for further ones."""
    hurry, program = trio.Event(), trio.CancelScope()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_obey, signals, program, hurry, tell_sums)
        with program:
            await run(hurry=hurry)
        nursery.cancel_scope.cancel()


async def _obey(
    signals: StopSignals, program: trio.CancelScope, hurry: trio.Event, tell_sums: Callable[[], None]
) -> None:
    send, receive = trio.open_memory_channel[signal.Signals](math.inf)
    token = trio.lowlevel.current_trio_token()
    signals.listen(lambda number: token.run_sync_soon(send.send_nowait, number))
    taken = 0
    try:
        async for number in receive:
            taken += 1
            match taken:
                case 1:
                    tell_sums()
                    logger.info("%s: stopping in order", number.name)
                    program.cancel()
                case 2:
                    logger.warning("%s again: still stopping in order; a third one cuts it short", number.name)
                case 3:
                    logger.warning("%s for the third time: what is not done at once is left undone", number.name)
                    hurry.set()
                case _:
                    pass
    finally:
        signals.listen(None)


def _last_words(error: BaseException, bot: BotConfig) -> int:
    """Say why the program ends: in the log where that is JSON or a file, and on stderr where that is for people."""
    in_log = bot.log_file is not None or bot.log_format == "json"
    match error:
        case ProgramFailed(exit_code=code):
            pass
        case ConfigError():
            code = EXIT_USAGE
        case DatabaseUnusable():
            code = EXIT_DATABASE
        case _:
            logger.error("a bug; please report it", exc_info=error)
            if bot.log_file is not None:
                _complain(Exception(f"a bug; please report it: {bot.log_file} has the details"), EXIT_BUG)
            return EXIT_BUG
    if in_log:
        logger.error("%s", error, extra={LINES: True})
    if bot.log_file is not None or not in_log:
        _complain(error, code)
    return code


def _complain(error: BaseException, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)  # noqa: T201
    return code
