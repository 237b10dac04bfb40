"""`--check`: what is wrong with a configuration, what is odd about it, and what it will do; and how errors are told."""

import os
import sys
from pathlib import Path

from assembly.config_check import check_config
from assembly.cores import existing_base_sentences
from assembly.exit_codes import EXIT_DATABASE, EXIT_OK, EXIT_USAGE
from assembly.journal_check import check_journal
from config import Config, ConfigError
from console.logs import check_log_file
from messages.counted import counted
from trading.ports import DatabaseUnusable


def run_check(path: Path) -> int:
    """Judge a configuration file, print that, errors to stderr; returns the exit code."""
    checked, source = check_config(path, os.environ), str(path)
    if checked.mode:
        _say(checked.mode)
    for warning in checked.warnings:
        _say(f"warning: {warning}")
    try:
        config = checked.accepted()
        check_log_file(config, source)
        told = check_journal(config, source)
    except ConfigError as error:
        return complain(error, EXIT_USAGE)
    except DatabaseUnusable as error:
        return complain(error, EXIT_DATABASE)
    for sentence in (_valid(config, source, len(checked.warnings)), *told, *existing_base_sentences(config)):
        _say(sentence)
    for sentence in checked.notes:
        _say(sentence)
    return EXIT_OK


def complain(error: BaseException, code: int) -> int:
    """Print an error to stderr, each problem of a configuration on a line of its own; returns the exit code."""
    lines = [str(problem) for problem in error.problems] if isinstance(error, ConfigError) else [str(error)]
    sys.stdout.flush()
    for line in lines:
        print(f"error: {line}", file=sys.stderr)  # noqa: T201
    return code


def _valid(config: Config, source: str, warnings: int) -> str:
    doubts = f", with {counted(warnings, 'warning')}" if warnings else ""
    return f"{source}: {counted(len(config.strategy), 'strategy')}, adapter {config.exchange.adapter}: valid{doubts}"


def _say(sentence: str) -> None:
    print(sentence)  # noqa: T201
