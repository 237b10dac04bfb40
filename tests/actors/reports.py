"""Reports for the tests of the status page, the metrics and the HTTP endpoint."""

from decimal import Decimal

from actors.mailbox import Mailbox
from actors.metrics.status_page import StatusBoard
from messages.ids import ClientOrderId
from messages.mailboxes import MetricsMail
from messages.status import ChannelReport, OpenOrder, StrategyReport

START = 1_761_567_667_123_456_789
"""2025-10-27T12:21:07.123456789Z"""

BUY = OpenOrder(
    ClientOrderId("g000rt1aaaaaaaaaaa"), "buy", Decimal("58823.5"), Decimal("0.00170000"), Decimal(0), "open", "ladder"
)
SELL = OpenOrder(
    ClientOrderId("g000rt1bbbbbbbbbbb"), "sell", Decimal("61200.0"), Decimal("1E-8"), Decimal(0), "requested", "counter"
)

HODL = StrategyReport(
    strategy=1001,
    name="btc-hodl",
    kind="GridHODL",
    symbol="BTC/USD",
    phase="trading",
    reason="",
    price=Decimal("60000.0"),
    investment=Decimal("100.00"),
    max_investment=Decimal("1E+3"),
    quote_free=Decimal("400.5"),
    base_free=Decimal("0.25"),
    owned=Decimal("0.5"),
    surplus=Decimal("0.0001"),
    buys_filled=7,
    sells_filled=3,
    fees=Decimal("1.23"),
    cash_flow=Decimal("-5.5"),
    orders=(SELL, BUY),
    waiting=("fewer than 5 buys: not enough USD",),
)


CHANNELS = (
    ChannelReport("log", True, 0, 12, 0, 0, 0, ""),
    ChannelReport("telegram", False, 4, 3, 5, 2, 8, "no answer within 15 s"),
)


class Clock:
    """A wall clock that is set by hand."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> int:
        return self.time


def new_board(
    clock: Clock | None = None, channels: tuple[ChannelReport, ...] = (), *, clock_offset: int | None = None
) -> tuple[Mailbox[MetricsMail], StatusBoard]:
    """A board and the mailbox that it reads."""
    mailbox = Mailbox[MetricsMail]("metrics", limit=10)
    board = StatusBoard(
        mailbox,
        bot="my grids",
        simulated=True,
        version="1.2.3",
        now=clock or Clock(),
        channels=lambda: channels,
        clock_offset=lambda: clock_offset,
    )
    return mailbox, board
