"""The account's channels: executions and balances, checked for gaps, as events in their order.

What comes between the snapshots and the answer about old fees is kept and applied afterwards.
"""

import logging
from collections.abc import Mapping
from decimal import Decimal

import trio

from adapters.exchanges.kraken.feed import Feed
from adapters.exchanges.kraken.orders import AccountOrders, Known
from adapters.exchanges.kraken.paid_fees import PartlyTold, told_fees
from adapters.exchanges.kraken.questions import Questions
from adapters.exchanges.kraken.totals import Totals
from adapters.exchanges.kraken.wire import socket as wire
from adapters.exchanges.kraken.wire.trading import Report, read_entries, read_holdings, read_reports
from adapters.interfaces import ExchangeUnavailable
from messages.account import AccountBalances, AccountSnapshot
from messages.mailboxes import ExchangeEvent
from messages.orders import Rejected

logger = logging.getLogger("infinity_grid.kraken")

FILL_SECONDS = 10.0
"""Between a ledger entry and the execution that causes it, at most: the two channels race."""


class AccountStream:
    """State of one subscription, from its snapshots on."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self.feed: Feed[ExchangeEvent] = Feed()
        self.shown = trio.Event()
        """Set once both snapshots are there."""
        self.rate_counts: dict[str, float] = {}
        self._sequences: dict[str, int] = {}
        self._reports: list[Report] | None = None
        self._totals: Totals | None = None
        self._orders: AccountOrders | None = None
        self._snapshot: AccountSnapshot | None = None
        self._kept: list[wire.Frame] = []
        self._changed = trio.Event()

    @property
    def orders(self) -> AccountOrders:
        """Once `begin` was called."""
        if self._orders is None:
            raise ExchangeUnavailable("the account's snapshot is not there yet")
        return self._orders

    @property
    def snapshot(self) -> AccountSnapshot:
        """The account when the subscription began."""
        if self._snapshot is None:
            raise ExchangeUnavailable("the account's snapshot is not there yet")
        return self._snapshot

    @property
    def totals(self) -> dict[str, Decimal]:
        """What the account holds by all that was told until now; nothing before the snapshot."""
        return self._totals.all() if self._totals is not None else {}

    def on_frame(self, frame: wire.Frame) -> None:
        """A frame of a private channel. Raises `ExchangeUnavailable` after a gap, `WireError` for nonsense."""
        channel = frame.channel or ""
        self._check_sequence(channel, frame)
        if frame.type == wire.SNAPSHOT:
            self._take_snapshot(channel, frame)
        elif self._orders is None:
            self._kept.append(frame)
        else:
            self._apply(frame)
            self.wake()

    def told_fees(self) -> tuple[dict[str, Decimal], list[PartlyTold]]:
        """What `begin` needs: known fees of partly filled orders, and the orders whose fees are unknown."""
        return told_fees(self._reports or [])

    def begin(self, fees: Mapping[str, Decimal]) -> None:
        """Start from the snapshots; `fees` are those of partly filled orders by Kraken's id."""
        if self._totals is None or self._reports is None:
            raise ExchangeUnavailable("the account's snapshot is not there yet")
        self._orders = AccountOrders(self._totals, self._questions)
        self._orders.begin(self._reports, fees, trio.current_time())
        self._snapshot = AccountSnapshot(self._totals.all(), self._orders.open_orders())
        kept, self._kept = self._kept, []
        for frame in kept:
            self._apply(frame)

    def acknowledged(self, order_id: str, exchange_id: str, time: int) -> None:
        """A request was answered with Kraken's id."""
        for event in self.orders.acknowledged(order_id, exchange_id, time, trio.current_time()):
            self.feed.post(event)
        self.wake()

    def confirmed(self, order_id: str) -> None:
        """What the stream has shown of an order that was in question holds."""
        for event in self.orders.confirmed(order_id):
            self.feed.post(event)

    def rejected(self, event: Rejected) -> None:
        """An order did not come into being."""
        self.orders.not_placed(event.order_id)
        self.feed.post(event)
        self.wake()

    def find(self, order_id: str) -> Known | None:
        """By client id."""
        return self.orders.find(order_id)

    def check_movements(self) -> None:
        """Raises `ExchangeUnavailable` for money that moved by a fill which was never told."""
        if self._totals and (fill_id := self._totals.unexplained(trio.current_time() - FILL_SECONDS)):
            raise ExchangeUnavailable(
                f"the balances tell of the fill {fill_id}, the executions do not: something is lost"
            )

    def wake(self) -> None:
        """Somebody may have waited for this."""
        self._changed.set()
        self._changed = trio.Event()

    async def changed(self) -> None:
        """Return after the next change."""
        await self._changed.wait()

    def _check_sequence(self, channel: str, frame: wire.Frame) -> None:
        expected = self._sequences.get(channel, 0) + 1
        if frame.sequence != expected or (expected == 1) != (frame.type == wire.SNAPSHOT):
            raise ExchangeUnavailable(
                f"{channel}: message {frame.sequence} where {expected} was due: something is lost"
            )
        self._sequences[channel] = expected

    def _take_snapshot(self, channel: str, frame: wire.Frame) -> None:
        if channel == wire.EXECUTIONS:
            self._reports = read_reports(frame.data)
        else:
            self._totals = Totals(read_holdings(frame.data))
        if self._reports is not None and self._totals is not None:
            self.shown.set()

    def _apply(self, frame: wire.Frame) -> None:
        if frame.channel == wire.BALANCES:
            if self._totals is not None and (
                changed := self._totals.book(read_entries(frame.data), trio.current_time())
            ):
                self.feed.post(AccountBalances(changed))
            return
        now = trio.current_time()
        for report in read_reports(frame.data):
            for event in self.orders.report(report, now):
                self.feed.post(event)
            self._note_rate(report)

    def _note_rate(self, report: Report) -> None:
        if report.rate_count is not None and report.symbol is not None:
            self.rate_counts[report.symbol] = float(report.rate_count)
