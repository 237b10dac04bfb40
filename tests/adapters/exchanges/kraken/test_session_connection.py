"""How a session ends, and what still works without its socket."""

import pytest
import trio
from trio.testing import MockClock

from adapters.exchanges.kraken.session import Line, open_session
from messages.ids import VenueOrderId
from messages.orders import Accepted, Canceled
from tests.adapters.exchanges.kraken.support import (
    START,
    Peer,
    RestTable,
    make_account,
    opened,
    opening,
    order_id,
    place,
    report,
)
from trading.ports import BotStateError, ExchangeUnavailable


@pytest.mark.parametrize("sequence", [2, 4, 1])
async def test_a_gap_a_repeat_and_a_step_back_end_the_session(autojump_clock: MockClock, sequence: int) -> None:
    async with opened(orders=[opening(1)]) as rig:
        await rig.far.channel("executions", report(1, "new"), sequence=2)
        await rig.far.channel("executions", report(1, "new"), sequence=sequence)
        failure = await rig.failure()
        with pytest.raises(ExchangeUnavailable):
            await rig.session.place([place(2)])
    assert isinstance(failure, ExchangeUnavailable)
    assert "lost" in str(failure)


async def test_silence_ends_the_session(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        rig.far.beating = False
        failure = await rig.failure()
    assert isinstance(failure, ExchangeUnavailable)
    assert "silent" in str(failure)


async def test_a_closed_connection_ends_the_session(autojump_clock: MockClock) -> None:
    async with opened() as rig:
        await rig.far.cut()
        assert isinstance(await rig.failure(), ExchangeUnavailable)


@pytest.mark.parametrize("garbage", ["", "{", "[]", '{"channel":"executions","type":"update","sequence":2,"data":7}'])
async def test_garbage_ends_the_session_with_a_clear_error(autojump_clock: MockClock, garbage: str) -> None:
    async with opened() as rig:
        await rig.far.say(garbage)
        failure = await rig.failure()
    assert isinstance(failure, ExchangeUnavailable)


async def test_unknown_channels_and_complaints_are_passed_over(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1)]) as rig:
        await rig.far.say({"channel": "weather", "data": {"rain": True}})
        await rig.far.say({"Error": "Exceeded msg rate"})
        await rig.far.channel("executions", report(1, "restated", reason="new"), report(1, "never heard of"))
        await rig.far.channel("executions", report(1, "canceled"))
        (event,) = await rig.events(1)
    assert isinstance(event, Canceled)


async def test_fills_that_were_not_told_end_the_session(autojump_clock: MockClock) -> None:
    async with opened(orders=[opening(1)]) as rig:
        await rig.far.channel("executions", report(1, "filled"))
        assert isinstance(await rig.failure(), ExchangeUnavailable)


async def test_a_token_that_is_refused_moves_the_orders_to_rest(autojump_clock: MockClock) -> None:
    rest = RestTable(AddOrder={"txid": ["O1"], "descr": {}})
    async with opened(rest) as rig:
        await rig.far.answer(await rig.placed(place(1)), error="ESession:Invalid session")
        (event,) = await rig.events(1)
        assert event == Accepted(
            order_id=order_id(1),
            exchange_id=VenueOrderId("O1"),
            time=event.time if isinstance(event, Accepted) else START,
        )
        (body,) = rest.asked("AddOrder")
    assert (body["pair"], body["price"], body["volume"], body["oflags"]) == ("XBTUSD", "60000.0", "0.00250000", "post")


async def test_requests_beside_the_one_whose_token_is_refused_are_not_held_up(autojump_clock: MockClock) -> None:
    rest = RestTable(AddOrder={"txid": ["O2"], "descr": {}}, CancelOrder={"count": 1})
    async with opened(rest, orders=[opening(1)]) as rig:
        await rig.session.cancel([order_id(1)])
        cancel = await rig.far.heard()
        order = await rig.placed(place(2))
        begin = trio.current_time()
        for request in (cancel, order):
            await rig.far.answer(request, error="ESession:Invalid session")
        await rig.events(1)
        assert trio.current_time() - begin < 1
        await rig.far.channel("executions", report(1, "canceled"))
        await rig.events(1)
        assert len(rest.asked("AddOrder")) == len(rest.asked("CancelOrder")) == 1
        assert not rig.waits


async def test_a_question_whose_token_is_refused_is_asked_over_rest(autojump_clock: MockClock) -> None:
    rest = RestTable(CancelOrder="EOrder:Unknown order", AddOrder={"txid": ["O1"], "descr": {}})
    async with opened(rest) as rig:
        await rig.placed(place(1))
        question = await rig.far.heard()
        assert question["method"] == "cancel_order"
        await rig.far.answer(question, error="EAPI:Invalid token")
        (event,) = await rig.events(1)
    assert isinstance(event, Accepted)
    assert len(rest.asked("AddOrder")) == len(rest.asked("CancelOrder")) == 1


async def test_an_order_of_a_tokenized_pair_names_its_class_over_rest(autojump_clock: MockClock) -> None:
    rest = RestTable(AddOrder={"txid": ["O1"], "descr": {}})
    async with opened(rest) as rig:
        await rig.far.answer(await rig.placed(place(1, symbol="AAPLx/USD")), error="ESession:Invalid session")
        await rig.events(1)
        (body,) = rest.asked("AddOrder")
    assert (body["pair"], body["asset_class"]) == ("AAPLxUSD", "tokenized_asset")


async def test_a_key_that_is_refused_is_fatal(autojump_clock: MockClock) -> None:
    with pytest.raises(BotStateError, match="GetWebSocketsToken"):
        async with open_session(make_account(RestTable(GetWebSocketsToken="EAPI:Invalid key")), line(Peer())):
            pass


@pytest.mark.parametrize("worked", [False, True])
async def test_a_stream_that_refuses_the_key_says_what_to_do(autojump_clock: MockClock, *, worked: bool) -> None:
    async with opened() as rig:
        rig.account.rest.worked = worked
        await rig.far.say({"method": "subscribe", "success": False, "error": "EAPI:Invalid key"})
        failure = await rig.failure()
    assert isinstance(failure, BotStateError)
    assert ("both copied whole, of the same key" in str(failure)) == (not worked)


async def test_a_peer_that_refuses_the_connection_is_unavailable(autojump_clock: MockClock) -> None:
    peer = Peer()
    peer.refuse = ConnectionRefusedError("nobody there")
    with pytest.raises(ExchangeUnavailable, match="nobody there"):
        async with open_session(make_account(RestTable()), line(peer)):
            pass


def line(peer: Peer) -> Line:
    """The way to this peer."""
    return Line(peer.dial, "wss://kraken.test/v2")
