"""What the exchange is asked for one strategy holds up no other one, and nothing of it is lost meanwhile."""

import msgspec
import trio
from trio.testing import wait_all_tasks_blocked

from messages.account import AccountSnapshot, AttachWaits, LiveOrder, OrderFacts, StopTrading
from messages.ids import Nanos, VenueOrderId
from messages.journal import Record
from messages.money import ZERO
from messages.orders import Accepted, Balances, Filled, PartiallyFilled, Place, Resynced, Resyncing
from tests.actors.manager_rig import A, B, Rig, attach, cancel, filled, place, shown, submit
from tests.trading.strategies.harness import D


def live(order: Place, *, accepted: bool = True, canceling: bool = False) -> LiveOrder:
    return LiveOrder(order, canceling=canceling, accepted=accepted, filled=ZERO)


def shown_filled(order: Place) -> OrderFacts:
    return msgspec.structs.replace(
        shown(order), status="filled", filled=order.volume, cost=order.price * order.volume, time=2
    )


async def test_a_fill_is_answered_while_another_strategy_is_looked_up() -> None:
    rig, old, sold = Rig(), place("old"), place("counter", 110, side="sell")
    unknown = place("unknown", strategy=B)
    released = rig.session.slow[unknown.order_id] = trio.Event()
    rig.session.history[old.order_id] = shown(old)
    async with rig.running():
        await rig.hears(attach(A, live(old)), attach(B, live(unknown)))
        rig.forget()
        await rig.is_told(filled(old))
        assert filled(old) in rig.told(A)
        await rig.hears(submit(sold))
        assert rig.session.asked() == [("place", [sold.order_id])]
        assert rig.told(B) == []
        released.set()
        await wait_all_tasks_blocked()
        told = rig.told(B)
        assert (told[0], told[-1]) == (Resyncing(B, 1), Resynced(B, 1))


async def test_closed_orders_are_read_beside_the_mail() -> None:
    rig, order = Rig(), place("one")
    released = rig.session.slow["closed"] = trio.Event()
    async with rig.running():
        await rig.hears(msgspec.structs.replace(attach(B), since=0), attach(A))
        assert rig.told(A)[-1] == Resynced(A, 1)
        await rig.hears(submit(order))
        assert rig.session.asked() == [("place", [order.order_id])]
        assert rig.told(B) == []
        released.set()
        await wait_all_tasks_blocked()
        assert rig.told(B)[-1] == Resynced(B, 1)


async def test_an_order_that_is_filled_while_its_strategy_is_asked_for_is_not_sent_again() -> None:
    """It has left the desk by the time of the answer, and was not among the questions."""
    rig, old, unknown = Rig(), place("old"), place("unknown", 90)
    released = rig.session.slow[unknown.order_id] = trio.Event()
    async with rig.running():
        await rig.attach_both(old)
        await rig.hears(attach(A, live(old), live(unknown, accepted=False), number=2))
        assert rig.session.asked() == [("lookup", [unknown.order_id])]
        rig.session.history[old.order_id] = shown_filled(old)
        await rig.is_told(filled(old))
        released.set()
        await wait_all_tasks_blocked()
        assert rig.session.asked() == [("lookup", [old.order_id]), ("place", [unknown.order_id])]
        told = rig.told(A)
        since_then = told[told.index(Resyncing(A, 2)) :]
        assert [type(message) for message in since_then] == [Resyncing, Filled, Balances, Resynced]


async def test_what_happens_to_an_order_while_it_is_looked_up_comes_behind_the_resync() -> None:
    """The answer may be older than the event: an order that is told to be open must not stay so for ever."""
    rig, order = Rig(), place("one")
    released = rig.session.slow[order.order_id] = trio.Event()
    rig.session.history[order.order_id] = shown(order)
    partly = PartiallyFilled(
        order_id=order.order_id,
        exchange_id=VenueOrderId("O-one"),
        fill_id="F0",
        filled=D("0.5"),
        cost=D(50),
        fee=ZERO,
        time=Nanos(2),
    )
    async with rig.running():
        await rig.hears(attach(A, live(order)), attach(B))
        await rig.is_told(partly, filled(order))
        assert [type(message) for message in rig.told(A)] == [AttachWaits]
        released.set()
        await wait_all_tasks_blocked()
        told = [message for message in rig.told(A) if not isinstance(message, Balances)]
        assert told[0] == Resyncing(A, 1)
        assert isinstance(told[1], Accepted)
        assert told[2:] == [Resynced(A, 1), partly, filled(order)]
        assert Record(A, filled(order)) in rig.persistence.receive_nowait()
        await rig.hears(StopTrading())
        assert rig.ended, "the desk knows that it is closed"


async def test_a_strategy_that_attaches_anew_is_answered_once() -> None:
    rig, order = Rig(), place("one")
    released = rig.session.slow[order.order_id] = trio.Event()
    rig.session.history[order.order_id] = shown(order)
    async with rig.running():
        await rig.hears(attach(A, live(order)))
        await rig.hears(attach(A, live(order), number=2))
        released.set()
        await wait_all_tasks_blocked()
        told = rig.told(A)
        assert [message.number for message in told if isinstance(message, Resyncing | Resynced)] == [2, 2]
        assert rig.session.asked() == [("lookup", [order.order_id])] * 2


async def test_a_stop_does_not_wait_for_history() -> None:
    rig = Rig()
    rig.session.slow["closed"] = trio.Event()
    async with rig.running():
        await rig.hears(msgspec.structs.replace(attach(A), since=0), StopTrading())
        assert rig.ended


async def test_a_stop_that_cancels_waits_for_the_look_up_of_what_it_cancels() -> None:
    order, unknown = place("one"), place("unknown", 90)
    rig = Rig(AccountSnapshot({"USD": D(1000)}, (shown(order),)))
    released = rig.session.slow[unknown.order_id] = trio.Event()
    rig.session.history[unknown.order_id] = shown(unknown)
    async with rig.running():
        await rig.hears(attach(A, live(order), live(unknown)), submit(cancel(order), cancel(unknown)), StopTrading())
        assert rig.session.asked() == [("lookup", [unknown.order_id])]
        assert not rig.ended
        released.set()
        await wait_all_tasks_blocked()
        assert rig.session.asked() == [("cancel", [order.order_id, unknown.order_id])]
        await rig.is_told(filled(order), filled(unknown))
        assert rig.ended


async def test_strategies_that_attach_together_hear_of_the_others_funds_once() -> None:
    """With a hundred of them each attach would change the funds of all others."""
    one, two = place("one"), place("two", strategy=B)
    rig = Rig(AccountSnapshot({"USD": D(1000)}, (shown(one), shown(two))))
    async with rig.running():
        await rig.hears(attach(A, live(one)), attach(B, live(two)))
        assert [type(message) for message in rig.told(A)] == [Resyncing, Accepted, Balances, Resynced]
        assert [type(message) for message in rig.told(B)] == [Resyncing, Accepted, Balances, Resynced]
        new = [place("new"), place("newer", strategy=B)]
        await rig.hears(submit(new[0]), submit(new[1], strategy=B), attach(A, live(one), number=2))
        assert [type(message) for message in rig.told(B)] == [Balances]
