"""The words for orders that the exchange puts off, and the two shapes that all notices are written in."""

from collections.abc import Mapping

from messages.counted import counted
from messages.notices import OrdersPutOff, OrdersTaken
from messages.orders import DeferReason

_NOTHING = "nothing"
_PUT_OFF: Mapping[DeferReason, tuple[str, str, str]] = {
    "rate limit": ("too many requests", "sent again as the limit allows", _NOTHING),
    "market mode": (
        "the market takes no such orders",
        "tried again with growing pauses, up to a minute",
        "nothing, unless it lasts: look at the exchange's status page",
    ),
    "locked out": (
        "this API key is locked out",
        "nothing at all is sent until that is over",
        "see that no other program uses this key; trading resumes by itself",
    ),
    "user locked": (
        "the exchange works on the account",
        "tried again with growing pauses, up to a minute",
        "nothing, unless it lasts: ask the exchange's support",
    ),
    "credentials": (
        "the API key is refused",
        "tried again with growing pauses, up to 5 min; after 6 h the program ends",
        "nothing if the key was not changed; if it lasts, look at its rights on the exchange's page of API keys",
    ),
    "no room": (
        "the pair's last places for open orders are kept for sells",
        "new buys leave once those are placed",
        _NOTHING,
    ),
    "no answer": (
        "the exchange does not answer clearly",
        "whether the order arrived is found out first; none is ever placed twice",
        "nothing, unless it lasts: look at the exchange's status page",
    ),
}
"""By reason: what it means, what the program does, what the user can do."""


def wait_text(notice: OrdersPutOff | OrdersTaken) -> str:
    """Several lines, without markup."""
    if isinstance(notice, OrdersTaken):
        title = f"✅ {notice.strategy} ({notice.symbol}): orders are taken again after {duration(notice.seconds)}"
        return tree(title, "Orders » what waited is placed, or was withdrawn", f"To do » {_NOTHING}")
    meaning, action, todo = _PUT_OFF[notice.reason]
    return tree(
        f"⚠️ {notice.strategy} ({notice.symbol}): orders wait",
        f"Reason » {meaning}: {notice.text}",
        f"Action » {action}",
        f"Orders » {notice.count:,} waiting; what is open stays open, its fills are answered",
        f"To do » {todo}",
    )


def wait_sentence(notice: OrdersPutOff | OrdersTaken) -> str:
    """One sentence."""
    who = f"{notice.strategy} ({notice.symbol})"
    if isinstance(notice, OrdersTaken):
        return f"{who}: orders are taken again after {duration(notice.seconds)}"
    return f"{who}: {counted(notice.count, 'order')} put off, {_PUT_OFF[notice.reason][0]}: {notice.text}"


def duration(seconds: int) -> str:
    """`45 s`, `3 min`, `2 h 5 min`."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{minutes} min" if not hours else f"{hours} h {minutes} min" if minutes else f"{hours} h"


def tree(title: str, *branches: str) -> str:
    """A title and lines that hang on it, in the look that users know."""
    last = len(branches) - 1
    return "\n".join([title, *(f"{'└' if index == last else '├'} {text}" for index, text in enumerate(branches))])
