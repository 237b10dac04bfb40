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
from typing import Protocol

import trio
from msgspec.structs import replace

from assembly.config_check import Checked, check_config
from assembly.cores import existing_base_sentences
from assembly.exit_codes import EXIT_BUG, EXIT_DATABASE, EXIT_OK, EXIT_ORDERS_LEFT, EXIT_USAGE
from assembly.reader_left import reader_may_leave
from assembly.world import MACHINE, World
from config import BotConfig, Config, ConfigError
from config.problems import one_of, shown
from config.version import program_and_version
from console.arguments import parser
from console.check import run_check
from console.complaints import complain
from console.log_lines import LINES
from console.logs import log_target, setup_logging
from console.output import QueuedStream, queued_output
from console.verbs import verb_of
from supervision.restart import root_cause
from supervision.signals import StopSignals, stop_signals
from supervision.stop_request import ProgramFailed
from trading.ports import DatabaseUnusable

logger = logging.getLogger("infinity_grid")


class Run(Protocol):
    """The program: `supervisor.run`."""

    async def __call__(
        self, config: Config, source: str, *, adopt: bool, take_back: frozenset[str], world: World, hurry: trio.Event
    ) -> None: ...


def main(run: Run, arguments: list[str] | None = None) -> int:
    """Run a configuration until a signal; returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    verb = verb_of(given)
    if verb is not None:
        with stop_signals(), queued_output(), reader_may_leave():
            return verb(given[1:])
    with reader_may_leave():
        options = parser().parse_args(given)
        if options.check:
            return run_check(options.config)
    with stop_signals() as signals, queued_output() as stderr:
        return _main(run, options, signals, stderr)


def _main(run: Run, options: argparse.Namespace, signals: StopSignals, stderr: QueuedStream) -> int:
    checked = check_config(options.config, os.environ)
    try:
        config = checked.accepted()
    except ConfigError as error:
        return complain(error, EXIT_USAGE)
    if unknown := set(options.take_back) - {strategy.name for strategy in config.strategy}:
        names = one_of([strategy.name for strategy in config.strategy])
        return complain(ConfigError.at(str(options.config), "--take-back", shown(unknown.pop()), names), EXIT_USAGE)
    try:
        with log_target(config, str(options.config), stderr) as target:
            return _logged(run, options, checked, signals, target)
    except ConfigError as error:
        return complain(error, EXIT_USAGE)


def _logged(run: Run, options: argparse.Namespace, checked: Checked, signals: StopSignals, target: QueuedStream) -> int:
    config = checked.accepted()
    names = {strategy.userref: strategy.name for strategy in config.strategy}
    log = setup_logging(config.bot.log_level, config.bot.log_format, target, names)
    try:
        logger.info("%s, Python %s", program_and_version(), platform.python_version())
        if signals.taken:
            logger.info("%s: stopped before anything was started", signals.taken[0].name)
            return EXIT_OK
        logger.info("%s", checked.mode)
        for warning in checked.warnings:
            logger.warning("%s", warning)
        for sentence in existing_base_sentences(config):
            logger.info("%s", sentence)
        left = trio.Event()
        world = replace(MACHINE, lost_log_lines=lambda: log.dropped, orders_left=left.set)
        wishes = {"adopt": options.adopt, "take_back": frozenset(options.take_back)}
        program = partial(run, config, str(options.config), world=world, **wishes)
        code = _run(program, signals, log.tell_sums, config.bot)
        if code == EXIT_OK and left.is_set():
            return _tell_of_orders(config.bot)
        return code
    finally:
        logging.getLogger().removeHandler(log)
        log.close()
        if config.bot.log_file is not None and (end := log.untaken_end()):
            complain(Exception(f"{config.bot.log_file} cannot be written; its last line would be: {end}"), EXIT_OK)


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


def _tell_of_orders(bot: BotConfig) -> int:
    """The log has ended with the list; where that is a file, the terminal learns of it, too."""
    if bot.log_file is not None:
        left = f"not all orders that on_stop says are cancelled; the end of {bot.log_file} lists them"
        complain(Exception(left), EXIT_ORDERS_LEFT)
    return EXIT_ORDERS_LEFT


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
                complain(Exception(f"a bug; please report it: {bot.log_file} has the details"), EXIT_BUG)
            return EXIT_BUG
    if in_log:
        logger.error("%s", error, extra={LINES: True})
    if bot.log_file is not None or not in_log:
        complain(error, code)
    return code
