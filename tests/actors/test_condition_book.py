"""A condition begins once, keeps its beginning, is shown while it lasts and ends once."""

import logging
import re
from pathlib import Path
from typing import get_args

import pytest

from actors.condition_book import ConditionBook
from actors.mailbox import Mailbox
from messages.conditions import Condition, ConditionChanged, ConditionCode, Conditions
from messages.mailboxes import MetricsMail, PersistenceMail


async def test_a_condition_is_shown_from_its_beginning_to_its_end() -> None:
    metrics: Mailbox[MetricsMail] = Mailbox("metrics")
    persistence: Mailbox[PersistenceMail] = Mailbox("persistence")
    book = ConditionBook("venue", metrics, persistence)

    assert book.open(7, "pair", "SOL/USD is cancel-only", 100, blocks=True)
    assert not book.open(7, "pair", "SOL/USD is delisted", 200, blocks=True)

    (shown,) = metrics.receive_nowait()
    now = Condition(7, "pair", "SOL/USD is delisted", 100, blocks=True)
    assert shown == Conditions("venue", (now,))
    assert book.find(7, "pair") == now

    assert book.close(7, "pair", 300) == now
    assert book.close(7, "pair", 400) is None
    assert metrics.receive_nowait() == [Conditions("venue", ())]
    begun = Condition(7, "pair", "SOL/USD is cancel-only", 100, blocks=True)
    assert persistence.receive_nowait() == [
        ConditionChanged(begun, closed=False, time=100),
        ConditionChanged(now, closed=True, time=300),
    ]


async def test_saying_the_same_again_tells_nobody() -> None:
    metrics: Mailbox[MetricsMail] = Mailbox("metrics")
    book = ConditionBook("venue", metrics, Mailbox("persistence"))
    book.open(0, "lockout", "locked out", 1)
    metrics.receive_nowait()
    assert not book.open(0, "lockout", "locked out", 2)
    assert metrics.receive_nowait() == []


@pytest.mark.parametrize(
    ("strategy", "code", "detail", "ended"),
    [
        (0, "connection", "order-manager: no route", "connection: works again after 15 s"),
        (7, "funds", "demo: 3 of 5 buys: funds", "funds: demo: over after 15 s"),
        (0, "lockout", "locked out", "lockout: over after 15 s"),
    ],
)
def test_an_end_is_told_without_the_words_of_the_trouble(
    caplog: pytest.LogCaptureFixture, strategy: int, code: ConditionCode, detail: str, ended: str
) -> None:
    book = ConditionBook("venue", Mailbox("metrics"), Mailbox("persistence"))
    with caplog.at_level(logging.INFO):
        book.open(strategy, code, detail, 10**9)
        book.close(strategy, code, 16 * 10**9)
    assert caplog.messages == [f"{code}: {detail}", ended]


def test_what_another_line_tells_is_not_told_twice(caplog: pytest.LogCaptureFixture) -> None:
    book = ConditionBook("venue", Mailbox("metrics"), Mailbox("persistence"))
    with caplog.at_level(logging.INFO):
        book.open(0, "connection", "no route", 1, told=True)
        book.close(0, "connection", 2, told=True)
    assert caplog.messages == []


def test_the_page_explains_every_code_and_no_other() -> None:
    page = Path(__file__).parents[2] / "docs" / "conditions.md"
    explained = re.findall(r"^\| `([a-z ]+)` \|", page.read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(get_args(ConditionCode))
