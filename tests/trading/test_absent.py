"""Base of strategies that are not configured any more, whatever becomes of their orders."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from messages.account import OrderFacts
from messages.ids import client_order_id
from messages.journal import LeftBehind, PastOrder
from messages.money import ZERO, Side
from messages.status import UncoveredBase
from tests.trading.desk_model import D, foreign_order
from trading.absent import Absent

GONE, HERE = 7, frozenset({1})
BUY, SELL = client_order_id(GONE, "buy"), client_order_id(GONE, "sell")


def facts(order_id: str, side: Side = "buy", filled: str = "0", volume: str = "1") -> OrderFacts:
    return replace(foreign_order("O" + order_id[-4:], side, "100", volume, order_id), filled=D(filled))


def left(base: str = "2") -> Absent:
    """A buy of 1 of which 0.25 is filled and counted, a sell of 1, and this much base."""
    orders = (
        PastOrder("buy", D(100), D("0.75"), BUY, D("0.25")),
        PastOrder("sell", D(100), D(1), SELL),
    )
    return Absent([LeftBehind(GONE, "BTC/USD", D(base), orders)])


def connected(absent: Absent, *shown: OrderFacts) -> Absent:
    absent.connected(shown, HERE)
    return absent


def both() -> Absent:
    return connected(left(), facts(BUY, filled="0.25"), facts(SELL, "sell"))


def test_base_is_kept_beyond_what_open_sells_hold() -> None:
    assert both().kept() == {"BTC": D(1)}
    assert both().told() == (UncoveredBase(GONE, "BTC/USD", D(2)),)
    assert both().in_doubt() == []


def test_fills_add_and_take_and_doubles_change_nothing() -> None:
    absent = both()
    for _ in range(2):
        assert absent.note(facts(BUY, filled="0.75"))
    assert absent.kept() == {"BTC": D("1.5")}
    for _ in range(2):
        absent.note(replace(facts(SELL, "sell", "0.5"), status="canceled"))
    assert absent.told()[0].base == D(2)
    assert absent.kept() == {"BTC": D(2)}


def test_a_fill_while_nobody_was_connected_counts_once() -> None:
    absent = connected(left(), facts(BUY, filled="0.5"), facts(SELL, "sell"))
    connected(absent, facts(BUY, filled="0.5"), facts(SELL, "sell"))
    assert absent.told()[0].base == D("2.25")


def test_a_buy_that_is_not_open_any_more_is_kept_until_its_end_is_known() -> None:
    absent = connected(left(), facts(SELL, "sell"))
    assert absent.in_doubt() == [BUY]
    assert absent.told() == (UncoveredBase(GONE, "BTC/USD", D(2), D("0.75")),)
    assert absent.kept() == {"BTC": D("1.75")}


@pytest.mark.parametrize(("filled", "base"), [("1", "2.75"), ("0.5", "2.25"), ("", "2")])
def test_the_end_of_an_order_in_doubt_decides(filled: str, base: str) -> None:
    absent = connected(left(), facts(SELL, "sell"))
    absent.answered([BUY], {BUY: replace(facts(BUY, filled=filled), status="canceled")} if filled else {})
    assert absent.told() == (UncoveredBase(GONE, "BTC/USD", D(base)),)
    assert absent.in_doubt() == []
    connected(absent, facts(SELL, "sell"))
    assert absent.in_doubt() == []


def test_a_sell_that_was_executed_unseen_leaves_nothing_to_keep() -> None:
    absent = connected(left("1"), facts(BUY, filled="0.25"))
    assert absent.kept() == {"BTC": D(1)}
    absent.answered([SELL], {SELL: replace(facts(SELL, "sell", "1"), status="filled")})
    assert absent.kept() == {}


def test_an_order_that_no_journal_knows_counts_from_what_was_shown() -> None:
    absent = connected(Absent(), facts(BUY, filled="0.25"), facts(SELL, "sell", "0.5"))
    absent.note(facts(SELL, "sell", "0.625"))
    assert absent.told()[0].base == D("0.125")


@pytest.mark.parametrize("userref", [1, 8])
def test_orders_of_others_are_none_of_its(userref: int) -> None:
    other = facts(client_order_id(userref, "buy"), filled="1")
    absent = connected(Absent(), *([other] if userref == 1 else []))
    assert not absent.note(other)
    assert not absent.note(foreign_order("OF", "buy", "100", "1"))
    assert (absent.kept(), absent.told()) == ({}, ())


def test_what_was_sold_by_more_than_is_known_leaves_nothing() -> None:
    absent = connected(left("0.5"), facts(BUY, filled="0.25"), facts(SELL, "sell"))
    absent.note(facts(SELL, "sell", "1"))
    assert (absent.told()[0].base, absent.kept()) == (ZERO, {})
    assert isinstance(absent.told()[0].base, Decimal)


def test_about_an_order_that_only_looks_like_ours_nothing_is_asked_once_it_is_gone() -> None:
    """The question would be a cancel of an order of somebody else."""
    stranger = facts(client_order_id(9, "buy"))
    absent = connected(left(), facts(BUY, filled="0.25"), facts(SELL, "sell"), stranger)
    connected(absent, facts(SELL, "sell"))
    assert absent.in_doubt() == [BUY]
