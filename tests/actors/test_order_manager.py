"""The order-manager around its desk: batches, the order of effects, and its end."""

import msgspec
import pytest
from trio.testing import wait_all_tasks_blocked

from actors.mailbox import MailboxOverflow
from messages.account import (
    AccountBalances,
    AccountSnapshot,
    AttachRefused,
    AttachWaits,
    LiveOrder,
    OrderFacts,
    OrderOfAnother,
    OrdersFound,
    StopTrading,
)
from messages.ids import Nanos, VenueOrderId
from messages.journal import LeftBehind, PastOrder, Record
from messages.market import RowDone, RowEnd
from messages.money import ZERO
from messages.orders import Accepted, Balances, Canceled, Filled, Rejected, Resynced, Resyncing
from messages.status import StrangeOrder, UncoveredBase, UncoveredOrders
from tests.actors.fake_exchange import FakeExchange, FakeSession
from tests.actors.manager_rig import A, B, Rig, attach, cancel, canceled, filled, place, shown, submit
from tests.trading.strategies.harness import D
from trading.absent import Absent
from trading.ports import BotStateError, ExchangeUnavailable


async def test_a_decision_leaves_as_one_batch_with_its_cancels_first() -> None:
    rig, old = Rig(), place("old")
    async with rig.running():
        await rig.attach_both(old)
        new = [place("n1"), place("n2", 90), place("n3", 80)]
        await rig.hears(submit(new[0], cancel(old), new[1], new[2]))
        assert rig.session.asked() == [
            ("cancel", [old.order_id]),
            ("place", [order.order_id for order in new]),
        ]


async def test_decisions_leave_one_after_the_other_in_their_order() -> None:
    rig = Rig()
    async with rig.running():
        await rig.attach_both()
        first, second = place("first", strategy=B), place("second")
        await rig.hears(submit(first, strategy=B), submit(second))
        assert rig.session.asked() == [("place", [first.order_id]), ("place", [second.order_id])]


async def test_funds_are_told_once_after_the_fills_that_changed_them() -> None:
    rig, orders = Rig(), [place("one"), place("two", 90)]
    async with rig.running():
        await rig.attach_both(*orders)
        await rig.hears(AccountBalances({"USD": D(810), "BTC": D(3)}), filled(orders[0]), filled(orders[1]))
        first, second, funds = rig.told(A)
        assert [first, second] == [filled(orders[0]), filled(orders[1])]
        assert funds == Balances(A, quote=D(810), base=D(2), base_unowned=D(1))
        # B has never had what the orders of A held.
        assert rig.told(B) == []


async def test_what_a_fill_brought_is_nobodys_at_no_time_however_slowly_the_events_come() -> None:
    rig, order = Rig(), place("one")
    async with rig.running():
        await rig.attach_both(order)
        await rig.is_told(AccountBalances({"USD": D(900), "BTC": D(2)}, with_next=True))
        assert rig.told(A) == []
        await rig.is_told(filled(order))
        assert rig.told(A) == [filled(order), Balances(A, quote=D(900), base=D(1), base_unowned=D(1))]
        await rig.is_told(AccountBalances({"BTC": D(3)}))
        assert rig.told(A) == [Balances(A, quote=D(900), base=D(1), base_unowned=D(2))]


async def test_what_happened_is_recorded_and_told() -> None:
    rig, order = Rig(), place("one")
    async with rig.running():
        await rig.attach_both()
        await rig.hears(submit(order))
        await rig.is_told(Accepted(order_id=order.order_id, exchange_id=VenueOrderId("O-one"), time=Nanos(2)))
        assert rig.persistence.receive_nowait() == [
            Record(A, Accepted(order_id=order.order_id, exchange_id=VenueOrderId("O-one"), time=Nanos(2)))
        ]
        assert Accepted(order_id=order.order_id, exchange_id=VenueOrderId("O-one"), time=Nanos(2)) in rig.told(A)


async def test_an_order_without_funds_is_refused_without_a_request() -> None:
    rig, order = Rig(), place("much too dear", 2000)
    async with rig.running():
        await rig.attach_both()
        await rig.hears(submit(order))
        assert rig.session.asked() == []
        (refusal,) = rig.told(A)
        assert isinstance(refusal, Rejected)
        assert refusal.reason == "funds"


async def test_a_strategy_that_attaches_is_told_facts_then_funds_then_that_it_may_decide() -> None:
    rig, gone, unknown = Rig(), place("gone"), place("never arrived")
    rig.session.history[gone.order_id] = shown(gone)
    async with rig.running():
        live = [LiveOrder(order, canceling=False, accepted=order is gone, filled=ZERO) for order in (gone, unknown)]
        await rig.hears(attach(B), attach(A, *live, number=7))
        assert rig.session.asked() == [
            ("lookup", [gone.order_id, unknown.order_id]),
            ("place", [unknown.order_id]),
        ]
        assert [type(message) for message in rig.told(A)] == [AttachWaits, Resyncing, Accepted, Balances, Resynced]
        assert rig.told(B)[::2] == [Resyncing(B, 1), Resynced(B, 1)]


async def test_nothing_is_looked_up_without_need() -> None:
    rig = Rig()
    async with rig.running():
        await rig.hears(attach(A))
        assert rig.session.asked() == []
        assert rig.told(A)[-1] == Resynced(A, 1)


async def test_orders_that_a_strategy_does_not_name_are_told_to_it_before_anything_else() -> None:
    lost, of_b = place("lost"), place("of the other", strategy=B)
    rig = Rig(AccountSnapshot({"USD": D(1000)}, (shown(lost),)))
    rig.session.closures = (shown(of_b),)
    async with rig.running():
        await rig.hears(msgspec.structs.replace(attach(A), since=5))
        assert rig.told(A) == [OrdersFound(A, 1, 5, (shown(lost),))]
        known = LiveOrder(lost, canceling=False, accepted=False, filled=ZERO)
        await rig.hears(attach(A, known, number=2))
        assert [type(message) for message in rig.told(A)] == [Resyncing, Accepted, Balances, Resynced]


async def test_mail_of_an_earlier_session_is_dropped() -> None:
    rig = Rig()
    for message in (submit(place("stale")), attach(A), StopTrading(), RowDone(A, 1)):
        rig.mail.post(message)
    async with rig.running():
        await wait_all_tasks_blocked()
        assert rig.told(A) == []
        assert not rig.ended


async def test_without_cancels_the_end_comes_at_once() -> None:
    rig = Rig()
    async with rig.running():
        await rig.attach_both(place("stays"))
        await rig.hears(StopTrading())
        assert rig.ended
        assert rig.session.asked() == []


async def test_the_end_waits_until_cancels_are_confirmed() -> None:
    rig, order, other = Rig(), place("one"), place("two", 90)
    async with rig.running():
        await rig.attach_both(order, other)
        await rig.hears(submit(cancel(order), cancel(other)), StopTrading())
        await rig.is_told(canceled(order))
        still_there = not rig.ended
        await rig.is_told(filled(other))
        assert still_there
        assert rig.ended
        assert [type(message) for message in rig.told(A)] == [Canceled, Filled, Balances]


async def test_a_stop_in_the_middle_of_a_round_sends_what_was_decided() -> None:
    rig, old, new = Rig(in_rounds=True), place("old"), place("new", 90)
    async with rig.running():
        await rig.attach_both(old)
        await rig.is_told(RowEnd(1))
        await rig.hears(submit(cancel(old)), RowDone(A, 1), submit(new), StopTrading())
        assert rig.session.asked() == [("cancel", [old.order_id]), ("place", [new.order_id])]
        assert not rig.ended
        await rig.is_told(canceled(old))
        assert not rig.ended, "the new order's answer is not known yet"
        await rig.is_told(Accepted(order_id=new.order_id, exchange_id=VenueOrderId("NEW"), time=Nanos(2)))
        assert rig.ended


async def test_after_a_stop_commands_do_not_wait_for_a_round() -> None:
    rig, old, late = Rig(in_rounds=True), place("old"), place("late", 90)
    async with rig.running():
        await rig.attach_both(old)
        await rig.is_told(RowEnd(1))
        await rig.hears(submit(cancel(old)), StopTrading())
        await rig.hears(submit(cancel(late), cancel(old)))
        assert rig.session.asked() == [("cancel", [old.order_id]), ("cancel", [old.order_id])]


@pytest.mark.parametrize("error", [ExchangeUnavailable("gap"), BotStateError("key was revoked")])
async def test_an_error_of_the_events_comes_out(error: Exception) -> None:
    rig = Rig()
    with pytest.RaisesGroup(type(error), flatten_subgroups=True):
        async with rig.running():
            await rig.is_told(error)
    assert not rig.exchange.session_is_open


async def test_events_that_end_without_a_word_are_a_lost_connection() -> None:
    rig = Rig()
    with pytest.RaisesGroup(ExchangeUnavailable, flatten_subgroups=True):
        async with rig.running():
            await rig.is_told(None)


@pytest.mark.parametrize("request_", ["place", "cancel", "lookup", "settled"])
async def test_an_error_of_a_request_comes_out(request_: str) -> None:
    rig, old = Rig(in_rounds=request_ == "settled"), place("old")
    live = LiveOrder(place("unknown"), canceling=False, accepted=True, filled=ZERO)
    with pytest.RaisesGroup(ExchangeUnavailable, flatten_subgroups=True):
        async with rig.running():
            await rig.attach_both(old)
            if request_ == "settled":
                await rig.is_told(RowEnd(1))
            rig.session.refusal = ExchangeUnavailable("502")
            await {
                "place": lambda: rig.hears(submit(place("new"))),
                "cancel": lambda: rig.hears(submit(cancel(old))),
                "lookup": lambda: rig.hears(attach(A, live, number=2)),
                "settled": lambda: rig.hears(RowDone(A, 1), RowDone(B, 1)),
            }[request_]()


async def test_an_error_before_the_snapshot_comes_out_of_the_start() -> None:
    rig = Rig()
    rig.session.refusal = BotStateError("bad key")
    with pytest.RaisesGroup(BotStateError, flatten_subgroups=True):
        async with rig.running():
            pytest.fail("it never gets ready")


@pytest.mark.parametrize("by", ["id", "userref"])
async def test_an_order_that_the_journal_does_not_know_bars_its_strategy_and_no_other(by: str) -> None:
    strange = shown(place("of a second instance"))
    words = "second instance running"
    first = attach(A)
    if by == "userref":
        strange, words = msgspec.structs.replace(strange, order_id="", userref=A), "another program has 1 open order of"
        first = msgspec.structs.replace(first, since=0)
    rig = Rig(AccountSnapshot({"USD": D(1000), "ETH": D(1)}, (strange,)))
    async with rig.running():
        await rig.hears(first, attach(B))
        (refused,) = rig.told(A)
        assert isinstance(refused, AttachRefused)
        assert words in refused.reason
        assert [type(message) for message in rig.told(B)][-1] is Resynced
        await rig.hears(submit(place("goes on", strategy=B), strategy=B))
        assert [kind for kind, _ in rig.session.asked()][-1] == "place"


async def test_an_order_that_another_process_placed_first_is_told() -> None:
    rig = Rig()
    async with rig.running():
        await rig.attach_both(place("ours"))
        await rig.is_told(OrderOfAnother(place("ours").order_id, VenueOrderId("O-ours"), Nanos(5)))
        (strange,) = [said for said in rig.supervisor.receive_nowait() if isinstance(said, StrangeOrder)]
        assert (strange.strategy, strange.exchange_id) == (A, "O-ours")


async def test_a_swamped_mailbox_fails_the_order_manager() -> None:
    rig = Rig(limit=10)
    with pytest.RaisesGroup(MailboxOverflow, flatten_subgroups=True):
        async with rig.running():
            await rig.hears(*(RowDone(A, row) for row in range(11)))


def vanished(*, in_rounds: bool) -> tuple[Rig, OrderFacts]:
    """A strategy that is not configured any more left a buy, which is not open now."""
    rig, gone = Rig(in_rounds=in_rounds), shown(place("left", strategy=7))
    gone = msgspec.structs.replace(gone, symbol="BTC/USD")
    rig.absent = Absent([LeftBehind(7, "BTC/USD", D(0), (PastOrder("buy", D(100), D(1), gone.order_id),))])
    return rig, gone


@pytest.mark.parametrize("lock_step", [False, True])
@pytest.mark.parametrize("arrived", [True, False])
async def test_orders_that_an_absent_strategy_left_are_looked_up_once_the_others_are_there(
    lock_step: bool, arrived: bool
) -> None:
    rig, gone = vanished(in_rounds=lock_step)
    if arrived:
        rig.session.history[gone.order_id] = msgspec.structs.replace(gone, filled=D(1), status="filled")
    async with rig.running():
        assert rig.supervisor.receive_nowait() == [UncoveredOrders((), (UncoveredBase(7, "BTC/USD", D(0), D(1)),))]
        assert rig.session.asked() == []
        await rig.hears(attach(A), attach(B))
        assert rig.session.asked() == [("lookup", [gone.order_id])]
        assert rig.supervisor.receive_nowait() == [UncoveredOrders((), (UncoveredBase(7, "BTC/USD", D(arrived)),))]


async def test_a_fill_of_an_uncovered_order_is_told_at_once() -> None:
    left = shown(place("left", strategy=7))
    rig = Rig(AccountSnapshot({"ETH": D(1)}, (msgspec.structs.replace(left, symbol="ETH/USD"),)))
    async with rig.running():
        await rig.attach_both()
        rig.supervisor.receive_nowait()
        await rig.is_told(filled(place("left", strategy=7)))
        assert rig.supervisor.receive_nowait() == [UncoveredOrders((), (UncoveredBase(7, "ETH/USD", D(1)),))]


class _FormerSession(FakeSession):
    async def settled(self, row: int) -> None:
        pytest.fail(f"no row of prices ends, so {row} is none")


class _FormerExchange(FakeExchange):
    lock_step = False


async def test_an_exchange_that_was_written_for_the_former_port_goes_on_working() -> None:
    rig, order = Rig(), place("one")
    snapshot = AccountSnapshot({"USD": D(1000), "BTC": D(1), "ETH": D(10)}, ())
    rig.exchange = _FormerExchange(session=_FormerSession(snapshot))
    rig.session = rig.exchange.session
    async with rig.running():
        await rig.attach_both()
        await rig.hears(submit(order))
        assert rig.session.asked() == [("place", [order.order_id])], "it waits for no round"
        await rig.is_told(AccountBalances({"USD": D(900), "BTC": D(2)}, with_next=True), filled(order))
        assert [type(message) for message in rig.told(A)] == [Filled, Balances]
        await rig.hears(StopTrading())
        assert rig.ended
