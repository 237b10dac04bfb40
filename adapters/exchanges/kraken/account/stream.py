"""The account's channels: executions and balances, checked for gaps, as events in their order.

What comes between the snapshots and the answer about old fees is kept and applied afterwards.
"""

import logging
from collections.abc import Container, Mapping
from decimal import Decimal

import trio

from adapters.exchanges.kraken.account.fee_backfill import PartlyTold, told_fees
from adapters.exchanges.kraken.account.order_view import AccountOrders
from adapters.exchanges.kraken.account.others import KnownRow
from adapters.exchanges.kraken.account.probe_cancels import Questions
from adapters.exchanges.kraken.account.totals import Totals
from adapters.exchanges.kraken.transport.feed import Feed
from adapters.exchanges.kraken.transport.skipped import Skipped
from adapters.exchanges.kraken.wire import socket as wire
from adapters.exchanges.kraken.wire.our_orders import EVERY_MARK, Ownership
from adapters.exchanges.kraken.wire.private_socket import (
    Holding,
    LedgerEntry,
    Report,
    asset_of,
    read_entries,
    read_holdings,
    read_reports,
)
from adapters.exchanges.kraken.wire.rows import Unread
from adapters.exchanges.kraken.wire.values import WireError
from messages.account import AccountBalances, AccountSnapshot
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.mailboxes import ExchangeEvent
from messages.orders import Rejected
from trading.ports import ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

FILL_SECONDS = 10.0
"""Between a ledger entry and the execution that causes it, at most: the two channels race."""


class AccountStream:
    """State of one subscription, from its snapshots on."""

    def __init__(self, questions: Questions, own: Ownership = EVERY_MARK) -> None:
        self._questions = questions
        self._own = own
        self._skipped = Skipped()
        self.feed: Feed[ExchangeEvent] = Feed()
        self.shown = trio.Event()
        """Set once both snapshots are there."""
        self.rate_counts: dict[str, float] = {}
        self._sequences: dict[str, int] = {}
        self._reports: list[Report | Unread] | None = None
        self._totals: Totals | None = None
        self._orders: AccountOrders | None = None
        self._snapshot: AccountSnapshot | None = None
        self._kept: list[wire.Frame] = []
        self._changed = trio.Event()

    @property
    def orders(self) -> AccountOrders:
        """The account's orders; available once `begin` was called."""
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
        """What the account holds by all reports until now; empty before the snapshot."""
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

    def told_fees(self) -> tuple[dict[VenueOrderId, Decimal], list[PartlyTold]]:
        """What `begin` needs: known fees of partly filled orders of ours, and those whose fees are unknown."""
        ours = [
            report
            for report in self._reports or []
            if isinstance(report, Report) and self._own.claims(report.cl_ord_id, report.symbol)
        ]
        return told_fees(ours, self._totals.held if self._totals is not None else ())

    def begin(self, fees: Mapping[VenueOrderId, Decimal]) -> None:
        """Start from the snapshots; `fees` are those of partly filled orders by Kraken's id."""
        if self._totals is None or self._reports is None:
            raise ExchangeUnavailable("the account's snapshot is not there yet")
        self._orders = AccountOrders(self._totals, self._questions, self._own)
        readable = [report for report in self._reports if isinstance(report, Report)]
        self._orders.begin(readable, fees, trio.current_time())
        for row in self._reports:
            if isinstance(row, Unread):
                self._orders.unread(row, old=True)
                self._skipped.note("an order", row.error)
        self._snapshot = AccountSnapshot(self._totals.all(), self._orders.open_orders())
        self._skipped.tell(trio.current_time())
        kept, self._kept = self._kept, []
        for frame in kept:
            self._apply(frame)

    def acknowledged(self, order_id: ClientOrderId, exchange_id: VenueOrderId, time: Nanos) -> None:
        """A request was answered with Kraken's id."""
        for event in self.orders.acknowledged(order_id, exchange_id, time, trio.current_time()):
            self.feed.post(event)
        self.wake()

    def confirmed(self, order_id: ClientOrderId) -> None:
        """Deliver what the stream showed of an order while a probe cancel asked for it: it exists."""
        for event in self.orders.confirmed(order_id):
            self.feed.post(event)

    def rejected(self, event: Rejected) -> None:
        """Deliver a refusal; the order is not expected on the stream any more."""
        self.orders.not_placed(event.order_id)
        self.feed.post(event)
        self.wake()

    def find(self, order_id: ClientOrderId) -> KnownRow | None:
        """What is known of the order with this client id; None: nothing."""
        return self.orders.find(order_id)

    def check_movements(self) -> None:
        """Raises `ExchangeUnavailable` for money that moved by a fill which was never told."""
        if self._totals and (fill_id := self._totals.unexplained(trio.current_time() - FILL_SECONDS)):
            raise ExchangeUnavailable(
                f"the balances contain the fill {fill_id}, the executions do not: something is lost"
            )

    @property
    def told(self) -> Container[str]:
        """References of the ledger entries and fills that the stream has told."""
        return self._totals.told if self._totals is not None else ()

    def adopt(self, asset: str, more: Decimal, *, booked: bool) -> None:
        """Add an unexplained difference to an asset's balance. See `Totals.adopt`."""
        if self._totals is not None:
            self.feed.post(AccountBalances(self._totals.adopt(asset, more, booked=booked)))

    def wake(self) -> None:
        """Wake the tasks that wait for news of this stream."""
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
            self._totals = Totals(self._holdings(frame))
        if self._reports is not None and self._totals is not None:
            self.shown.set()

    def _apply(self, frame: wire.Frame) -> None:
        now = trio.current_time()
        if frame.channel == wire.BALANCES:
            if self._totals is not None and (changed := self._totals.book(self._entries(frame), now)):
                self.feed.post(AccountBalances(changed))
        else:
            self._take_reports(frame, now)
        self._skipped.tell(now)

    def _take_reports(self, frame: wire.Frame, now: float) -> None:
        for row in read_reports(frame.data):
            if isinstance(row, Unread):
                self.orders.unread(row)
                self._skipped.note("a report", row.error)
                continue
            for event in self.orders.report(row, now):
                self.feed.post(event)
            self._note_rate(row)

    def _holdings(self, frame: wire.Frame) -> list[Holding]:
        """Raises `WireError` for a row that cannot be read and may be about money that is traded with."""
        rows = read_holdings(frame.data)
        read = [row for row in rows if isinstance(row, Holding)]
        told = {asset_of(row) for row in read}
        for row in rows:
            # A row without a name is none of the assets that have a row of their own.
            if isinstance(row, Unread) and not (
                row.text("asset") == "" and self._own.assets and self._own.assets <= told
            ):
                self._skip("balances snapshot", row)
        return read

    def _entries(self, frame: wire.Frame) -> list[LedgerEntry]:
        """Raises like `_holdings`."""
        rows = read_entries(frame.data)
        for row in rows:
            if isinstance(row, Unread):
                self._skip("balances", row)
        return [row for row in rows if isinstance(row, LedgerEntry)]

    def _skip(self, what: str, row: Unread) -> None:
        if not row.is_nothing and self._own.trades(row.text("asset")):
            raise WireError(f"{what}: {row.error}")
        self._skipped.note("a balance", row.error)

    def _note_rate(self, report: Report) -> None:
        if report.rate_count is not None and report.symbol is not None:
            self.rate_counts[report.symbol] = float(report.rate_count)
