"""The newest report of everyone, and the `/status` page that is made of them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import assert_never

import msgspec

from actors.mailbox import Mailbox
from messages.conditions import Condition, Conditions
from messages.mailboxes import MetricsMail
from messages.money import plain
from messages.status import (
    ActorReport,
    ChannelReport,
    OpenOrder,
    Phase,
    PriceReport,
    ProgramReport,
    ProgramState,
    Status,
    StrategyReport,
)

_NS_PER_MS = 1_000_000


def post_report(mailbox: Mailbox[MetricsMail], report: MetricsMail) -> None:
    """Leave a report for the status page; it replaces a waiting one of the same origin.

    Reports are read only on request, perhaps never; posted like facts, they would pile up.
    """
    match report:
        case ProgramReport():
            mailbox.post_newest("program", report)
        case StrategyReport(strategy):
            mailbox.post_newest(("strategy", strategy), report)
        case ActorReport(actor):
            mailbox.post_newest(("actor", actor), report)
        case PriceReport(symbol):
            mailbox.post_newest(("price", symbol), report)
        case Conditions(origin):
            mailbox.post_newest(("conditions", origin), report)
        case _:
            assert_never(report)


class StatusBoard:
    """Keeps the newest report of everyone.

    It belongs to the supervisor, as mailboxes do: it outlives a crashed metrics actor, and an embedded
    program's handle reads the same one, with or without an HTTP endpoint.
    """

    def __init__(
        self,
        mailbox: Mailbox[MetricsMail],
        *,
        bot: str,
        simulated: bool,
        version: str,
        now: Callable[[], int],
        lengths: Callable[[], Mapping[str, tuple[int, int]]] = dict,
        channels: Callable[[], Iterable[ChannelReport]] = tuple,
        clock_offset: Callable[[], int | None] = lambda: None,
        lost_log_lines: Callable[[], int] | None = None,
        requests: Callable[[], Mapping[tuple[str, str], int]] = dict,
    ) -> None:
        """`now` is the wall clock in nanoseconds UTC; uptime counts from this call.

        `lengths` gives, by actor, how many messages wait for it and how many were dropped.
        `channels` gives the state of the notification channels, `clock_offset` what `Exchange.clock_offset` says.
        """
        self._clock_offset = clock_offset
        self.requests = requests
        """How many requests to the exchange ended so, by method and outcome."""
        self.lost_log_lines = lost_log_lines
        """Number of log lines dropped for a slow reader; None where the program does not log itself."""
        self._channels = channels
        self._lengths = lengths
        self.bot = bot
        self.simulated = simulated
        self.version = version
        self._mailbox = mailbox
        self._now = now
        self._started = now()
        self._program = ProgramReport("INITIALIZING", "")
        self._strategies: dict[int, StrategyReport] = {}
        self._actors: dict[str, ActorReport] = {}
        self._prices: dict[str, PriceReport] = {}
        self._conditions: dict[str, tuple[Condition, ...]] = {}

    @property
    def state(self) -> ProgramState:
        """The program's state as last reported."""
        self._read_mail()
        return self._program.state

    def prices(self) -> tuple[PriceReport, ...]:
        """The last price of each symbol."""
        self._read_mail()
        return tuple(self._prices.values())

    def conditions(self) -> tuple[Condition, ...]:
        """All that holds up or hinders trading now, the oldest first."""
        self._read_mail()
        return tuple(sorted((row for rows in self._conditions.values() for row in rows), key=lambda row: row.since))

    def snapshot(self) -> Status:
        """Everything as it is now."""
        self._read_mail()
        now, offset = self._now(), self._clock_offset()
        conditions = self.conditions()
        program_wide = (row.detail for row in conditions if not row.strategy and row.blocks)
        return Status(
            state=self._program.state,
            reason="; ".join(part for part in (self._program.reason, *program_wide) if part) or self._why_not_yet(),
            bot=self.bot,
            simulated=self.simulated,
            uptime_seconds=_seconds(max(0, now - self._started)),
            timestamp=rfc3339(now),
            strategies=tuple(self._brought_up_to_date(report) for report in self._strategies.values()),
            actors=self._actor_reports(),
            channels=tuple(self._channels()),
            conditions=conditions,
            clock_offset_seconds=None if offset is None else _seconds(offset),
            version=self.version,
        )

    def _actor_reports(self) -> tuple[ActorReport, ...]:
        lengths = self._lengths()
        names = dict.fromkeys((*lengths, *self._actors))
        reports = (self._actors.get(name, ActorReport(name, 0, 0, 0)) for name in names)
        return tuple(
            msgspec.structs.replace(
                report,
                mailbox=report.mailbox + lengths.get(report.actor, (0, 0))[0],
                dropped=report.dropped + lengths.get(report.actor, (0, 0))[1],
            )
            for report in reports
        )

    def _why_not_yet(self) -> str:
        """What a start waits for, as its strategies say."""
        if self._program.state != "INITIALIZING":
            return ""
        reports = (self._brought_up_to_date(report) for report in self._strategies.values())
        return "; ".join(dict.fromkeys(report.reason for report in reports if report.reason))

    def _brought_up_to_date(self, report: StrategyReport) -> StrategyReport:
        """A strategy reports when it acts; price and phase may be newer than that."""
        newest = self._prices.get(report.symbol)
        phase, reason = self._program.phases.get(report.strategy, (report.phase, report.reason))
        if phase == report.phase == "syncing":
            reason = self._why_syncing(reason or report.reason)
        price = report.price if newest is None else newest.price
        return msgspec.structs.replace(report, price=price, phase=phase, reason=reason)

    def _why_syncing(self, reason: str) -> str:
        """What holds up the whole program holds up the start of each strategy."""
        rows = (row for rows in self._conditions.values() for row in rows)
        details = dict.fromkeys(row.detail for row in rows if row.blocks and not row.strategy)
        return "; ".join((reason, *details))

    def _read_mail(self) -> None:
        for report in self._mailbox.receive_nowait():
            match report:
                case ProgramReport():
                    self._program = report
                case StrategyReport(strategy):
                    self._strategies[strategy] = report
                case ActorReport(actor):
                    self._actors[actor] = report
                case PriceReport(symbol):
                    self._prices[symbol] = report
                case Conditions(origin):
                    self._conditions[origin] = report.open
                case _:
                    assert_never(report)


def _seconds(nanoseconds: int) -> Decimal:
    """To the millisecond."""
    return Decimal(nanoseconds // _NS_PER_MS).scaleb(-3)


def rfc3339(time: int) -> str:
    """Nanoseconds UTC as `2025-10-27T12:21:07.123Z`."""
    seconds, rest = divmod(time, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def status_json(status: Status) -> bytes:
    """The `/status` page: indented by 2, amounts as decimal strings.

    Health checks look for the text `"state": "RUNNING"`, hence `state` is a key here once, for the program.
    """
    page = {
        "state": status.state,
        "reason": status.reason,
        "uptime_seconds": _number(status.uptime_seconds),
        "timestamp": status.timestamp,
        "clock_offset_seconds": _number(status.clock_offset_seconds),
        "bot": status.bot,
        "version": status.version,
        "simulated": status.simulated,
        "conditions": [_condition(row, status.strategies) for row in status.conditions],
        "strategies": [_strategy(report) for report in status.strategies],
        "actors": [
            {
                "name": report.actor,
                "restarts": report.restarts,
                "mailbox": report.mailbox,
                "dropped": report.dropped,
            }
            for report in status.actors
        ],
        "notifier": [
            {
                "channel": report.channel,
                "works": report.works,
                "queue": report.waiting,
                "sent": report.sent,
                "summed_up": report.summed,
                "dropped": report.dropped,
                "failures": report.failures,
                "last_error": report.last_error,
            }
            for report in status.channels
        ],
    }
    return indented(page)


def _number(value: Decimal | None) -> msgspec.Raw | None:
    """As a JSON number, with all its decimals."""
    return None if value is None else msgspec.Raw(plain(value).encode())


def indented(content: object) -> bytes:
    """JSON for people: indented by 2, with a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def _strategy(report: StrategyReport) -> dict[str, object]:
    return {
        "name": report.name,
        "kind": report.kind,
        "userref": report.strategy,
        "symbol": report.symbol,
        "phase": report.phase,
        "reason": report.reason,
        "last_price": None if report.price is None else plain(report.price),
        "investment": plain(report.investment),
        "max_investment": plain(report.max_investment),
        "quote_free": plain(report.quote_free),
        "base_free": plain(report.base_free),
        "owned": plain(report.owned),
        "surplus": plain(report.surplus),
        "buys_filled": report.buys_filled,
        "sells_filled": report.sells_filled,
        "fees": plain(report.fees),
        "cash_flow": plain(report.cash_flow),
        "waiting": report.waiting,
        "open_orders": [_order(order, report.phase) for order in report.orders],
    }


def _condition(row: Condition, strategies: Iterable[StrategyReport]) -> dict[str, object]:
    names = (report.name for report in strategies if report.strategy == row.strategy)
    return {
        "strategy": next(names, None),
        "code": row.code,
        "detail": row.detail,
        "since": rfc3339(row.since),
        "blocks": row.blocks,
    }


def _order(order: OpenOrder, strategy: Phase) -> dict[str, object]:
    """Until a strategy has heard what became of its orders, they are only what it knew last."""
    return {
        "side": order.side,
        "price": plain(order.price),
        "volume": plain(order.volume),
        "filled": plain(order.filled),
        "phase": "unconfirmed" if strategy == "syncing" else order.phase,
        "kind": order.kind,
        "order_id": order.order_id,
    }
