import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.metrics.status_page import post_report, rfc3339, status_json
from messages.conditions import Condition, Conditions
from messages.mailboxes import MetricsMail
from messages.status import ActorReport, Phase, PriceReport, ProgramReport, ProgramState, Status
from tests.actors.reports import CHANNELS, HODL, START, Clock, new_board


def test_before_any_report_the_program_is_initializing() -> None:
    _, board = new_board()
    assert board.snapshot() == Status(
        "INITIALIZING", "", "my grids", True, Decimal("0.000"), "2025-10-27T12:21:07.123Z", (), (), version="1.2.3"
    )
    assert board.state == "INITIALIZING"


@pytest.mark.parametrize(("nanoseconds", "seconds"), [(None, None), (0, "0.000"), (7_654_999_999, "7.654")])
def test_the_clock_is_told_in_seconds_while_there_is_an_exchange(nanoseconds: int | None, seconds: str | None) -> None:
    status = new_board(clock_offset=nanoseconds)[1].snapshot()
    assert status.clock_offset_seconds == (None if seconds is None else Decimal(seconds))
    shown = json.loads(status_json(status), parse_float=str)["clock_offset_seconds"]
    assert shown == seconds


def test_the_newest_report_of_each_origin_is_kept_across_snapshots() -> None:
    mailbox, board = new_board()
    post_report(mailbox, ProgramReport("INITIALIZING", "syncing"))
    post_report(mailbox, HODL)
    post_report(mailbox, ActorReport("notifier", 0, 0, 0))
    assert board.snapshot().reason == "syncing"
    other = msgspec.structs.replace(HODL, strategy=1002, name="other")
    post_report(mailbox, other)
    post_report(mailbox, ActorReport("notifier", 2, 0, 1))
    post_report(mailbox, ProgramReport("RUNNING", ""))
    status = board.snapshot()
    assert (status.state, status.reason) == ("RUNNING", "")
    assert status.strategies == (HODL, other)
    assert status.actors == (ActorReport("notifier", 2, 0, 1),)


def test_a_strategys_price_is_the_newest_of_its_symbol() -> None:
    mailbox, board = new_board()
    post_report(mailbox, msgspec.structs.replace(HODL, price=None))
    post_report(mailbox, PriceReport("ETH/USD", Decimal(3000), START))
    assert board.snapshot().strategies[0].price is None
    post_report(mailbox, PriceReport("BTC/USD", Decimal("60123.4"), START))
    assert board.snapshot().strategies[0].price == Decimal("60123.4")
    assert [report.symbol for report in board.prices()] == ["ETH/USD", "BTC/USD"]


def test_uptime_counts_milliseconds_and_never_runs_backwards_below_zero() -> None:
    clock = Clock()
    _, board = new_board(clock)
    clock.time += 61_234_999_999
    assert board.snapshot().uptime_seconds == Decimal("61.234")
    clock.time = START - 1
    assert board.snapshot().uptime_seconds == 0


def test_reports_that_nobody_reads_do_not_pile_up() -> None:
    mailbox, board = new_board()
    reports: list[MetricsMail] = [
        ProgramReport("RUNNING", ""),
        HODL,
        ActorReport("a", 0, 0, 0),
        PriceReport("BTC/USD", Decimal(1), START),
    ]
    for _ in range(1000):
        for report in reports:
            post_report(mailbox, report)
    assert mailbox.dropped == 0
    assert board.snapshot().state == "RUNNING"


def test_a_snapshot_is_a_message() -> None:
    mailbox, board = new_board()
    post_report(mailbox, HODL)
    status = board.snapshot()
    assert msgspec.json.decode(msgspec.json.encode(status), type=Status) == status


def test_the_page_is_indented_json_with_amounts_as_plain_decimal_strings() -> None:
    clock = Clock()
    mailbox, board = new_board(clock, CHANNELS, clock_offset=-1_250_000_000)
    clock.time += 5_000_000_000
    post_report(mailbox, ProgramReport("RUNNING", ""))
    post_report(mailbox, HODL)
    post_report(mailbox, ActorReport("notifier", 1, 2, 3))
    post_report(mailbox, Conditions("venue", (Condition(1001, "pair", "BTC/USD is delisted", START, blocks=True),)))
    post_report(mailbox, Conditions("account", (Condition(0, "lockout", "locked out", START - 10**9),)))
    page = json.loads(status_json(board.snapshot()), parse_float=Decimal)
    assert page == {
        "state": "RUNNING",
        "reason": "",
        "uptime_seconds": Decimal("5.000"),
        "timestamp": "2025-10-27T12:21:12.123Z",
        "clock_offset_seconds": Decimal("-1.250"),
        "bot": "my grids",
        "version": "1.2.3",
        "simulated": True,
        "conditions": [
            {
                "strategy": None,
                "code": "lockout",
                "detail": "locked out",
                "since": "2025-10-27T12:21:06.123Z",
                "blocks": False,
            },
            {
                "strategy": "btc-hodl",
                "code": "pair",
                "detail": "BTC/USD is delisted",
                "since": "2025-10-27T12:21:07.123Z",
                "blocks": True,
            },
        ],
        "strategies": [
            {
                "name": "btc-hodl",
                "kind": "GridHODL",
                "userref": 1001,
                "symbol": "BTC/USD",
                "phase": "trading",
                "reason": "",
                "last_price": "60000.0",
                "investment": "100.00",
                "max_investment": "1000",
                "quote_free": "400.5",
                "base_free": "0.25",
                "owned": "0.5",
                "surplus": "0.0001",
                "buys_filled": 7,
                "sells_filled": 3,
                "fees": "1.23",
                "cash_flow": "-5.5",
                "waiting": ["fewer than 5 buys: not enough USD"],
                "open_orders": [
                    {
                        "side": "sell",
                        "price": "61200.0",
                        "volume": "0.00000001",
                        "filled": "0",
                        "phase": "requested",
                        "kind": "counter",
                        "order_id": "g000rt1bbbbbbbbbbb",
                    },
                    {
                        "side": "buy",
                        "price": "58823.5",
                        "volume": "0.00170000",
                        "filled": "0",
                        "phase": "open",
                        "kind": "ladder",
                        "order_id": "g000rt1aaaaaaaaaaa",
                    },
                ],
            }
        ],
        "actors": [{"name": "notifier", "restarts": 1, "mailbox": 2, "dropped": 3}],
        "notifier": [
            {
                "channel": "log",
                "works": True,
                "queue": 0,
                "sent": 12,
                "summed_up": 0,
                "dropped": 0,
                "failures": 0,
                "last_error": "",
            },
            {
                "channel": "telegram",
                "works": False,
                "queue": 4,
                "sent": 3,
                "summed_up": 5,
                "dropped": 2,
                "failures": 8,
                "last_error": "no answer within 15 s",
            },
        ],
    }


@pytest.mark.parametrize("state", ["INITIALIZING", "RUNNING", "SHUTDOWN_REQUESTED", "ERROR"])
def test_health_checks_find_the_state_literally_and_once(state: ProgramState) -> None:
    mailbox, board = new_board()
    post_report(mailbox, ProgramReport(state, ""))
    post_report(mailbox, HODL)
    post_report(mailbox, msgspec.structs.replace(HODL, strategy=2, phase="halted", reason='"state": "RUNNING"'))
    page = status_json(board.snapshot()).decode()
    assert page.startswith(f'{{\n  "state": "{state}",\n')
    assert page.count('"state"') == 1
    assert page.count('"state": "RUNNING"') == (state == "RUNNING")


def test_an_unknown_price_is_null() -> None:
    mailbox, board = new_board()
    post_report(mailbox, msgspec.structs.replace(HODL, price=None))
    assert json.loads(status_json(board.snapshot()))["strategies"][0]["last_price"] is None


def test_times_are_cut_to_milliseconds_of_utc() -> None:
    assert rfc3339(START) == "2025-10-27T12:21:07.123Z"
    assert rfc3339(999_999) == "1970-01-01T00:00:00.000Z"


@given(st.integers(0, 10**19))
def test_times_read_back_to_the_same_millisecond(time: int) -> None:
    read = datetime.fromisoformat(rfc3339(time)) - datetime.fromtimestamp(0, UTC)
    assert read // timedelta(milliseconds=1) == time // 1_000_000


def test_a_start_that_the_program_holds_up_says_why() -> None:
    mailbox, board = new_board()
    post_report(mailbox, msgspec.structs.replace(HODL, phase="syncing", reason="starting"))
    assert board.snapshot().strategies[0].reason == "starting"
    away = Condition(0, "connection", "exchange: nobody answers", START, blocks=True)
    slow = Condition(0, "connection", "venue-watch: nobody answers", START)
    post_report(mailbox, Conditions("supervisor exchange", (away, slow)))
    assert board.snapshot().strategies[0].reason == "starting; exchange: nobody answers"
    post_report(mailbox, Conditions("supervisor exchange", ()))
    assert board.snapshot().strategies[0].reason == "starting"


@pytest.mark.parametrize(
    ("phase", "shown"),
    [
        ("syncing", {"unconfirmed"}),
        ("trading", {"open", "requested"}),
        ("paused", {"open", "requested"}),
        ("halted", {"open", "requested"}),
    ],
)
def test_orders_are_not_called_open_before_the_exchange_was_asked(phase: Phase, shown: set[str]) -> None:
    mailbox, board = new_board()
    post_report(mailbox, HODL)
    post_report(mailbox, ProgramReport("INITIALIZING", "", {HODL.strategy: (phase, "")}))
    page = json.loads(status_json(board.snapshot()))
    assert {order["phase"] for order in page["strategies"][0]["open_orders"]} == shown
