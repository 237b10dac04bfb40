"""What is known of one order, from what the exchange shows and from events; pure."""

import msgspec

from messages import order_life
from messages.account import LiveOrder, OrderFacts, facts_of_accepted
from messages.orders import Accepted, Canceled, Filled, OrderEvent, PartiallyFilled, Place
from trading.ports import UnknownOrderError


def by_whom(facts: OrderFacts, live: LiveOrder, *, withdrawn: bool = False) -> OrderFacts:
    """Resolve an `unclear` cancellation into one by the account owner or one by a probe cancel.

    An order that its strategy never saw open cannot have been cancelled by the owner: a run that crashed had probed
    for it with a cancel. It then counts as never accepted, and is due again. `withdrawn`: this program is known to have
    cancelled it, whatever the exchange calls that; the same holds where its cancel was asked for.
    """
    if (withdrawn or live.canceling) and facts.reason in ("unclear", "by hand"):
        return msgspec.structs.replace(facts, reason="requested")
    if facts.reason != "unclear":
        return facts
    unseen = not live.accepted and not live.canceling
    return msgspec.structs.replace(facts, reason="post-only" if unseen else "by hand")


def event_of(facts: OrderFacts) -> OrderEvent:
    """What an exchange shows of an order, as the event that would have said so."""
    match facts.status:
        case "canceled":
            return facts.closure()
        case "open" if not facts.filled:
            return Accepted(order_id=facts.order_id, exchange_id=facts.exchange_id, time=facts.time)
        case "open" | "filled":
            return facts.fill(f"{facts.exchange_id}@{facts.filled:f}")


def facts_after(
    place: Place | None, known: OrderFacts | None, event: Accepted | PartiallyFilled | Filled | Canceled
) -> OrderFacts:
    """What is known of the order once the event is taken in; a smaller cumulative quantity is an old event.

    Raises `UnknownOrderError` when nothing is.
    """
    known = known or _fresh_facts(place, event)
    if isinstance(event, Accepted) or event.filled < known.filled:
        return known
    why = event if isinstance(event, Canceled) else None
    return known.after(order_life.of_execution(event, known.volume), order_life.executed(event), event.time, why)


def _fresh_facts(place: Place | None, event: Accepted | PartiallyFilled | Filled | Canceled) -> OrderFacts:
    if place is None:
        raise UnknownOrderError(f"an event of order {event.order_id}, which was neither placed nor shown")
    return facts_of_accepted(place, event.exchange_id, event.time)
