"""What a strategy waits for while it attaches, in words: its own reason, and a condition once that takes long."""

from collections.abc import Callable, Mapping

from actors.condition_book import ConditionBook
from actors.mailbox import Mailbox
from messages.account import AttachWaits, HistoryProgress
from messages.counted import counted
from messages.mailboxes import StrategyMail
from trading.attaching import Attaching


class AttachNews:
    """News from the order-manager. Without a book (the order-manager on its own) there is no condition."""

    def __init__(
        self,
        strategies: Mapping[int, Mailbox[StrategyMail]],
        book: ConditionBook | None,
        now: Callable[[], int],
    ) -> None:
        """`now` in nanoseconds UTC."""
        self._strategies = strategies
        self._book = book
        self._now = now
        if book is not None:
            book.close_all(now())

    def looks_up(self, waiting: Attaching, orders: int) -> None:
        """`orders` of its orders are being looked up."""
        self._tell(waiting, f"asking the exchange what became of {counted(orders, 'order')} of its own")

    def reads(self, waiting: Attaching, progress: HistoryProgress) -> None:
        """Closed orders are read for it, and there are more than one page."""
        of = f" of {progress.of:,}" if progress.of else ""
        detail = (
            f"reading the account's closed orders, {progress.read:,}{of}, before it trades for the first time: "
            "as fast as the exchange's rate limit allows, behind everything else"
        )
        self._tell(waiting, detail)
        if self._book is not None:
            self._book.open(waiting.attach.strategy, "history", detail, self._now())  # nothing of it is due

    def over(self, strategy: int) -> None:
        """It waits no longer."""
        if self._book is not None and self._book.find(strategy, "history"):
            self._book.close(strategy, "history", self._now())

    def _tell(self, waiting: Attaching, detail: str) -> None:
        attach = waiting.attach
        self._strategies[attach.strategy].post(AttachWaits(attach.strategy, attach.number, detail))
