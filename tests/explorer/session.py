"""The session's rule for what nobody answered for, as a value: a small copy of what the adapter of Kraken does.

An order is not sent again before its deadline has passed, the stream has not shown it and the venue does not know its
id; that is asked with a cancel by client id. Who closed an order follows from what this program has asked for.
"""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from messages.account import OrderFacts
from messages.ids import ClientOrderId, VenueOrderId
from messages.orders import CloseReason, Place
from tests.explorer.frozen import Kept


class Session(Struct, frozen=True):
    """One connection to the account, with what outlives it."""

    quiet: bool = False
    """No request of an earlier session can arrive any more."""
    young: bool = False
    """An earlier run of the program may have questions on their way."""
    shown: tuple[OrderFacts, ...] = ()
    """Orders as the snapshot and the stream have told of them, the newest of each client id."""
    flight: frozenset[ClientOrderId] = frozenset()
    """Client ids that were sent and whose fate is not known."""
    places: frozenset[Kept[Place]] = frozenset()
    """The orders behind these ids: one that did not arrive is sent again as it was."""
    overdue: frozenset[ClientOrderId] = frozenset()
    """Of those, the ones whose deadline has passed."""
    cancel_later: frozenset[ClientOrderId] = frozenset()
    canceling: frozenset[ClientOrderId] = frozenset()
    questions: frozenset[ClientOrderId] = frozenset()
    """Asked for by a cancel that may still be on its way; this outlives the session."""
    in_question: frozenset[ClientOrderId] = frozenset()
    """Asked for, and not answered."""
    asked_before: frozenset[ClientOrderId] = frozenset()
    """Of those, the ones of which an earlier question was open."""
    unknown: frozenset[ClientOrderId] = frozenset()
    """Looked up, and not known to the venue."""
    earlier: frozenset[VenueOrderId] = frozenset()
    """Exchange ids that were closed when this run sent an order of their name: not what became of that one."""
    executed: frozenset[ClientOrderId] = frozenset()
    """Among the newest fills when the stream began."""
    ahead: frozenset[ClientOrderId] = frozenset()
    """Fills that history has shown before the stream did: the totals do not reckon with them yet."""

    def find(self, order_id: ClientOrderId) -> OrderFacts | None:
        """What the stream has told of this client id."""
        return next((facts for facts in self.shown if facts.order_id == order_id), None)

    def place(self, order_id: ClientOrderId) -> Kept[Place]:
        """The order in flight with this client id."""
        return next(place for place in self.places if place.value.order_id == order_id)

    def still_canceling(self) -> Iterator[OrderFacts]:
        """Open orders whose cancel was sent, and of whose end the stream has told nothing."""
        for order_id in sorted(self.canceling - self.cancel_later):
            facts = self.find(order_id)
            if facts is not None and facts.status == "open":
                yield facts

    def reason(self, order_id: ClientOrderId) -> CloseReason:
        """Why an order ended of which the venue says that its owner cancelled it."""
        if order_id in self.canceling:
            return "requested"
        return self.by_question(order_id)

    def by_question(self, order_id: ClientOrderId) -> CloseReason:
        """The same of a closure that history shows."""
        if order_id in self.questions:
            return "post-only"
        return "unclear" if self.young else "by hand"


def show(session: Session, facts: OrderFacts) -> Session:
    """The stream tells of an order."""
    others = tuple(one for one in session.shown if one.order_id != facts.order_id)
    shown = tuple(sorted((*others, facts), key=lambda one: one.order_id))
    session = replace(session, shown=shown)
    if facts.status != "open":
        session = replace(
            session,
            ahead=session.ahead - {facts.order_id},
            canceling=session.canceling - {facts.order_id},
            questions=session.questions - {facts.order_id},
        )
    return session


def sent(session: Session, place: Kept[Place]) -> Session:
    """An order leaves, perhaps once more."""
    session = settled(session, place.value.order_id)
    return replace(session, flight=session.flight | {place.value.order_id}, places=session.places | {place})


def settled(session: Session, order_id: ClientOrderId) -> Session:
    """Its fate is known."""
    places = frozenset(place for place in session.places if place.value.order_id != order_id)
    return replace(session, flight=session.flight - {order_id}, places=places, overdue=session.overdue - {order_id})


def ask(session: Session, order_id: ClientOrderId) -> Session:
    """A cancel leaves that is a question."""
    before = {order_id} & session.questions
    return replace(
        session,
        questions=session.questions | {order_id},
        in_question=session.in_question | {order_id},
        asked_before=session.asked_before | before,
    )


def answered(session: Session, order_id: ClientOrderId, *, known: bool) -> Session:
    """The venue answers a question; one that found nothing is over, unless an earlier one is still on its way."""
    over = frozenset() if known or order_id in session.asked_before else frozenset({order_id})
    return replace(
        session,
        in_question=session.in_question - {order_id},
        asked_before=session.asked_before - {order_id},
        questions=session.questions - over,
    )


def reopened(session: Session) -> Session:
    """What the next session of the same run begins with."""
    return Session(young=session.young, questions=session.questions, earlier=session.earlier)
