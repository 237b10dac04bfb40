"""`--check`: what is wrong with a configuration, what is odd about it, and what it will do."""

import os
import sys
from pathlib import Path

from assembly.config_check import check_config
from assembly.cores import existing_base_sentences
from assembly.exit_codes import EXIT_DATABASE, EXIT_OK, EXIT_USAGE
from assembly.journal_check import check_journal
from config import Config, ConfigError
from config.load import veiled
from console.complaints import complain
from console.fitted import fitted
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
    veil = checked.veil.text
    try:
        config = checked.accepted()
        check_log_file(config, source)
        told = check_journal(config, source)
    except ConfigError as error:
        return complain(ConfigError(veiled(error.problems, checked.veil)), EXIT_USAGE)
    except DatabaseUnusable as error:
        return complain(DatabaseUnusable(veil(str(error))), EXIT_DATABASE)
    for sentence in (_valid(config, source, len(checked.warnings)), *told, *existing_base_sentences(config)):
        _say(veil(sentence))
    for sentence in checked.notes:
        _say(sentence)
    return EXIT_OK


def _valid(config: Config, source: str, warnings: int) -> str:
    doubts = f", with {counted(warnings, 'warning')}" if warnings else ""
    return f"{source}: {counted(len(config.strategy), 'strategy')}, adapter {config.exchange.adapter}: valid{doubts}"


def _say(sentence: str) -> None:
    print(fitted(sentence, sys.stdout))  # noqa: T201
