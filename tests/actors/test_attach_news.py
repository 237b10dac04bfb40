"""What a strategy that attaches is told to wait for."""

import msgspec

from actors.attach_news import AttachNews
from actors.condition_book import ConditionBook
from actors.mailbox import Mailbox
from messages.account import AttachWaits, HistoryProgress
from messages.conditions import ConditionChanged
from messages.mailboxes import MetricsMail, PersistenceMail
from tests.actors.manager_rig import A, Rig, attach
from trading.attaching import Attaches


def test_orders_that_are_looked_up_are_counted() -> None:
    rig = Rig()
    news = AttachNews(rig.strategies, None, lambda: 7)
    waiting = Attaches().begin(attach(A, number=3))
    news.looks_up(waiting, 2)
    news.reads(waiting, HistoryProgress(50, 0))
    news.over(A)
    told = rig.told(A)
    assert told[0] == AttachWaits(A, 3, "asking the exchange what became of 2 orders of its own")
    assert isinstance(told[1], AttachWaits)
    assert told[1].detail.startswith("reading the account's closed orders, 50, before")


def test_a_long_look_back_is_a_condition_until_it_is_over() -> None:
    persistence = Mailbox[PersistenceMail]("persistence")
    rig = Rig()
    news = AttachNews(rig.strategies, ConditionBook("order-manager", Mailbox[MetricsMail]("m"), persistence), lambda: 7)
    waiting = Attaches().begin(msgspec.structs.replace(attach(A), since=0))
    news.reads(waiting, HistoryProgress(50, 2000))
    news.reads(waiting, HistoryProgress(100, 2000))
    news.over(A)
    news.over(A)
    opened, closed = persistence.receive_nowait()
    assert isinstance(opened, ConditionChanged)
    assert isinstance(closed, ConditionChanged)
    assert (opened.condition.code, opened.closed, closed.closed) == ("history", False, True)
    assert "50 of 2,000" in opened.condition.detail
    assert "100 of 2,000" in closed.condition.detail
    assert not opened.condition.blocks
