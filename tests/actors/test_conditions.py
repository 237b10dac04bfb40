"""A condition begins once, keeps its beginning, is shown while it lasts and ends once."""

from actors.conditions import ConditionBook
from actors.mailbox import Mailbox
from messages.conditions import Condition, ConditionChanged, Conditions
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
