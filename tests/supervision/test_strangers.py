"""Orders that no strategy looks after are named, and a second instance stops the strategies concerned."""

import logging
from decimal import Decimal

import pytest

from assembly.pasts import Rest
from assembly.wiring import Mailboxes
from config import Config
from messages.account import KeyShared, OrderFacts
from messages.conditions import Conditions
from messages.ids import ClientOrderId, Nanos, VenueOrderId, client_order_id
from messages.journal import Past, PastOrder
from messages.money import ZERO
from messages.notices import NotCovered, Notice, SecondInstance, StrategyHalted
from messages.status import Pause, StrangeOrder, UncoveredBase, UncoveredOrders
from supervision.strangers import Strangers
from tests.config.texts import VALID, read

GONE = Past(7, "old", "GridHODL", "ETH/USD", "")
REST = Rest((PastOrder("buy", Decimal(100), Decimal(2)),), (), Decimal("0.5"))
LEFT = {7: (GONE, REST)}


class Told:
    """A program's strangers and what they say."""

    def __init__(self, config: Config) -> None:
        self.mail = Mailboxes(config)
        self.strangers = Strangers(config, self.mail)

    def conditions(self) -> list[tuple[int, str, bool]]:
        said = [message for message in self.mail.metrics.receive_nowait() if isinstance(message, Conditions)]
        return [(row.strategy, row.code, row.blocks) for row in said[-1].open] if said else []

    def notices(self) -> list[type[Notice]]:
        return [type(notice) for notice in self.mail.notifier.receive_nowait()]


@pytest.fixture
def told() -> Told:
    return Told(read(VALID))


def facts(userref: int, symbol: str = "ETH/USD") -> OrderFacts:
    name = client_order_id(userref, "any")
    return OrderFacts(
        order_id=name,
        exchange_id=VenueOrderId("X"),
        symbol=symbol,
        side="sell",
        price=Decimal(120),
        volume=Decimal(3),
        status="open",
        filled=ONE_FILLED,
        cost=ZERO,
        fee=ZERO,
        reason="requested",
        time=Nanos(5),
    )


ONE_FILLED = Decimal(1)


def test_what_the_journal_knows_of_a_vanished_strategy_is_told_once_and_at_the_end(told: Told) -> None:
    told.strangers.left_over(LEFT, 5)
    assert told.conditions() == [(7, "not covered", False)]
    assert told.notices() == [NotCovered]
    assert "old (userref 7, ETH/USD): 1 open order (buy 2 at 100 USD), 0.5 ETH" in told.strangers.sentence()


def test_the_exchange_knows_better_which_orders_are_open(told: Told) -> None:
    told.strangers.left_over(LEFT, 5)
    told.notices()
    told.strangers.shown(UncoveredOrders((facts(7),)), 6)
    assert "sell 2 at 120 USD" in told.strangers.sentence()
    assert told.notices() == []
    told.strangers.shown(UncoveredOrders(()), 7)
    assert "open order" not in told.strangers.sentence()
    assert "0.5 ETH" in told.strangers.sentence()


def test_nothing_is_said_once_nothing_is_left(told: Told) -> None:
    told.strangers.left_over({7: (GONE, Rest(REST.orders))}, 5)
    told.strangers.shown(UncoveredOrders(()), 6)
    assert told.conditions() == []
    assert told.strangers.sentence() == ""


def test_orders_that_no_journal_knows_are_named_too(told: Told) -> None:
    told.strangers.shown(UncoveredOrders((facts(99), facts(1001, "ETH/USD"))), 6)
    assert {strategy for strategy, _, _ in told.conditions()} == {99, 1001}
    assert "userref 99 (ETH/USD): " in told.strangers.sentence(), "each thing once"


def test_an_order_of_somebody_else_under_our_userref_stops_its_strategy_once(told: Told) -> None:
    order = StrangeOrder(1001, ClientOrderId("g0"), VenueOrderId("OTX"), Nanos(9))
    told.strangers.found(order)
    told.strangers.found(order)
    assert told.conditions() == [(1001, "second instance", True)]
    (pause,) = told.mail.strategies[1001].receive_nowait()
    assert isinstance(pause, Pause)
    assert (pause.cause, "OTX" in pause.reason) == ("second instance", True)
    assert told.mail.strategies[1002].receive_nowait() == []
    assert told.notices() == [StrategyHalted]
    assert told.strangers.halted == {1001}
    assert "second instance" in told.strangers.sentence()


def test_what_a_notice_tells_the_log_does_not_say_again(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    told.strangers.left_over(LEFT, 5)
    told.strangers.key(KeyShared(shared=True, text="somebody uses the key", time=Nanos(5)))
    assert told.notices() == [NotCovered, SecondInstance]
    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []


def test_a_strategy_in_whose_way_are_orders_of_others_rests_and_its_orders_are_named_at_the_end(told: Told) -> None:
    told.strangers.barred(1001, "the exchange holds an order", 9)
    assert told.conditions() == [(1001, "unknown orders", True)]
    assert told.notices() == [StrategyHalted]
    assert told.strangers.halted == {1001}
    assert "open orders of userref 1001" in told.strangers.sentence()
    told.strangers.found(StrangeOrder(1001, ClientOrderId("g0"), VenueOrderId("OTX"), Nanos(9)))
    assert told.notices() == []


def test_a_shared_key_is_told_and_blocks_nothing(told: Told) -> None:
    told.strangers.key(KeyShared(shared=True, text="somebody uses the key", time=Nanos(5)))
    told.strangers.key(KeyShared(shared=True, text="somebody uses the key", time=Nanos(6)))
    assert told.conditions() == [(0, "second instance", False)]
    assert told.notices() == [SecondInstance]
    told.strangers.key(KeyShared(shared=False, text="", time=Nanos(7)))
    assert told.conditions() == []


def test_a_start_that_waits_for_a_sign_of_another_process_says_so(told: Told) -> None:
    with told.strangers.proving(lambda: 5) as waits:
        waits(8, 25)
        assert told.conditions() == [(0, "unknown orders", True)]
        (shown,) = told.strangers._book._open.values()
        assert "8 open orders of this program" in shown.detail
        assert "waiting 25 s to see whether another process works on them" in shown.detail
    assert told.conditions() == []


def test_a_start_that_finds_no_order_says_nothing(told: Told) -> None:
    with told.strangers.proving(lambda: 5):
        pass
    assert told.conditions() == []


def test_base_is_named_as_it_is_at_this_moment_and_stays_a_condition(told: Told) -> None:
    told.strangers.left_over({7: (GONE, Rest(REST.orders))}, 5)
    told.strangers.shown(UncoveredOrders((), (UncoveredBase(7, "ETH/USD", ZERO, Decimal(2)),)), 6)
    assert "2 ETH of buys that may have been filled" in told.strangers.sentence()
    told.strangers.shown(UncoveredOrders((), (UncoveredBase(7, "ETH/USD", Decimal(2)),)), 7)
    assert "old (userref 7, ETH/USD): 2 ETH that it bought" in told.strangers.sentence()
    assert told.conditions() == [(7, "not covered", False)]
    told.strangers.shown(UncoveredOrders((facts(7),), (UncoveredBase(7, "ETH/USD", Decimal(1)),)), 8)
    assert "1 open order (sell 2 at 120 USD), 1 ETH that it bought" in told.strangers.sentence()
    told.strangers.shown(UncoveredOrders((), (UncoveredBase(7, "ETH/USD", ZERO),)), 9)
    assert (told.conditions(), told.strangers.sentence()) == ([], "")
