"""The policy table as plain examples, and what holds for any history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.mailbox import MailboxOverflow
from actors.metrics.http_port import MetricsServerError
from config import ConfigError
from supervision.policy import (
    KEY_PATIENCE,
    POLICY,
    Action,
    Attempt,
    Failure,
    FirstStartRefused,
    Halt,
    Kind,
    Restart,
    RestartIntensity,
    Role,
    StopProgram,
    classify,
    decide,
    in_a_row,
    rule_for,
)
from trading.guard import CoreFailed
from trading.ports import BotStateError, DatabaseUnusable, ExchangeUnavailable, SourceEnded, UnknownOrderError

LIMITS = RestartIntensity()
ROLES: tuple[Role, ...] = (
    "market-data",
    "price-watch",
    "order-manager",
    "strategy",
    "persistence",
    "exchange",
    "notifier",
    "metrics",
    "local-api",
)
KINDS: tuple[Kind, ...] = (
    "connection",
    "credentials",
    "key refused",
    "first start",
    "stray order",
    "core",
    "database",
    "disk",
    "source ended",
    "configuration",
    "server",
    "bug",
)
FOR_EVER: tuple[tuple[Role, Kind], ...] = (
    ("market-data", "connection"),
    ("market-data", "bug"),
    ("price-watch", "bug"),
    ("persistence", "database"),
    ("persistence", "disk"),
    ("order-manager", "disk"),
    ("exchange", "disk"),
    ("order-manager", "connection"),
    ("exchange", "connection"),
    ("notifier", "bug"),
    ("metrics", "server"),
    ("metrics", "bug"),
    ("local-api", "server"),
    ("local-api", "bug"),
)


def failures_at(*times: float) -> list[Attempt]:
    """Runs that failed the moment they were started."""
    return [Attempt(time, time) for time in times]


def after(role: Role, kind: Kind, history: list[Attempt]) -> Action:
    return decide(LIMITS, history, Failure(role, kind, "because"), history[-1].failed)


@pytest.mark.parametrize(
    ("role", "kind", "action"),
    [
        ("market-data", "connection", Restart(1.0, tell=False)),
        ("market-data", "bug", Restart(1.0, tell=True)),
        ("market-data", "source ended", StopProgram(0)),
        ("price-watch", "bug", Restart(1.0, tell=True)),
        ("order-manager", "connection", Restart(1.0, tell=False)),
        ("order-manager", "bug", Restart(1.0, tell=True)),
        ("order-manager", "credentials", StopProgram(3)),
        ("order-manager", "key refused", Restart(10.0, tell=True)),
        ("exchange", "key refused", Restart(10.0, tell=True)),
        ("order-manager", "stray order", StopProgram(2)),
        ("exchange", "stray order", StopProgram(2)),
        ("strategy", "stray order", Halt()),
        ("strategy", "first start", StopProgram(2)),
        ("exchange", "connection", Restart(1.0, tell=False)),
        ("exchange", "credentials", StopProgram(3)),
        ("exchange", "configuration", StopProgram(2)),
        ("strategy", "bug", Restart(1.0, tell=True)),
        ("strategy", "core", Halt()),
        ("persistence", "database", Restart(1.0, tell=True)),
        ("persistence", "disk", Restart(1.0, tell=True)),
        ("order-manager", "disk", Restart(1.0, tell=True)),
        ("persistence", "bug", Restart(1.0, tell=True)),
        ("notifier", "bug", Restart(1.0, tell=True)),
        ("metrics", "server", Restart(1.0, tell=True)),
    ],
)
def test_the_first_failure_leads_to(role: Role, kind: Kind, action: Action) -> None:
    assert after(role, kind, failures_at(0)) == action


def test_a_wait_that_the_exchange_asks_for_is_longer_than_any_backoff_and_told() -> None:
    locked = Failure("exchange", "connection", "locked out", retry_after=900.0)
    assert decide(LIMITS, failures_at(0), locked, 0) == Restart(900.0, tell=True)
    assert decide(LIMITS, failures_at(0, 10), locked, 10) == Restart(900.0, tell=True)
    brief = Failure("exchange", "connection", "throttled", retry_after=5.0)
    assert decide(LIMITS, failures_at(0), brief, 0) == Restart(5.0, tell=False)


@pytest.mark.parametrize(
    ("role", "kind", "action"),
    [
        ("exchange", "database", StopProgram(6)),
        ("strategy", "bug", Halt()),
        ("persistence", "bug", StopProgram(6)),
        ("order-manager", "bug", StopProgram(1)),
        ("exchange", "bug", StopProgram(1)),
    ],
)
def test_one_failure_more_than_the_limit_leads_to(role: Role, kind: Kind, action: Action) -> None:
    assert isinstance(after(role, kind, failures_at(0, 1, 3, 7, 15)), Restart)
    assert after(role, kind, failures_at(0, 1, 3, 7, 15, 31)) == action


@pytest.mark.parametrize(("role", "kind"), FOR_EVER)
def test_what_never_touches_orders_is_restarted_for_ever(role: Role, kind: Kind) -> None:
    assert isinstance(after(role, kind, failures_at(*range(500))), Restart)


def test_a_disk_is_tried_again_every_few_seconds() -> None:
    assert after("persistence", "disk", failures_at(*range(0, 600, 6))) == Restart(5.0, tell=False)


def test_a_limit_of_zero_allows_no_restart() -> None:
    failure = Failure("persistence", "bug", "unforeseen")
    assert decide(RestartIntensity(restarts=0), failures_at(5), failure, 5) == StopProgram(6)


def test_only_failures_within_the_period_count() -> None:
    long_ago = failures_at(0, 1, 2, 3, 4)
    assert isinstance(after("persistence", "bug", [*long_ago, *failures_at(64.5)]), Restart)
    assert after("persistence", "bug", [*long_ago, *failures_at(60)]) == StopProgram(6)


def test_lost_connections_do_not_make_a_bug_fatal() -> None:
    lost = [Attempt(time, time, counts=False) for time in (0.0, 1, 3, 7, 15)]
    assert isinstance(after("order-manager", "bug", [*lost, *failures_at(31)]), Restart)


def test_the_backoff_doubles_up_to_the_cap() -> None:
    times = [0.0, 1, 3, 7, 15, 31, 63, 123, 183]
    found = [after("notifier", "bug", failures_at(*times[: n + 1])) for n in range(len(times))]
    assert [a.after for a in found if isinstance(a, Restart)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_backoff_starts_anew_after_a_run_that_lasted() -> None:
    history = [*failures_at(0, 1, 3, 7, 15), Attempt(31, 31 + 60.5)]
    assert after("notifier", "bug", history) == Restart(1.0, tell=True)


def test_a_run_as_long_as_the_longest_backoff_did_not_last() -> None:
    history = [*failures_at(0, 1, 3), Attempt(7, 67)]
    assert after("notifier", "bug", history) == Restart(8.0, tell=False)


def test_attempts_that_are_slower_than_a_short_cap_are_one_row_and_are_told() -> None:
    """Each attempt to connect takes 20 s, the backoff 5 s at the most."""
    limits = RestartIntensity(backoff_cap=5)
    history = [Attempt(start, start + 20) for start in (0, 21, 43, 67)]
    told = [
        action.tell
        for length in range(1, 5)
        if isinstance(action := decide(limits, history[:length], Failure("exchange", "connection", ""), 0), Restart)
    ]
    assert told == [False, False, False, True]


def test_a_lost_connection_is_told_once_it_has_lasted_a_minute_and_only_once() -> None:
    times = [0.0, 1, 3, 7, 15, 31, 63, 123, 183]
    found = [after("order-manager", "connection", failures_at(*times[: n + 1])) for n in range(len(times))]
    assert [a.tell for a in found if isinstance(a, Restart)] == [False] * 6 + [True] + [False] * 2


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ExchangeUnavailable("down"), "connection"),
        (ExchangeUnavailable("EAPI:Invalid nonce", code="credentials"), "key refused"),
        (BotStateError("bad key"), "credentials"),
        (BotStateError("bad key", has_worked=True), "key refused"),
        (UnknownOrderError("whose?"), "stray order"),
        (FirstStartRefused("whose?"), "first start"),
        (CoreFailed("core"), "core"),
        (DatabaseUnusable("not ours"), "database"),
        (DatabaseUnusable("full", passing=True), "disk"),
        (SourceEnded("end"), "source ended"),
        (ConfigError.at("grid.toml", "strategy", "x", "y"), "configuration"),
        (MetricsServerError("port"), "server"),
        (MailboxOverflow("swamped"), "bug"),
        (ZeroDivisionError(), "bug"),
    ],
)
def test_an_exception_is_a_failure_of_kind(error: Exception, kind: Kind) -> None:
    assert classify(error) == kind


def test_a_lost_connection_before_does_not_make_the_wait_for_a_key_longer() -> None:
    lost = [Attempt(time, time, counts=False, kind="connection") for time in (0.0, 1, 3, 7, 15, 31)]
    refused = [Attempt(time, time, counts=False, kind="key refused") for time in (40.0, 50)]
    assert after("order-manager", "key refused", [*lost, refused[0]]) == Restart(10.0, tell=True)
    assert after("order-manager", "key refused", [*lost, *refused]) == Restart(20.0, tell=False)


def test_a_key_that_has_worked_is_given_up_after_hours() -> None:
    times = [0.0, *(300.0 * n for n in range(1, 80))]
    found = [after("exchange", "key refused", failures_at(*times[: n + 1])) for n in range(len(times))]
    ended = [time for time, action in zip(times, found, strict=True) if action == StopProgram(3)]
    assert ended
    assert min(ended) == pytest.approx(KEY_PATIENCE, abs=300)
    assert sum(isinstance(action, Restart) and action.tell for action in found) == 1


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_failure_has_a_rule(role: Role, kind: Kind) -> None:
    assert rule_for(Failure(role, kind, "")) in POLICY


def test_no_rule_is_hidden_by_the_ones_before() -> None:
    deciding = {id(rule_for(Failure(role, kind, ""))) for role in ROLES for kind in KINDS}
    assert deciding == {id(rule) for rule in POLICY}


seconds = st.floats(0, 1e5, allow_nan=False)
limits = st.builds(
    RestartIntensity,
    restarts=st.integers(0, 20),
    period=st.floats(0.001, 86_400),
    backoff=st.floats(0.001, 86_400),
    backoff_cap=st.floats(0.001, 86_400),
)
failures = st.builds(Failure, role=st.sampled_from(ROLES), kind=st.sampled_from(KINDS), reason=st.just(""))


@st.composite
def histories(draw: st.DrawFn) -> list[Attempt]:
    """Runs one after the other, some of which last."""
    now, runs = 0.0, []
    for pause, length in draw(st.lists(st.tuples(seconds, seconds), min_size=1, max_size=40)):
        runs.append(Attempt(now + pause, now + pause + length))
        now = runs[-1].failed
    return runs


@given(limits, histories(), failures)
def test_a_backoff_is_never_negative_and_never_above_the_cap(
    limits: RestartIntensity, history: list[Attempt], failure: Failure
) -> None:
    action = decide(limits, history, failure, history[-1].failed)
    if isinstance(action, Restart):
        first, longest = rule_for(failure).backoff or (limits.backoff, limits.backoff_cap)
        assert 0 <= action.after <= longest
        assert action.after >= min(first, longest)


@given(limits, histories(), failures)
def test_a_limited_actor_is_never_restarted_more_often_than_allowed(
    limits: RestartIntensity, history: list[Attempt], failure: Failure
) -> None:
    now = history[-1].failed
    recent = sum(now - run.failed <= limits.period for run in history)
    restarted = isinstance(decide(limits, history, failure, now), Restart)
    rule = rule_for(failure)
    too_long = now - in_a_row(limits, history)[0].failed > rule.ends_after
    assert restarted == (rule.first == "restart" and not too_long and not (rule.limited and recent > limits.restarts))


@given(limits, histories(), failures)
def test_a_row_of_failures_is_told_once_at_the_most(
    limits: RestartIntensity, history: list[Attempt], failure: Failure
) -> None:
    row = in_a_row(limits, history)
    before = len(history) - len(row)
    told = [
        action.tell
        for length in range(before + 1, len(history) + 1)
        if isinstance(action := decide(limits, history[:length], failure, history[length - 1].failed), Restart)
    ]
    assert sum(told) <= 1
