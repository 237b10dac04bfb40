"""One row of prices: everybody decides, all is applied in order, and one place says how it goes on."""

from collections.abc import Iterable
from inspect import get_annotations
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.account import AccountSnapshot
from messages.ids import Nanos, VenueOrderId
from messages.mailboxes import ExchangeEvent
from messages.market import RowDone, RowEnd
from messages.orders import Accepted, Balances, Submit
from tests.actors.fake_exchange import FakeExchange, FakeReplay
from tests.actors.manager_rig import A, B, attach, cancel, canceled, place, submit
from tests.trading.strategies.harness import BTC_USD, D
from trading.order_desk import Effects, OrderDesk
from trading.ports import Exchange, TradingSession, in_lock_step
from trading.rounds import Rounds

C = 7
ORDER = (A, B, C)


class Table:
    """A desk with three strategies on one pair and 1,000 USD, and its rounds; what was carried out is kept."""

    def __init__(self) -> None:
        self.desk = OrderDesk(AccountSnapshot({"USD": D(1000)}, ()), frozenset(ORDER))
        self.rounds = Rounds(self.desk, ORDER)
        self.done: list[Effects] = []
        for strategy in ORDER:
            self.desk.attach(attach(strategy), BTC_USD, {})
        self.desk.balances()

    def carry_out(self, effects: Iterable[Effects]) -> None:
        for each in effects:
            if each.place or each.cancel:
                self.rounds.commanded()
            self.done.append(each)

    def round(self, *submits: Submit) -> str:
        """The exchange has said all; then all answer and have decided so."""
        self.carry_out([self.desk.balances()])
        self.rounds.ask(1)
        for decided in submits:
            assert self.rounds.keep(decided)
        self.carry_out(self.rounds.apply())
        return self.rounds.next()

    def placed(self) -> list[str]:
        return [order.cause for effects in self.done for order in effects.place]


def buy(cause: str, price: int = 100, strategy: int = A) -> Submit:
    return submit(place(cause, price, strategy=strategy), strategy=strategy)


def test_a_round_without_news_ends_the_row() -> None:
    assert Table().round() == "over"


def test_after_a_command_the_exchange_speaks_first() -> None:
    table = Table()
    assert table.round(buy("one")) == "repeat"
    assert table.round() == "over"


def test_news_of_the_desk_alone_is_answered_at_once() -> None:
    table = Table()
    assert table.round(buy("too dear", 2000)) == "ask"
    assert table.placed() == []
    assert table.round() == "over"


def test_a_refusal_beside_a_command_waits_for_the_exchange() -> None:
    table = Table()
    assert table.round(buy("too dear", 2000), buy("one", strategy=B)) == "repeat"


def test_at_the_end_of_a_round_all_are_told_what_is_left_for_them() -> None:
    table = Table()
    table.round(buy("one"))
    told = [(who, event.quote) for who, event in table.done[-1].deliver if isinstance(event, Balances)]
    assert told == [(B, D(900)), (C, D(900))], "a strategy takes its own orders off itself"


def test_a_command_outside_a_round_is_not_forgotten() -> None:
    """A confirmed cancel lets an order leave that waited for its funds: the row is not over before its answer."""
    table = Table()
    old, new = place("old", 900), place("new", 800)
    assert table.round(submit(old)) == "repeat"
    table.carry_out(
        [table.desk.on_event(Accepted(order_id=old.order_id, exchange_id=VenueOrderId("O-old"), time=Nanos(1)))]
    )
    assert table.round(submit(cancel(old), new)) == "repeat"
    assert table.placed() == ["old"]
    table.carry_out([table.desk.on_event(canceled(old))])
    assert table.placed() == ["old", "new"]
    assert table.round() == "repeat"
    assert table.round() == "over"


def test_a_command_between_a_round_and_one_with_news_of_the_desk_is_not_forgotten() -> None:
    table = Table()
    table.carry_out([table.desk.submit(buy("outside"))])
    assert table.round(buy("too dear", 2000)) == "ask"
    assert table.round() == "repeat"
    assert table.round() == "over"


@given(st.permutations([(strategy, number) for strategy in ORDER for number in range(2)]))
def test_whoever_answers_first_all_is_applied_in_the_order_of_the_configuration(arrival: list[tuple[int, int]]) -> None:
    table = Table()
    table.round(*(buy(f"{strategy} {number}", 10 + number, strategy) for strategy, number in arrival))
    by_strategy = [[number for who, number in arrival if who == strategy] for strategy in ORDER]
    expected = [f"{who} {number}" for who, numbers in zip(ORDER, by_strategy, strict=True) for number in numbers]
    assert table.placed() == expected
    assert len([effects for effects in table.done if effects.place]) == len(ORDER), "one decision of each"


@given(st.permutations(ORDER))
def test_a_round_is_over_with_the_last_answer_whoever_gives_it(arrival: list[int]) -> None:
    rounds = Table().rounds
    rounds.ask(3)
    assert [rounds.answered(strategy, 3) for strategy in arrival] == [False, False, True]
    rounds.ask(4)
    assert not any(rounds.answered(strategy, 3) for strategy in arrival), "answers for another row"
    assert [rounds.waits_for(strategy) for strategy in ORDER] == [4, 4, 4]


def test_an_answer_that_comes_twice_counts_once() -> None:
    rounds = Table().rounds
    rounds.ask(3)
    assert not any(rounds.answered(A, 3) for _ in ORDER)
    assert [rounds.waits_for(strategy) for strategy in ORDER] == [None, 3, 3]


def test_what_is_decided_between_two_rounds_waits_for_the_end_of_the_next() -> None:
    table = Table()
    assert table.rounds.keep(buy("between"))
    assert table.placed() == []
    assert table.round() == "repeat"
    assert table.placed() == ["between"]


def test_once_dissolved_what_was_decided_leaves_and_nothing_is_kept() -> None:
    table = Table()
    table.rounds.ask(1)
    table.rounds.keep(buy("decided"))
    table.carry_out(table.rounds.dissolve())
    assert table.placed() == ["decided"]
    assert table.rounds.waits_for(A) is None
    assert not table.rounds.keep(buy("later"))


def test_a_real_adapter_sees_nothing_of_rounds() -> None:
    assert not {RowEnd, RowDone} & set(get_args(ExchangeEvent))
    for port in (Exchange, TradingSession):
        assert not {"lock_step", "settled", "events_in_rounds"} & (vars(port).keys() | get_annotations(port).keys())


class Paced(FakeReplay):
    lock_step = False


class Former(FakeExchange):
    """One that was written when every exchange had to say that it is in no lock-step."""

    lock_step = False


@pytest.mark.parametrize(
    ("kind", "expected"), [(FakeExchange, False), (Former, False), (Paced, False), (FakeReplay, True)]
)
def test_only_an_exchange_that_says_so_is_in_lock_step(kind: type[FakeExchange], expected: bool) -> None:
    assert in_lock_step(kind()) is expected
