"""The strategy actor with the real grid core: what a start asks for, and what may leave when."""

import itertools
from decimal import Decimal

import pytest
from msgspec import structs

from messages.account import AccountSnapshot, Attach, OrderFacts, OrdersFound
from messages.ids import Nanos, VenueOrderId, client_order_id, counter_cause
from messages.journal import Committed, CoreLoaded, LoadCore
from messages.market import Tick
from messages.money import ZERO
from messages.orders import (
    Amended,
    Balances,
    Filled,
    OrderEvent,
    PartiallyFilled,
    Place,
    Reckoned,
    Rejected,
    Resynced,
    Resyncing,
    Submit,
)
from messages.status import StrategyReport
from tests.actors.strategy_rig import Rig, cancels_of, funds, orders_of
from tests.trading.strategies.harness import SECOND, SETTINGS, USERREF, settings
from trading.order_desk import OrderDesk
from trading.ports import UnknownOrderError


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
        order_id=order_id,
        exchange_id=VenueOrderId("O-lost"),
        symbol="BTC/USD",
        side="sell",
        price=Decimal(60000),
        volume=one,
        status="open",
        filled=zero,
        cost=zero,
        fee=zero,
        reason="requested",
        time=Nanos(1),
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


async def test_what_was_told_to_an_earlier_start_is_forgotten() -> None:
    """Above all a refusal: its order may have been sent again since, under the same id."""
    rig = Rig()
    async with rig.running():
        await rig.begin()
        commit = await rig.commit()
        (first, *others) = orders_of(commit)
    refusal = Rejected(order_id=first.order_id, reason="refused", text="the order did not arrive", time=rig.now)
    rig.read_all()
    async with rig.running():
        await rig.hears(refusal)
        attach = await rig.load(commit.state)
        assert [live.place for live in attach.orders] == [first, *others]
        await rig.hears(refusal)
        accepted = [rig.accepted(place) for place in (first, *others)]
        await rig.hears(Resyncing(USERREF, attach.number), *accepted, funds(), Resynced(USERREF, attach.number))
        await rig.tick("50000")
        assert [live.place for live in rig.core.live_orders()] == [first, *others]
        assert all(live.accepted for live in rig.core.live_orders())


async def test_a_late_word_of_an_earlier_resync_changes_nothing() -> None:
    rig = Rig()
    async with rig.running():
        attach = await rig.load()
        await rig.hears(funds("450"), Resyncing(USERREF, attach.number - 1), Resynced(USERREF, attach.number))
        await rig.tick("50000")
        assert len(orders_of(rig.commits()[0])) == 4


async def test_a_resync_without_fills_leaves_nothing_to_reckon() -> None:
    rig = Rig()
    async with rig.running():
        attach = await rig.load()
        await rig.hears(funds(), Resynced(USERREF, attach.number))
        await rig.tick("50000")
        assert rig.said(Reckoned) == []


@pytest.mark.parametrize("parts", [1, 2])
async def test_a_sell_decided_before_an_enlarged_one_was_executed_keeps_its_base(parts: int) -> None:
    """The order-manager books both fills before it is asked for the sell that answers the first one."""
    rig = Rig()
    async with rig.running():
        buys = await rig.trade()
        await rig.hears(rig.filled(buys[0]))
        (sell,) = orders_of(await rig.commit())
        await rig.hears(rig.accepted(sell))
        state = rig.core.save()
    rig.read_all()
    rig.mail.receive_nowait()
    snapshot = AccountSnapshot({"USD": Decimal(10_000), "BTC": Decimal(1)}, ())
    desk = OrderDesk(snapshot, frozenset({USERREF}))
    async with rig.running():
        attach = await rig.load(state)
        known = [live.place for live in attach.orders]
        shown = {
            one.order_id: structs.replace(
                executed(one, one.volume, 1), status="open", filled=Decimal(0), cost=Decimal(0)
            )
            for one in known
        }
        told = desk.attach(attach, rig.config.pair, shown)
        await rig.hears(*(message for _, message in told.deliver))
        await rig.tick("50000")
        rig.read_all()
        large = sell.volume * 25
        exchange_id = f"O{sell.order_id}"
        events: list[OrderEvent] = [
            Amended(
                order_id=sell.order_id,
                exchange_id=VenueOrderId(exchange_id),
                price=sell.price,
                volume=large,
                time=Nanos(2),
            ),
            rig.filled(buys[1]),
        ]
        for part in range(1, parts + 1):
            filled, kind = large * part / parts, Filled if part == parts else PartiallyFilled
            events.append(
                kind(
                    order_id=sell.order_id,
                    exchange_id=VenueOrderId(exchange_id),
                    fill_id=f"f{part}",
                    filled=filled,
                    cost=sell.price * filled,
                    fee=Decimal(0),
                    time=Nanos(2 + part),
                )
            )
        delivered = [message for event in events for _, message in desk.on_event(event).deliver]
        await rig.hears(*delivered, delivered[-1])
        for reckoned in rig.said(Reckoned):
            desk.ledger.reckoned(reckoned)
        assert desk.ledger.clients[USERREF].owned == rig.core.owned > ZERO
        await rig.commit()
        (submit,) = rig.said(Submit)
        sells = [order for order in submit.commands if isinstance(order, Place) and order.side == "sell"]
        assert [order for order in desk.submit(submit).place if order.side == "sell"] == sells
        assert len(sells) == 1


def executed(place: Place, volume: Decimal, time: int) -> OrderFacts:
    """An order that was filled while nobody was told; its owner may have made it larger before."""
    zero, cost = Decimal(0), place.price * volume
    return OrderFacts(
        order_id=place.order_id,
        exchange_id=VenueOrderId(f"O{place.order_id}"),
        symbol=place.symbol,
        side=place.side,
        price=place.price,
        volume=volume,
        status="filled",
        filled=volume,
        cost=cost,
        fee=zero,
        reason="requested",
        time=Nanos(time),
    )


@pytest.mark.parametrize("bought", [1, 2, 3])
@pytest.mark.parametrize("times", [2, 25])
async def test_buys_filled_while_away_are_sold_although_an_enlarged_sell_was_filled_after_them(
    bought: int, times: int
) -> None:
    """What that took beyond its own is the owner's base: order-manager and strategy agree on it."""
    rig = Rig()
    async with rig.running():
        buys = await rig.trade()
        await rig.hears(rig.filled(buys[0]))
        (sell,) = orders_of(await rig.commit())
        await rig.hears(rig.accepted(sell))
        state = rig.core.save()
    rig.read_all()
    rig.mail.receive_nowait()
    filled = [executed(buy, buy.volume, rig.now + number) for number, buy in enumerate(buys[1 : 1 + bought])]
    facts = [*filled, executed(sell, sell.volume * times, rig.now + bought)]
    desk = OrderDesk(AccountSnapshot({"USD": Decimal(10_000), "BTC": Decimal(1)}, ()), frozenset({USERREF}))
    async with rig.running():
        attach = await rig.load(state)
        told = desk.attach(attach, rig.config.pair, {one.order_id: one for one in facts})
        await rig.hears(*(message for _, message in told.deliver))
        await rig.tick("50000")
        for reckoned in rig.said(Reckoned):
            desk.ledger.reckoned(reckoned)
        assert desk.ledger.clients[USERREF].owned == rig.core.owned > ZERO
        await rig.commit()
        (submit,) = rig.said(Submit)
        sells = [order for order in submit.commands if isinstance(order, Place) and order.side == "sell"]
        assert len(sells) == bought
        assert [order for order in desk.submit(submit).place if order.side == "sell"] == sells
