"""The strategy actor with the real grid core: when it decides, and what may leave when."""

import itertools
from decimal import Decimal

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.mailbox import Mailbox, MailboxOverflow
from actors.strategy import STATUS_EVERY, CoreFailed, run_halted_strategy
from adapters.interfaces import UnknownOrderError
from messages.account import Attach, OrderFacts, OrdersFound
from messages.ids import client_order_id, counter_cause
from messages.journal import Committed, CoreLoaded, LoadCore
from messages.mailboxes import OrderManagerMail, StrategyMail
from messages.market import RowDone, RowEnd, Tick
from messages.notices import LadderStatus, OrderFilled
from messages.orders import Accepted, Balances, Filled, Resynced, Submit
from messages.status import Pause, PhaseChanged, Resume, Stop, StrategyReport
from tests.actors.strategies.harness import BUYS_AT_50000, SECOND, SETTINGS, USERREF, settings
from tests.actors.strategy_rig import RecordedCore, Rig, cancels_of, funds, orders_of


async def test_nothing_leaves_before_its_commit_is_acknowledged() -> None:
    rig = Rig()
    async with rig.running():
        await rig.begin()
        (commit,) = rig.commits()
        assert [place.price for place in orders_of(commit)] == BUYS_AT_50000
        assert rig.said(Submit) == []
        await rig.hears(Committed(commit.number))
        assert rig.said(Submit) == [Submit(USERREF, commit.commands)]


async def test_a_commit_holds_state_commands_and_what_was_handled() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(rig.filled(places[0]))
        (commit,) = rig.commits()
        assert commit.handled == (f"F{places[0].order_id}",)
        assert [place.side for place in orders_of(commit)] == ["sell"]
        assert commit.state == rig.core.save()
        assert (commit.strategy, commit.name, commit.kind) == (USERREF, "grid", "GridHODL")
        assert commit.time == rig.now - SECOND


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


async def test_a_tick_that_asks_for_nothing_writes_nothing() -> None:
    rig = Rig()
    async with rig.running():
        await rig.trade()
        await rig.tick("50010")
        assert rig.commits() == []
        assert rig.metrics.receive_nowait() == []


async def test_a_tick_that_finds_a_reason_for_doing_nothing_tells_it() -> None:
    rig = Rig(settings(max_investment=Decimal(510)))
    async with rig.running():
        places = await rig.trade()
        await rig.hears(rig.filled(places[0]))
        await rig.commit()
        rig.metrics.receive_nowait()
        await rig.tick("49500")
        (report,) = rig.metrics.receive_nowait()
        assert isinstance(report, StrategyReport)
        assert report.waiting == ("fewer than 5 buys: max_investment",)


async def test_answers_to_earlier_starts_are_ignored() -> None:
    rig = Rig()
    rig.numbers = itertools.count(10)
    async with rig.running():
        (ask,) = rig.asked(LoadCore)
        await rig.hears(CoreLoaded("another lineage", None, ask.number - 1))
        assert rig.orders.receive_nowait() == []
        rig.persistence.post(ask)
        attach = await rig.load()
        await rig.tick("50000")
        await rig.hears(funds(), Resynced(USERREF, attach.number - 1))
        assert rig.phases()[-1] == "syncing"
        assert rig.core.events == []
        await rig.hears(Resynced(USERREF, attach.number))
        assert rig.phases()[-1] == "trading"
        (commit,) = rig.commits()
        await rig.hears(Committed(commit.number - 1), CoreLoaded("another lineage", None, ask.number))
        assert rig.said(Submit) == []
        await rig.hears(Committed(commit.number))
        assert len(rig.said(Submit)) == 1


def at_the_exchange(cause: str) -> OrderFacts:
    """An open sell of ours that the journal does not know."""
    one = Decimal(1)
    zero = Decimal(0)
    order_id = client_order_id(USERREF, cause)
    return OrderFacts(
        order_id, "O-lost", "BTC/USD", "sell", Decimal(60000), one, "open", zero, zero, zero, "requested", 1
    )


async def test_a_state_is_asked_about_since_the_newest_thing_that_the_journal_holds() -> None:
    rig = Rig()
    async with rig.running():
        await rig.trade()
    saved = rig.core.save()
    for state, since in ((saved, 77), (None, 0)):
        async with rig.running():
            (ask,) = rig.asked(LoadCore)
            await rig.hears(CoreLoaded(SETTINGS.lineage, state, ask.number, newest=77))
            (attach,) = rig.said(Attach)
            assert attach.since == since


async def test_orders_that_are_found_are_written_down_and_the_strategy_attaches_with_them() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
    saved = rig.core.save()
    async with rig.running():
        attach = await rig.load(saved)
        found = at_the_exchange(counter_cause(rig.accepted(places[0]).exchange_id, 0))
        await rig.hears(OrdersFound(USERREF, attach.number - 1, 5, (found,)))
        assert rig.said(Attach) == []
        await rig.hears(OrdersFound(USERREF, attach.number, 5, (found,)))
        (again,) = rig.said(Attach)
        assert again.since is None
        assert found.order_id in {order.place.order_id for order in again.orders}
        (commit,) = rig.commits()
        assert [place.order_id for place in commit.adopted] == [found.order_id]
        assert commit.commands == ()


async def test_an_order_that_nothing_explains_ends_the_start() -> None:
    rig = Rig()
    async with rig.running():
        await rig.trade()
    saved = rig.core.save()
    with pytest.RaisesGroup(pytest.RaisesExc(UnknownOrderError, match="--adopt"), flatten_subgroups=True):
        async with rig.running():
            attach = await rig.load(saved)
            await rig.hears(OrdersFound(USERREF, attach.number, 5, (at_the_exchange("somebody else"),)))


async def test_numbers_rise_over_all_starts() -> None:
    rig = Rig()
    numbers = []
    for _ in range(3):
        async with rig.running():
            attach = await rig.begin()
            (commit,) = rig.commits()
            numbers += [attach.number, commit.number]
            rig.read_all()
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("loaded", [True, False])
async def test_a_cancelled_strategy_leaves_the_newest_price_to_its_successor(loaded: bool) -> None:
    """A quiet market gives no other one when the order-manager has failed and all strategies start anew."""
    rig = Rig()
    async with rig.running():
        if loaded:
            await rig.trade()
        else:
            await rig.tick("48900")
    left = rig.mail.receive_nowait()
    assert [type(message) for message in left] == [Tick]


async def test_facts_wait_for_the_first_tick_and_come_after_it_and_before_the_upkeep() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        state = rig.core.save()
    rig.config = settings(amount=50)
    rig.mail.receive_nowait()  # another process knows no price yet
    async with rig.running():
        attach = await rig.load(state)
        facts = [rig.filled(places[0]), rig.filled(places[1])]
        await rig.hears(funds(), *facts, Resynced(USERREF, attach.number))
        assert rig.core.events == []
        assert rig.commits() == []
        await rig.tick("48900")
        assert [type(event) for event in rig.core.events] == [Tick, Balances, Filled, Filled, Resynced]
        (commit,) = rig.commits()
        assert commit.handled == tuple(fact.fill_id for fact in facts)
        sells = [place for place in orders_of(commit) if place.side == "sell"]
        buys = [place for place in orders_of(commit) if place.side == "buy"]
        assert list(commit.commands[:2]) == sells
        assert cancels_of(commit) == [place.order_id for place in places[2:]]
        assert len(buys) == 5
        assert commit.commands.index(buys[0]) > max(i for i, c in enumerate(commit.commands) if c not in buys)


async def test_facts_before_the_resync_are_held_although_a_price_is_known() -> None:
    rig = Rig()
    async with rig.running():
        attach = await rig.load()
        await rig.tick("50000")
        await rig.tick("50001")
        await rig.hears(funds())
        assert rig.core.events == []
        await rig.hears(Resynced(USERREF, attach.number))
        assert rig.core.events[0] == Tick("BTC/USD", rig.a_tick("50001", 0).price, rig.now)
        assert [type(event) for event in rig.core.events] == [Tick, Balances, Resynced]


async def test_mail_that_arrives_while_the_journal_is_read_is_not_lost() -> None:
    rig = Rig()
    async with rig.running():
        await rig.tick("50000")
        await rig.hears(funds())
        attach = await rig.load()
        await rig.hears(Resynced(USERREF, attach.number))
        assert len(orders_of(rig.commits()[0])) == 5


async def test_the_phases_are_told() -> None:
    rig = Rig()
    async with rig.running():
        await rig.begin()
        assert rig.supervisor.receive_nowait() == [
            PhaseChanged(USERREF, "syncing", "loading the journal"),
            PhaseChanged(USERREF, "syncing", "waiting for the exchange and a first price"),
            PhaseChanged(USERREF, "trading", ""),
        ]


async def test_of_waiting_ticks_only_the_newest_counts() -> None:
    rig = Rig()
    async with rig.running():
        await rig.trade()
        for price in ("50010", "50020", "50030"):
            rig.mail.post_newest("BTC/USD", rig.a_tick(price))
        await wait_all_tasks_blocked()
        assert rig.core.events == [Tick("BTC/USD", rig.a_tick("50030", 0).price, rig.now)]


async def test_the_newest_tick_is_taken_before_order_events() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        rig.mail.post(rig.filled(places[0]))
        rig.mail.post_newest("BTC/USD", rig.a_tick("49600"))
        await wait_all_tasks_blocked()
        assert [type(event) for event in rig.core.events] == [Tick, Filled]


async def test_a_paused_strategy_decides_nothing_until_it_is_resumed() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(Pause("no price"))
        assert rig.supervisor.receive_nowait() == [PhaseChanged(USERREF, "halted", "no price")]
        await rig.hears(rig.filled(places[0]))
        await rig.tick("49600")
        await rig.tick("49610")
        assert rig.commits() == []
        await rig.hears(Resume())
        assert rig.phases() == ["trading"]
        assert [type(event) for event in rig.core.events] == [Tick, Filled]
        assert [place.side for place in orders_of(await rig.commit())] == ["sell"]


async def test_commits_are_acknowledged_while_paused() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(rig.filled(places[0]), Pause("no price"))
        await rig.commit()
        assert len(rig.said(Submit)) == 1


async def test_a_resumed_strategy_that_is_not_synced_says_so() -> None:
    rig = Rig()
    async with rig.running():
        attach = await rig.load()
        await rig.hears(Pause("no price"))
        await rig.hears(Resume())
        assert rig.phases()[-2:] == ["halted", "syncing"]
        await rig.hears(funds(), Resynced(USERREF, attach.number))
        await rig.tick("50000")
        assert rig.phases() == ["trading"]


async def test_a_pause_before_the_first_price_holds_up_the_start() -> None:
    rig = Rig()
    async with rig.running():
        attach = await rig.load()
        await rig.hears(Pause("no price"), funds(), Resynced(USERREF, attach.number))
        await rig.tick("50000")
        assert rig.core.events == []
        await rig.hears(Resume())
        assert rig.phases()[-1] == "trading"
        assert len(orders_of(rig.commits()[0])) == 5


async def test_a_row_is_answered_when_nothing_waits_for_its_commit() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(rig.filled(places[0]), RowEnd(7))
        assert rig.orders.receive_nowait() == []
        await rig.commit()
        submit, done = rig.orders.receive_nowait()
        assert isinstance(submit, Submit)
        assert done == RowDone(USERREF, 7)


async def test_a_row_without_decisions_is_answered_at_once() -> None:
    rig = Rig()
    async with rig.running():
        await rig.trade()
        await rig.hears(RowEnd(1))
        await rig.hears(RowEnd(2))
        assert rig.said(RowDone) == [RowDone(USERREF, 1), RowDone(USERREF, 2)]


async def test_a_row_waits_for_all_commits() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(rig.filled(places[0]))
        await rig.hears(rig.filled(places[1]), RowEnd(3))
        first, second = rig.commits()
        await rig.hears(Committed(first.number))
        assert len(rig.said(Submit)) == 1
        await rig.hears(Committed(second.number))
        assert rig.orders.receive_nowait()[-1] == RowDone(USERREF, 3)


async def test_a_row_that_an_earlier_start_left_is_not_answered_before_the_resync() -> None:
    """The order-manager repeats it once the strategy has attached."""
    rig = Rig()
    rig.mail.post(RowEnd(4))
    async with rig.running():
        await rig.load()
        assert rig.orders.receive_nowait() == []


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
