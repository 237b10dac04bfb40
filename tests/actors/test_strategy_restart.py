"""A strategy that crashes at any point goes on without a lost and without a doubled order.

The order-manager's desk is the real one; journal and exchange are small fakes whose answers a test can hold back.
"""

from typing import Literal, get_args

import pytest
from trio.testing import wait_all_tasks_blocked

from messages.account import AccountSnapshot, Attach, OrderFacts
from messages.ids import ClientOrderId
from messages.journal import Commit, Committed, CoreLoaded, LoadCore
from messages.orders import Accepted, Place, Submit
from tests.actors.strategy_rig import Rig
from tests.trading.strategies.harness import BTC_USD, BUYS_AT_50000, SETTINGS, USERREF, D
from trading.order_desk import Effects, OrderDesk

Crash = Literal["not durable", "durable", "acknowledged", "submitted", "accepted"]
"""How far the decision got before the strategy crashed."""
REACHED: tuple[Crash, ...] = get_args(Crash)


class World:
    """Journal, order-manager and exchange of one strategy."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.desk = OrderDesk(AccountSnapshot({"USD": D(100_000), "BTC": D(1)}, ()), frozenset({USERREF}))
        self.state: str | None = None
        self.sent: list[Place] = []
        self._acknowledged: list[int] = []
        self._to_accept: list[Place] = []
        self._history: dict[ClientOrderId, OrderFacts] = {}

    async def serve(self, until: Crash = "accepted") -> None:
        """Everybody answers until all is quiet, but nothing goes further than `until`."""
        allowed = REACHED[: REACHED.index(until) + 1]
        await wait_all_tasks_blocked()
        while self._step(allowed):
            await wait_all_tasks_blocked()

    def _step(self, allowed: tuple[Crash, ...]) -> bool:
        moved = "durable" in allowed and self._journal()
        if "acknowledged" in allowed:
            moved = self._acknowledge() or moved
        if "submitted" in allowed:
            moved = self._orders() or moved
        if "accepted" in allowed:
            moved = self._accept() or moved
        return moved

    def _journal(self) -> bool:
        mail = self.rig.persistence.receive_nowait()
        for message in mail:
            if isinstance(message, Commit):
                self.state = message.state
                self._acknowledged.append(message.number)
            elif isinstance(message, LoadCore):
                self.rig.mail.post(CoreLoaded(SETTINGS.lineage, self.state, message.number))
        return bool(mail)

    def _acknowledge(self) -> bool:
        numbers, self._acknowledged = self._acknowledged, []
        for number in numbers:
            self.rig.mail.post(Committed(number))
        return bool(numbers)

    def _orders(self) -> bool:
        mail = self.rig.orders.receive_nowait()
        for message in mail:
            if isinstance(message, Submit):
                self._carry_out(self.desk.submit(message))
            elif isinstance(message, Attach):
                asked = self.desk.to_look_up(message)
                history = {order_id: self._history[order_id] for order_id in asked if order_id in self._history}
                self._carry_out(self.desk.attach(message, BTC_USD, history))
        return bool(mail)

    def _accept(self) -> bool:
        places, self._to_accept = self._to_accept, []
        for place in places:
            self._carry_out(self.desk.on_event(self.rig.accepted(place)))
        return bool(places)

    def fill(self, place: Place) -> None:
        event = self.rig.filled(place)
        self._history[place.order_id] = OrderFacts(
            order_id=place.order_id,
            exchange_id=event.exchange_id,
            symbol=place.symbol,
            side=place.side,
            price=place.price,
            volume=place.volume,
            status="filled",
            filled=event.filled,
            cost=event.cost,
            fee=event.fee,
            reason="requested",
            time=event.time,
        )
        self._carry_out(self.desk.on_event(event))

    def _carry_out(self, effects: Effects) -> None:
        for _, event in effects.deliver:
            self.rig.mail.post(event)
        self.sent += effects.place
        self._to_accept += effects.place

    def prices(self, side: str) -> list[str]:
        return [f"{place.price:f}" for place in self.sent if place.side == side]


async def start(rig: Rig, world: World, until: Crash = "accepted") -> None:
    """Loads and attachments always get through; what is decided on the first price goes as far as `until`."""
    await world.serve()
    rig.mail.post_newest("BTC/USD", rig.a_tick("50000"))
    await world.serve(until)


@pytest.mark.parametrize("crash", REACHED)
async def test_a_ladder_is_placed_once_whenever_the_strategy_crashes(crash: Crash) -> None:
    rig = Rig()
    world = World(rig)
    async with rig.running():
        await start(rig, world, crash)
    async with rig.running():
        await start(rig, world)
        assert world.prices("buy") == [f"{price:f}" for price in BUYS_AT_50000]
        assert len({place.order_id for place in world.sent}) == 5
        assert [order.accepted for order in rig.core.live_orders()] == [True] * 5


@pytest.mark.parametrize("crash", REACHED)
@pytest.mark.parametrize("times", [1, 3])
async def test_a_fill_is_answered_once_whenever_the_strategy_crashes(crash: Crash, times: int) -> None:
    rig = Rig()
    world = World(rig)
    async with rig.running():
        await start(rig, world)
        filled = world.sent[0]
        world.fill(filled)
        await world.serve(crash)
    for _ in range(times):
        async with rig.running():
            await start(rig, world, crash)
    async with rig.running():
        await start(rig, world)
        assert len(world.prices("sell")) == 1
        assert len({place.order_id for place in world.sent}) == len(world.sent)
        assert filled.order_id not in {order.place.order_id for order in rig.core.live_orders()}


async def test_a_fill_that_was_lost_with_the_mailbox_is_told_again_by_the_exchange() -> None:
    rig = Rig()
    world = World(rig)
    async with rig.running():
        await start(rig, world)
        filled = world.sent[0]
    world.fill(filled)
    rig.mail.receive_nowait()
    rig.persistence.receive_nowait()
    async with rig.running():
        await start(rig, world)
        assert len(world.prices("sell")) == 1
        assert rig.core.state.buys_filled == 1


async def test_the_ids_after_a_crash_are_the_ones_before_it() -> None:
    rig = Rig()
    world = World(rig)
    async with rig.running():
        await start(rig, world, "durable")
        decided = [order.place.order_id for order in rig.core.live_orders()]
        assert world.sent == []
    async with rig.running():
        await start(rig, world)
        assert [place.order_id for place in world.sent] == decided


async def test_a_late_acknowledgement_sends_nothing_twice() -> None:
    rig = Rig()
    world = World(rig)
    async with rig.running():
        await start(rig, world, "durable")
    async with rig.running():
        rig.mail.post(Committed(3))
        await start(rig, world)
        assert len(world.sent) == 5


async def test_what_the_order_manager_said_while_the_strategy_was_down_is_handled() -> None:
    rig = Rig()
    world = World(rig)
    async with rig.running():
        await start(rig, world, "submitted")
    assert not any(isinstance(message, Accepted) for message in rig.mail.receive_nowait())
    await world.serve()
    async with rig.running():
        await start(rig, world)
        assert [order.accepted for order in rig.core.live_orders()] == [True] * 5
        assert len(world.sent) == 5
