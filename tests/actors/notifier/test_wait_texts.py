"""The words for orders that wait."""

from typing import get_args

import pytest

from actors.notifier.notice_texts import headline, words
from messages.letters import kind_of, needs_somebody
from messages.notices import OrdersPutOff, OrdersTaken
from messages.orders import DeferReason


@pytest.mark.parametrize("reason", get_args(DeferReason))
def test_each_reason_says_what_it_means_what_is_done_and_what_to_do(reason: DeferReason) -> None:
    notice = OrdersPutOff("grid", "BTC/USD", reason, "the venue's words", 3)
    text = words(notice).text
    for part in ("grid (BTC/USD)", "the venue's words", "Reason »", "Action »", "3 wait", "To do »"):
        assert part in text
    assert "the venue's words" in headline(notice)
    assert (kind_of(notice), needs_somebody(notice)) == ("trouble", True)


def test_that_orders_are_taken_again() -> None:
    notice = OrdersTaken("grid", "BTC/USD", 125)
    assert "again after 2 min" in words(notice).text
    assert headline(notice) == "grid (BTC/USD): orders are taken again after 2 min"
    assert (kind_of(notice), needs_somebody(notice)) == ("trouble", False)
