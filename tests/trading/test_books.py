"""The guard counts what fills brought; a core that says otherwise is not committed."""

from decimal import Decimal

import msgspec
import pytest

from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.mailboxes import CoreEvent
from messages.money import ZERO
from messages.orders import Amended, Filled, OrderKind, PartiallyFilled, Place
from tests.liar import Liar
from tests.trading.guard_stage import BOUGHT, HIGH, Stage, bought, found, sells
from tests.trading.strategies.harness import SECOND
from trading import books as accounts
from trading.books import Books
from trading.guard import CoreFailed

D = Decimal


def test_an_honest_one_trades_for_ever_and_over_restarts() -> None:
    stage = Stage().begin()
    for _ in range(4):
        stage.fill(stage.only(), "0.001")
        stage = stage.restarted().begin()
        stage.fill(stage.only())
        stage = stage.restarted().begin()
        stage.fill(stage.only())
        assert stage.liar.owned == ZERO
        stage.tick()


@pytest.mark.parametrize(("claim", "words"), [("0.5", "owns 0.5, while its fills have brought 0.002 BTC")])
def test_owned_that_no_fill_brought_is_not_committed(claim: str, words: str) -> None:
    stage = bought()
    stage.liar.claims = D(claim)
    with pytest.raises(CoreFailed, match=words):
        stage.tick()
    again = bought().restarted()
    again.liar.claims = D(claim)
    with pytest.raises(CoreFailed, match=words):
        again.attach()


def test_owned_that_falls_and_rises_without_a_fill_is_not_committed() -> None:
    stage = bought()
    stage.liar.claims = D("0.0005")
    stage.tick()
    stage.liar.claims = BOUGHT
    with pytest.raises(CoreFailed, match=r"owns 0\.002 after 0\.0005, while its fills have brought 0 since"):
        stage.tick()


def test_owned_that_is_no_number_is_not_committed() -> None:
    stage = bought()
    stage.liar.claims = D("NaN")
    with pytest.raises(CoreFailed, match="it answered NaN"):
        stage.tick()


def test_what_a_sell_has_sold_is_not_owned_for_the_one_that_replaces_it() -> None:
    stage = bought()
    first = stage.only()

    def replaces(liar: Liar, event: CoreEvent) -> None:
        liar.lie = None
        liar.cancel(first.order_id)
        liar.order("sell", HIGH, first.volume)

    stage.liar.lie = replaces
    stage.tick()
    stage.liar.claims = BOUGHT
    with pytest.raises(CoreFailed, match=r"owns 0\.002, while its fills have brought 0 BTC"):
        stage.fill(first)


@pytest.mark.parametrize(("may_sell", "left"), [(True, "0.0005"), (False, "0")])
@pytest.mark.parametrize("kind", ["counter", "extra"])
def test_an_extra_sell_keeps_nothing_of_what_another_one_sells(kind: OrderKind, may_sell: bool, left: str) -> None:
    books = Books(D("0.001"))
    books.place(_sell("a", "0.001", "counter"), D("0.001"))
    books.place(_sell("b", "0.0005", kind))
    books.follow(
        Filled(
            order_id=ClientOrderId("a"),
            exchange_id=VenueOrderId("A"),
            fill_id="f",
            filled=D("0.001"),
            cost=ZERO,
            fee=ZERO,
            time=Nanos(2),
        ),
        sells_unowned=may_sell,
    )
    assert books.owned == (ZERO if kind == "extra" else D(left))
    again = accounts.load(accounts.save(books))
    assert again == books


def test_sells_of_a_journal_that_does_not_know_their_kind_keep_what_they_offer() -> None:
    books = accounts.load('{"owned":"0.001","orders":{"a":["sell","1","0.001"],"b":["sell","1","0.0005"]}}')
    assert books is not None
    books.follow(
        Filled(
            order_id=ClientOrderId("a"),
            exchange_id=VenueOrderId("A"),
            fill_id="f",
            filled=D("0.001"),
            cost=ZERO,
            fee=ZERO,
            time=Nanos(2),
        ),
        sells_unowned=True,
    )
    assert books.owned == D("0.0005")


def _sell(order_id: str, volume: str, kind: OrderKind) -> Place:
    return Place(1, ClientOrderId(order_id), "BTC/USD", "sell", HIGH, D(volume), False, kind, order_id, Nanos(1))


def test_who_counts_a_fill_once_it_is_complete_is_no_liar() -> None:
    stage = Stage().begin()
    buy = stage.only()
    stage.liar.claims = ZERO
    stage.liar.names = lambda live: msgspec.structs.replace(live, filled=ZERO)
    stage.fill(buy, "0.001")
    stage.tick()
    assert stage.guard.live_orders()[0].filled == ZERO
    stage.liar.claims = None
    stage.fill(buy)
    stage.liar.claims = stage.liar.owned
    stage.fill(stage.only(), "0.001")
    stage.tick()


@pytest.mark.parametrize("executed", ["0", "0.0002", "0.00045", "0.0006", "0.0009"])
@pytest.mark.parametrize("first", ["executed", "enlarged"])
def test_a_sell_that_its_owner_enlarged_sells_the_strategys_part_first(executed: str, first: str) -> None:
    """Whatever of it is executed, before or after: what another sell offers is neither missing nor offered twice."""
    order_id, exchange_id = ClientOrderId("sell"), VenueOrderId("O1")
    own, neighbour, filled = D("0.00045"), D("0.0004"), D(executed)
    books = Books(owned=own + neighbour)
    books.place(Place(1, order_id, "BTC/USD", "sell", HIGH, own, False, "counter", "O0", Nanos(1)), own)
    other = ClientOrderId("other")
    books.place(Place(1, other, "BTC/USD", "sell", HIGH, neighbour, False, "counter", "O9", Nanos(1)), neighbour)
    partly = PartiallyFilled(
        order_id=order_id,
        exchange_id=exchange_id,
        fill_id="T1",
        filled=filled,
        cost=filled * HIGH,
        fee=ZERO,
        time=Nanos(2),
    )
    enlarged = Amended(order_id=order_id, exchange_id=exchange_id, price=HIGH, volume=2 * own, time=Nanos(2))
    before = first == "executed" and filled < own
    for event in (partly, enlarged) if before else (enlarged, partly):
        books.follow(event)
    assert books.owned == neighbour + max(own - filled, ZERO)
    assert books.free() == ZERO


def test_an_order_amended_by_hand_is_what_it_is_now_whoever_heard_of_it() -> None:
    stage = bought()
    sell = stage.only()
    stage.hear(
        Amended(
            order_id=sell.order_id,
            exchange_id=VenueOrderId("O"),
            price=D("51000.0"),
            volume=D("0.05"),
            time=stage.now,
        )
    )
    again = stage.restarted()
    (live,) = again.guard.live_orders()
    assert (live.place.price, live.place.volume) == (D("51000.0"), D("0.05"))
    again.begin()
    again.hear(
        Filled(
            order_id=sell.order_id,
            exchange_id=VenueOrderId("O"),
            fill_id="f",
            filled=D("0.05"),
            cost=ZERO,
            fee=ZERO,
            time=again.now,
        )
    )
    again.liar.claims = ZERO
    again.tick()
    assert again.guard.owned == ZERO


def test_an_older_journal_begins_with_what_its_state_says() -> None:
    old = bought()
    stage = Stage(saved=old.guard.save(), now=old.now // SECOND).begin()
    assert stage.guard.owned == BOUGHT
    stage.liar.lie = sells("0.002")
    with pytest.raises(CoreFailed, match="its fills have left 0"):
        stage.tick()


def test_what_is_found_at_the_exchange_may_offer_what_was_bought_before() -> None:
    stage = Stage()
    stage.attach()
    stage.liar.state.owned = BOUGHT
    stage.guard.recover(found(), adopt=True)
    stage.begin()
    assert stage.guard.owned == BOUGHT
    stage.liar.lie = sells("0.002")
    with pytest.raises(CoreFailed, match="its fills have left 0"):
        stage.tick()


def test_more_than_it_offers_was_not_bought_before() -> None:
    stage = Stage().attach()
    stage.liar.state.owned = D(1)
    stage.guard.recover(found(), adopt=True)
    with pytest.raises(CoreFailed, match=r"owns 1, while its fills have brought 0\.002"):
        stage.begin()


def test_a_strategy_with_a_past_owns_no_more_for_what_it_takes_over() -> None:
    stage = bought().restarted().attach()
    stage.liar.state.owned += BOUGHT
    stage.guard.recover(found(), adopt=True)
    with pytest.raises(CoreFailed, match=r"owns 0\.004, while its fills have brought 0\.002"):
        stage.begin()
