import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from supervision.logs import setup_logging

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


def record(message: str, *args: object) -> logging.LogRecord:
    made = logging.LogRecord("actors.strategy", logging.INFO, "file.py", 1, message, args, None)
    made.created = MOMENT
    return made


def test_a_text_line_looks_like_infinity_grids_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info", "text")
    logging.getLogger().handle(record("all %s", "good"))
    assert capsys.readouterr().err == "2025/10/27 12:21:07     INFO | all good\n"


def test_a_json_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info", "json")
    logging.getLogger().handle(record("first\nsecond"))
    out, err = capsys.readouterr()
    assert out == ""
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
    err = capsys.readouterr().err
    assert "literal for int() with base 10: 'the cause'" in (
        json.loads(err)["exception"] if log_format == "json" else err
    )
    assert "Traceback" in err


def test_lower_levels_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("warning", "text")
    logging.getLogger("any").info("quiet")
    logging.getLogger("any").warning("loud")
    assert re.fullmatch(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d  WARNING \| loud\n", capsys.readouterr().err)


def test_setting_up_twice_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info", "json")
    setup_logging("info", "text")
    logging.getLogger("any").info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_http_libraries_do_not_write_urls_even_when_debugging(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("debug", "text")
    logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot123:secret/sendMessage")
    logging.getLogger("httpcore.http11").debug("send_request_headers.started")
    assert capsys.readouterr().err == ""
