"""The account's channels: two snapshots first, then every message in its number."""

import json

import pytest
import trio
from trio.testing import MockClock

from adapters.exchanges.kraken.account.probe_cancels import Questions
from adapters.exchanges.kraken.account.stream import FILL_SECONDS, AccountStream
from adapters.exchanges.kraken.wire.socket import read_frame
from messages.orders import Accepted
from tests.adapters.exchanges.kraken.support import START, Message, opening, order_id, report
from trading.ports import ExchangeUnavailable

MONEY: list[Message] = [{"asset": "USD", "balance": 1000}, {"asset": "BTC", "balance": 1}]
OURS = {**opening(1), "order_qty": 0.0025, "limit_price": 60000.0}
MOVED: Message = {"asset": "USD", "balance": 850, "amount": -150, "ledger_id": "L1", "ref_id": "T1", "type": "trade"}


def say(stream: AccountStream, channel: str, sequence: int, *data: Message, kind: str = "update") -> None:
    frame = {"channel": channel, "type": kind, "sequence": sequence, "data": data}
    stream.on_frame(read_frame(json.dumps(frame).encode()))


def shown() -> AccountStream:
    """Both snapshots are there: no order, and some money."""
    stream = AccountStream(Questions(lambda: START))
    say(stream, "balances", 1, *MONEY, kind="snapshot")
    assert not stream.shown.is_set()
    say(stream, "executions", 1, kind="snapshot")
    assert stream.shown.is_set()
    return stream


def test_before_it_begins_there_is_no_account() -> None:
    stream = shown()
    with pytest.raises(ExchangeUnavailable, match="not there yet"):
        _ = stream.orders
    with pytest.raises(ExchangeUnavailable, match="not there yet"):
        AccountStream(Questions(lambda: START)).begin({})


async def test_what_comes_before_it_begins_is_kept_and_told_once(autojump_clock: MockClock) -> None:
    stream = shown()
    say(stream, "executions", 2, OURS)
    stream.begin({})
    assert stream.snapshot.open_orders == ()
    event = await anext(aiter(stream.feed))
    assert isinstance(event, Accepted)
    known = stream.find(order_id(1))
    assert known is not None
    assert known.facts.status == "open"


@pytest.mark.parametrize("sequence", [1, 3])
async def test_a_number_that_is_not_due_is_something_lost(sequence: int, autojump_clock: MockClock) -> None:
    stream = shown()
    stream.begin({})
    with pytest.raises(ExchangeUnavailable, match=f"executions: message {sequence} where 2 was due"):
        say(stream, "executions", sequence, OURS)


async def test_an_unreadable_report_of_ours_ends_it_and_one_of_others_does_not(autojump_clock: MockClock) -> None:
    stream = shown()
    stream.begin({})
    say(stream, "executions", 2, {**report(9, "canceled"), "cl_ord_id": "of another", "timestamp": 7})
    say(stream, "executions", 3, OURS)
    with pytest.raises(ExchangeUnavailable, match="O1 cannot be read"):
        say(stream, "executions", 4, {**report(1, "canceled"), "timestamp": 7})


async def test_money_that_moved_by_a_fill_is_waited_for_and_then_missed(autojump_clock: MockClock) -> None:
    stream = shown()
    stream.begin({})
    say(stream, "balances", 2, MOVED)
    stream.check_movements()
    await trio.sleep(FILL_SECONDS + 1)
    with pytest.raises(ExchangeUnavailable, match="fill T1"):
        stream.check_movements()
