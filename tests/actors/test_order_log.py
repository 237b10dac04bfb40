"""Lines about single orders carry their ids, and nothing is told twice."""

import json
import logging
from decimal import Decimal

import pytest

from actors.order_log import OrderLog
from console.log_lines import JsonFormatter
from messages.account import Attach, LiveOrder
from messages.ids import ClientOrderId, Nanos, VenueOrderId, client_order_id
from messages.money import ZERO
from messages.orders import Accepted, Amended, Canceled, Deferred, Filled, OrderEvent, PartiallyFilled, Place, Rejected

D = Decimal
ORDER = client_order_id(1001, "OBUY")
VENUE = VenueOrderId("OABC-1")
NOW = Nanos(1)
PLACE = Place(1001, ORDER, "BTC/USD", "sell", D("50000.0"), D("0.002"), False, "counter", "OBUY", NOW)

ACCEPTED = Accepted(order_id=ORDER, exchange_id=VENUE, time=NOW)
PART = PartiallyFilled(
    order_id=ORDER, exchange_id=VENUE, fill_id="f", filled=D("0.001"), cost=D(50), fee=ZERO, time=NOW
)
FILLED = Filled(order_id=ORDER, exchange_id=VENUE, fill_id="f", filled=D("0.002"), cost=D(100), fee=ZERO, time=NOW)
CANCELED = Canceled(
    order_id=ORDER, exchange_id=VENUE, filled=D("0.001"), cost=D(50), fee=ZERO, reason="venue", time=NOW, text="Admin"
)
AMENDED = Amended(order_id=ORDER, exchange_id=VENUE, price=D(51000), volume=D("0.002"), time=NOW)
REJECTED = Rejected(order_id=ORDER, reason="funds", text="EOrder:Insufficient funds", time=NOW)
DEFERRED = Deferred(order_id=ORDER, reason="rate limit", text="EOrder:Rate limit exceeded", time=NOW)


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    return [(record.levelno, record.message) for record in caplog.records]


@pytest.mark.parametrize(
    ("event", "level", "words"),
    [
        (ACCEPTED, logging.INFO, "placed"),
        (PART, logging.DEBUG, "filled up to 0.001"),
        (FILLED, logging.DEBUG, "filled"),
        (CANCELED, logging.INFO, "cancelled (venue: Admin), 0.001 of it filled"),
        (AMENDED, logging.DEBUG, "changed to 0.002 at 51000"),
        (REJECTED, logging.DEBUG, "refused (funds): EOrder:Insufficient funds"),
        (DEFERRED, logging.DEBUG, "waits (rate limit): EOrder:Rate limit exceeded"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_line_says_what_became_of_which_order_of_whom_and_why(
    event: OrderEvent | Deferred, level: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    log = OrderLog()
    log.sends([PLACE])
    caplog.clear()
    log.happened(event)
    assert lines(caplog) == [(level, f"BTC/USD: sell 0.002 at 50000.0 {words} (order {ORDER})")]
    shown = json.loads(JsonFormatter({1001: "btc-hodl"}).format(caplog.records[0]))
    expected = {"strategy": "btc-hodl", "pair": "BTC/USD", "order_id": ORDER, "cause": "OBUY"}
    assert shown.items() >= expected.items()
    assert shown.get("exchange_id") == (None if isinstance(event, Rejected | Deferred) else VENUE)


def test_an_order_is_placed_once_however_often_that_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log = OrderLog()
    log.sends([PLACE])
    log.happened(ACCEPTED)
    log.happened(ACCEPTED)
    log.happened(FILLED)
    log.happened(ACCEPTED)
    assert len(lines(caplog)) == 1


def test_orders_of_an_earlier_session_are_known_and_their_look_up_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    log = OrderLog()
    live = LiveOrder(PLACE, canceling=False, accepted=True, filled=ZERO)
    log.counts_on(Attach(1001, 1, "BTC/USD", D(0), ZERO, sells_unowned=False, orders=(live,)))
    log.looks_up([ORDER])
    log.cancels([ORDER])
    log.happened(ACCEPTED)
    of = "BTC/USD: sell 0.002 at 50000.0"
    assert [words for _, words in lines(caplog)] == [
        f"{of} its fate is looked up (order {ORDER})",
        f"{of} to be cancelled (order {ORDER})",
    ]


@pytest.mark.parametrize(("text", "said"), [("User requested", "User requested"), ("", "at a request")])
def test_a_cancel_that_is_looked_into_is_called_nothing_before(
    text: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The strategy's notice says whose it was: the log must not say two things of one cancel."""
    caplog.set_level(logging.INFO)
    OrderLog().happened(
        Canceled(
            order_id=ClientOrderId("x"), exchange_id=VENUE, filled=ZERO, cost=ZERO, fee=ZERO, reason="unclear",
            time=NOW, text=text,
        )
    )  # fmt: skip
    assert lines(caplog) == [(logging.INFO, f"cancelled ({said}) (order x)")]


def test_an_order_of_which_nothing_is_known_is_named_by_its_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    OrderLog().happened(
        Canceled(
            order_id=ClientOrderId("x"), exchange_id=VENUE, filled=ZERO, cost=ZERO, fee=ZERO, reason="by hand", time=NOW
        )
    )
    assert lines(caplog) == [(logging.INFO, "cancelled (by hand) (order x)")]


def test_a_replay_is_not_told_order_by_order(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log = OrderLog(logging.DEBUG)
    log.sends([PLACE])
    log.happened(ACCEPTED)
    log.happened(CANCELED)
    assert lines(caplog) == []
