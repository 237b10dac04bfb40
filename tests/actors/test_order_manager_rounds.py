"""Rounds in lock-step: a row of prices is over when everybody has answered and nobody has news."""

from messages.account import AccountBalances, LiveOrder
from messages.ids import Nanos, VenueOrderId
from messages.market import RowDone, RowEnd
from messages.money import ZERO
from messages.orders import Accepted, Balances, Filled, Rejected, Resynced, Resyncing
from tests.actors.manager_rig import A, B, Rig, attach, filled, place, submit
from tests.trading.strategies.harness import D


async def test_a_row_is_passed_on_after_everything_that_belongs_to_it() -> None:
    rig, order = Rig(in_rounds=True), place("one")
    async with rig.running():
        await rig.attach_both(order)
        await rig.hears(AccountBalances({"USD": D(900), "BTC": D(2)}), filled(order), RowEnd(1))
        assert [type(message) for message in rig.told(A)] == [Filled, Balances, RowEnd]
        assert rig.told(B)[-1] == RowEnd(1)


async def test_in_a_round_nothing_is_applied_before_all_have_answered() -> None:
    rig, of_a, of_b = Rig(in_rounds=True), place("of a"), place("of b", strategy=B)
    async with rig.running():
        await rig.attach_both()
        await rig.is_told(RowEnd(1))
        await rig.hears(submit(of_b, strategy=B), RowDone(B, 1))
        await rig.hears(submit(of_a))
        assert rig.session.asked() == []
        await rig.hears(RowDone(A, 1))
        assert rig.session.asked() == [("place", [of_a.order_id]), ("place", [of_b.order_id]), ("again", 1)]


async def test_the_order_of_the_configuration_decides_who_gets_scarce_money() -> None:
    rig, of_a, of_b = Rig(in_rounds=True), place("of a", 600), place("of b", 600, strategy=B)
    async with rig.running():
        await rig.attach_both()
        await rig.is_told(RowEnd(1))
        await rig.hears(submit(of_b, strategy=B), RowDone(B, 1), submit(of_a), RowDone(A, 1))
        assert rig.session.asked() == [("place", [of_a.order_id]), ("again", 1)]
        assert isinstance(next(m for m in rig.told(B) if not isinstance(m, RowEnd)), Rejected)


async def test_a_quiet_row_is_settled_at_once() -> None:
    rig = Rig(in_rounds=True)
    async with rig.running():
        await rig.attach_both()
        await rig.is_told(RowEnd(5))
        await rig.hears(RowDone(A, 5), RowDone(B, 5))
        assert rig.session.asked() == [("settled", 5)]


async def test_rounds_are_repeated_until_nobody_has_news() -> None:
    rig = Rig(in_rounds=True)
    async with rig.running():
        await rig.attach_both()
        await rig.is_told(RowEnd(1))
        await rig.hears(submit(place("too dear", 2000)), RowDone(A, 1), RowDone(B, 1))
        assert rig.session.asked() == []
        assert [type(message) for message in rig.told(A)] == [RowEnd, Rejected, RowEnd]
        assert rig.told(B) == [RowEnd(1), RowEnd(1)]
        await rig.hears(RowDone(A, 1), RowDone(B, 1))
        assert rig.session.asked() == [("settled", 1)]
        assert rig.told(A) == []


async def test_an_exchange_that_repeats_the_row_opens_another_round() -> None:
    rig, order = Rig(in_rounds=True), place("one")
    async with rig.running():
        await rig.attach_both()
        await rig.is_told(RowEnd(1))
        await rig.hears(submit(order), RowDone(A, 1), RowDone(B, 1))
        assert rig.session.asked()[-1] == ("again", 1)
        rig.forget()
        await rig.is_told(
            Accepted(order_id=order.order_id, exchange_id=VenueOrderId("O-one"), time=Nanos(2)), RowEnd(1)
        )
        assert [type(message) for message in rig.told(A)][-1] == RowEnd
        await rig.hears(RowDone(A, 1), RowDone(B, 1))
        assert rig.session.asked() == [("settled", 1)]


async def test_answers_for_another_row_do_not_count() -> None:
    rig = Rig(in_rounds=True)
    async with rig.running():
        await rig.attach_both()
        await rig.is_told(RowEnd(2))
        await rig.hears(RowDone(A, 1), RowDone(B, 1), RowDone(A, 2))
        assert rig.session.asked() == []
        await rig.hears(RowDone(B, 2))
        assert rig.session.asked() == [("settled", 2)]
        await rig.hears(RowDone(B, 2))
        assert rig.session.asked() == []


async def test_a_strategy_that_restarts_in_a_round_is_asked_again_and_waited_for() -> None:
    rig = Rig(in_rounds=True)
    async with rig.running():
        await rig.attach_both()
        await rig.is_told(RowEnd(3))
        await rig.hears(RowDone(B, 3))
        rig.forget()
        await rig.hears(attach(A, number=2))
        assert [type(message) for message in rig.told(A)] == [Resyncing, Balances, Resynced, RowEnd]
        assert rig.told(B) == []
        assert rig.session.asked() == []
        await rig.hears(RowDone(A, 3))
        assert rig.session.asked() == [("settled", 3)]


async def test_a_strategy_that_restarts_after_its_answer_is_not_asked_again() -> None:
    rig = Rig(in_rounds=True)
    async with rig.running():
        await rig.attach_both()
        await rig.is_told(RowEnd(3))
        await rig.hears(RowDone(A, 3))
        rig.forget()
        await rig.hears(attach(A, number=2))
        assert [type(message) for message in rig.told(A)] == [Resyncing, Balances, Resynced]


async def test_a_command_that_was_kept_and_told_at_the_attachment_leaves_once() -> None:
    rig, order = Rig(in_rounds=True), place("one")
    async with rig.running():
        await rig.attach_both()
        await rig.is_told(RowEnd(3))
        await rig.hears(submit(order))
        await rig.hears(attach(A, LiveOrder(order, canceling=False, accepted=False, filled=ZERO), number=2))
        await rig.hears(RowDone(A, 3), RowDone(B, 3))
        assert [call for call in rig.session.asked() if call[0] == "place"] == [("place", [order.order_id])]
