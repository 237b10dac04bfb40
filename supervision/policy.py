"""The failure policy: a table of rules and one pure function (docs/design.md, "When something fails").

Times are seconds of trio's clock. Nothing here waits, restarts or logs; `restart` does.
"""

import math
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from actors.metrics.http_port import MetricsServerError
from assembly.exit_codes import EXIT_BUG, EXIT_CREDENTIALS, EXIT_DATABASE, EXIT_OK, EXIT_USAGE
from config import Config, ConfigError
from trading.guard import CoreFailed
from trading.ports import BotStateError, DatabaseUnusable, ExchangeUnavailable, SourceEnded, UnknownOrderError

Role = Literal[
    "market-data",
    "price-watch",
    "venue-watch",
    "company-watch",
    "order-manager",
    "strategy",
    "persistence",
    "exchange",
    "notifier",
    "metrics",
    "local-api",
]
Kind = Literal[
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
]
"""`credentials`: a key that has never worked; `key refused`: one that has: exchanges refuse good keys for minutes.

`stray order`: external orders are in a strategy's way; `first start`: and no strategy is left that could trade.
"""

DISK_PAUSES = (1.0, 5.0)
"""A disk that has room again is used soon."""


KEY_PATIENCE = 6 * 3600.0
"""Seconds after which a key that has worked is given up."""


class FirstStartRefused(Exception):
    """External orders are in the way of a strategy, and no other one of the file trades or could."""


class RestartIntensity(Struct, frozen=True):
    """Restart intensity and backoff, in seconds; `[supervisor]` of the configuration."""

    restarts: int = 5
    period: float = 60.0
    backoff: float = 1.0
    backoff_cap: float = 60.0
    tell_after: float = 60.0
    """A lost connection is worth a notice only when it lasts this long."""


def limits_of(config: Config) -> RestartIntensity:
    """`[supervisor]` in the units of trio's clock."""
    limits = config.supervisor
    return RestartIntensity(
        restarts=limits.restart_limit,
        period=float(limits.restart_period_seconds),
        backoff=float(limits.backoff_seconds),
        backoff_cap=float(limits.backoff_cap_seconds),
    )


class Failure(Struct, frozen=True):
    """An actor failed."""

    role: Role
    kind: Kind
    reason: str
    retry_after: float = 0.0
    """Seconds before which another try would make it worse."""
    lasts: float = 0.0
    """Seconds for which the trouble had already lasted when the actor failed."""
    needs_owner: bool = False
    """Whether waiting alone does not mend it: the user is notified at once."""


class RestartRule(Struct, frozen=True):
    """What is done when one of `roles` fails in one of `kinds`."""

    roles: tuple[Role, ...]
    kinds: tuple[Kind, ...]
    """Empty: any kind."""
    first: Literal["restart", "halt", "stop"]
    limited: bool = False
    """Whether more than `RestartIntensity.restarts` within `RestartIntensity.period` lead to `beyond`."""
    beyond: Literal["halt", "stop"] = "stop"
    exit_code: int = EXIT_BUG
    patient: bool = False
    """Notify only of what lasts (`RestartIntensity.tell_after`); otherwise of the first failure in a row."""
    ends_after: float = math.inf
    """Seconds of failures in a row that lead to `beyond`."""
    backoff: tuple[float, float] | None = None
    """First and longest pause, instead of `RestartIntensity.backoff` and `RestartIntensity.backoff_cap`."""


POLICY: tuple[RestartRule, ...] = (
    RestartRule(("market-data",), ("source ended",), first="stop", exit_code=EXIT_OK),
    RestartRule(("strategy",), ("stray order",), first="halt"),
    RestartRule((), ("configuration", "stray order", "first start"), first="stop", exit_code=EXIT_USAGE),
    RestartRule((), ("credentials",), first="stop", exit_code=EXIT_CREDENTIALS),
    RestartRule(
        (),
        ("key refused",),
        first="restart",
        ends_after=KEY_PATIENCE,
        backoff=(10.0, 300.0),
        exit_code=EXIT_CREDENTIALS,
    ),
    RestartRule(("persistence",), ("database", "disk"), first="restart", backoff=DISK_PAUSES),
    RestartRule((), ("disk",), first="restart", backoff=DISK_PAUSES),
    RestartRule((), ("database",), first="restart", limited=True, exit_code=EXIT_DATABASE),
    RestartRule(
        ("market-data", "venue-watch", "company-watch", "order-manager", "exchange"),
        ("connection",),
        first="restart",
        patient=True,
    ),
    RestartRule(
        ("market-data", "price-watch", "venue-watch", "company-watch", "notifier", "metrics", "local-api"),
        (),
        first="restart",
    ),
    RestartRule(("strategy",), ("core",), first="halt"),
    RestartRule(("strategy",), (), first="restart", limited=True, beyond="halt"),
    RestartRule(("persistence",), (), first="restart", limited=True, exit_code=EXIT_DATABASE),
    RestartRule(("order-manager", "exchange"), (), first="restart", limited=True, exit_code=EXIT_BUG),
)
"""The first rule that fits decides; an empty tuple of roles or kinds fits all."""


class Attempt(Struct, frozen=True):
    """One earlier run of an actor that ended in a failure."""

    started: float
    failed: float
    counts: bool = True
    """Whether it counts towards the restart limit. A lost connection does not: a bad network would use up the limit
    that is meant for bugs."""
    kind: Kind | None = None
    """None counts as any."""


class Restart(Struct, frozen=True):
    """Start the actor again `after` seconds; the caller adds jitter."""

    after: float
    tell: bool


class Halt(Struct, frozen=True):
    """Let this strategy rest; the others trade on."""


class StopProgram(Struct, frozen=True):
    """Stop everything in order; the program's state is ERROR unless the code is 0."""

    exit_code: int


Action = Restart | Halt | StopProgram


def decide(limits: RestartIntensity, history: Sequence[Attempt], failure: Failure, now: float) -> Action:
    """What to do about `failure`; `history` holds the failed runs of this actor, this one included, oldest first."""
    rule = rule_for(failure)
    if rule.first == "halt":
        return Halt()
    if rule.first == "stop":
        return StopProgram(rule.exit_code)
    recent = sum(1 for run in history if run.counts and now - run.failed <= limits.period)
    if rule.limited and recent > limits.restarts:
        return Halt() if rule.beyond == "halt" else StopProgram(rule.exit_code)
    row = in_a_row(limits, history)
    alike = _of_kind(row, failure.kind)
    if max(now - alike[0].failed, failure.lasts) > rule.ends_after:
        return StopProgram(rule.exit_code)
    row = alike if rule.backoff else row
    after = _pause(limits, rule, len(row))
    tell = _worth_telling(limits, rule, row) or (failure.needs_owner and len(row) == 1)
    if failure.retry_after > after:
        # A wait this long is worth a notice when it begins.
        return Restart(failure.retry_after, tell or failure.retry_after >= limits.tell_after)
    return Restart(after, tell)


def _pause(limits: RestartIntensity, rule: RestartRule, failures: int) -> float:
    first, longest = rule.backoff or (limits.backoff, limits.backoff_cap)
    return min(first * 2.0 ** min(failures - 1, 30), longest)


def _of_kind(row: Sequence[Attempt], kind: Kind) -> Sequence[Attempt]:
    """The newest failures of one kind, back to one of another kind; the last one at least."""
    for index in range(len(row) - 1, -1, -1):
        if row[index].kind not in (None, kind):
            return row[index + 1 :] or row[-1:]
    return row


def rule_for(failure: Failure) -> RestartRule:
    """The first rule of the table that fits."""
    for rule in POLICY:
        if (not rule.roles or failure.role in rule.roles) and (not rule.kinds or failure.kind in rule.kinds):
            return rule
    raise LookupError(f"no rule for {failure}")


def in_a_row(limits: RestartIntensity, history: Sequence[Attempt]) -> Sequence[Attempt]:
    """The newest failures, back to the last run that lasted: a slow attempt to connect did not."""
    lasted = lasting(limits)
    for index in range(len(history) - 1, -1, -1):
        if history[index].failed - history[index].started > lasted:
            return history[index:]
    return history


def lasting(limits: RestartIntensity) -> float:
    """Seconds after which a run counts as one that works."""
    return max(limits.backoff_cap, limits.tell_after)


def _worth_telling(limits: RestartIntensity, rule: RestartRule, row: Sequence[Attempt]) -> bool:
    """Once per row of failures: at its first, or when it has lasted."""
    if not rule.patient:
        return len(row) == 1
    lasts = row[-1].failed - row[0].failed >= limits.tell_after
    lasted_before = len(row) > 1 and row[-2].failed - row[0].failed >= limits.tell_after
    return lasts and not lasted_before


def classify(error: BaseException, *, key_has_worked: bool = False) -> Kind:
    """Which kind of failure an exception is; `key_has_worked`: ever, as far as the program knows."""
    if isinstance(error, BotStateError) and (error.has_worked or key_has_worked):
        return "key refused"
    if isinstance(error, ExchangeUnavailable) and error.code == "credentials":
        return "key refused"
    if isinstance(error, DatabaseUnusable) and error.passing:
        return "disk"
    kinds: tuple[tuple[type[BaseException], Kind], ...] = (
        (ExchangeUnavailable, "connection"),
        (BotStateError, "credentials"),
        (FirstStartRefused, "first start"),
        (UnknownOrderError, "stray order"),
        (CoreFailed, "core"),
        (DatabaseUnusable, "database"),
        (SourceEnded, "source ended"),
        (ConfigError, "configuration"),
        (MetricsServerError, "server"),
    )
    for exception, kind in kinds:
        if isinstance(error, exception):
            return kind
    return "bug"
