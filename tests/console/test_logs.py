import io
import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config import ConfigError
from console.log_file import LogFile
from console.log_lines import JsonFormatter, TextFormatter
from console.logs import LogFormat, LogLevel, QueuedHandler, check_log_file, log_target
from console.logs import setup_logging as set_up
from console.output import LineWriter, QueuedStream
from tests.config.texts import VALID, changed, read

MOMENT = datetime(2025, 10, 27, 12, 21, 7, 250_000, UTC).timestamp()


@pytest.fixture(autouse=True)
def former_logging() -> Iterator[None]:
    """The root logger is global: give it back as it was, pytest's own handlers included."""
    root, chatty = logging.getLogger(), logging.getLogger("httpx")
    handlers, level, chatty_level = root.handlers[:], root.level, chatty.level
    root.handlers = []
    yield
    root.handlers = handlers
    root.setLevel(level)
    chatty.setLevel(chatty_level)


class Set:
    """The handler that was set up last."""

    handler: QueuedHandler | None = None


def setup_logging(level: LogLevel, log_format: LogFormat) -> None:
    Set.handler = set_up(level, log_format)


def written(capsys: pytest.CaptureFixture[str]) -> str:
    """All that has come out: lines leave through a queue."""
    assert Set.handler is not None
    Set.handler.close()
    return capsys.readouterr().err


def record(message: str, *args: object) -> logging.LogRecord:
    made = logging.LogRecord("actors.strategy", logging.INFO, "file.py", 1, message, args, None)
    made.created = MOMENT
    return made


def test_a_text_line_begins_with_its_time_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info", "text")
    logging.getLogger().handle(record("all %s", "good"))
    assert written(capsys) == "2025-10-27T12:21:07.250Z     INFO | all good\n"


def test_a_json_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info", "json")
    logging.getLogger().handle(record("first\nsecond"))
    err = written(capsys)
    assert capsys.readouterr().out == ""
    assert err.count("\n") == 1
    assert json.loads(err) == {
        "time": "2025-10-27T12:21:07.250Z",
        "level": "INFO",
        "logger": "actors.strategy",
        "message": "first\nsecond",
    }


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_exception_comes_with_its_traceback(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    setup_logging("info", "json" if log_format == "json" else "text")
    try:
        int("the cause")
    except ValueError:
        logging.getLogger("any").exception("it failed")
    err = written(capsys)
    assert "literal for int() with base 10: 'the cause'" in (
        json.loads(err)["exception"] if log_format == "json" else err
    )
    assert "Traceback" in err


def test_lower_levels_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("warning", "text")
    logging.getLogger("any").info("quiet")
    logging.getLogger("any").warning("loud")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  WARNING \| loud\n", written(capsys))


def test_setting_up_twice_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info", "json")
    setup_logging("info", "text")
    logging.getLogger("any").info("once")
    assert written(capsys).count("once") == 1


def test_http_libraries_do_not_write_urls_even_when_debugging(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("debug", "text")
    logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot123:secret/sendMessage")
    logging.getLogger("httpcore.http11").debug("send_request_headers.started")
    assert written(capsys) == ""


class Clock:
    """Seconds that only the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Taken:
    """What a handler has written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.clock = Clock()
        self.stream = QueuedStream(io.StringIO(), LineWriter(self._take))
        self.handler = QueuedHandler(self.stream, self.clock)
        self.logger = logging.Logger("any")
        self.logger.addHandler(self.handler)

    def _take(self, data: bytes) -> None:
        self.lines += data.decode().splitlines()

    def flushed(self) -> list[str]:
        self.stream.writer.flush()
        return self.lines


def test_equal_lines_within_a_minute_are_summed() -> None:
    taken = Taken()
    for _ in range(1235):
        taken.logger.warning("accept: %s", "too many open files")
    taken.logger.error("accept: too many open files")
    taken.logger.info("another one")
    assert taken.flushed() == ["accept: too many open files", "accept: too many open files", "another one"]
    taken.clock.now = 60.0
    taken.logger.warning("accept: too many open files")
    taken.clock.now = 130.0
    taken.logger.warning("accept: too many open files")
    taken.clock.now = 250.0
    taken.logger.warning("accept: too many open files")
    assert taken.flushed()[3:] == [
        "accept: too many open files (again 1,234 times in 60 s)",
        "accept: too many open files (again once in 70 s)",
        "accept: too many open files (again once in 120 s)",
    ]


def test_which_way_things_went_is_told_in_order_and_at_once() -> None:
    taken = Taken()
    way = ["demo: syncing", "demo: trading", "demo: syncing", "demo: trading"]
    for line in way:
        taken.logger.info(line)
    assert taken.flushed() == way


def test_other_lines_are_summed_only_where_they_follow_each_other() -> None:
    taken = Taken()
    for line in ("a", "a", "a", "b", "a"):
        taken.logger.info(line)
    assert taken.flushed() == ["a", "a (again 2 times in 1 s)", "b", "a"]


@pytest.mark.parametrize(
    ("trouble", "recovery"),
    [
        ("connection: no route", "connection: works again after 15 s"),
        ("market-data no connection: no route", "market-data works again after 15 s"),
        ("connection: no route", "connection works again"),
    ],
)
def test_a_warning_is_not_repeated_after_its_recovery_and_a_new_one_is_told_at_once(
    trouble: str, recovery: str
) -> None:
    taken = Taken()
    taken.logger.warning(trouble)
    taken.logger.warning(trouble)
    taken.logger.warning("quite another thing")
    taken.logger.info(recovery)
    taken.logger.warning(trouble)
    again = f"{trouble} (again once in 1 s)"
    assert taken.flushed() == [trouble, "quite another thing", again, recovery, trouble]


def test_another_warning_of_the_same_thing_ends_the_sum() -> None:
    taken = Taken()
    for line in ("demo: no price", "demo: no price", "demo: no funds", "demo: no price"):
        taken.logger.warning(line)
    assert taken.flushed() == [
        "demo: no price",
        "demo: no price (again once in 1 s)",
        "demo: no funds",
        "demo: no price",
    ]


def test_a_sum_is_told_although_nothing_else_is_logged() -> None:
    taken = Taken()
    for _ in range(3):
        taken.logger.info("again and again")
    taken.clock.now = 61.0
    taken.stream.writer.wake()
    deadline = time.monotonic() + 10
    while len(taken.flushed()) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert taken.lines == ["again and again", "again and again (again 2 times in 61 s)"]


def test_the_sums_that_are_left_are_told_at_the_end() -> None:
    taken = Taken()
    for _ in range(3):
        taken.logger.info("last words")
    taken.clock.now = 5.0
    taken.handler.close()
    assert taken.lines == ["last words", "last words (again 2 times in 5 s)"]


def test_the_line_that_tells_the_end_is_the_last_one() -> None:
    taken = Taken()
    for _ in range(3):
        taken.logger.info("during the stop")
    taken.logger.info("bot terminated: asked to stop", extra={"last": True})
    taken.logger.info("during the stop")
    taken.logger.info("during the stop")
    taken.handler.close()
    assert taken.lines[:3] == [
        "during the stop",
        "during the stop (again 2 times in 1 s)",
        "bot terminated: asked to stop",
    ]
    assert all("again" not in line for line in taken.lines[3:])


def test_a_line_that_cannot_be_made_harms_nobody() -> None:
    taken = Taken()
    taken.logger.info("%d", "no number")
    (line,) = taken.flushed()
    assert line.startswith("a line of any that cannot be shown: TypeError(")


def test_what_nobody_takes_is_counted_and_told_in_the_form_of_the_log() -> None:
    taken = Taken()
    taken.handler.setFormatter(logging.Formatter("%(levelname)s|%(message)s"))
    gate = threading.Event()
    take = taken.stream.writer._write
    taken.stream.writer._write = lambda data: (gate.wait(), take(data))[1]
    taken.stream.writer._lines = 3
    for number in range(10):
        taken.logger.info("line %d", number)
    assert taken.handler.dropped >= 6
    dropped = taken.handler.dropped
    gate.set()
    taken.flushed()
    assert taken.flushed()[-1] == f"WARNING|{dropped:,} log lines dropped: the reader took none for less than a second"
    assert len(taken.lines) == 10 - dropped + 1


class Silent:
    """Cannot be shown, and neither can the error that says so."""

    def __repr__(self) -> str:
        raise ValueError(self)


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(
    "about",
    [{"ids": [1, 2]}, {"ids": {"a": {1}}}, {("a", "b"): 1}, {"x": Silent()}, [1], "text", 7, {1: None}, {None: {}}],
    ids=lambda about: type(about).__name__,
)
def test_whatever_a_line_is_about_nothing_is_raised_and_it_is_told(about: object, log_format: LogFormat) -> None:
    taken = Taken()
    taken.handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    for _ in range(3):
        taken.logger.info("some line", extra={"about": about})
    taken.handler.close()
    assert taken.flushed()
    assert "some line" in taken.lines[0] or "a line of any that cannot be shown: " in taken.lines[0]
    taken.logger.info("the next")
    assert "the next" in taken.flushed()[-1]


def test_a_failure_in_summing_does_not_reach_who_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = Taken()

    def fail() -> float:
        raise RuntimeError

    monkeypatch.setattr(taken.handler, "_now", fail)
    monkeypatch.setattr(logging, "raiseExceptions", False)
    taken.logger.info("one")


def test_the_log_file_is_closed_by_the_thread_that_writes_it_and_never_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, begun, events = threading.Event(), threading.Event(), []

    def write(self: LogFile, data: bytes) -> None:
        del self, data
        begun.set()
        gate.wait()
        events.append(("written", threading.current_thread().name))

    def close(self: LogFile) -> None:
        del self
        events.append(("closed", threading.current_thread().name))

    monkeypatch.setattr(LogFile, "write", write)
    monkeypatch.setattr(LogFile, "close", close)
    config = read(changed("[bot]", f'[bot]\nlog_file = "{tmp_path}/grid.log"'))
    with log_target(config, "c.toml", QueuedStream(io.StringIO(), LineWriter(lambda _: None))) as stream:
        stream.put_line("stuck")
        begun.wait()
    assert not events, "its writer is still at work"
    gate.set()
    stream.writer.close(10)
    assert events == [("written", "output"), ("closed", "output")]


@pytest.mark.parametrize(
    ("log", "database", "shared"),
    [
        ("grid.duckdb", "grid.duckdb", True),
        ("./x/../grid.duckdb.nonce", "grid.duckdb", True),
        ("grid.duckdb.wal", "grid.duckdb", True),
        ("grid.dry-run.duckdb.sock", "grid.duckdb", True),
        ("grid.log", "grid.log.1", True),
        ("grid.log", "grid.duckdb", False),
        ("grid", "grid.duckdb", False),
        ("x/grid.duckdb", "grid.duckdb", False),
    ],
)
def test_a_log_never_gets_the_name_of_a_file_of_the_database(
    tmp_path: Path, log: str, database: str, shared: bool
) -> None:
    (tmp_path / "x").mkdir()
    text = VALID.replace("[bot]\n", f'[bot]\nlog_file = "{tmp_path}/{log}"\n')
    config = read(text + f'\n[persistence]\ndatabase = "{tmp_path}/{database}"\n')
    if not shared:
        check_log_file(config, "c.toml")
        return
    with pytest.raises(ConfigError, match=r"bot\.log_file.*another file than .*the database's own"):
        check_log_file(config, "c.toml")
