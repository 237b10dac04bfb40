"""The program as a value: the real order desk and the real grids, with a session, commits that wait and mail."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from messages.account import AccountBalances, AccountSnapshot, Attach, History, OrderFacts, OrdersFound
from messages.ids import ClientOrderId, Nanos, VenueOrderId, userref_of
from messages.mailboxes import CoreEvent
from messages.market import Tick
from messages.money import ZERO
from messages.orders import (
    Balances,
    Cancel,
    Canceled,
    Command,
    Deferred,
    OrderEvent,
    Place,
    Reckoned,
    Rejected,
    RejectReason,
    Resynced,
    Submit,
)
from tests.explorer import session as sessions
from tests.explorer.frozen import Kept, Machines, Pool
from tests.explorer.session import Session
from tests.explorer.venue import TIME, Venue
from trading.order_desk import Effects, OrderDesk
from trading.ports import UnknownOrderError
from trading.strategies.core import NEVER
from trading.strategies.grid_base import GridCore
from trading.strategies.settings import GridSettings, Variant

ATTACH = 1
"""Number of an attach: each session has a desk of its own, so there is no other."""


class Live(Struct, frozen=True):
    """One strategy."""

    core: Kept[bytes]
    trades: bool = False
    """Attached and told what happened; until then `missing` are looked up."""
    missing: frozenset[ClientOrderId] = frozenset()
    kept: tuple[OrderEvent, ...] = ()
    """Events that came before it was attached, of orders that the desk does not know."""


class Write(Struct, frozen=True):
    """A commit on its way to the disk: the new state, and the commands that leave once it is there."""

    strategy: int
    """Index, as everywhere here."""
    state: str
    commands: tuple[Command, ...]


class Program(Struct, frozen=True):
    """All that a crash forgets."""

    desk: Kept[bytes]
    strategies: tuple[Live, ...]
    session: Session
    writes: tuple[Write, ...] = ()
    sends: tuple[Submit, ...] = ()
    """Durable, not sent."""


class Request(Struct, frozen=True):
    """What is on its way to the venue. A placing has a deadline, a cancel has none."""

    kind: str
    """`place`, `cancel` (by exchange id) or `ask` (a cancel by client id that is a question)."""
    name: str
    """The exchange id for `cancel`, else the client id."""
    place: Kept[Place] | None = None
    """What `place` asks for."""
    number: int = 0
    """Tells two requests of the same content apart."""
    heard: bool = True
    """Whether the session that sent it is there to hear the answer."""
    early: bool = False
    """Whether it was sent while the ledger could not know all: a strategy was still asking what became of its orders,
    or history was ahead of the stream. One that is sent again is no new decision of the ledger's either."""


class Moved(Struct, frozen=True):
    """A program after a step, and what it has put on its way to the venue."""

    program: Program
    requests: tuple[Request, ...] = ()


class Rig:
    """The program's own code, driven. One for a whole search: what was reckoned once is not reckoned again."""

    def __init__(self, settings: tuple[GridSettings, ...], variant: Variant) -> None:
        self.settings = settings
        self._variant = variant
        self.index = {one.userref: index for index, one in enumerate(settings)}
        self.asked: dict[str, Place] = {}
        """An order of each client id that was ever asked for on any path: its cause and side are the same on all."""
        self._places: Pool[Place] = Pool()
        self._cores: Machines[GridCore] = Machines()
        self.desks: Machines[OrderDesk] = Machines(without=frozenset({"changes", "_told_of"}))

    def core(self, live: Live) -> GridCore:
        """A copy to look at."""
        return self._cores.look(live.core)

    def desk(self, program: Program) -> OrderDesk:
        """A copy to look at."""
        return self.desks.look(program.desk)

    def starts(self, journal: tuple[str, ...], venue: Venue, session: Session, *, recovers: bool) -> Program:
        """Connect, take a snapshot, load what is durable; each strategy says which orders it counts on.

        `recovers`: history is asked for orders that the journal does not know. Raises `UnknownOrderError`.
        """
        shown = tuple(sorted(venue.open(), key=lambda facts: facts.order_id))
        executed = frozenset(facts.order_id for facts in venue.orders if facts.filled)
        session = replace(session, shown=shown, executed=executed)
        desk = OrderDesk(AccountSnapshot(venue.totals, shown), frozenset(self.index))
        strategies, writes = list[Live](), list[Write]()
        for index, text in enumerate(journal):
            core = self.load(index, text)
            if recovers and self._recovers(core, desk, venue, index):
                writes.append(Write(index, core.save(), ()))
            missing = frozenset(desk.to_look_up(self._attach(index, core)))
            strategies.append(Live(self._cores.keep(core), missing=missing))
        return Program(self.desks.keep(desk), tuple(strategies), session, tuple(writes))

    def _recovers(self, core: GridCore, desk: OrderDesk, venue: Venue, index: int) -> bool:
        """Whether it takes over orders that its journal does not know."""
        history = History(0, tuple(facts for facts in venue.orders if facts.status != "open"))
        orders = desk.strangers(self._attach(index, core), history)
        if not orders:
            return False
        userref = self.settings[index].userref
        recovery = core.recover(OrdersFound(userref, ATTACH, 0, orders), adopt=False)
        if recovery.unexplained:
            raise UnknownOrderError.of(recovery.unexplained[0], userref)
        return bool(recovery.adopted)

    def load(self, index: int, text: str) -> GridCore:
        """A strategy as its journal has it; no text: it is new."""
        return GridCore(self.settings[index], self._variant, text or None)

    def _attach(self, index: int, core: GridCore) -> Attach:
        settings = self.settings[index]
        return Attach(
            settings.userref,
            ATTACH,
            settings.pair.symbol,
            settings.fee,
            core.owned,
            core.sells_unowned,
            core.live_orders(),
        )

    def attaches(
        self, program: Program, index: int, looked_up: Mapping[ClientOrderId, OrderFacts], price: Decimal
    ) -> Moved:
        """All that it counts on is known: it is told what happened, decides, and what never arrived is sent."""
        live = program.strategies[index]
        attach = self._attach(index, self.core(live))
        pair = self.settings[index].pair
        key = ("attach", attach, tuple(sorted(looked_up.items())))
        desk, effects = self.desks.step(
            program.desk, key, lambda desk: _with_funds(desk, desk.attach(attach, pair, looked_up))
        )
        told: list[CoreEvent] = [Tick(pair.symbol, price, TIME)]
        told += [_for_core(event) for strategy, event in effects.deliver if strategy == attach.strategy]
        others = [(strategy, event) for strategy, event in effects.deliver if strategy != attach.strategy]
        live = replace(live, trades=True, missing=frozenset(), kept=())
        session = program.session
        news = {order_id for order_id, facts in looked_up.items() if facts.filled and session.find(order_id) is None}
        program = replace(program, session=replace(session, ahead=session.ahead | (news - session.executed)))
        kept = program.strategies[index].kept
        moved = self._tell(_with(replace(program, desk=desk), index, live), index, tuple(told))
        owned = self.core(moved.strategies[index]).owned
        if owned != attach.owned:
            reckoned = Reckoned(attach.strategy, ATTACH, owned)
            desk, _ = self.desks.step(moved.desk, reckoned, lambda desk: desk.ledger.reckoned(reckoned))
            moved = replace(moved, desk=desk)
        sent = self.deliver(moved, replace(effects, deliver=others))
        for event in kept:
            sent = and_then(sent, self.books(sent.program, event, None))
        return sent

    def books(self, program: Program, event: OrderEvent, totals: dict[str, Decimal] | None) -> Moved:
        """The desk takes an event in, with the totals that it moved, and passes it on."""
        index = self.index[userref_of(event.order_id) or 0]
        live = program.strategies[index]
        if not live.trades and not self._tracks(program, event.order_id):
            program = _with(program, index, replace(live, kept=(*live.kept, event)))
            return self._take_totals(program, totals) if totals else Moved(program)
        key = ("event", event, tuple(totals.values()) if totals else None)
        desk, effects = self.desks.step(program.desk, key, lambda desk: _event(desk, event, totals))
        return self.deliver(replace(program, desk=desk), effects)

    def _tracks(self, program: Program, order_id: ClientOrderId) -> bool:
        return self.desks.step(program.desk, ("tracks", order_id), lambda desk: desk.tracks(order_id))[1]

    def _take_totals(self, program: Program, totals: dict[str, Decimal]) -> Moved:
        key = ("totals", tuple(totals.values()))
        news = AccountBalances(totals)
        desk, effects = self.desks.step(program.desk, key, lambda desk: _with_funds(desk, desk.on_event(news)))
        return self.deliver(replace(program, desk=desk), effects)

    def submits(self, program: Program) -> Moved:
        """The durable decisions go to the desk, which sends or refuses."""
        moved = Moved(replace(program, sends=()))
        for submit in program.sends:
            moved = and_then(moved, self._submits(moved.program, submit))
        return moved

    def _submits(self, program: Program, submit: Submit) -> Moved:
        desk, effects = self.desks.step(program.desk, submit, lambda desk: _submit(desk, submit))
        return self.deliver(replace(program, desk=desk), effects)

    def deliver(self, program: Program, effects: Effects) -> Moved:
        for index, settings in enumerate(self.settings):
            told = tuple(_for_core(event) for strategy, event in effects.deliver if strategy == settings.userref)
            if told and program.strategies[index].trades:
                program = self._tell(program, index, told)
        return self.leave(program, effects)

    def _tell(self, program: Program, index: int, events: tuple[CoreEvent, ...]) -> Program:
        """The core decides; what it decides waits for its commit."""
        live = program.strategies[index]
        core, decided = self._cores.step(live.core, events, lambda core: self.decides(core, events))
        text, commands, are_new = decided
        for command in commands:
            if isinstance(command, Place):
                self.asked[command.order_id] = command
        program = _with(program, index, replace(live, core=core))
        if are_new:
            program = replace(program, writes=(*program.writes, Write(index, text, commands)))
        return program

    def decides(self, core: GridCore, events: tuple[CoreEvent, ...]) -> tuple[str, tuple[Command, ...], bool]:
        """Its new state, its commands, and whether there is anything to write."""
        outputs = [output for event in events for output in core.handle(event)]
        are_new = bool(outputs) or any(isinstance(event, OrderEvent) for event in events)
        return core.save(), tuple(output for output in outputs if isinstance(output, Place | Cancel)), are_new

    def trades_at(self, program: Program, index: int, price: Decimal) -> tuple[Program, bool] | None:
        """A trade at this price is heard, as late as it takes to matter; None: it would change nothing.

        True: time has passed for that.
        """
        live = program.strategies[index]
        _, band = self._cores.step(live.core, "band", lambda core: core.band)
        asleep = band.low <= price <= band.high
        waits = asleep and band.wake != NEVER
        if asleep and not waits:
            return None
        tick = Tick(self.settings[index].pair.symbol, price, Nanos(max(TIME, band.wake)) if waits else TIME)
        after = self._tell(program, index, (tick,))
        return None if after.strategies[index].core is live.core else (after, waits)

    def leave(self, program: Program, effects: Effects) -> Moved:
        """What the desk wants sent goes to the session."""
        session, requests = program.session, list[Request]()
        early = bool(session.ahead) or not all(live.trades for live in program.strategies)
        for order_id in effects.cancel:
            session = replace(session, canceling=session.canceling | {order_id})
            known = session.find(order_id)
            if known is None and order_id in session.flight:
                session = replace(session, cancel_later=session.cancel_later | {order_id})
            elif known is not None and known.status == "open":
                requests.append(Request("cancel", known.exchange_id))
        for place in effects.place:
            self.asked[place.order_id] = place
            kept = self._places.of(place)
            session = sessions.sent(session, kept)
            requests.append(Request("place", place.order_id, kept, early=early))
        return Moved(replace(program, session=session), tuple(requests))


def _with(program: Program, index: int, live: Live) -> Program:
    strategies = tuple(live if at == index else one for at, one in enumerate(program.strategies))
    return replace(program, strategies=strategies)


def and_then(moved: Moved, more: Moved) -> Moved:
    """Both, one behind the other."""
    return Moved(more.program, moved.requests + more.requests)


def _for_core(event: OrderEvent | Deferred | Balances | Resynced) -> CoreEvent:
    assert not isinstance(event, Deferred)
    return event


def _event(desk: OrderDesk, event: OrderEvent, totals: dict[str, Decimal] | None) -> Effects:
    if totals:
        desk.on_event(AccountBalances(totals))
    return _with_funds(desk, desk.on_event(event))


def _submit(desk: OrderDesk, submit: Submit) -> Effects:
    return _with_funds(desk, desk.submit(submit))


def _with_funds(desk: OrderDesk, effects: Effects) -> Effects:
    """After each batch of mail the funds are told."""
    effects.deliver += desk.balances().deliver
    return effects


def closure(order_id: ClientOrderId) -> Canceled:
    """An order that is withdrawn before it was sent again."""
    return Canceled(
        order_id=order_id, exchange_id=VenueOrderId(""), filled=ZERO, cost=ZERO, fee=ZERO, reason="requested", time=TIME
    )


def refusal(order_id: ClientOrderId, reason: RejectReason) -> Rejected:
    """The venue does not take it, this once."""
    return Rejected(order_id=order_id, reason=reason, text="the venue says no", time=TIME)
