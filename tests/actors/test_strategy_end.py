"""How a strategy actor ends, what stands in for a failed core, and what it reports meanwhile."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.mailbox import Mailbox, MailboxOverflow
from actors.stand_in import run_halted_strategy
from actors.strategy import STATUS_EVERY
from messages.journal import CoreLoaded, LoadCore
from messages.mailboxes import OrderManagerMail, StrategyMail
from messages.market import RowDone, RowEnd, Tick
from messages.notices import LadderStatus
from messages.orders import Accepted, Filled, Submit
from messages.status import Pause, Stop, StrategyReport
from tests.actors.strategy_rig import RecordedCore, Rig, cancels_of, funds, orders_of
from tests.trading.strategies.harness import USERREF, settings
from trading.guard import CoreFailed


@pytest.mark.parametrize(("on_stop", "sides"), [("cancel-buys", {"buy"}), ("cancel-all", {"buy", "sell"})])
async def test_a_stop_that_cancels_is_committed_before_it_leaves(on_stop: str, sides: set[str]) -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(rig.filled(places[0]))
        (sell,) = orders_of(await rig.commit())
        await rig.hears(rig.accepted(sell))
        await rig.commit()
        rig.read_all()
        await rig.hears(Stop("cancel-buys" if on_stop == "cancel-buys" else "cancel-all"))
        assert not rig.ended
        commit = await rig.commit()
        assert rig.said(Submit) == [Submit(USERREF, commit.commands)]
        expected = {place.order_id for place in (*places[1:], sell) if place.side in sides}
        assert set(cancels_of(commit)) == expected
        assert rig.ended


async def test_a_stop_that_keeps_the_orders_ends_at_once() -> None:
    rig = Rig()
    async with rig.running():
        await rig.trade()
        await rig.hears(Stop("keep"))
        assert rig.ended
        assert rig.commits() == []
        assert rig.said(Submit) == []


async def test_a_stop_waits_for_commits_that_are_under_way() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(rig.filled(places[0]), Stop("keep"))
        assert not rig.ended
        await rig.commit()
        assert len(rig.said(Submit)) == 1
        assert rig.ended


async def test_a_stop_before_the_journal_answers_is_obeyed_after_it() -> None:
    rig = Rig()
    async with rig.running():
        await rig.hears(Stop("cancel-all"))
        await rig.load()
        assert rig.ended


@pytest.mark.parametrize("kind", [Tick, Filled])
async def test_an_exception_in_the_core_is_a_core_failure(kind: type) -> None:
    rig = Rig()
    with pytest.RaisesGroup(pytest.RaisesExc(CoreFailed, match=f"failed on {kind.__name__}.*a bug in the core")):
        async with rig.running():
            places = await rig.trade()
            rig.core.fails_on = lambda event: isinstance(event, kind)
            await rig.hears(rig.filled(places[0]))
            await rig.tick("49600")
    assert rig.said(Submit) == []


async def test_a_saved_state_that_cannot_be_read_is_a_core_failure() -> None:
    rig = Rig()
    with pytest.RaisesGroup(pytest.RaisesExc(CoreFailed, match="saved state cannot be used: .*version 99")):
        async with rig.running():
            (ask,) = rig.asked(LoadCore)
            await rig.hears(CoreLoaded("lineage", '{"version": 99}', ask.number))


@pytest.mark.parametrize("at_once", [True, False])
async def test_the_stand_in_of_a_failed_core_answers_the_row_it_left(at_once: bool) -> None:
    """Otherwise a simulation would wait for ever."""
    rig = Rig()
    with pytest.RaisesGroup(CoreFailed):
        async with rig.running():
            places = await rig.trade()
            if at_once:
                rig.core.fails_on = lambda event: isinstance(event, Filled)
                await rig.hears(rig.filled(places[0]), RowEnd(9))
            else:
                await rig.hears(rig.filled(places[0]), RowEnd(9))
                rig.core.fails_on = lambda event: isinstance(event, Accepted)
                await rig.hears(rig.accepted(places[1]))
    rig.read_all()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_halted_strategy, USERREF, rig.mail, rig.orders)
        await wait_all_tasks_blocked()
        assert rig.said(RowDone) == [RowDone(USERREF, 9)]
        nursery.cancel_scope.cancel()


async def test_a_swamped_mailbox_fails_the_strategy() -> None:
    rig = Rig(limit=10)
    with pytest.RaisesGroup(MailboxOverflow):
        async with rig.running():
            await rig.hears(*(funds() for _ in range(11)))


async def test_a_stand_in_answers_rows_until_it_is_stopped(autojump_clock: MockClock) -> None:
    mail, orders = Mailbox[StrategyMail]("strategy"), Mailbox[OrderManagerMail]("orders")
    for message in (RowEnd(1), funds(), Pause("no price"), RowEnd(2), Stop("cancel-all")):
        mail.post(message)
    with trio.fail_after(1):
        await run_halted_strategy(USERREF, mail, orders)
    assert orders.receive_nowait() == [RowDone(USERREF, 1), RowDone(USERREF, 2)]


async def test_the_status_is_told_every_hour_of_data_time_and_not_at_the_start() -> None:
    rig = Rig()
    async with rig.running():
        await rig.begin()
        await rig.commit()
        assert rig.notifier.receive_nowait() == []
        begin, told = rig.now, list[int]()
        for _ in range(5 * 6):
            await rig.tick("50000", seconds=600)
            told += [rig.now - begin for notice in rig.notifier.receive_nowait() if isinstance(notice, LadderStatus)]
        assert told == [STATUS_EVERY * hour for hour in range(1, 6)]


async def test_after_a_gap_of_hours_one_status_is_told() -> None:
    rig = Rig()
    async with rig.running():
        await rig.trade()
        await rig.tick("50000", seconds=5 * 3600)
        await rig.tick("50000")
        assert len(rig.notifier.receive_nowait()) == 1


async def test_the_report_follows_every_decision_and_every_change_of_funds() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(rig.filled(places[0]))
        (report,) = rig.metrics.receive_nowait()
        assert isinstance(report, StrategyReport)
        assert (report.phase, report.buys_filled, len(report.orders)) == ("trading", 1, 5)
        await rig.hears(funds(quote="90000"))
        (after,) = rig.metrics.receive_nowait()
        assert isinstance(after, StrategyReport)
        assert after.quote_free == report.quote_free - 10_000


def test_the_core_of_these_tests_is_the_real_one() -> None:
    core = RecordedCore(settings(), None)
    assert core.report("syncing", "").kind == "GridHODL"
