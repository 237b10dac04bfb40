"""What a strategy that attaches has to know first: its orders that the snapshot does not show."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from messages.account import OrderFacts
from messages.ids import ClientOrderId
from tests.explorer import session as sessions
from tests.explorer.program import Live, Program, Request
from tests.explorer.world import PRICES, Report, Step, World

if TYPE_CHECKING:
    from tests.explorer.steps import Steps


def steps(rules: "Steps", world: World, program: Program) -> Iterator[Step]:
    """Deadlines that pass, questions that leave, views of history that are believed."""
    yield from _asks_in_flight(rules, world, program)
    yield from _asks_again(rules, world, program)
    waiting = [live for live in program.strategies if not live.trades]
    if any(live.missing for live in waiting) and not program.session.quiet:
        yield from _deadlines_pass(rules, world, program, waiting)
    for index, live in enumerate(program.strategies):
        if live.trades:
            continue
        for view, facts in _views(rules, world, program, live):
            moved = rules.rig.attaches(program, index, facts, PRICES[world.price])
            yield Step(("attach", str(index), view), rules.moved(world, moved))
        if program.session.quiet:
            for order_id in sorted(live.missing - program.session.unknown - program.session.in_question):
                if program.session.find(order_id) is None:
                    yield Step(("ask", order_id), _asks(rules, world, program, order_id))


def _asks_in_flight(rules: "Steps", world: World, program: Program) -> Iterator[Step]:
    on_the_wire = {request.name for request in world.wire if request.kind == "place"}
    session = program.session
    for order_id in sorted(session.flight):
        if order_id in session.in_question:
            continue
        if order_id in session.overdue:
            yield Step(("ask", order_id), _asks(rules, world, program, order_id))
        elif order_id not in on_the_wire and not _is_told(world, order_id):
            late = replace(program, session=replace(session, overdue=session.overdue | {order_id}))
            yield Step(("deadline", order_id), world._replace(program=rules.programs.of(late)))


def _asks_again(rules: "Steps", world: World, program: Program) -> Iterator[Step]:
    """What got no answer in time: a question ends the session, a cancel is sent once more."""
    on_the_wire = {(request.kind, request.name) for request in world.wire if request.heard}
    session = program.session
    for order_id in sorted(session.in_question):
        if ("ask", order_id) not in on_the_wire and not _is_answered(world, order_id):
            yield Step(("no answer", order_id), rules.reconnects(world, program))
    for known in session.still_canceling():
        order_id = known.order_id
        if ("cancel", known.exchange_id) not in on_the_wire and not _is_told(world, order_id):
            yield Step(("cancel again", order_id), world.put((Request("cancel", known.exchange_id),)))


def _is_answered(world: World, order_id: ClientOrderId) -> bool:
    return any(not isinstance(mail, Report) and mail.order_id == order_id for mail in world.stream)


def _is_told(world: World, order_id: ClientOrderId) -> bool:
    """Whether the stream is about to tell what became of it: it does so before the deadline and its margin are over."""
    return any(
        (mail.facts.value.order_id if isinstance(mail, Report) else mail.order_id) == order_id for mail in world.stream
    )


def _asks(rules: "Steps", world: World, program: Program, order_id: ClientOrderId) -> World:
    asked = replace(program, session=sessions.ask(program.session, order_id))
    return world._replace(program=rules.programs.of(asked)).put((Request("ask", order_id),))


def _deadlines_pass(rules: "Steps", world: World, program: Program, waiting: list[Live]) -> Iterator[Step]:
    """That the stream then still has not told what came into being before is a misfortune: it is late by seconds."""
    quiet = _quiet(rules, world, program)
    missing = frozenset[ClientOrderId]().union(*(live.missing for live in waiting))
    if not any(_is_told(world, order_id) for order_id in missing):
        yield Step(("quiet",), quiet)
    elif world.left.misfortunes:
        late = quiet._replace(left=world.left._replace(misfortunes=world.left.misfortunes - 1))
        yield Step(("quiet late",), late, is_ours=False)


def _quiet(rules: "Steps", world: World, program: Program) -> World:
    """Deadline and margin of all that an earlier session sent have passed: the engine refuses it from here on."""
    quiet = replace(program, session=replace(program.session, quiet=True))
    wire = frozenset(request for request in world.wire if request.kind != "place" or request.heard)
    return world._replace(wire=wire, program=rules.programs.of(quiet))


def _views(
    rules: "Steps", world: World, program: Program, live: Live
) -> Iterator[tuple[str, dict[ClientOrderId, OrderFacts]]]:
    """What may be believed now of the orders that are looked up: those that are left out never arrived."""
    session, venue = program.session, world.venue.value
    shown = {order_id: facts for order_id in live.missing if (facts := session.find(order_id)) is not None}
    closed = {}
    for order_id in live.missing - shown.keys():
        facts = venue.of_id(order_id)
        if facts is not None and facts.status != "open" and facts.exchange_id not in session.earlier:
            reason = session.by_question(order_id)
            if facts.status == "canceled" and not rules.believes_closure(session):
                continue
            closed[order_id] = replace(facts, reason=reason) if facts.status == "canceled" else facts
    if not live.missing:
        yield "", {}
    elif live.missing <= shown.keys() | closed.keys() or live.missing <= shown.keys() | session.unknown:
        yield "present", shown | closed
    unknown = live.missing - shown.keys()
    proven = unknown and unknown <= session.unknown and not unknown & session.executed
    if proven and closed and not any(facts.status == "open" for facts in session.shown):
        # A view of the time before any of our orders existed shows the same open orders as the stream: none.
        yield "past", shown
