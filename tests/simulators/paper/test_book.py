"""Examples of matching and accounting. BTC/USD: tick 0.1, lot 8 decimals, fees 0.4 % and 0.8 %."""

from decimal import Decimal

import pytest

from messages.account import AccountBalances
from messages.ids import Nanos, VenueOrderId
from messages.mailboxes import ExchangeEvent
from messages.orders import Accepted, Canceled, Filled, PartiallyFilled, Rejected
from simulators.paper import book as book_module
from simulators.paper.book import PaperBook, Quiet, Rules
from tests.simulators.paper.support import BTC_USD, RULES, START, new_book, order_id, place, tick

D = Decimal


def rejection(events: list[ExchangeEvent]) -> tuple[str, str]:
    (event,) = events
    assert isinstance(event, Rejected)
    return event.reason, event.text


def filled_ids(events: list[ExchangeEvent]) -> list[str]:
    return [event.order_id for event in events if isinstance(event, Filled)]


def test_an_order_is_accepted_and_its_funds_are_held_with_the_fee() -> None:
    book = new_book()
    assert book.place(place(1, "buy", "50000", time=START)) == [
        Accepted(order_id=order_id(1), exchange_id=VenueOrderId("PAPER-000000001"), time=START)
    ]
    assert book.place(place(2, "sell", "70000", "0.25", time=START)) == [
        Accepted(order_id=order_id(2), exchange_id=VenueOrderId("PAPER-000000002"), time=START)
    ]
    assert book.free("USD") == D("10000") - D("50.2")
    assert book.free("BTC") == D("0.75")
    assert book.snapshot().balances == {"USD": D(10000), "BTC": D(1)}


def test_a_buy_fills_at_its_limit_with_the_maker_fee_and_new_totals_come_first() -> None:
    book = new_book()
    book.price(tick("51000"))
    book.place(place(1, "buy", "50000", time=START))
    assert book.price(tick("49000", START + 5)) == [
        AccountBalances({"BTC": D("1.001"), "USD": D("9949.8")}, with_next=True),
        Filled(
            order_id=order_id(1),
            exchange_id=VenueOrderId("PAPER-000000001"),
            fill_id="PAPER-F-000000002",
            filled=D("0.001"),
            cost=D(50),
            fee=D("0.2"),
            time=Nanos(START + 5),
        ),
    ]
    assert book.facts() == ()
    assert book.free("USD") == D("9949.8")


def test_a_sell_fills_at_its_limit_and_pays_its_fee_in_quote() -> None:
    book = new_book()
    book.price(tick("51000"))
    book.place(place(1, "sell", "52000.5", "0.1", time=START))
    totals, fill = book.price(tick("53000", START + 5))
    assert totals == AccountBalances({"BTC": D("0.9"), "USD": D("10000") + D("5200.05") - D("20.8002")}, with_next=True)
    assert isinstance(fill, Filled)
    assert (fill.cost, fill.fee) == (D("5200.05"), D("20.8002"))


def test_what_a_buy_pays_is_what_was_held_for_it_to_the_last_unit() -> None:
    # 33333.3 x 0.00010001 x 1.004 = 3.346997..., held and paid as 3.347.
    book = new_book({"USD": "3.347"})
    book.place(place(1, "buy", "33333.3", "0.00010001", time=START))
    assert book.free("USD") == 0
    book.price(tick("33333.3"))
    assert book.snapshot().balances["USD"] == 0


def test_an_order_of_a_row_fills_in_the_next_row_at_the_earliest() -> None:
    book = new_book()
    assert book.price(tick("50000")) == []
    book.place(place(1, "buy", "49000", time=START))
    assert filled_ids(book.price(tick("49000"))) == [order_id(1)]


def test_highest_buys_fill_first_and_equal_ones_by_arrival() -> None:
    book = new_book()
    for number, price in enumerate(("47000", "49000", "48000", "49000"), start=1):
        book.place(place(number, "buy", price))
    assert filled_ids(book.price(tick("40000"))) == [order_id(2), order_id(4), order_id(3), order_id(1)]


def test_lowest_sells_fill_first_and_equal_ones_by_arrival() -> None:
    book = new_book()
    for number, price in enumerate(("53000", "51000", "52000", "51000"), start=1):
        book.place(place(number, "sell", price))
    assert filled_ids(book.price(tick("60000"))) == [order_id(2), order_id(4), order_id(3), order_id(1)]


def test_a_trade_at_the_limit_fills_unless_the_stricter_rule_is_set() -> None:
    at, through = new_book(), new_book(rules=Rules(RULES.maker_fee, RULES.taker_fee, "through"))
    for book in (at, through):
        book.place(place(1, "buy", "50000"))
        book.place(place(2, "sell", "60000"))
    assert filled_ids(at.price(tick("50000"))) == [order_id(1)]
    assert filled_ids(at.price(tick("60000"))) == [order_id(2)]
    assert through.price(tick("50000")) == through.price(tick("60000")) == []
    assert filled_ids(through.price(tick("49999.9"))) == [order_id(1)]
    assert filled_ids(through.price(tick("60000.1"))) == [order_id(2)]


def test_prices_of_another_symbol_fill_nothing() -> None:
    book = new_book()
    book.place(place(1, "buy", "50000"))
    assert book.price(tick("1", symbol="ETH/USD")) == []


@pytest.mark.parametrize(("side", "price"), [("buy", "50000"), ("buy", "50000.1"), ("sell", "50000"), ("sell", "1000")])
def test_a_post_only_order_that_would_take_is_refused(side: str, price: str) -> None:
    book = new_book()
    book.price(tick("50000"))
    reason, text = rejection(book.place(place(1, "buy" if side == "buy" else "sell", price)))
    assert reason == "post-only"
    assert price in text
    assert not book.changed


def test_an_order_that_may_take_fills_at_once_at_the_last_price_with_the_taker_fee() -> None:
    book = new_book()
    book.price(tick("50000"))
    accepted, totals, fill = book.place(place(1, "buy", "55000", "0.01", post_only=False, time=START))
    assert isinstance(accepted, Accepted)
    assert totals == AccountBalances({"BTC": D("1.01"), "USD": D(10000) - D(500) - D(4)}, with_next=True)
    assert isinstance(fill, Filled)
    assert (fill.cost, fill.fee, fill.filled) == (D(500), D(4), D("0.01"))
    assert book.free("USD") == D(9496)


def test_a_taking_order_needs_its_limit_price_and_the_taker_fee() -> None:
    book = new_book({"USD": "504"})
    book.price(tick("50000"))
    assert rejection(book.place(place(1, "buy", "50000.1", "0.01", post_only=False)))[0] == "funds"
    assert len(book.place(place(1, "buy", "50000", "0.01", post_only=False))) == 3


def test_without_a_price_nothing_crosses() -> None:
    book = new_book()
    assert isinstance(book.place(place(1, "buy", "50000"))[0], Accepted)


@pytest.mark.parametrize(
    ("price", "volume", "reason", "text"),
    [
        ("50000.05", "0.001", "refused", "tick size 0.1"),
        ("0", "0.001", "refused", "tick size 0.1"),
        ("-1", "0.001", "refused", "tick size 0.1"),
        ("50000", "0.000000001", "refused", "lot 0.00000001"),
        ("50000", "0", "refused", "lot"),
        ("50000", "0.00004999", "minimum", "below the minimum of 0.00005 BTC"),
        ("100", "0.001", "minimum", "below the minimum of 0.5 USD"),
        ("50000", "0.2", "funds", "needs 10040.00000 USD, free are 10000 USD"),
    ],
)
def test_an_impossible_order_is_refused_with_its_reason(price: str, volume: str, reason: str, text: str) -> None:
    book = new_book()
    found, sentence = rejection(book.place(place(1, "buy", price, volume)))
    assert found == reason
    assert text in sentence
    assert book.facts() == ()


def test_a_sell_of_more_than_is_free_is_refused() -> None:
    book = new_book()
    book.place(place(1, "sell", "60000", "0.6"))
    assert rejection(book.place(place(2, "sell", "60000", "0.40000001")))[0] == "funds"
    assert isinstance(book.place(place(3, "sell", "60000", "0.4"))[0], Accepted)


def test_funds_that_suffice_exactly_are_enough() -> None:
    book = new_book({"USD": "50.2"})
    assert isinstance(book.place(place(1, "buy", "50000"))[0], Accepted)
    assert book.free("USD") == 0


def test_a_client_id_that_is_open_is_refused_and_the_open_order_stays() -> None:
    book = new_book()
    book.place(place(1, "buy", "50000"))
    reason, text = rejection(book.place(place(1, "buy", "49000")))
    assert reason == "refused"
    assert order_id(1) in text
    assert [facts.price for facts in book.facts()] == [D(50000)]


def test_a_cancel_frees_the_funds_and_says_why() -> None:
    book = new_book()
    book.place(place(1, "buy", "50000"))
    zero = D(0)
    assert book.cancel(order_id(1), Nanos(START + 1)) == [
        Canceled(
            order_id=order_id(1),
            exchange_id=VenueOrderId("PAPER-000000001"),
            filled=zero,
            cost=zero,
            fee=zero,
            reason="requested",
            time=Nanos(START + 1),
        )
    ]
    assert book.free("USD") == 10000
    assert book.price(tick("1000")) == []


def test_a_cancel_of_an_unknown_or_closed_order_says_nothing() -> None:
    book = new_book()
    book.place(place(1, "buy", "50000"))
    book.price(tick("50000"))
    book.take_changes()
    assert book.cancel(order_id(1), START) == book.cancel(order_id(2), START) == []
    assert not book.changed


def test_a_close_by_hand_is_named_so() -> None:
    book = new_book()
    book.place(place(1, "sell", "50000"))
    (event,) = book.close_by_hand(order_id(1), START)
    assert isinstance(event, Canceled)
    assert event.reason == "by hand"


def test_a_partial_fill_keeps_the_rest_held_and_the_next_price_completes_it() -> None:
    book = new_book()
    book.place(place(1, "buy", "50000", "0.01"))
    totals, partial = book.fill_partially(order_id(1), D("0.004"), START)
    assert totals == AccountBalances({"BTC": D("1.004"), "USD": D("10000") - D("200.8")}, with_next=True)
    assert isinstance(partial, PartiallyFilled)
    assert (partial.filled, partial.cost, partial.fee) == (D("0.004"), D(200), D("0.8"))
    assert book.free("USD") == D(10000) - D(502)
    _, fill = book.price(tick("50000"))
    assert isinstance(fill, Filled)
    assert (fill.filled, fill.cost, fill.fee) == (D("0.01"), D(500), D(2))
    assert book.snapshot().balances == {"USD": D(9498), "BTC": D("1.01")}


def test_a_partly_filled_order_that_is_cancelled_keeps_what_it_got() -> None:
    book = new_book()
    book.place(place(1, "sell", "50000", "0.01"))
    book.fill_partially(order_id(1), D("0.004"), START)
    (event,) = book.cancel(order_id(1), START)
    assert isinstance(event, Canceled)
    assert (event.filled, event.cost, event.fee) == (D("0.004"), D(200), D("0.8"))
    assert book.free("BTC") == D("0.996")


def test_the_last_partial_fill_completes_the_order() -> None:
    book = new_book()
    book.place(place(1, "buy", "50000", "0.01"))
    book.fill_partially(order_id(1), D("0.004"), START)
    assert filled_ids(book.fill_partially(order_id(1), D("0.006"), START)) == [order_id(1)]


@pytest.mark.parametrize("volume", ["0", "-0.001", "0.0100001"])
def test_a_partial_fill_of_an_impossible_volume_is_a_mistake_of_the_caller(volume: str) -> None:
    book = new_book()
    book.place(place(1, "buy", "50000", "0.01"))
    with pytest.raises(ValueError, match="has no"):
        book.fill_partially(order_id(1), D(volume), START)
    with pytest.raises(ValueError, match="not open"):
        book.fill_partially(order_id(2), D("0.001"), START)


def test_the_quiet_interval_ends_at_the_nearest_orders() -> None:
    book = new_book()
    assert book.quiet("BTC/USD") == Quiet(D("-Infinity"), D("Infinity"))
    for number, price in enumerate(("47000", "49000", "48000"), start=1):
        book.place(place(number, "buy", price))
    assert book.quiet("BTC/USD") == Quiet(D(49000), D("Infinity"))
    book.place(place(4, "sell", "51000"))
    assert book.quiet("BTC/USD") == Quiet(D(49000), D(51000))
    book.cancel(order_id(2), START)
    assert book.quiet("BTC/USD") == Quiet(D(48000), D(51000))
    book.price(tick("51000"))
    assert book.quiet("BTC/USD") == Quiet(D(48000), D("Infinity"))


def test_rows_from_before_the_order_do_not_fill_it_when_they_come_again_after_a_crash() -> None:
    book = new_book()
    book.price(tick("50000", START))
    (accepted,) = book.place(place(1, "buy", "52000", time=START + 10))
    assert isinstance(accepted, Accepted)
    assert book.price(tick("51000", START + 9)) == []
    assert filled_ids(book.price(tick("51999", START + 10))) == [order_id(1)]


def test_saved_texts_make_an_equal_book() -> None:
    book = new_book()
    book.price(tick("50000"))
    for number in range(1, 6):
        book.place(place(number, "buy", f"{50000 - 100 * number}"))
    book.fill_partially(order_id(3), D("0.0004"), START)
    book.cancel(order_id(4), Nanos(START + 1))
    book.price(tick("49900", START + 2))
    changes = book.take_changes()
    again = PaperBook.load(RULES, changes.account, changes.orders)
    again.add_pair(BTC_USD)
    assert again.account == book.account
    assert again.snapshot() == book.snapshot()
    ids = [order_id(number) for number in range(1, 6)]
    assert again.lookup(ids) == book.lookup(ids)
    assert [facts.status for facts in again.lookup(ids).values()] == ["filled", "open", "open", "canceled", "open"]
    assert again.free("USD") == book.free("USD")
    assert again.price(tick("1", START + 3)) == book.price(tick("1", START + 3))
    assert again.account == book.account


def test_only_orders_that_changed_are_saved() -> None:
    book = new_book()
    book.place(place(1, "buy", "50000"))
    book.place(place(2, "buy", "40000"))
    assert list(book.take_changes().orders) == ["PAPER-000000001", "PAPER-000000002"]
    assert not book.changed
    book.price(tick("45000"))
    assert list(book.take_changes().orders) == ["PAPER-000000001"]


def test_changes_that_could_not_be_saved_are_told_again_unless_newer_ones_exist() -> None:
    book = new_book()
    book.place(place(1, "buy", "50000"))
    book.place(place(2, "buy", "40000"))
    lost = book.take_changes()
    book.cancel(order_id(1), START)
    book.put_back(lost)
    again = book.take_changes()
    assert again.orders["PAPER-000000002"] == lost.orders["PAPER-000000002"]
    assert again.orders["PAPER-000000001"] != lost.orders["PAPER-000000001"]


def test_closed_orders_in_memory_are_bounded_and_the_newest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "CLOSED_KEPT", 3)
    book = new_book()
    for number in range(1, 6):
        book.place(place(number, "buy", "50000"))
        assert book.forgotten == (number > 4)
        book.cancel(order_id(number), Nanos(START + number))
    known = book.lookup([order_id(number) for number in range(1, 6)])
    assert list(known) == [order_id(3), order_id(4), order_id(5)]
    assert len(book.take_changes().orders) == 5
