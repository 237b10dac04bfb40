"""The words for whose the journal and the orders are."""

from typing import assert_never

from messages.notices import JournalNoted, NotCovered, SecondInstance

OwnershipNotice = JournalNoted | NotCovered | SecondInstance

_NOT_COVERED = "put the strategy back into the configuration, or cancel and sell by hand"
_SECOND = "stop the other process; each program needs an API key of its own and userrefs of its own"


def ownership_title(notice: OwnershipNotice) -> str:
    """One line."""
    match notice:
        case JournalNoted():
            return "ℹ️ Journal"
        case NotCovered(strategy):
            return f"⚠️ {strategy}: not covered by any strategy"
        case SecondInstance():
            return "⚠️ Another process uses this account"
        case _:
            assert_never(notice)


def ownership_branches(notice: OwnershipNotice) -> tuple[str, ...]:
    """The lines below the title."""
    match notice:
        case JournalNoted(detail):
            return (f"What » {detail}", "To do » nothing")
        case NotCovered(_, detail):
            return (
                f"What » {detail}",
                "Orders » stay as they are, also when the program stops",
                f"To do » {_NOT_COVERED}",
            )
        case SecondInstance(detail):
            return (f"What » {detail}", f"To do » {_SECOND}")
        case _:
            assert_never(notice)


def ownership_sentence(notice: OwnershipNotice) -> str:
    """One sentence."""
    match notice:
        case JournalNoted(detail):
            return f"the journal: {detail}"
        case NotCovered(strategy, detail):
            return f"{strategy}: not covered by any strategy: {detail}"
        case SecondInstance(detail):
            return f"another process uses this account: {detail}"
        case _:
            assert_never(notice)
