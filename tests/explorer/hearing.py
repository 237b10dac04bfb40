"""What the session makes of what it hears."""

from msgspec.structs import replace

from messages.account import OrderFacts
from messages.orders import Accepted, Submit
from tests.explorer import session as sessions
from tests.explorer.program import Moved, Program, Request, Rig, Write, closure, refusal
from tests.explorer.session import Session
from tests.explorer.venue import TIME
from tests.explorer.world import Answer, Mail, Report
from trading.order_views import event_of


def written(program: Program, rig: Rig, write: Write) -> Program:
    """The commit is durable: its commands may leave."""
    if not write.commands:
        return program
    submit = Submit(rig.settings[write.strategy].userref, write.commands)
    return replace(program, sends=(*program.sends, submit))


def hears(rig: Rig, program: Program, mail: Mail) -> Moved:
    """One piece of the stream."""
    if isinstance(mail, Report):
        return _report(rig, program, mail)
    if mail.kind in ("refused", "no funds"):
        return _refused(rig, program, mail)
    return _answered(rig, program, mail)


def _report(rig: Rig, program: Program, report: Report) -> Moved:
    session, facts = program.session, report.facts.value
    if facts.status == "canceled":
        facts = replace(facts, reason=session.reason(facts.order_id))
    known = session.find(facts.order_id)
    if known is None or _is_news(known, facts):
        session = sessions.show(session, facts)
    elif known.exchange_id == facts.exchange_id and known.status == "canceled" == facts.status:
        facts = known  # told twice: the first reason counts
    session, requests = _settled(session, facts)
    program = replace(program, session=session)
    event = event_of(facts)
    if isinstance(event, Accepted) and facts.order_id in session.in_question:
        return Moved(program, requests)  # withheld until the question is answered
    totals = report.venue.value.totals if report.venue else None
    moved = rig.books(program, event, totals)
    return Moved(moved.program, requests + moved.requests)


def _is_news(known: OrderFacts, facts: OrderFacts) -> bool:
    if known.exchange_id != facts.exchange_id:
        return known.status != "open"
    return known.status == "open" and facts.filled >= known.filled


def _settled(session: Session, facts: OrderFacts) -> tuple[Session, tuple[Request, ...]]:
    """The stream shows an order that was in flight: it arrived, unless a question about it is to be answered first."""
    order_id = facts.order_id
    if order_id not in session.flight or order_id in session.in_question:
        return session, ()
    session = sessions.settled(session, order_id)
    if order_id not in session.cancel_later:
        return session, ()
    session = replace(session, cancel_later=session.cancel_later - {order_id})
    return session, (Request("cancel", facts.exchange_id),) if facts.status == "open" else ()


def _refused(rig: Rig, program: Program, answer: Answer) -> Moved:
    session, order_id = program.session, answer.order_id
    if order_id not in session.flight:
        return Moved(program)
    if order_id in session.overdue:
        return Moved(program)  # an answer that comes after all is about a try that is over
    session = sessions.settled(session, order_id)
    session = replace(session, cancel_later=session.cancel_later - {order_id})
    return rig.books(
        replace(program, session=session), refusal(order_id, "funds" if answer.kind == "no funds" else "refused"), None
    )


def _answered(rig: Rig, program: Program, answer: Answer) -> Moved:
    """The engine's word on a question: about an order in flight, or about one that is looked up."""
    order_id = answer.order_id
    session = sessions.answered(program.session, order_id, known=answer.kind == "canceled")
    known = session.find(order_id)
    requests: tuple[Request, ...] = ()
    if known is None:
        assert answer.kind == "unknown", "an order was open although the stream did not show it"
        if order_id not in session.flight:
            return Moved(replace(program, session=replace(session, unknown=session.unknown | {order_id})))
        if order_id in session.cancel_later:
            session = sessions.settled(session, order_id)
            session = replace(session, cancel_later=session.cancel_later - {order_id})
            return rig.books(replace(program, session=session), closure(order_id), None)
        place = session.place(order_id)
        session = sessions.sent(session, place)
        return Moved(replace(program, session=session), (Request("place", order_id, place, early=True),))
    session, requests = _settled(session, known)
    program = replace(program, session=session)
    if known.status != "open":
        return Moved(program, requests)
    moved = rig.books(program, Accepted(order_id=order_id, exchange_id=known.exchange_id, time=TIME), None)
    return Moved(moved.program, requests + moved.requests)
