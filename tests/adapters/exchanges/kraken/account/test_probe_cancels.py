"""Who has canceled an order: its owner, or a question that came late."""

import pytest

from adapters.exchanges.kraken.account.probe_cancels import LATE, Questions
from adapters.exchanges.kraken.transport.server_clock import SECOND
from messages.ids import ClientOrderId, Nanos

BORN = Nanos(1_790_000_000 * SECOND)
ASKED = Nanos(BORN + 3600 * SECOND)


def asked(*times: int) -> Questions:
    """About order "a", at these times, and never answered."""
    moments = map(Nanos, (BORN, *times))
    questions = Questions(lambda: next(moments))
    assert [questions.ask(ClientOrderId("a")) for _ in times] == [False, *[True] * (len(times) - 1)]
    return questions


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        (ASKED - SECOND, "by hand"),
        (ASKED, "post-only"),
        (ASKED + 2 * LATE, "post-only"),
        (ASKED + 2 * LATE + 1, "by hand"),
    ],
)
def test_a_closure_is_a_questions_only_around_its_time(ended: int, reason: str) -> None:
    assert asked(ASKED, ASKED + LATE).reason(ClientOrderId("a"), "by hand", Nanos(ended)) == reason


@pytest.mark.parametrize(
    ("ended", "reason"),
    [(ASKED + LATE, "post-only"), (ASKED + LATE + 1, "by hand"), (ASKED + 3 * LATE, "post-only")],
)
def test_between_two_questions_that_are_far_apart_the_owner_may_cancel(ended: int, reason: str) -> None:
    assert asked(ASKED, ASKED + 3 * LATE).reason(ClientOrderId("a"), "by hand", Nanos(ended)) == reason


def test_other_orders_and_other_reasons_stay_as_they_are() -> None:
    questions = asked(ASKED)
    assert questions.reason(ClientOrderId("b"), "by hand", ASKED) == "by hand"
    assert questions.reason(ClientOrderId("a"), "requested", ASKED) == "requested"
    assert questions.reason(ClientOrderId("a"), "self-trade", ASKED) == "self-trade"


@pytest.mark.parametrize(
    ("ended", "reason"), [(BORN - LATE, "unclear"), (BORN + LATE, "unclear"), (BORN + LATE + 1, "by hand")]
)
def test_nobody_knows_what_an_earlier_run_asked(ended: int, reason: str) -> None:
    assert asked(ASKED).reason(ClientOrderId("b"), "by hand", Nanos(ended)) == reason


def test_what_is_over_is_forgotten() -> None:
    questions = asked(ASKED)
    questions.over(ClientOrderId("a"))
    assert questions.reason(ClientOrderId("a"), "by hand", ASKED) == "by hand"
