"""The bookkeeping of strategies that wait for an answer of the exchange."""

import msgspec

from messages.account import AttachAnswered, History
from messages.ids import ClientOrderId
from tests.actors.manager_rig import A, B, attach, filled, place, shown, submit
from trading.attaching import Attaches


def test_an_answer_to_another_attach_is_void() -> None:
    attaches = Attaches()
    attaches.begin(attach(A))
    waiting = attaches.begin(attach(A, number=2))
    assert attaches.answered(AttachAnswered(A, 1)) is None
    assert attaches.answered(AttachAnswered(B, 2)) is None
    order = place("one")
    assert attaches.answered(AttachAnswered(A, 2, facts={order.order_id: shown(order)})) is waiting
    assert waiting.facts == {order.order_id: shown(order)}


def test_history_is_asked_for_where_it_matters_and_each_order_once() -> None:
    waiting = Attaches().begin(msgspec.structs.replace(attach(A), since=5))
    before, waiting.history = waiting.lacks_history, History(5, ())
    assert (before, waiting.lacks_history) == (True, False)
    assert waiting.still_to_ask([ClientOrderId("one"), ClientOrderId("two")]) == ["one", "two"]
    assert waiting.still_to_ask([ClientOrderId("two"), ClientOrderId("three")]) == ["three"]
    assert not Attaches().begin(attach(A)).lacks_history


def test_only_what_concerns_a_waiting_strategy_is_kept_and_a_newer_attach_inherits_it() -> None:
    attaches, order, other = Attaches(), place("one"), place("two", strategy=B)
    attaches.begin(attach(A))
    assert attaches.keep(filled(order))
    assert not attaches.keep(filled(order), tracked=True)
    assert not attaches.keep(filled(other))
    attaches.begin(attach(A, number=2))
    assert attaches.keep(submit(order))
    assert attaches.end(A) == [filled(order), submit(order)]
    assert not attaches
    assert not attaches.keep(filled(order))


def test_a_stop_gives_up_those_that_want_nothing() -> None:
    attaches, order, other = Attaches(), place("one"), place("two", strategy=B)
    attaches.begin(attach(A))
    attaches.begin(attach(B))
    attaches.keep(filled(order))
    attaches.keep(submit(other, strategy=B))
    assert attaches.give_up() == [filled(order)]
    assert attaches
    assert attaches.end(B) == [submit(other, strategy=B)]
