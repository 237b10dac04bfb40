"""What the strategy actor takes first, what waits, what it answers: ticks, pauses, rows."""

from trio.testing import wait_all_tasks_blocked

from messages.journal import Committed
from messages.market import RowDone, RowEnd, Tick
from messages.orders import Filled, Resynced, Submit
from messages.status import Pause, PhaseChanged, Resume
from tests.actors.strategy_rig import Rig, funds, orders_of
from tests.trading.strategies.harness import USERREF


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


async def test_a_strategy_that_starts_while_its_pair_rests_is_halted_until_it_is_resumed() -> None:
    rig = Rig()
    rig.paused = {"pair": "cancel only"}
    async with rig.running():
        await rig.begin()
        assert rig.phases()[-1] == "halted"
        assert rig.commits() == []
        await rig.hears(Pause("no price"), Resume())
        assert rig.phases()[-1] == "halted"
        await rig.hears(Resume("pair"))
        assert rig.phases() == ["trading"]
        assert next(place.side for place in orders_of(await rig.commit())) == "buy"
