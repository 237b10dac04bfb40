"""What is left out is told in one line, and not again for a while."""

import logging

import pytest

from adapters.exchanges.kraken.transport.skipped import EVERY_SECONDS, Skipped


def test_many_rows_are_one_line(caplog: pytest.LogCaptureFixture) -> None:
    skipped = Skipped()
    with caplog.at_level(logging.WARNING):
        skipped.tell(0.0)
        for number in range(3):
            skipped.note("an order", f"odd {number}")
        skipped.tell(1.0)
        skipped.note("an order", "odd again")
        skipped.tell(2.0)
        assert [record.message for record in caplog.records] == [
            "left out 3 rows about other activity of the account that cannot be read; the first is an order: odd 0"
        ]
        skipped.tell(1.0 + EVERY_SECONDS)
    assert "left out 1 row about" in caplog.messages[-1]
