"""`python -m backtest`: one run, or one of the named commands."""

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from assembly.exit_codes import EXIT_OK, EXIT_USAGE
from assembly.reader_left import reader_may_leave
from backtesting.data import archive, candles, download
from backtesting.engine import Course
from backtesting.figures.summary import Result
from backtesting.interrupts import KILLED, NUMBERS, STOPPED, Interrupted, interruptible
from backtesting.report.export import write_json
from backtesting.report.page import write_page
from backtesting.report.progress import bar
from backtesting.report.terminal import show
from backtesting.run import run
from backtesting.setup import Stage, check, open_stage
from backtesting.spans import Span, SpanError, parse_length
from backtesting.sweep import sweep_command as sweep_cli
from backtesting.sweep.options import add_price_options, read_config, spans_of
from config import Config, ConfigError
from config.version import program_and_version

COMMANDS: dict[str, Callable[[Sequence[str], Console], None]] = {
    "sweep": sweep_cli.main,
    "download": download.main,
    "import": archive.main,
    "candles": candles.main,
}

EXIT_STOPPED = KILLED + NUMBERS[0]

_EPILOG = """\
further commands, each with --help:
  sweep CONFIG --grid KEY=VALUES   many configurations over all cores, results as Parquet and a heat map
  download PAIR --from DATE        Kraken's public trades, resumable, into a Parquet file
  import FILE...                   Kraken's downloadable archives of trades into a Parquet file
  candles FILE                     trades into candles

exit codes: 0 done, 1 a bug, 2 usage, configuration or prices that cannot be used,
129, 130, 143 stopped by SIGHUP, SIGINT (Ctrl-C), SIGTERM; what is on disk stays usable
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _escape_unknown_signs()
    console = _Console(highlight=False)
    command = COMMANDS.get(given[0]) if given else None
    try:
        with interruptible(), reader_may_leave():
            if command:
                command(given[1:], console)
            else:
                _run_main(given, console)
    except (ConfigError, SpanError) as error:
        return _complain(str(error))
    except OSError as error:
        # Of a file that the user named; everything else translates its own.
        return _complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
    except KeyboardInterrupt as stopped:
        _complain(STOPPED)
        return stopped.exit_code if isinstance(stopped, Interrupted) else EXIT_STOPPED
    return EXIT_OK


class _Console(Console):
    """Standard output, whose reader may leave."""

    def on_broken_pipe(self) -> None:
        """Let `reader_may_leave` end the command."""
        raise BrokenPipeError


def _escape_unknown_signs() -> None:
    """A terminal whose encoding lacks a sign gets it as an escape, not a traceback in place of the report."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run_main(arguments: Sequence[str], console: Console) -> None:
    options = _parser().parse_args(arguments)
    hole = parse_length(options.hole)
    config = read_config(options)
    with TemporaryDirectory(prefix="backtest-") as scratch:
        stage = open_stage(config, str(options.config), Path(scratch))
        span, later = spans_of(options, stage)
        result = _run(config, stage, _course(span, hole, options))
        judged = _run(config, stage, _course(later, hole, options)) if later else None
    title, judgement = config.bot.name, judged.summary if judged else None
    show(console, title, result.summary, judgement)
    for path, write in ((options.json, write_json), (options.html, write_page)):
        if path is not None:
            write(path, title, result, judgement)
            console.print(f"written: {path}")


def _run(config: Config, stage: Stage, course: Course) -> Result:
    check(config, stage, course.begin)
    rows = (stage.tape.rows if course.end is None else course.end) - course.begin
    with bar(Console(stderr=True), "rows", rows) as progress:
        return run(config.strategy, stage, course, progress)


def _course(span: Span, hole: int, options: argparse.Namespace) -> Course:
    return Course(hole=hole, jump=not options.every_row, begin=span.begin, end=span.end)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backtest",
        description="Trade a configuration over recorded prices: order by order what the live program would have done.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_price_options(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures, equity and fills")
    parser.add_argument("--version", action="version", version=program_and_version())
    parser.add_argument("--every-row", action="store_true", help="look at each row; slow, gives the same result")
    return parser


def _complain(text: str) -> int:
    print(f"error: {text}", file=sys.stderr)  # noqa: T201
    return EXIT_USAGE
