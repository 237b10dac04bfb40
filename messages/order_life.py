"""The life of an order, as one table: which event leads from which state to which, and what is cumulative.

Strategies, order desk, journal, Kraken's view of the account and the paper book all ask `after` and `further`, each
for the states that it can see. The diagram in docs/design.md is made of `LIFE`. Pure.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, assert_never

from msgspec import Struct

from messages.money import ZERO
from messages.orders import Accepted, Amended, Canceled, Filled, OrderEvent, PartiallyFilled, Rejected

State = Literal["requested", "open", "canceling", "filled", "canceled", "rejected"]
"""
- `requested`  decided and durable; on its way, put off, or its outcome not known yet
- `open`       rests at the exchange, perhaps partly filled
- `canceling`  a cancel is asked for; until its answer the order may still be filled, and its funds stay held
- `filled`     its cumulative quantity has reached its volume
- `canceled`   closed before that; what was filled until then stays filled
- `rejected`   never came into being; its id is free for another try
"""

Happening = Literal["asked for", "accepted", "partly filled", "filled", "cancel asked for", "closed", "refused"]

OVER: frozenset[State] = frozenset({"filled", "canceled", "rejected"})
"""States of an order that the exchange does not hold."""


class Step(Struct, frozen=True):
    """One row of the table."""

    state: State
    happening: Happening
    then: State
    why: str = ""
    """Only where it does not go without saying."""


LIFE: tuple[Step, ...] = (
    Step("requested", "accepted", "open"),
    Step("requested", "partly filled", "open", "a fill says that it was accepted, too"),
    Step("requested", "filled", "filled"),
    Step("requested", "cancel asked for", "canceling"),
    Step("requested", "closed", "canceled"),
    Step("requested", "refused", "rejected"),
    Step("open", "partly filled", "open"),
    Step("open", "filled", "filled"),
    Step("open", "cancel asked for", "canceling"),
    Step("open", "closed", "canceled"),
    Step("canceling", "partly filled", "canceling", "a cancel is a question: the fill may be faster"),
    Step("canceling", "filled", "filled", "the fill was faster"),
    Step("canceling", "closed", "canceled"),
    Step("canceling", "refused", "rejected", "it had not been accepted yet"),
    Step("canceled", "filled", "filled", "the quantity decides, whatever was said before"),
    Step("rejected", "asked for", "requested", "under the same id"),
    Step("rejected", "accepted", "open", "the refusal was that of an earlier try"),
    Step("rejected", "partly filled", "open", "as above"),
    Step("rejected", "filled", "filled", "as above"),
    Step("rejected", "closed", "canceled", "as above"),
)
"""What is not here changes nothing: it comes twice, or late."""

_NEXT: Mapping[tuple[State, Happening], State] = {(step.state, step.happening): step.then for step in LIFE}


class Executed(Struct, frozen=True, order=True):
    """What of an order is executed, cumulative: base, quote without fees, fees in quote."""

    filled: Decimal = ZERO
    cost: Decimal = ZERO
    fee: Decimal = ZERO


def after(state: State, happening: Happening | None) -> State:
    """The next state; the same where nothing follows from it."""
    return state if happening is None else _NEXT.get((state, happening), state)


def happening(event: OrderEvent, volume: Decimal | None, *, shown: bool) -> Happening | None:
    """What an event says of an order; None where its state has nothing to do with it.

    `volume` is the whole quantity, in base; None where only the event is known. `shown`: the exchange has shown the
    order, so that a refusal can only be the late double of an earlier try's.
    """
    match event:
        case Accepted():
            return "accepted"
        case PartiallyFilled() | Filled() | Canceled():
            return of_execution(event, volume)
        case Rejected():
            return None if shown else "refused"
        case Amended():
            return None
        case _:
            assert_never(event)


def of_execution(event: PartiallyFilled | Filled | Canceled, volume: Decimal | None) -> Happening:
    """What an event with quantities says of an order: the quantities decide, whatever the event is called."""
    complete = isinstance(event, Filled) if volume is None else is_complete(event.filled, volume)
    return _told(complete=complete, closed=isinstance(event, Canceled))


def of_booked(event: PartiallyFilled | Filled | Canceled, filled: Decimal, volume: Decimal) -> Happening:
    """What an event means once `filled` of `volume` is booked (in base): one that comes late states less."""
    return _told(complete=is_complete(filled, volume), closed=isinstance(event, Canceled))


def _told(*, complete: bool, closed: bool) -> Happening:
    if complete:
        return "filled"
    return "closed" if closed else "partly filled"


def is_complete(filled: Decimal, volume: Decimal) -> bool:
    """Whether nothing of the order is left to execute; both in base."""
    return filled >= volume


def executed(event: PartiallyFilled | Filled | Canceled) -> Executed:
    """The quantities that an event states."""
    return Executed(event.filled, event.cost, event.fee)


def further(before: Executed, told: Executed) -> Executed:
    """Quantities are cumulative: the larger one is the newer one, in whatever order they come."""
    return max(before, told)
