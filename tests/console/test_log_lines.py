"""One record is one line, whatever is in it, and says what it is about."""

import json
import logging
import os
import re
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.log_lines import LINES, JsonFormatter, TextFormatter, moment, one_line
from messages.about import about
from messages.ids import client_order_id

CREATED = 1_795_867_200.123
BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("infinity_grid.any", logging.WARNING, "f.py", 1, message, args, None)
    made.created = CREATED
    made.__dict__.update(extra)
    return made


@pytest.fixture(params=["UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia", "no/such zone"])
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    former = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if former is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = former
    time.tzset()


def test_times_are_utc_in_every_time_zone(zone: str) -> None:
    assert moment(CREATED) == "2026-11-28T12:00:00.123Z", zone
    assert TextFormatter().format(record("on")) == "2026-11-28T12:00:00.123Z  WARNING | on"
    assert json.loads(JsonFormatter().format(record("on")))["time"] == "2026-11-28T12:00:00.123Z"


FORGED = "refused\n2026-11-28T12:00:00.000Z     INFO | all is well\r\x1b[2K\x85\u2028\u202e\x00end"


def test_a_text_from_outside_forges_no_line() -> None:
    line = TextFormatter().format(record("Kraken says: %s", FORGED))
    assert not BREAKS.search(line)
    assert line.splitlines() == [line]
    assert r"refused\n2026-11-28T12:00:00.000Z     INFO | all is well\r\x1b[2K\x85\u2028\u202e\x00end" in line
    assert json.loads(JsonFormatter().format(record("%s", FORGED)))["message"] == FORGED


@given(st.text(st.characters(), max_size=80))
def test_any_text_is_one_line_in_both_forms(text: str) -> None:
    for formatter in (TextFormatter(), JsonFormatter()):
        line = formatter.format(record("%s", text, **about(cause=text or "x")))
        assert line.splitlines() == [line]
        line.encode("ascii" if isinstance(formatter, JsonFormatter) else "utf-8")
    assert one_line(one_line(text)) == one_line(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs", "M"]), max_size=40))
def test_a_text_for_people_stays_as_it_is(text: str) -> None:
    assert one_line(text) == text


def test_lines_on_purpose_and_tracebacks_are_indented_below_theirs() -> None:
    failed = record("a bug")
    with pytest.raises(KeyError) as caught:
        os.environ[FORGED]
    failed.exc_info = (KeyError, caught.value, caught.tb)
    for made in (record("hourly status\n👑 grid\n└ Price » 5.00 EUR", **{LINES: True}), failed):
        _, *more = TextFormatter().format(made).splitlines()
        assert len(more) >= 2
        assert all(line.startswith("    ") for line in more)


def test_a_line_about_an_order_names_its_strategy_by_the_id() -> None:
    order = client_order_id(1001, "a cause")
    formatter = JsonFormatter({1001: "btc-hodl"})
    fields = about(order_id=order, exchange_id="OABC", pair="BTC/USD", cause="OXYZ#1")
    line = json.loads(formatter.format(record("placed", **fields)))
    assert list(line) == ["time", "level", "logger", "message", "strategy", "pair", "order_id", "exchange_id", "cause"]
    assert (line["strategy"], line["order_id"], line["exchange_id"]) == ("btc-hodl", order, "OABC")
    assert json.loads(JsonFormatter().format(record("placed", **fields)))["strategy"] == "1001"
    two = about(order_id=f"{order} {order}")
    assert json.loads(formatter.format(record("wait", **two)))["strategy"] == "btc-hodl"


@pytest.mark.parametrize(
    ("fields", "strategy"),
    [
        ({"strategy": 1001}, "btc-hodl"),
        ({"strategy": "sol"}, "sol"),
        ({"order_id": "of another program"}, None),
        ({}, None),
    ],
)
def test_a_strategy_is_named_where_it_is_known(fields: dict[str, str], strategy: str | None) -> None:
    line = json.loads(JsonFormatter({1001: "btc-hodl"}).format(record("x", **about(**fields))))
    assert line.get("strategy") == strategy


def test_what_json_does_not_know_is_text() -> None:
    made = record("x", about={"cause": Decimal("1.50"), "other": object(), "pair": {"a"}})
    line = json.loads(JsonFormatter().format(made))
    assert line["cause"] == "1.50"
    assert "other" not in line
