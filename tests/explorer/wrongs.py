"""Wrong programs, each with one transition that must not be. The search has to find each by its shortest path."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from messages.ids import ClientOrderId
from messages.mailboxes import CoreEvent
from messages.money import floor_price
from messages.orders import Accepted, Command, Filled, OrderEvent, Place, Resynced
from tests.explorer import hearing
from tests.explorer.program import Moved, Program, Request, Rig, and_then, closure
from tests.explorer.scenes import ONE_ORDER, SHARED_FUNDS, bounded
from tests.explorer.session import Session
from tests.explorer.steps import Steps, commands_of
from tests.explorer.venue import Venue
from tests.explorer.world import PRICES, Scene, Step, World
from tests.trading.strategies.harness import BTC_USD
from trading.order_desk import Effects, OrderDesk
from trading.strategies import rules
from trading.strategies.grid_base import GridCore
from trading.strategies.ladder import Ladder
from trading.strategies.state import RememberedSell


class ResendsEarly(Steps):
    """No answer yet: an order is sent again before its fate is known."""

    words: ClassVar[Mapping[str, str]] = {"resend": "No answer yet: the program sends {order} once more."}

    def of(self, world: World) -> Iterator[Step]:
        yield from super().of(world)
        if world.program is not None:
            session = world.program.value.session
            for order_id in sorted(session.flight):
                again = world.put((Request("place", order_id, session.place(order_id)),))
                if len(again.wire) < 4:
                    yield Step(("resend", order_id), again)


class BelievesTheSnapshot(Steps):
    """An order that is not among the open ones counts as never arrived; nobody looks it up."""

    words: ClassVar[Mapping[str, str]] = {
        "attach believing": "{strategy} is told that what the snapshot does not show never arrived."
    }

    def of(self, world: World) -> Iterator[Step]:
        yield from super().of(world)
        if world.program is not None:
            program = world.program.value
            for index, live in enumerate(program.strategies):
                if live.missing:
                    moved = self.rig.attaches(program, index, {}, PRICES[world.price])
                    yield Step(("attach", str(index), "believing"), self.moved(world, moved))


class SendsBeforeTheCommit(Steps):
    """Orders leave although what was decided is not durable yet."""

    words: ClassVar[Mapping[str, str]] = {
        "leave early": "The order desk is asked to {asked}, before that is in the journal."
    }

    def of(self, world: World) -> Iterator[Step]:
        yield from super().of(world)
        if world.program is None or not any(write.commands for write in world.program.value.writes):
            return
        program = world.program.value
        for write in program.writes:
            program = hearing.written(program, self.rig, write)
        commands = commands_of(program)
        unwritten = tuple(replace(write, commands=()) for write in program.writes)
        moved = self.rig.submits(replace(program, writes=unwritten))
        yield Step(("leave early", *commands), self.moved(world, moved))


class BelievesAClosure(Steps):
    """What history shows as cancelled is over, although a later try of the same order may still be on its way."""

    def believes_closure(self, session: Session) -> bool:
        return True


class NeverAsks(Steps):
    """An order of which nothing was heard is waited for, for ever."""

    def of(self, world: World) -> Iterator[Step]:
        return (step for step in super().of(world) if step.what[0] != "ask")


class _ForgetsAFill(Rig):
    def _tell(self, program: Program, index: int, events: tuple[CoreEvent, ...]) -> Program:
        if any(isinstance(event, Resynced) for event in events):
            events = tuple(event for event in events if not isinstance(event, Filled))
        return super()._tell(program, index, events)


class ForgetsAFill(Steps):
    """What was filled while nobody listened is not told to the strategy."""

    rig_of = _ForgetsAFill


class _IgnoresHistory(Rig):
    def _recovers(self, core: GridCore, desk: OrderDesk, venue: Venue, index: int) -> bool:
        return False


class IgnoresHistory(Steps):
    """After the journal has lost something, nobody asks the exchange for orders that it does not know."""

    rig_of = _IgnoresHistory


class _AnswersTwice(Rig):
    def decides(self, core: GridCore, events: tuple[CoreEvent, ...]) -> tuple[str, tuple[Command, ...], bool]:
        again = [
            event
            for event in events
            if isinstance(event, Filled)
            and event.order_id not in core.state.orders
            and self.asked[event.order_id].side == "buy"
        ]
        text, commands, are_new = super().decides(core, events)
        more = [output for event in again for output in core._carried_out(partial(_answer, event))]
        orders = tuple(output for output in more if isinstance(output, Place))
        return (core.save(), commands + orders, True) if more else (text, commands, are_new)


def _answer(event: Filled, ladder: Ladder) -> None:
    price = floor_price(BTC_USD, event.cost / event.filled)
    due = RememberedSell(event.exchange_id, 1, price, event.filled, "", price)
    ladder.place_counter_order("sell", rules.sell_price(ladder.settings, price, price), event.filled, due)


class AnswersTwice(Steps):
    """A fill that is told twice is answered twice."""

    rig_of = _AnswersTwice


class _CancelIsDone(Rig):
    def leave(self, program: Program, effects: Effects) -> Moved:
        moved = super().leave(program, effects)
        for order_id in effects.cancel:
            known = moved.program.session.find(order_id)
            if known is not None and known.status == "open":
                gone = replace(closure(order_id), exchange_id=known.exchange_id)
                moved = and_then(moved, self.books(moved.program, gone, None))
        return moved


class CancelIsDone(Steps):
    """A cancel that was sent counts as one that was confirmed."""

    rig_of = _CancelIsDone


class _FreesFunds(Rig):
    def books(self, program: Program, event: OrderEvent, totals: dict[str, Decimal] | None) -> Moved:
        moved = super().books(program, event, totals)
        if not isinstance(event, Accepted):
            return moved
        freed = ("freed", event.order_id)
        desk, effects = self.desks.step(moved.program.desk, freed, lambda desk: _free(desk, event.order_id))
        return and_then(moved, self.deliver(replace(moved.program, desk=desk), effects))


def _free(desk: OrderDesk, order_id: ClientOrderId) -> Effects:
    desk.ledger.release(order_id)
    return desk.balances()


class FreesFunds(Steps):
    """What an order holds is free again as soon as it is open."""

    rig_of = _FreesFunds


class Wrong(Struct, frozen=True):
    """A wrong program, and where it has to be found."""

    rules: type[Steps]
    scene: Scene


WRONGS: Mapping[str, Wrong] = {
    "resends-early": Wrong(ResendsEarly, bounded(ONE_ORDER, misfortunes=1)),
    "believes-the-snapshot": Wrong(BelievesTheSnapshot, bounded(ONE_ORDER, misfortunes=1)),
    "sends-before-the-commit": Wrong(SendsBeforeTheCommit, bounded(ONE_ORDER, misfortunes=1)),
    "believes-a-closure": Wrong(BelievesAClosure, bounded(ONE_ORDER, misfortunes=2, cancels=1)),
    "never-asks": Wrong(NeverAsks, bounded(ONE_ORDER, misfortunes=1)),
    "forgets-a-fill": Wrong(ForgetsAFill, bounded(ONE_ORDER, misfortunes=1)),
    "ignores-history": Wrong(IgnoresHistory, bounded(ONE_ORDER, losses=1)),
    "answers-twice": Wrong(AnswersTwice, bounded(ONE_ORDER, misfortunes=1)),
    "cancel-is-done": Wrong(CancelIsDone, bounded(ONE_ORDER, rises=1)),
    "frees-funds": Wrong(FreesFunds, bounded(SHARED_FUNDS)),
}
"""By name."""
