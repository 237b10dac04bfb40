"""Whose the journal and the orders are, in words."""

import pytest

from actors.notifier.notice_texts import headline, words
from actors.notifier.ownership_texts import ownership_sentence
from messages.letters import kind_of, needs_somebody
from messages.notices import JournalNoted, NotCovered, Notice, SecondInstance

CASES: list[tuple[Notice, str, str]] = [
    (
        JournalNoted("it is of an earlier version"),
        "ℹ️ Journal\n├ What » it is of an earlier version\n└ To do » nothing",
        "the journal: it is of an earlier version",
    ),
    (
        NotCovered("btc", "2 open orders"),
        (
            "⚠️ btc: not covered by any strategy\n├ What » 2 open orders\n"
            "├ Orders » stay as they are, also when the program stops\n"
            "└ To do » put the strategy back into the configuration, or cancel and sell by hand"
        ),
        "btc: not covered by any strategy: 2 open orders",
    ),
    (
        SecondInstance("the API key is in use"),
        (
            "⚠️ Another process uses this account\n├ What » the API key is in use\n"
            "└ To do » stop the other process; each program needs an API key of its own and userrefs of its own"
        ),
        "another process uses this account: the API key is in use",
    ),
]

NOTICES = (
    JournalNoted("grid.duckdb is of an earlier version"),
    NotCovered("btc", "userref 1001, BTC/USD: 2 open orders"),
    SecondInstance("Kraken was asked with this API key by another process"),
)


@pytest.mark.parametrize(("notice", "text", "line"), CASES)
def test_the_words(notice: Notice, text: str, line: str) -> None:
    assert words(notice).text == text
    assert headline(notice) == line


def test_each_says_what_was_found_and_what_to_do() -> None:
    for notice in NOTICES:
        text, line = words(notice).text, headline(notice)
        assert notice.detail in text
        assert notice.detail in line
        assert "To do »" in text
        assert line == ownership_sentence(notice)


def test_only_what_is_wrong_needs_somebody() -> None:
    assert [needs_somebody(notice) for notice in NOTICES] == [False, True, True]
    assert [kind_of(notice) for notice in NOTICES] == ["start", "trouble", "trouble"]


def test_orders_that_nobody_covers_are_said_to_stay() -> None:
    assert "stay as they are, also when the program stops" in words(NOTICES[1]).text
