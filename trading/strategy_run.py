"""One start of one strategy: mail in, messages out, as the table of its life says.

Pure: what is said goes through `Say`, time arrives with ticks and with `wake`. What leaves when is decided in
`trading.core_in_use`; this is about what may be decided at all.
"""

from collections.abc import Iterator, Mapping
from typing import assert_never

from messages.account import AttachRefused, AttachWaits, OrdersFound
from messages.ids import Nanos
from messages.journal import Committed, CoreLoaded, LoadCore
from messages.mailboxes import CoreEvent, StrategyMail
from messages.market import Quote, RowDone, RowEnd, RulesChanged, Tick
from messages.orders import (
    Accepted,
    Amended,
    Balances,
    Canceled,
    Deferred,
    Filled,
    PartiallyFilled,
    Rejected,
    Resynced,
    Resyncing,
)
from messages.status import Pause, PauseCause, Phase, PhaseChanged, Resume, Stop
from trading.core_in_use import CoreInUse, Identity, MakeCore, Say
from trading.ports import UnknownOrderError
from trading.strategy_life import AWAKE, Happening, Standing, State, after, events_in, phase_in

LOADING = "loading the journal"
WAITING = "waiting for the exchange and a first price"


class StrategyRun:
    """Load, attach, catch up with what happened, trade until `Stop`; `standing` says how far it has come."""

    def __init__(
        self,
        identity: Identity,
        make_core: MakeCore,
        numbers: Iterator[int],
        say: Say,
        *,
        adopt: bool = False,
        take_back: bool = False,
        paused: Mapping[PauseCause, str] | None = None,
    ) -> None:
        """The arguments are those of `actors.strategy.StrategyActor`."""
        self.standing = Standing("loading")
        self.tick: Tick | None = None
        """The newest one that was taken."""
        self.row: RowEnd | None = None
        """The row of a simulation that is not answered yet."""
        self._identity = identity
        self._make_core = make_core
        self._numbers = numbers
        self._say = say
        self._adopt = adopt
        self._take_back = take_back
        self._reasons: dict[PauseCause, str] = dict(paused or {})
        """Why nothing is decided, by cause."""
        self._kept: list[StrategyMail] = []
        self._held: list[CoreEvent] = []
        self._decides = self._ends = False
        """What the table says of `standing`, looked up when it changes: ticks are many, changes are few."""

    @property
    def state(self) -> State:
        """Where in its life it is."""
        return self.standing.state

    @property
    def identity(self) -> Identity:
        """Who it is, with the fee that it knows now."""
        return self._identity if self.state == "loading" else self._core.identity

    @property
    def attached(self) -> int:
        """The number that answers to its attach bear; others are for an earlier one. Once it is loaded."""
        return self._core.attached

    @property
    def has_traded(self) -> bool:
        """Whether it has come as far as trading once, whatever it does now. Once it is loaded."""
        return self._core.has_traded

    @property
    def newest(self) -> Tick | None:
        """The newest price, for whoever reads this mailbox next."""
        return self.tick or next((message for message in reversed(self._kept) if isinstance(message, Tick)), None)

    @property
    def due(self) -> int | None:
        """When `wake` has to be called although no tick comes, in nanoseconds UTC; None: never."""
        return self._core.due if self.state == "trading" else None

    def begin(self) -> None:
        """Ask for the journal."""
        self._tell("syncing", LOADING)
        self._load_number = next(self._numbers)
        self._say.journal(LoadCore(self._identity.userref, self._load_number))

    def sift(self, batch: list[StrategyMail]) -> list[StrategyMail]:
        """What of this mail is to be taken now, one by one: until the journal is loaded nothing, then all of it.

        Raises `CoreFailed` for a state that cannot be used.
        """
        for message in batch:
            if isinstance(message, RowEnd):
                self.row = message
        if self.standing.state != "loading":
            return batch
        loaded: CoreLoaded | None = None
        for message in batch:
            if isinstance(message, CoreLoaded) and message.number == self._load_number:
                loaded = message
            elif not isinstance(message, RowEnd):
                self._kept.append(message)
        if loaded is None:
            return []
        self._load(loaded)
        return self._kept

    def _load(self, loaded: CoreLoaded) -> None:
        identity, make, numbers, say = self._identity, self._make_core, self._numbers, self._say
        self._core = CoreInUse(identity, make, loaded, numbers, say, back=self._take_back)
        self._move("loaded")
        if self._reasons:
            self._move("paused")
        self._core.attach(loaded.newest if loaded.state is not None else 0)
        self._attached()

    def _attached(self) -> None:
        self.row = None  # the order-manager repeats a row that is not over
        self._tell("syncing", WAITING)

    def take(self, message: StrategyMail) -> None:
        """All that follows from one message. Raises `CoreFailed`, `UnknownOrderError`."""
        match message:
            case Tick():
                self.take_tick(message)
            case Accepted() | PartiallyFilled() | Filled() | Canceled() | Amended() | Rejected() | Balances():
                self._take_event(message)
            case AttachWaits() | AttachRefused() | OrdersFound() | Resyncing() | Resynced():
                if message.number == self._core.attached:
                    self._take_answer(message)
            case Committed():
                self._core.release(message.number)
            case RowEnd():
                pass  # answered once the whole batch is handled
            case Deferred() | RulesChanged() | Quote():
                self._take_news(message)
            case Pause() | Resume():
                self._pause(message)
            case Stop():
                self._move("stop")
                self._core.decide(message)
            case CoreLoaded():
                pass  # the answer to a load of an earlier start
            case _:
                assert_never(message)

    def take_tick(self, tick: Tick) -> None:
        """What `take` does with the most frequent mail. Raises `CoreFailed`."""
        first, self.tick = self.tick is None, tick
        if self._decides:
            self._core.take_price(tick)
        elif first and self._move("first price") == "trading":
            self._settle(tick)

    def _take_event(self, event: CoreEvent) -> None:
        if self._decides:
            self._core.decide(event)
        else:
            self._held.append(event)

    def _take_answer(self, answer: AttachWaits | AttachRefused | OrdersFound | Resyncing | Resynced) -> None:
        match answer:
            case AttachRefused():
                raise UnknownOrderError(answer.reason)
            case AttachWaits():
                if not self._core.has_traded and not self._reasons:
                    self._tell_wait(answer.detail)
            case OrdersFound():
                self._core.recover(answer, self._time, adopt=self._adopt)
                self._attached()
            case Resyncing():
                self._held.clear()
                self._move("resync begins")
            case Resynced():
                self._held.append(answer)
                tick = self.tick
                if self._move("resynced" if tick else "resynced, no price yet") == "trading" and tick:
                    self._settle(tick)
                elif not self._reasons and self._reason != WAITING:
                    self._tell_wait(WAITING)

    def _pause(self, message: Pause | Resume) -> None:
        if isinstance(message, Pause):
            self._reasons[message.cause] = message.reason
        else:
            self._reasons.pop(message.cause, None)
        state = self._move("paused" if self._reasons else "resumed")
        if state == "trading" and self.tick:
            self._settle(self.tick)
        else:
            self._tell(phase_in(state) or "syncing", WAITING)

    def _take_news(self, news: Deferred | RulesChanged | Quote) -> None:
        """What a core may leave unheard."""
        match news:
            case RulesChanged():
                self._core.change_rules(news)
            case Deferred():
                if self._decides:
                    self._core.put_off(news)
            case Quote():
                if self.state in AWAKE:
                    self._core.quote(news)

    def wake(self, time: Nanos) -> None:
        """Let the core decide by the clock. Raises `CoreFailed`."""
        if self.state == "trading":
            self._core.wake(time)

    def report_anew(self) -> None:
        """The next `flush` reports, even where nothing was decided."""
        self._core.report_is_old = True

    def _settle(self, tick: Tick) -> None:
        """It trades from now on: handle the newest tick, then what was held, in its order."""
        self._core.begin(tick.time)
        self._core.decide(tick)
        held, self._held = self._held, []
        for event in held:
            self._core.decide(event)
        self._tell("trading", "")

    def flush(self) -> None:
        """End a batch: make durable what was decided; answer the row, or stop, once nothing waits for its commit."""
        if self.standing.state == "loading":
            return
        core = self._core
        if core.decisions.are_new:
            core.write_down(self._time)
            core.report_is_old = True
        if core.report_is_old:
            core.report_is_old = False
            self._say.report(core.core.report(self._phase, self._reason))
        if (self.row is not None or self._ends) and not core.decisions.wait:
            self._written()

    def _written(self) -> None:
        if self.row is not None:
            self._say.orders(RowDone(self._identity.userref, self.row.row))
            self.row = None
        self._move("written")

    @property
    def _time(self) -> Nanos:
        return self.tick.time if self.tick else Nanos(0)

    def _move(self, happening: Happening) -> State:
        """Follow the table; returns the state from now on."""
        state = after(self.standing.state, happening)
        if state != self.standing.state:
            self.standing = Standing(state, happening, self._time)
            self._decides = events_in(state) == "decided"
            self._ends = after(state, "written") != state
        return state

    def _tell_wait(self, reason: str) -> None:
        self._tell("syncing", reason)
        self._core.report_is_old = True

    def _tell(self, phase: Phase, reason: str) -> None:
        if self._reasons:
            phase, reason = "halted", "; ".join(self._reasons.values())
        self._phase: Phase = phase
        self._reason = reason
        self._say.phase(PhaseChanged(self._identity.userref, phase, reason))
