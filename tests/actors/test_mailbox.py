import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.mailbox import Mailbox, MailboxOverflow


def test_mail_is_taken_in_the_order_in_which_it_came() -> None:
    mailbox = Mailbox[int]("grid")
    for number in range(5):
        mailbox.post(number)
    assert len(mailbox) == 5
    assert mailbox.receive_nowait() == [0, 1, 2, 3, 4]
    assert mailbox.receive_nowait() == []


def test_of_values_with_one_key_only_the_newest_waits_and_values_come_first() -> None:
    mailbox = Mailbox[str]("grid")
    mailbox.post("fill")
    mailbox.post_newest("BTC/USD", "50000")
    mailbox.post_newest("ETH/USD", "3000")
    mailbox.post_newest("BTC/USD", "50001")
    assert len(mailbox) == 3
    assert mailbox.receive_nowait() == ["50001", "3000", "fill"]
    assert len(mailbox) == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.booleans()), max_size=40))
def test_no_fact_is_lost_and_no_value_is_older_than_the_last_one(steps: list[tuple[bool, int, bool]]) -> None:
    mailbox = Mailbox[tuple[int, int]]("grid")
    facts, newest = [], {}
    taken: list[tuple[int, int]] = []
    for number, (is_fact, key, take) in enumerate(steps):
        if is_fact:
            mailbox.post((-1, number))
            facts.append((-1, number))
        else:
            mailbox.post_newest(key, (key, number))
            newest[key] = number
        if take:
            taken += mailbox.receive_nowait()
    taken += mailbox.receive_nowait()
    assert [message for message in taken if message[0] < 0] == facts
    assert dict(message for message in taken if message[0] >= 0) == newest


async def test_a_waiting_receiver_is_woken_by_a_fact_and_by_a_value(autojump_clock: MockClock) -> None:
    mailbox = Mailbox[str]("grid")
    received: list[list[str]] = []

    async def receive_thrice() -> None:
        while len(received) < 3:
            received.append(await mailbox.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive_thrice)
        await wait_all_tasks_blocked()
        mailbox.post("fill")
        mailbox.post("another")
        await wait_all_tasks_blocked()
        mailbox.post_newest("BTC/USD", "1")
        mailbox.post_newest("BTC/USD", "2")
        await wait_all_tasks_blocked()
        mailbox.post_newest("BTC/USD", "3")
        mailbox.post("fill")
    assert received == [["fill", "another"], ["2"], ["3", "fill"]]


async def test_a_value_that_does_not_wake_waits_for_the_next_fact(autojump_clock: MockClock) -> None:
    mailbox = Mailbox[str]("grid")
    mailbox.post_newest("BTC/USD", "1", wake=False)
    with trio.move_on_after(60) as patience:
        await mailbox.receive()
    assert patience.cancelled_caught
    mailbox.post("row")
    assert await mailbox.receive() == ["1", "row"]


async def test_mail_outlives_a_receiver_that_was_cancelled(autojump_clock: MockClock) -> None:
    mailbox = Mailbox[str]("grid")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(mailbox.receive)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    mailbox.post_newest("BTC/USD", "1")
    mailbox.post("fill")
    assert await mailbox.receive() == ["1", "fill"]


def test_a_flood_fails_the_receiver_and_never_the_sender() -> None:
    mailbox = Mailbox[int]("grid", limit=3)
    for number in range(5):
        mailbox.post(number)
    assert mailbox.dropped == 2
    with pytest.raises(MailboxOverflow, match="mailbox of grid: more than 3 messages waited"):
        mailbox.receive_nowait()
    mailbox.post(7)
    assert mailbox.receive_nowait() == [7]


def test_values_never_flood() -> None:
    mailbox = Mailbox[int]("grid", limit=1)
    for number in range(100):
        mailbox.post_newest("BTC/USD", number)
    assert mailbox.receive_nowait() == [99]


def test_an_empty_mailbox_is_there() -> None:
    mailbox = Mailbox[str]("any")
    assert len(mailbox) == 0
    assert mailbox
