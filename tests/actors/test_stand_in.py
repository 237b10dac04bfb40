"""Mail of a strategy that cannot run: nothing is lost that its start needs, nobody waits for it."""

import trio
from trio.testing import wait_all_tasks_blocked

from actors.stand_in import await_facts
from messages.market import RowDone, RowEnd, Tick
from messages.status import Pause, PhaseChanged, Resume, Stop
from tests.actors.strategy_rig import Rig
from tests.trading.strategies.harness import USERREF


async def test_a_stand_in_waits_for_facts_and_keeps_the_newest_price() -> None:
    rig = Rig()
    known: list[str] = []
    began: list[bool] = []

    async def stand_in() -> None:
        outlets = rig.outlets()
        began.append(await await_facts(USERREF, rig.mail, outlets, lambda: bool(known), "not listed"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stand_in)
        await wait_all_tasks_blocked()
        assert rig.supervisor.receive_nowait() == [PhaseChanged(USERREF, "halted", "not listed")]
        await rig.hears(Pause("cancel only", "pair"))
        assert rig.supervisor.receive_nowait() == [PhaseChanged(USERREF, "halted", "cancel only")]
        await rig.tick("50000")
        await rig.hears(RowEnd(7))
        assert rig.orders.receive_nowait() == [RowDone(USERREF, 7)]
        known.append("BTC/USD")
        await rig.hears(Resume("pair"))
    assert began == [True]
    assert [message for message in rig.mail.receive_nowait() if isinstance(message, Tick)]


async def test_a_stand_in_ends_with_the_program() -> None:
    rig = Rig()
    rig.mail.post(Stop("keep"))
    assert await await_facts(USERREF, rig.mail, rig.outlets(), lambda: False, "not listed") is False
