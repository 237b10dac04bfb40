"""What an answer of the exchange says about the facts that orders are made from: that they may be old."""

from decimal import Decimal

from messages.mailboxes import StrategyMail
from messages.orders import Deferred, Filled, Rejected
from messages.status import LookAgain

_DEARER = Decimal("1.1")
"""A fee above its rate by more than this says that the rate is another one; the rest is rounding."""


def second_look(message: StrategyMail, symbol: str, fee: Decimal) -> LookAgain | None:
    """A refusal that names pair, rules or minimums says that what is known is old, and so does a dearer fill.

    `fee` is the maker fee rate that is known.
    """
    if isinstance(message, Rejected | Deferred):
        reason = message.reason
        if reason in ("pair", "rules", "minimum", "market mode"):
            return LookAgain(symbol, reason, message.text)
    elif isinstance(message, Filled) and message.fee > message.cost * fee * _DEARER:
        told = f"a fill of {message.cost:f} cost a fee of {message.fee:f}"
        return LookAgain(symbol, "fee", f"{told}, more than the rate of {fee:f} says")
    return None
