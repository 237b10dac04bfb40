"""Every step that can come next: of the program, of the venue, and of network, market and owner."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import ClassVar

from msgspec.structs import replace

from messages.account import OrderFacts
from messages.ids import ClientOrderId
from messages.money import floor_volume
from tests.explorer import hearing, looking_up
from tests.explorer import session as sessions
from tests.explorer import venue as venues
from tests.explorer.frozen import Pool
from tests.explorer.program import Moved, Program, Request, Rig, Write
from tests.explorer.session import Session
from tests.explorer.venue import Venue
from tests.explorer.world import PRICES, Answer, Left, Report, Scene, Step, World
from tests.trading.strategies.harness import BTC_USD


class ImpossibleError(Exception):
    """The program has done what its own books should have kept it from."""

    def __init__(self, words: str, what: tuple[str, ...]) -> None:
        """`what` is the step at which it shows."""
        super().__init__(words)
        self.what = what


class Steps:
    """The rules of the game for one scene."""

    rig_of: ClassVar[type[Rig]] = Rig
    words: ClassVar[Mapping[str, str]] = {}
    """Sentences for steps that only these rules have; see `story`."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.rig = self.rig_of(scene.settings, scene.variant)
        self.venues: Pool[Venue] = Pool()
        self.programs: Pool[Program] = Pool()
        self.facts: Pool[OrderFacts] = Pool()
        self._done: dict[Hashable, Moved] = {}

    def _once(self, key: Hashable, step: Callable[[], Moved]) -> Moved:
        """Many worlds have the same program: what it does is reckoned once."""
        moved = self._done.get(key)
        if moved is None:
            moved = self._done[key] = step()
        return moved

    def begin(self) -> World:
        """An account with money, and a program that was never started."""
        venue = self.venues.of(Venue(self.scene.quote))
        journal = ("",) * len(self.scene.settings)
        return World(venue, frozenset(), (), journal, None, self.scene.left)

    def of(self, world: World) -> Iterator[Step]:
        """All that can happen next."""
        yield from self._venue(world)
        yield from self._market(world)
        if world.program is None:
            yield self._starts(world)
            return
        yield from self._program(world, world.program.value)
        yield from self._stream(world, world.program.value)
        yield from looking_up.steps(self, world, world.program.value)
        yield from self._breaks(world, world.program.value)

    def believes_closure(self, session: Session) -> bool:
        """Whether what history shows as cancelled is over: an earlier run may have sent it once more since."""
        return session.quiet

    # The program

    def _starts(self, world: World) -> Step:
        session = Session(young=world.ran)
        return Step(("start",), self._connected(world._replace(ran=True), session))

    def _connected(self, world: World, session: Session) -> World:
        key = ("start", world.journal, world.venue, session)
        recovers = bool(self.scene.left.losses)
        moved = self._once(
            key, lambda: Moved(self.rig.starts(world.journal, world.venue.value, session, recovers=recovers))
        )
        return world._replace(program=self.programs.of(moved.program))

    def moved(self, world: World, moved: Moved) -> World:
        """The program is so far, and its requests are on their way."""
        program = moved.program
        for request in moved.requests:
            former = world.venue.value.of_id(request.name) if request.kind == "place" else None
            if former is not None and former.status != "open":
                earlier = program.session.earlier | {former.exchange_id}
                program = replace(program, session=replace(program.session, earlier=earlier))
        world = world._replace(program=self.programs.of(program))
        return world.put(moved.requests) if moved.requests else world

    def _program(self, world: World, program: Program) -> Iterator[Step]:
        if program.writes:
            yield Step(("commit",), self._commits(world, program))
        if program.sends:
            moved = self._once(("leave", world.program), lambda: self.rig.submits(program))
            yield Step(("leave", *commands_of(program)), self.moved(world, moved))
        for index, live in enumerate(program.strategies):
            if not live.trades:
                continue
            heard = self.rig.trades_at(program, index, PRICES[world.price])
            if heard is None:
                continue
            after, waits = heard
            left = world.left
            if waits:
                if not left.waits or not _is_still(world):
                    continue
                left = left._replace(waits=left.waits - 1)
            yield Step(("tick", str(index)), world._replace(program=self.programs.of(after), left=left))

    def _commits(self, world: World, program: Program) -> World:
        journal = world.journal
        for write in program.writes:
            journal = _journal(journal, write)
            program = hearing.written(program, self.rig, write)
        former = world.journal if world.left.losses and all(world.journal) else ()
        program = replace(program, writes=())
        return world._replace(journal=journal, former=former, program=self.programs.of(program))

    # The stream

    def _stream(self, world: World, program: Program) -> Iterator[Step]:
        if not world.stream:
            return
        mail, *rest = world.stream
        behind = world._replace(stream=tuple(rest))
        moved = self._once((mail, world.program), lambda: hearing.hears(self.rig, program, mail))
        told = self.moved(behind, moved)
        yield Step(("hear", *_words(mail)), told)
        left = world.left
        if isinstance(mail, Report) and left.misfortunes:
            less = _less(left)
            twice = told._replace(stream=(*told.stream, Report(mail.facts)), left=less)
            yield Step(("hear twice", *_words(mail)), twice, is_ours=False)
        if isinstance(mail, Answer) and left.misfortunes:
            less = _less(left)
            if mail.kind in ("refused", "no funds"):
                lost = behind._replace(left=less)
            else:
                lost = self.reconnects(behind._replace(left=less), program)
            yield Step(("answer lost", *_words(mail)), lost, is_ours=False)

    # What goes wrong

    def _breaks(self, world: World, program: Program) -> Iterator[Step]:
        left = world.left
        if left.losses and world.former:
            less = left._replace(losses=left.losses - 1)
            wire = frozenset(request for request in world.wire if request.kind != "place")
            lost = world._replace(left=less, program=None, journal=world.former, former=(), wire=wire)
            yield Step(("journal lost",), lost.cut(), is_ours=False)
        if not left.misfortunes:
            return
        less = _less(left)
        yield Step(("break",), self.reconnects(world._replace(left=less), program), is_ours=False)
        yield Step(("crash",), world._replace(left=less, program=None).cut(), is_ours=False)

    def reconnects(self, world: World, program: Program) -> World:
        """What was to be written still is; then all attach anew over a new connection."""
        journal = world.journal
        for write in program.writes:
            journal = _journal(journal, write)
        world = world._replace(journal=journal).cut()
        return self._connected(world, sessions.reopened(program.session))

    # The venue

    def _venue(self, world: World) -> Iterator[Step]:
        for request in sorted(world.wire, key=_in_order):
            without = world._replace(wire=world.wire - {request})
            yield from self._arrives(without, request)
            left = world.left
            if left.misfortunes:
                less = _less(left)
                yield Step(("lose", request.kind, request.name), without._replace(left=less), is_ours=False)

    def _arrives(self, world: World, request: Request) -> Iterator[Step]:
        what = (request.kind, request.name)
        venue = world.venue.value
        match request.kind:
            case "place":
                assert request.place is not None
                place = request.place.value
                if venues.affords(venue, place):
                    yield Step(("open", request.name), self._happened(world, *venues.accept(venue, place)))
                    yield from self._refuses(world, request)
                else:
                    if request.heard and not request.early:
                        words = "the desk has admitted orders of more than the account has"
                        raise ImpossibleError(words, ("arrive", *what))
                    yield Step(("no funds", request.name), _answers(world, "no funds", request))
            case "cancel":
                open_one = next((facts for facts in venue.open() if facts.exchange_id == request.name), None)
                after = world if open_one is None else self._happened(world, *venues.cancel(venue, open_one))
                yield Step(("arrive", *what), after)
            case "ask":
                open_one = next((facts for facts in venue.open() if facts.order_id == request.name), None)
                after = world if open_one is None else self._happened(world, *venues.cancel(venue, open_one))
                if request.heard:
                    answer = Answer("unknown" if open_one is None else "canceled", ClientOrderId(request.name))
                    after = after._replace(stream=(*after.stream, answer))
                yield Step(("arrive", *what), after)

    def _refuses(self, world: World, request: Request) -> Iterator[Step]:
        left = world.left
        if left.misfortunes:
            less = _less(left)
            after = _answers(world._replace(left=less), "refused", request)
            yield Step(("refuse", request.name), after, is_ours=False)

    def _happened(self, world: World, venue: Venue, facts: OrderFacts, *, moved: bool = False) -> World:
        """The venue has changed; a program that is connected will be told."""
        kept = self.venues.of(venue)
        stream = world.stream
        if world.program is not None:
            stream = (*stream, Report(self.facts.of(facts), kept if moved else None))
        return world._replace(venue=kept, stream=stream)

    def _market(self, world: World) -> Iterator[Step]:
        venue, left = world.venue.value, world.left
        for facts in venue.open():
            rest = facts.volume - facts.filled
            if left.buys if facts.side == "buy" else left.sells:
                less = world._replace(left=_filled(left, facts))
                full = venues.execute(venue, facts, rest)
                yield Step(("fill", facts.order_id), self._happened(less, *full, moved=True), is_ours=False)
            if left.partials:
                less = world._replace(left=left._replace(partials=left.partials - 1))
                part = venues.execute(venue, facts, floor_volume(BTC_USD, rest / 2))
                yield Step(("partial", facts.order_id), self._happened(less, *part, moved=True), is_ours=False)
            if left.cancels:
                less = world._replace(left=left._replace(cancels=left.cancels - 1))
                gone = venues.cancel(venue, facts)
                yield Step(("by hand", facts.order_id), self._happened(less, *gone), is_ours=False)
        if left.rises and world.program is not None:
            yield Step(("rise",), world._replace(price=1, left=left._replace(rises=left.rises - 1)), is_ours=False)


def commands_of(program: Program) -> tuple[str, ...]:
    """What the decisions ask for that are about to leave: kind and client id of each."""
    commands = (command for submit in program.sends for command in submit.commands)
    return tuple(word for one in commands for word in (type(one).__name__.lower(), one.order_id))


def _journal(journal: tuple[str, ...], write: Write) -> tuple[str, ...]:
    return tuple(write.state if index == write.strategy else text for index, text in enumerate(journal))


def _in_order(request: Request) -> tuple[str, str, int, bool, bool]:
    """Which of equally short paths is found must not depend on chance."""
    return request.kind, request.name, request.number, request.heard, request.early


def _answers(world: World, kind: str, request: Request) -> World:
    """The answer is on its way, if anybody is there to hear it."""
    return world._replace(stream=(*world.stream, Answer(kind, ClientOrderId(request.name)))) if request.heard else world


def _less(left: Left) -> Left:
    """One misfortune has happened."""
    return left._replace(misfortunes=left.misfortunes - 1)


def _filled(left: Left, facts: OrderFacts) -> Left:
    return left._replace(buys=left.buys - 1) if facts.side == "buy" else left._replace(sells=left.sells - 1)


def _is_still(world: World) -> bool:
    """Whether nothing is on its way that comes sooner than a pause of ten seconds is over."""
    return not world.stream and not any(request.heard for request in world.wire)


def _words(mail: Report | Answer) -> tuple[str, ...]:
    if isinstance(mail, Answer):
        return (mail.kind, mail.order_id)
    facts = mail.facts.value
    part = "partial" if facts.status == "open" and facts.filled else facts.status
    return (part, facts.order_id)
