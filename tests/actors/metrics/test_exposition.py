from decimal import Decimal

import msgspec
import prometheus_client
from prometheus_client.parser import text_string_to_metric_families

from actors.metrics.exposition import exposition
from actors.metrics.status_page import StatusBoard, post_report
from messages.conditions import Condition, Conditions
from messages.status import ActorReport, PriceReport, ProgramReport
from tests.actors.reports import CHANNELS, HODL, START, Clock, new_board


def samples(board: StatusBoard) -> dict[str, float]:
    """Every sample by `name{label="value",...}`, without the label `bot`, which all have."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(exposition(board).decode()):
        for sample in family.samples:
            assert sample.labels["bot"] == "my grids"
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()) if key != "bot")
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def full_board() -> StatusBoard:
    clock = Clock()
    mailbox, board = new_board(clock, CHANNELS, clock_offset=-1_250_000_000)
    clock.time += 90_000_000_000
    post_report(mailbox, ProgramReport("RUNNING", ""))
    post_report(mailbox, HODL)
    post_report(mailbox, PriceReport("BTC/USD", Decimal("60123.4"), START))
    post_report(mailbox, ActorReport("market-data", 4, 1, 0))
    post_report(mailbox, ActorReport("notifier", 0, 2, 9))
    return board


def test_every_figure_is_exposed_under_its_name() -> None:
    one = "pair=BTC/USD,strategy=btc-hodl"
    assert samples(full_board()) == {
        "build_info{simulated=true,version=1.2.3}": 1,
        "grid_uptime_seconds{}": 90,
        "exchange_clock_offset_seconds{}": -1.25,
        "grid_state{state=INITIALIZING}": 0,
        "grid_state{state=RUNNING}": 1,
        "grid_state{state=SHUTDOWN_REQUESTED}": 0,
        "grid_state{state=ERROR}": 0,
        f"grid_phase{{{one.replace(',', ',phase=syncing,')}}}": 0,
        f"grid_phase{{{one.replace(',', ',phase=trading,')}}}": 1,
        f"grid_phase{{{one.replace(',', ',phase=paused,')}}}": 0,
        f"grid_phase{{{one.replace(',', ',phase=halted,')}}}": 0,
        f"grid_open_orders{{{one.replace(',', ',side=buy,')}}}": 1,
        f"grid_open_orders{{{one.replace(',', ',side=sell,')}}}": 1,
        f"grid_fills_total{{{one.replace(',', ',side=buy,')}}}": 7,
        f"grid_fills_total{{{one.replace(',', ',side=sell,')}}}": 3,
        f"grid_fees_quote_total{{{one}}}": 1.23,
        f"grid_waiting{{{one}}}": 1,
        f"grid_orders_put_off{{{one}}}": 0,
        f"grid_price{{{one}}}": 60123.4,
        f"grid_investment_quote{{{one}}}": 100,
        f"grid_investment_limit_quote{{{one}}}": 1000,
        f"grid_cash_flow_quote{{{one}}}": -5.5,
        f"grid_balance{{asset=USD,kind=free,{one}}}": 400.5,
        f"grid_balance{{asset=BTC,kind=free,{one}}}": 0.25,
        f"grid_balance{{asset=BTC,kind=owned,{one}}}": 0.5,
        f"grid_balance{{asset=BTC,kind=surplus,{one}}}": 0.0001,
        "grid_price_timestamp_seconds{pair=BTC/USD}": START / 1_000_000_000,
        "actor_restarts_total{actor=market-data}": 4,
        "actor_restarts_total{actor=notifier}": 0,
        "mailbox_length{actor=market-data}": 1,
        "mailbox_length{actor=notifier}": 2,
        "mailbox_dropped_total{actor=market-data}": 0,
        "mailbox_dropped_total{actor=notifier}": 9,
        "notifier_up{channel=log}": 1,
        "notifier_up{channel=telegram}": 0,
        "notifier_queue_length{channel=log}": 0,
        "notifier_queue_length{channel=telegram}": 4,
        "notifier_sent_total{channel=log}": 12,
        "notifier_sent_total{channel=telegram}": 3,
        "notifier_summed_total{channel=log}": 0,
        "notifier_summed_total{channel=telegram}": 5,
        "notifier_dropped_total{channel=log}": 0,
        "notifier_dropped_total{channel=telegram}": 2,
        "notifier_failures_total{channel=log}": 0,
        "notifier_failures_total{channel=telegram}": 8,
        "notifier_last_error{channel=telegram,error=no answer within 15 s}": 1,
    }


def test_each_open_condition_is_a_sample_with_its_beginning() -> None:
    mailbox, board = new_board()
    post_report(mailbox, HODL)
    rows = (Condition(0, "lockout", "locked out", 5 * 10**9), Condition(HODL.strategy, "fees", "too high", 10**9))
    post_report(mailbox, Conditions("account", rows))
    found = {name: value for name, value in samples(board).items() if name.startswith("grid_condition")}
    assert found == {
        "grid_condition_since_timestamp_seconds{code=lockout,strategy=}": 5,
        "grid_condition_since_timestamp_seconds{code=fees,strategy=btc-hodl}": 1,
    }


def test_an_unknown_price_has_no_sample() -> None:
    mailbox, board = new_board()
    post_report(mailbox, msgspec.structs.replace(HODL, price=None))
    assert not [name for name in samples(board) if name.startswith("grid_price")]


def test_without_an_exchange_its_clock_has_no_sample() -> None:
    assert not [name for name in samples(new_board()[1]) if name.startswith("exchange_clock")]


def test_names_with_quotes_and_backslashes_stay_readable() -> None:
    mailbox, board = new_board()
    post_report(mailbox, msgspec.structs.replace(HODL, name='a "b"\\c'))
    assert 'grid_fees_quote_total{pair=BTC/USD,strategy=a "b"\\c}' in samples(board)


def test_the_surrounding_programs_metrics_are_neither_shown_nor_touched() -> None:
    before = prometheus_client.generate_latest()
    page = exposition(full_board())
    assert b"python_info" not in page
    assert b"grid_" not in prometheus_client.generate_latest()
    assert b"python_info" in before


def test_a_zero_has_no_sign() -> None:
    mailbox, board = new_board(Clock(), CHANNELS)
    nothing = Decimal("-0.00000000")
    post_report(mailbox, msgspec.structs.replace(HODL, base_free=nothing, quote_free=nothing, cash_flow=nothing))
    assert " -0.0" not in exposition(board).decode()


def test_requests_are_counted_by_method_and_outcome() -> None:
    _, board = new_board(Clock())
    board.requests = lambda: {("add_order", "ok"): 3, ("AddOrder", "unknown"): 1}
    found = samples(board)
    assert found["grid_requests_total{method=add_order,outcome=ok}"] == 3
    assert found["grid_requests_total{method=AddOrder,outcome=unknown}"] == 1
