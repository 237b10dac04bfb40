"""One start of a strategy without its actor: every state meets every kind of mail, in any order."""

from itertools import count, product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.account import Attach, AttachRefused, AttachWaits, LiveOrder, OrdersFound
from messages.ids import Nanos, VenueOrderId, client_order_id
from messages.journal import Commit, Committed, CoreLoaded, LoadCore
from messages.mailboxes import CoreEvent, StrategyMail
from messages.market import Quote, RowDone, RowEnd, RulesChanged, Tick
from messages.money import ZERO, Pair
from messages.notices import LadderStatus
from messages.orders import (
    Accepted,
    Amended,
    Balances,
    Cancel,
    Canceled,
    Deferred,
    Filled,
    PartiallyFilled,
    Place,
    Rejected,
    Resynced,
    Resyncing,
    Submit,
)
from messages.status import Pause, Phase, PhaseChanged, Resume, Stop, StrategyReport
from tests.trading.strategies.harness import BTC_USD, SETTINGS, USERREF, D
from trading.core_in_use import Identity, Say
from trading.ports import UnknownOrderError
from trading.strategies.core import EVERY_TICK, Band, Output, Recovery
from trading.strategies.grid_base import GridCore
from trading.strategies.grid_hodl import GRID_HODL
from trading.strategy_life import Standing, State
from trading.strategy_run import StrategyRun

ALL: tuple[State, ...] = get_args(State)
ALIVE = frozenset(ALL) - {"loading", "stopped"}
DECIDES: frozenset[State] = frozenset({"trading", "stopping"})
AWAKE: frozenset[State] = frozenset({"catching up", "waiting for a price", "trading"})
O = client_order_id(USERREF, "an order")  # noqa: E741 - as everywhere in the tests
AT = VenueOrderId("O")


class Eager:
    """A core that asks for an order whatever it hears, and remembers what it heard."""

    band: Band = EVERY_TICK
    owned = ZERO
    sells_unowned = False
    doubted = None

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._real = GridCore(SETTINGS, GRID_HODL)

    def handle(self, event: CoreEvent) -> list[Output]:
        self.heard.append(type(event).__name__)
        number = len(self.heard)
        if isinstance(event, Stop):
            return [Cancel(USERREF, O)]
        order_id = client_order_id(USERREF, str(number))
        return [Place(USERREF, order_id, "BTC/USD", "buy", D(100), D(1), True, "ladder", str(number), Nanos(1))]

    def recover(self, found: OrdersFound, *, adopt: bool) -> Recovery:
        del adopt
        self.heard.append(type(found).__name__)
        return Recovery()

    def put_off(self, event: Deferred) -> list[Output]:
        self.heard.append(type(event).__name__)
        return []

    def change_rules(self, pair: Pair, fee: object) -> list[Output]:
        del pair, fee
        self.heard.append("RulesChanged")
        return []

    def quote(self, quote: Quote) -> list[Output]:
        self.heard.append(type(quote).__name__)
        return []

    def wake(self, time: int) -> list[Output]:
        del time
        self.heard.append("wake")
        return []

    def live_orders(self) -> tuple[LiveOrder, ...]:
        return ()

    def save(self) -> str:
        return str(len(self.heard))

    def report(self, phase: Phase, reason: str) -> StrategyReport:
        return self._real.report(phase, reason)

    def ladder(self) -> LadderStatus | None:
        return None


class Play:
    """One run between a journal that acknowledges in order and an order-manager that asks for one row at a time."""

    def __init__(self, *, pair_rests: bool = False) -> None:
        self.core = Eager()
        self.said: list[object] = []
        self.commits: list[Commit] = []
        self.unread: list[int] = []
        """Commits that are not acknowledged."""
        self.acknowledged: list[Commit] = []
        self.submitted: list[Submit] = []
        self.attach = 0
        self.load = 0
        self.rows = count(1)
        self.owed: int | None = None
        """The row whose answer is waited for."""
        self.time = 0
        self.rules_at = -1
        paused = {"pair": "it rests"} if pair_rests else {}
        say = Say(self._orders, self._journal, self.said.append, self.said.append, self.said.append)
        identity = Identity(USERREF, "grid", "GridHODL", "BTC/USD", D("0.0025"))
        self.run = StrategyRun(identity, lambda _: self.core, count(1), say, paused=paused)  # type: ignore[arg-type]
        self.run.begin()

    def _orders(self, message: object) -> None:
        assert self.run.state != "stopped"
        self.said.append(message)
        if isinstance(message, Attach):
            self.attach, self.owed = message.number, None
        elif isinstance(message, RowDone):
            assert (message.row, self.unread) == (self.owed, []), "answered once, and only when all is written"
            self.owed = None
        elif isinstance(message, Submit):
            self.submitted.append(message)

    def _journal(self, message: LoadCore | Commit) -> None:
        assert self.run.state != "stopped"
        self.said.append(message)
        if isinstance(message, LoadCore):
            self.load = message.number
            return
        if any(isinstance(command, Place) for command in message.commands):
            assert self.run.has_traded
        self.commits.append(message)
        self.unread.append(message.number)

    def mail(self, what: str) -> StrategyMail | None:  # noqa: C901, PLR0911, PLR0912 - one line each
        """The message of that name, as its sender would send it now; None where it would send none."""
        self.time += 1
        time = Nanos(self.time)
        match what:
            case "loaded":
                return CoreLoaded("lineage", None, self.load)
            case "late load":
                return CoreLoaded("lineage", None, self.load - 1)
            case "tick":
                return Tick("BTC/USD", D(100), time)
            case "event":
                return Accepted(order_id=O, exchange_id=AT, time=time)
            case "filled" | "partly filled":
                kind = Filled if what == "filled" else PartiallyFilled
                return kind(order_id=O, exchange_id=AT, fill_id="F", filled=D(1), cost=D(1), fee=ZERO, time=time)
            case "canceled":
                return Canceled(
                    order_id=O, exchange_id=AT, filled=ZERO, cost=ZERO, fee=ZERO, reason="by hand", time=time
                )
            case "amended":
                return Amended(order_id=O, exchange_id=AT, price=D(1), volume=D(2), time=time)
            case "rejected":
                return Rejected(order_id=O, reason="funds", text="", time=time)
            case "funds":
                return Balances(USERREF, D(1), ZERO, ZERO)
            case "put off":
                return Deferred(order_id=O, reason="no answer", text="", time=time)
            case "quote":
                return Quote("BTC/USD", D(99), D(101))
            case "rules":
                return RulesChanged(BTC_USD, D("0.003"))
            case "found":
                return OrdersFound(USERREF, self.attach, 0, ())
            case "waits":
                return AttachWaits(USERREF, self.attach, "reading history")
            case "refused":
                return AttachRefused(USERREF, self.attach, "two of them")
            case "resyncing":
                return Resyncing(USERREF, self.attach)
            case "resynced":
                return Resynced(USERREF, self.attach)
            case "stale":
                return Resynced(USERREF, self.attach - 1)
            case "pause":
                return Pause("no price")
            case "resume":
                return Resume()
            case "stop":
                return Stop("cancel-all")
            case "row":
                if self.owed is not None or self.run.state == "loading":
                    return None
                self.owed = next(self.rows)
                return RowEnd(self.owed)
            case "written":
                if not self.unread:
                    return None
                number = self.unread.pop(0)
                self.acknowledged += [commit for commit in self.commits if commit.number == number]
                return Committed(number)
        raise AssertionError(what)

    def hears(self, *batch: str) -> None:
        """One batch, as the actor hands it over; nothing more after the end."""
        if self.run.state == "stopped":
            return
        self.takes(*(message for what in batch if (message := self.mail(what)) is not None))

    def takes(self, *batch: StrategyMail) -> None:
        """One batch of whatever it is."""
        for message in self.run.sift(list(batch)):
            self.run.take(message)
        self.run.flush()


WAYS: dict[State, tuple[str, ...]] = {
    "loading": (),
    "catching up": ("loaded",),
    "waiting for a price": ("loaded", "resynced"),
    "trading": ("loaded", "resynced", "tick", "written"),
    "paused, catching up": ("loaded", "pause"),
    "paused, without a price": ("loaded", "resynced", "pause"),
    "paused": ("loaded", "resynced", "tick", "written", "pause"),
    "stopping": ("loaded", "resynced", "tick", "stop"),
    "stopping, at rest": ("loaded", "stop"),
    "stopped": ("loaded", "stop", "written"),
}


def reach(state: State) -> Play:
    play = Play()
    for what in WAYS[state]:
        play.hears(what)
    assert play.run.state == state
    play.core.heard.clear()
    play.said.clear()
    return play


@pytest.mark.parametrize("state", ALL)
def test_every_state_is_reached_by_mail(state: State) -> None:
    standing = reach(state).run.standing
    assert standing.state == state
    assert (standing.because is None) == (state == "loading")


def test_a_state_says_since_when_it_lasts_and_why() -> None:
    play = reach("trading")
    began = play.run.standing
    assert (began.because, began.since) == ("first price", play.run.tick.time if play.run.tick else 0)
    play.hears("tick")
    assert play.run.standing == began
    play.hears("pause")
    assert play.run.standing == Standing("paused", "paused", Nanos(play.time - 1))


MAIL: dict[type, tuple[str, frozenset[State]]] = {
    Tick: ("tick", DECIDES | {"waiting for a price"}),
    Accepted: ("event", DECIDES),
    PartiallyFilled: ("partly filled", DECIDES),
    Filled: ("filled", DECIDES),
    Canceled: ("canceled", DECIDES),
    Amended: ("amended", DECIDES),
    Rejected: ("rejected", DECIDES),
    Balances: ("funds", DECIDES),
    Deferred: ("put off", DECIDES),
    Quote: ("quote", AWAKE),
    RulesChanged: ("rules", ALIVE),
    AttachWaits: ("waits", frozenset()),
    AttachRefused: ("refused", frozenset()),
    OrdersFound: ("found", ALIVE),
    Resyncing: ("resyncing", frozenset()),
    Resynced: ("resynced", frozenset({"trading"})),
    RowEnd: ("row", frozenset()),
    Committed: ("written", frozenset()),
    CoreLoaded: ("late load", frozenset()),
    Pause: ("pause", frozenset()),
    Resume: ("resume", frozenset({"trading", "paused"})),
    Stop: ("stop", ALIVE),
}
"""Every kind of mail: its name above, and in which states the core is asked at once."""


def test_every_kind_of_mail_is_listed() -> None:
    assert set(MAIL) == set(get_args(StrategyMail))


@pytest.mark.parametrize(("state", "kind"), tuple(product(ALL, MAIL)))
def test_every_state_meets_every_kind_of_mail(state: State, kind: type) -> None:
    play = reach(state)
    what, asks = MAIL[kind]
    if what == "refused" and state in ALIVE:
        with pytest.raises(UnknownOrderError, match="two of them"):
            play.hears(what)
        return
    play.hears(what)
    assert bool(play.core.heard) == (state in asks)
    if state == "loading":
        assert play.said == []
    if state == "stopped":
        assert play.said == []


@pytest.mark.parametrize("state", ALL)
def test_by_the_clock_it_decides_only_while_it_trades(state: State) -> None:
    play = reach(state)
    assert (play.run.due is not None) == (state == "trading")
    play.run.wake(Nanos(5))
    assert play.core.heard == (["wake"] if state == "trading" else [])


@pytest.mark.parametrize("state", sorted(ALIVE))
def test_what_is_held_is_decided_in_its_order_once_it_trades_and_after_a_stop_never(state: State) -> None:
    play = reach(state)
    play.hears("event", "funds")
    play.hears("resume")
    play.hears("resynced")
    play.hears("tick")
    if state.startswith("stopping, at rest"):
        assert play.core.heard == []
    else:
        assert [name for name in play.core.heard if name in ("Accepted", "Balances")] == ["Accepted", "Balances"]


@pytest.mark.parametrize("state", sorted(ALIVE))
def test_a_row_is_answered_in_every_state(state: State) -> None:
    play = reach(state)
    play.hears("row")
    while play.unread:
        play.hears("written")
    assert play.owed is None


def test_a_second_attach_leaves_the_row_to_be_asked_for_again() -> None:
    play = reach("catching up")
    play.hears("found", "row")
    assert [type(message) for message in play.said if isinstance(message, RowDone)] == []


def test_a_commit_is_known_only_once() -> None:
    play = reach("trading")
    play.hears("tick")
    number = play.unread[0]
    play.hears("written")
    before = len(play.submitted)
    play.takes(Committed(number))
    assert len(play.submitted) == before > 0


def test_a_new_fee_is_what_the_next_attach_names() -> None:
    play = reach("catching up")
    play.hears("rules")
    play.hears("found")
    (attach,) = [message for message in play.said if isinstance(message, Attach)]
    assert attach.fee == play.run.identity.fee == D("0.003")


@pytest.mark.parametrize("state", sorted(ALIVE))
def test_while_a_pause_has_a_cause_the_user_sees_it_as_halted(state: State) -> None:
    play = reach(state)
    play.hears("pause")
    told = [message for message in play.said if isinstance(message, PhaseChanged)]
    assert told[-1] == PhaseChanged(USERREF, "halted", "no price")


NAMES = [
    *("loaded", "late load", "tick", "event", "filled", "canceled", "amended", "funds", "put off"),
    *("quote", "rules", "found", "waits"),
    *("resyncing", "resynced", "stale", "pause", "resume", "row", "written"),
]
BATCHES = st.lists(st.lists(st.sampled_from(NAMES), max_size=4), max_size=30)


def sent(commits: list[Commit]) -> list[Submit]:
    return [Submit(USERREF, commit.commands) for commit in commits if commit.commands]


@given(BATCHES, BATCHES, st.booleans(), st.booleans())
def test_in_any_order_of_mail_nothing_leaves_too_early_twice_or_too_late(
    before: list[list[str]], late: list[list[str]], begins: bool, pair_rests: bool
) -> None:
    """What `Play` asserts, too: no order is decided before it has traded, and each row is answered once."""
    play = Play(pair_rests=pair_rests)
    if begins:
        play.hears("loaded", "resynced", "tick")
    for batch in before:
        play.hears(*batch)
        assert play.submitted == sent(play.acknowledged)
    for batch in [["loaded"], ["stop"], *late]:
        play.hears(*batch)
        assert play.submitted == sent(play.acknowledged)
    while play.unread:
        play.hears("written")
    assert play.submitted == sent(play.commits)
    assert (play.run.state, play.owed) == ("stopped", None)
