"""Who may spend what."""

import msgspec
import pytest

from messages.money import ZERO, Pair
from messages.orders import Balances, OrderKind, Place, Reckoned
from tests.trading.desk_model import BTC_USD, ETH_BTC, FEE, D, Strategy, foreign_order
from trading.ledger import Client, Ledger


def joined(ledger: Ledger, userref: int, pair: Pair = BTC_USD, owned: str = "0", *, swing: bool = False) -> Strategy:
    ledger.join(Client(userref, pair, FEE, swing, D(owned)))
    return Strategy(userref, pair)


def ledger_of(*expected: int, **totals: str) -> Ledger:
    ledger = Ledger(frozenset(expected))
    ledger.set_totals({asset: D(total) for asset, total in totals.items()})
    return ledger


def funds(ledger: Ledger, userref: int) -> tuple[Balances, ...]:
    told = ledger.funds(ledger.clients[userref])
    assert told in ledger.all_funds()
    return (told,)


def test_a_strategy_may_spend_all_quote_and_the_base_it_bought() -> None:
    ledger = ledger_of(1, USD="1000", BTC="3")
    joined(ledger, 1, owned="1")
    assert funds(ledger, 1) == (Balances(1, quote=D(1000), base=D(1), base_unowned=D(2)),)


def test_base_of_which_the_account_has_less_than_was_bought_is_not_there() -> None:
    ledger = ledger_of(1, USD="0", BTC="0.4")
    joined(ledger, 1, owned="1")
    assert funds(ledger, 1) == (Balances(1, ZERO, D("0.4"), ZERO),)


def test_an_asset_that_the_account_never_had_counts_as_nothing() -> None:
    ledger = ledger_of(1)
    joined(ledger, 1)
    assert funds(ledger, 1) == (Balances(1, ZERO, ZERO, ZERO),)


def test_nobody_s_base_is_unowned_before_every_strategy_has_joined() -> None:
    ledger = ledger_of(1, 2, BTC="3")
    joined(ledger, 1)
    assert funds(ledger, 1)[0].base_unowned == 0
    joined(ledger, 2, owned="1")
    assert funds(ledger, 1)[0].base_unowned == 2


def test_own_orders_are_not_taken_off_what_a_strategy_is_told() -> None:
    ledger = ledger_of(1, USD="1000")
    grid = joined(ledger, 1)
    ledger.hold(grid.order("buy", "50000", "0.01"))
    assert funds(ledger, 1)[0].quote == 1000


def test_orders_of_others_and_of_foreigners_are_taken_off() -> None:
    ledger = ledger_of(1, 2, USD="1000", BTC="1")
    joined(ledger, 1)
    other = joined(ledger, 2)
    ledger.hold(other.order("buy", "50000", "0.01"))
    ledger.hold_foreign(foreign_order("OF", "buy", "100", "1"))
    ledger.hold_foreign(foreign_order("OG", "sell", "90000", "0.25"))
    assert funds(ledger, 1) == (Balances(1, D("398.75"), ZERO, D("0.75")),)


def test_an_order_on_margin_holds_no_coin() -> None:
    ledger = ledger_of(1, USD="1000", BTC="1")
    joined(ledger, 1)
    for side in ("buy", "sell"):
        order = foreign_order(f"O{side}", side, "70000", "0.5")
        ledger.hold_foreign(order)
        ledger.hold_foreign(msgspec.structs.replace(order, margin=True))
        ledger.hold_foreign(msgspec.structs.replace(order, exchange_id=f"N{side}", margin=True))
    assert funds(ledger, 1) == (Balances(1, D(1000), ZERO, D(1)),)


@pytest.mark.parametrize(("price", "volume", "filled"), [("-5", "1", "0"), ("5", "-1", "0"), ("5", "1", "2")])
def test_an_odd_order_of_somebody_else_adds_no_funds(price: str, volume: str, filled: str) -> None:
    ledger = ledger_of(1, USD="1000", BTC="1")
    joined(ledger, 1)
    for side in ("buy", "sell"):
        order = foreign_order(f"O{side}", side, price, volume)
        ledger.hold_foreign(msgspec.structs.replace(order, filled=D(filled)))
    told = funds(ledger, 1)[0]
    assert told.quote <= 1000
    assert told.base_unowned <= 1


def test_base_that_another_strategy_bought_is_neither_mine_nor_unowned() -> None:
    ledger = ledger_of(1, 2, BTC="3")
    joined(ledger, 1, owned="1", swing=True)
    other = joined(ledger, 2, owned="1.5")
    assert funds(ledger, 1) == (Balances(1, ZERO, D(1), D("0.5")),)
    ledger.hold(other.order("sell", "60000", "0.5"))
    assert funds(ledger, 1) == (Balances(1, ZERO, D(1), D("0.5")),)


def test_unowned_base_that_one_strategy_offers_is_not_offered_by_another() -> None:
    ledger = ledger_of(1, 2, BTC="1")
    first, second = joined(ledger, 1, swing=True), joined(ledger, 2, swing=True)
    ledger.hold(first.order("sell", "60000", "0.75"))
    assert funds(ledger, 2)[0].base_unowned == D("0.25")
    assert ledger.verdict(second.order("sell", "60000", "0.5")) == "lacks"
    assert ledger.verdict(second.order("sell", "60000", "0.25")) == "admitted"


def test_quote_that_is_the_base_of_another_strategy_is_not_spent() -> None:
    ledger = ledger_of(1, 2, BTC="3", ETH="0", USD="0")
    joined(ledger, 1, owned="2")
    cross = joined(ledger, 2, ETH_BTC)
    assert funds(ledger, 2) == (Balances(2, D(1), ZERO, ZERO),)
    assert ledger.verdict(cross.order("buy", "0.05", "19.9")) == "admitted"
    assert ledger.verdict(cross.order("buy", "0.05", "20")) == "lacks"


def test_base_that_was_sold_beyond_what_was_bought_is_owed_to_nobody() -> None:
    ledger = ledger_of(1, BTC="1")
    swing = joined(ledger, 1, swing=True)
    sale = swing.order("sell", "60000", "0.25")
    ledger.hold(sale)
    ledger.executed(sale, D("0.25"))
    ledger.release(sale.order_id)
    ledger.set_totals({"BTC": D("0.75")})
    assert ledger.clients[1].owned == ZERO
    assert funds(ledger, 1) == (Balances(1, ZERO, ZERO, D("0.75")),)


@pytest.mark.parametrize(
    ("volume", "verdict"), [("0.002", "admitted"), ("0.003", "waits"), ("0.00598", "waits"), ("0.00599", "lacks")]
)
def test_an_order_is_admitted_or_waits_for_own_cancels_or_lacks_funds(volume: str, verdict: str) -> None:
    ledger = ledger_of(1, USD="300")
    grid = joined(ledger, 1)
    leaving = grid.order("buy", "50000", "0.0039")
    ledger.hold(leaving)
    ledger.leaving(leaving.order_id)
    assert ledger.verdict(grid.order("buy", "50000", volume)) == verdict


def test_a_partly_filled_order_holds_its_rest_and_stays_on_its_way_out() -> None:
    ledger = ledger_of(1, USD="300")
    grid = joined(ledger, 1)
    order = grid.order("buy", "50000", "0.004")
    ledger.hold(order)
    ledger.leaving(order.order_id)
    ledger.hold(order, D("0.001"))
    hold = ledger.holds[order.order_id]
    assert (hold.amount, hold.leaving) == (D("150.375"), True)


def test_a_released_order_holds_nothing_and_may_be_released_again() -> None:
    ledger = ledger_of(1, USD="300")
    grid = joined(ledger, 1)
    order = grid.order("buy", "50000", "0.004")
    ledger.hold(order)
    ledger.release(order.order_id)
    ledger.release(order.order_id)
    ledger.leaving(order.order_id)
    assert ledger.holds == {}
    assert ledger.verdict(grid.order("buy", "50000", "0.0059")) == "admitted"


def test_an_order_shown_as_foreign_becomes_its_strategy_s_own() -> None:
    ledger = ledger_of(1, USD="300")
    order = Strategy(1, BTC_USD).order("buy", "50000", "0.004")
    ledger.hold_foreign(foreign_order("O1", "buy", "50000", "0.004", order.order_id))
    grid = joined(ledger, 1)
    assert funds(ledger, 1)[0].quote == 100
    ledger.hold(order)
    assert funds(ledger, 1)[0].quote == 300
    assert ledger.verdict(grid.order("buy", "50000", "0.002")) == "lacks"


def test_a_foreign_hold_of_many_digits_is_exact() -> None:
    ledger = ledger_of(1, USD="121932631342783101.4583142722374638")
    joined(ledger, 1)
    facts = foreign_order("OF", "buy", "123456789.12345678", "987654321.87654321")
    ledger.hold_foreign(facts)
    assert ledger.holds["OF"].amount == D("121932631342783101.4583142722374638")
    ledger.hold_foreign(msgspec.structs.replace(facts, filled=facts.volume))
    assert ledger.holds["OF"].amount == 0


def changes_with(ledger: Ledger, place: Place) -> list[int]:
    seen = [ledger.changes]
    ledger.hold(place)
    seen.append(ledger.changes)
    ledger.executed(place, D("0.001"))
    seen.append(ledger.changes)
    ledger.release(place.order_id)
    seen.append(ledger.changes)
    ledger.set_totals({"USD": D(1)})
    return [*seen, ledger.changes]


def test_every_change_that_could_matter_to_anybody_is_counted() -> None:
    ledger = ledger_of(1, USD="300")
    seen = changes_with(ledger, joined(ledger, 1).order("buy", "50000", "0.004"))
    assert sorted(set(seen)) == seen


def test_of_a_sell_that_offers_nothing_of_ours_all_is_held_for_its_owner() -> None:
    ledger = ledger_of(1, USD="0", BTC="1")
    grid = joined(ledger, 1, owned="0.3")
    sell = grid.order("sell", "60000", "0.1")
    ledger.hold(sell, placed=ZERO)
    assert funds(ledger, 1) == (Balances(1, ZERO, D("0.3"), D("0.6")),)
    assert ledger.verdict(grid.order("sell", "61000", "0.3")) == "admitted"
    ledger.release(sell.order_id)
    assert funds(ledger, 1) == (Balances(1, ZERO, D("0.3"), D("0.7")),)


def test_what_an_absent_strategy_bought_is_nobody_s_to_spend() -> None:
    ledger = ledger_of(1, 2, USD="1000", BTC="3", ETH="0")
    swing = joined(ledger, 1, owned="1", swing=True)
    buyer = joined(ledger, 2, ETH_BTC)
    ledger.keep_for_absent({"BTC": D("1.5")})
    assert funds(ledger, 1) == (Balances(1, quote=D(1000), base=D(1), base_unowned=D("0.5")),)
    assert funds(ledger, 2)[0].quote == D("0.5")
    for early in (False, True):
        assert ledger.verdict(swing.order("sell", "100", "1.5"), decided_earlier=early) == "admitted"
        assert ledger.verdict(swing.order("sell", "100", "1.6"), decided_earlier=early) == "lacks"
    assert ledger.verdict(buyer.order("buy", "0.1", "6")) == "lacks"
    ledger.keep_for_absent({})
    assert funds(ledger, 1)[0].base_unowned == D(2)


@pytest.mark.parametrize("early", [False, True])
def test_base_of_an_absent_strategy_that_is_gone_takes_nothing_from_what_others_bought(early: bool) -> None:
    ledger = ledger_of(1, USD="0", BTC="1")
    swing = joined(ledger, 1, owned="1", swing=True)
    ledger.keep_for_absent({"BTC": D(5)})
    assert funds(ledger, 1) == (Balances(1, ZERO, D(1), ZERO),)
    assert ledger.verdict(swing.order("sell", "100", "1"), decided_earlier=early) == "admitted"


def test_only_another_amount_for_absent_strategies_is_a_change() -> None:
    ledger = ledger_of(1)
    changes = ledger.changes
    ledger.keep_for_absent({})
    assert ledger.changes == changes
    ledger.keep_for_absent({"BTC": D(1)})
    assert ledger.changes == changes + 1


@pytest.mark.parametrize(("kind", "left"), [("extra", "0.7"), ("counter", "0.9")])
def test_an_extra_sell_beside_another_one_offers_nothing_of_what_buys_brought(kind: OrderKind, left: str) -> None:
    ledger = ledger_of(1, USD="0", BTC="3")
    swing = joined(ledger, 1, owned="1", swing=True)
    beside, sell = swing.order("sell", "70000", "0.9"), swing.order("sell", "60000", "0.3")
    ledger.hold(msgspec.structs.replace(beside, kind=kind))
    ledger.hold(sell)
    ledger.executed(sell, D("0.3"))
    assert ledger.clients[1].owned == D(left)
    ledger.release(sell.order_id)
    ledger.hold(msgspec.structs.replace(beside, kind=kind), D("0.5"))
    ledger.release(beside.order_id)
    assert (ledger.purse(1, "BTC").held, ledger.purse(1, "BTC").extra) == (ZERO, ZERO)


def test_an_executed_extra_sell_leaves_what_the_others_offer() -> None:
    ledger = ledger_of(1, USD="0", BTC="3")
    swing = joined(ledger, 1, owned="1", swing=True)
    extra, sell = msgspec.structs.replace(swing.order("sell", "70000", "0.9"), kind="extra"), "0.8"
    ledger.hold(extra)
    ledger.hold(swing.order("sell", "60000", sell))
    ledger.executed(extra, D("0.9"))
    assert ledger.clients[1].owned == D(sell)


@pytest.mark.parametrize(
    ("number", "claim", "owned"), [(7, "0.002", "0.0025"), (6, "0.002", "0.0005"), (7, "0", "0.0005")]
)
def test_what_a_strategy_reckons_counts_with_what_happened_since(number: int, claim: str, owned: str) -> None:
    """Its books know which sells it decided while it was told of the fills of an attach; those of before are void."""
    ledger = ledger_of(1, USD="1000", BTC="1")
    client = Client(1, BTC_USD, FEE, False, D("0.001"), 7)
    ledger.join(client)
    grid = Strategy(1, BTC_USD)
    ledger.executed(grid.order("buy", "50000", "0.002"), D("0.002"))
    ledger.executed(grid.order("sell", "51000", "0.010"), D("0.010"))
    assert ledger.rejoined(client).base == 0
    ledger.executed(grid.order("buy", "50000", "0.0005"), D("0.0005"))
    ledger.reckoned(Reckoned(1, number, D(claim)))
    ledger.reckoned(Reckoned(2, number, D("0.002")))
    assert funds(ledger, 1)[0].base == D(owned)


def test_each_execution_of_an_enlarged_sell_is_reckoned_once_however_many_are_booked_before() -> None:
    ledger = ledger_of(1, USD="1000", BTC="1")
    ledger.join(Client(1, BTC_USD, FEE, False, D("0.002"), 7))
    ledger.rejoined(ledger.clients[1])
    sell = Strategy(1, BTC_USD).order("sell", "51000", "0.010")
    for filled in ("0.001", "0.002"):
        ledger.executed(sell, D("0.001"))
        ledger.mark(sell, D(filled))
    ledger.executed(Strategy(1, BTC_USD).order("buy", "50000", "0.0005"), D("0.0005"))
    for filled, owned in (("0.001", "0.0015"), ("0.002", "0.0025"), ("0.001", "0.0025"), ("0.003", "0.0025")):
        ledger.reckoned(Reckoned(1, 7, D("0.002"), sell.order_id, D(filled)))
        assert ledger.clients[1].owned == D(owned)
