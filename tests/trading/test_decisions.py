"""Decisions are written down before they leave: one commit for a batch of mail, one batch of commands for a commit."""

from messages.journal import Committed
from messages.notices import OrderFilled
from messages.orders import Submit
from tests.actors.strategy_rig import Rig, orders_of
from tests.trading.strategies.harness import BUYS_AT_50000, USERREF


async def test_nothing_leaves_before_its_commit_is_acknowledged() -> None:
    rig = Rig()
    async with rig.running():
        await rig.begin()
        (commit,) = rig.commits()
        assert [place.price for place in orders_of(commit)] == BUYS_AT_50000
        assert rig.said(Submit) == []
        await rig.hears(Committed(commit.number))
        assert rig.said(Submit) == [Submit(USERREF, commit.commands)]


async def test_one_batch_of_mail_is_one_commit() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(rig.filled(places[0]), rig.filled(places[1]))
        (commit,) = rig.commits()
        assert len(commit.handled) == 2
        assert len(orders_of(commit)) == 2


async def test_decisions_go_on_while_commits_wait_and_leave_in_their_order() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(rig.filled(places[0]))
        await rig.hears(rig.filled(places[1]))
        first, second = rig.commits()
        assert first.number < second.number
        assert rig.said(Submit) == []
        await rig.hears(Committed(first.number), Committed(second.number))
        assert rig.said(Submit) == [Submit(USERREF, first.commands), Submit(USERREF, second.commands)]


async def test_notices_are_told_after_the_commit_too() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(rig.filled(places[0]))
        assert rig.notifier.receive_nowait() == []
        await rig.commit()
        (notice,) = rig.notifier.receive_nowait()
        assert isinstance(notice, OrderFilled)
        assert notice.price == places[0].price
