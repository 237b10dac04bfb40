"""`/metrics`: the newest reports in Prometheus' text format.

Prometheus knows binary floats only, so this is the one place where an amount becomes one; nothing reads
it back. Ratios and ages are left to queries: a time is exported as it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import get_args

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from actors.metrics.status_page import StatusBoard
from messages.money import Side
from messages.status import ActorReport, ChannelReport, Phase, PriceReport, ProgramState, Status, StrategyReport

_LABELS = ["bot", "strategy", "pair"]


class BoardCollector:
    """A `prometheus_client` collector over a board; it keeps nothing itself."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """All families, read at this moment."""
        status = self._board.snapshot()
        yield from _program(status, self._board.version)
        yield _clock(status)
        if self._board.lost_log_lines is not None:
            yield _lost_log_lines(status.bot, self._board.lost_log_lines())
        yield _requests(status.bot, self._board.requests())
        yield from _strategies(status)
        yield _conditions(status)
        yield _price_times(status.bot, self._board.prices())
        yield from _actors(status.bot, status.actors)
        yield from _channels(status.bot, status.channels)


def exposition(board: StatusBoard) -> bytes:
    """The page, from a registry of its own: nothing of the surrounding program is shown or touched."""
    registry = CollectorRegistry()
    registry.register(BoardCollector(board))
    return generate_latest(registry)


def _program(status: Status, version: str) -> Iterator[Metric]:
    build = GaugeMetricFamily("build_info", "Which program this is", labels=["bot", "version", "simulated"])
    build.add_metric([status.bot, version, str(status.simulated).lower()], 1)
    yield build
    uptime = GaugeMetricFamily("grid_uptime_seconds", "Time since the start", labels=["bot"])
    uptime.add_metric([status.bot], float(status.uptime_seconds))
    yield uptime
    states = GaugeMetricFamily("grid_state", "1 for the program's state, 0 for the others", labels=["bot", "state"])
    for state in get_args(ProgramState):
        states.add_metric([status.bot, state], int(state == status.state))
    yield states


def _clock(status: Status) -> Metric:
    offset = GaugeMetricFamily(
        "exchange_clock_offset_seconds", "This machine's clock minus the exchange's", labels=["bot"]
    )
    if status.clock_offset_seconds is not None:
        offset.add_metric([status.bot], float(status.clock_offset_seconds))
    return offset


def _lost_log_lines(bot: str, lines: int) -> Metric:
    lost = CounterMetricFamily("grid_log_lines_dropped", "Log lines dropped for a slow reader", labels=["bot"])
    lost.add_metric([bot], lines)
    return lost


def _requests(bot: str, counts: Mapping[tuple[str, str], int]) -> Metric:
    requests = CounterMetricFamily(
        "grid_requests", "Requests to the exchange that have ended", labels=["bot", "method", "outcome"]
    )
    for (method, outcome), number in sorted(counts.items()):
        requests.add_metric([bot, method, outcome], number)
    return requests


def _strategies(status: Status) -> Iterator[Metric]:
    phases = GaugeMetricFamily("grid_phase", "1 for the strategy's phase, 0 for the others", labels=[*_LABELS, "phase"])
    orders = GaugeMetricFamily("grid_open_orders", "Open and requested orders", labels=[*_LABELS, "side"])
    fills = CounterMetricFamily("grid_fills", "Orders executed completely", labels=[*_LABELS, "side"])
    fees = CounterMetricFamily("grid_fees_quote", "Fees paid since the journal began", labels=_LABELS)
    waiting = GaugeMetricFamily("grid_waiting", "Absent orders with a named reason", labels=_LABELS)
    put_off = GaugeMetricFamily("grid_orders_put_off", "Orders that the exchange does not take now", labels=_LABELS)
    for report in status.strategies:
        labels = [status.bot, report.name, report.symbol]
        for phase in get_args(Phase):
            phases.add_metric([*labels, phase], int(phase == report.phase))
        for side in get_args(Side):
            orders.add_metric([*labels, side], sum(order.side == side for order in report.orders))
        fills.add_metric([*labels, "buy"], report.buys_filled)
        fills.add_metric([*labels, "sell"], report.sells_filled)
        fees.add_metric(labels, _number(report.fees))
        waiting.add_metric(labels, len(report.waiting))
        put_off.add_metric(labels, report.put_off)
    yield from (phases, orders, fills, fees, waiting, put_off)
    yield from _amounts(status.bot, status.strategies)


def _conditions(status: Status) -> Metric:
    """One row per open condition; its strategy is empty where the whole program is concerned."""
    since = GaugeMetricFamily(
        "grid_condition_since_timestamp_seconds",
        "What holds up or hinders trading now, and since when",
        labels=["bot", "strategy", "code"],
    )
    names = {report.strategy: report.name for report in status.strategies}
    oldest: dict[tuple[str, str], int] = {}
    for row in status.conditions:  # two producers may name the same
        key = names.get(row.strategy, ""), row.code
        oldest[key] = min(oldest.get(key, row.since), row.since)
    for (strategy, code), time in oldest.items():
        since.add_metric([status.bot, strategy, code], time / 1_000_000_000)
    return since


def _amounts(bot: str, reports: Iterable[StrategyReport]) -> Iterator[Metric]:
    price = GaugeMetricFamily("grid_price", "Last price, in quote currency", labels=_LABELS)
    investment = GaugeMetricFamily("grid_investment_quote", "Price x volume of the open orders", labels=_LABELS)
    limit = GaugeMetricFamily("grid_investment_limit_quote", "Configured max_investment", labels=_LABELS)
    cash_flow = GaugeMetricFamily("grid_cash_flow_quote", "Quote received minus spent minus fees", labels=_LABELS)
    balance = GaugeMetricFamily("grid_balance", "What the strategy can use or owns", labels=[*_LABELS, "asset", "kind"])
    for report in reports:
        labels = [bot, report.name, report.symbol]
        base, _, quote = report.symbol.partition("/")
        if report.price is not None:
            price.add_metric(labels, float(report.price))
        investment.add_metric(labels, _number(report.investment))
        limit.add_metric(labels, float(report.max_investment))
        cash_flow.add_metric(labels, _number(report.cash_flow))
        balance.add_metric([*labels, quote, "free"], _number(report.quote_free))
        balance.add_metric([*labels, base, "free"], _number(report.base_free))
        balance.add_metric([*labels, base, "owned"], _number(report.owned))
        balance.add_metric([*labels, base, "surplus"], _number(report.surplus))
    yield from (price, investment, limit, cash_flow, balance)


def _price_times(bot: str, reports: Iterable[PriceReport]) -> Metric:
    times = GaugeMetricFamily("grid_price_timestamp_seconds", "When the last trade happened", labels=["bot", "pair"])
    for report in reports:
        times.add_metric([bot, report.symbol], report.time / 1_000_000_000)
    return times


def _actors(bot: str, reports: Iterable[ActorReport]) -> Iterator[Metric]:
    restarts = CounterMetricFamily("actor_restarts", "Restarts after a failure", labels=["bot", "actor"])
    length = GaugeMetricFamily("mailbox_length", "Messages that wait", labels=["bot", "actor"])
    dropped = CounterMetricFamily("mailbox_dropped", "Messages lost to a full mailbox", labels=["bot", "actor"])
    for report in reports:
        restarts.add_metric([bot, report.actor], report.restarts)
        length.add_metric([bot, report.actor], report.mailbox)
        dropped.add_metric([bot, report.actor], report.dropped)
    yield from (restarts, length, dropped)


def _channels(bot: str, reports: Iterable[ChannelReport]) -> Iterator[Metric]:
    labels = ["bot", "channel"]
    up = GaugeMetricFamily("notifier_up", "1 while the channel works", labels=labels)
    length = GaugeMetricFamily("notifier_queue_length", "Notices that wait", labels=labels)
    sent = CounterMetricFamily("notifier_sent", "Messages that the channel took", labels=labels)
    summed = CounterMetricFamily("notifier_summed", "Notices delivered only as part of a digest", labels=labels)
    dropped = CounterMetricFamily("notifier_dropped", "Notices whose own words never left", labels=labels)
    failures = CounterMetricFamily("notifier_failures", "Failed attempts", labels=labels)
    errors = GaugeMetricFamily("notifier_last_error", "Why the channel is down, as a label", labels=[*labels, "error"])
    for report in reports:
        key = [bot, report.channel]
        up.add_metric(key, int(report.works))
        length.add_metric(key, report.waiting)
        sent.add_metric(key, report.sent)
        summed.add_metric(key, report.summed)
        dropped.add_metric(key, report.dropped)
        failures.add_metric(key, report.failures)
        if report.last_error:
            errors.add_metric([*key, report.last_error], 1)
    yield from (up, length, sent, summed, dropped, failures, errors)


def _number(amount: Decimal) -> float:
    """Zero has no sign."""
    return float(amount) + 0.0
