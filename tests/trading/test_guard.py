"""What a decision core asks for is checked: one example of each thing that it must not ask for."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from msgspec import Struct

from messages.account import LiveOrder, OrdersFound, facts_of_accepted
from messages.ids import Nanos, VenueOrderId, client_order_id
from messages.mailboxes import CoreEvent
from messages.market import Tick
from messages.money import Pair
from messages.notices import LadderStatus, OrderReleased
from messages.orders import Balances, Cancel, Canceled, Filled, Place, Rejected
from messages.status import Phase, StrategyReport
from tests.trading.strategies.harness import BTC_USD, D, Play, settings
from trading.guard import Bounds, CoreFailed, GuardedCore
from trading.strategies.core import NO_TICK, Band, Output, Recovery
from trading.strategies.grid_hodl import GRID_HODL

BOUNDS = Bounds(7, BTC_USD, D(1000))
TICK = Tick("BTC/USD", D(50_000), Nanos(1))


class Own(Struct, frozen=True, tag=True):
    """Not of the program's notices."""

    words: str


class Puppet:
    """A core that answers what a test wants; what is an exception is raised."""

    def __init__(self) -> None:
        self.says: list[Output] = []
        self.broken = ""
        self.greedy = False

    def _answer(self, name: str) -> None:
        if self.broken == name:
            raise RuntimeError(f"{name} broke")

    def handle(self, event: CoreEvent) -> list[Output]:
        said, self.says = self.says, []
        return said

    def recover(self, found: OrdersFound, *, adopt: bool) -> Recovery:
        return Recovery()

    @property
    def band(self) -> Band:
        self._answer("band")
        return NO_TICK

    @property
    def owned(self) -> Decimal:
        self._answer("owned")
        return D(0)

    @property
    def sells_unowned(self) -> bool:
        return self.greedy

    def live_orders(self) -> tuple[LiveOrder, ...]:
        self._answer("live_orders")
        return ()

    def save(self) -> str:
        self._answer("save")
        return "{}"

    def report(self, phase: Phase, reason: str) -> StrategyReport:
        self._answer("report")
        raise NotImplementedError

    def ladder(self) -> LadderStatus | None:
        self._answer("ladder")
        return None


def a_buy(number: int = 1, **changes: object) -> Place:
    cause = str(changes.get("cause", f"buy {number}"))
    place = Place(
        7, client_order_id(7, cause), "BTC/USD", "buy", D("49500.1"), D("0.002"), True, "ladder", cause, Nanos(1)
    )
    return msgspec.structs.replace(place, **changes)


def guarded() -> tuple[Puppet, GuardedCore]:
    puppet = Puppet()
    guard = GuardedCore(puppet, BOUNDS)
    guard.handle(Balances(7, D(5000), D(0), D(0)))
    return puppet, guard


WRONG: dict[str, tuple[list[object], str]] = {
    "another strategy": ([a_buy(strategy=8, order_id=client_order_id(8, "buy 1"))], "its own is 7"),
    "another pair": ([a_buy(symbol="ETH/USD")], "its own pair is BTC/USD"),
    "an id of its own making": ([a_buy(order_id="x")], "does not follow from its cause"),
    "no cause": ([a_buy(cause="", order_id=client_order_id(7, ""))], "without a cause"),
    "an unknown kind": ([a_buy(kind="market")], "of kind 'market'"),
    "an unknown side": ([a_buy(side="short")], "as buy or sell"),
    "a price between ticks": ([a_buy(price=D("49500.15"))], "tick size 0.1"),
    "a volume between lots": ([a_buy(volume=D("0.0020000001"))], "more than 8 decimals"),
    "a binary float": ([a_buy(price=49500.1)], "price has to be a Decimal above 0"),
    "no number": ([a_buy(price=D("NaN"))], "price has to be a Decimal above 0"),
    "without end": ([a_buy(volume=D("Infinity"))], "volume has to be a Decimal above 0"),
    "below zero": ([a_buy(volume=D("-0.002"))], "volume has to be a Decimal above 0"),
    "zero": ([a_buy(price=D(0))], "price has to be a Decimal above 0"),
    "below the minimum": ([a_buy(volume=D("0.00001"))], "below the minimum"),
    "one id twice": ([a_buy(), a_buy()], "used before"),
    "a cancel of another's": ([Cancel(7, client_order_id(8, "x"))], "no open order of its own"),
    "a cancel for another": ([a_buy(), Cancel(8, a_buy().order_id)], "no open order of its own"),
    "a notice of its own": ([Own("hello")], "known are Place, Cancel and the notices"),
    "a broken notice": ([OrderReleased("s", "BTC/USD", "sell", "dear", D(1), "r")], "is not what it should be"),  # type: ignore[arg-type]
    "nothing at all": ([None], "known are Place"),
    "above max_investment": ([a_buy(n, volume=D("0.01")) for n in range(3)], "max_investment is 1000"),
    "above its funds": ([a_buy(volume=D("0.2"))], "of 5000 USD it may spend"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_its_own_to_ask_for_is_named_before_anything_is_committed(wrong: str) -> None:
    puppet, guard = guarded()
    says, words = WRONG[wrong]
    puppet.says = says  # type: ignore[assignment]
    with pytest.raises(CoreFailed, match=words):
        guard.handle(TICK)


def test_what_is_right_passes() -> None:
    puppet, guard = guarded()
    puppet.says = [a_buy(), a_buy(2), OrderReleased("s", "BTC/USD", "sell", D(1), D(1), "r")]
    assert len(guard.handle(TICK)) == 3
    puppet.says = [Cancel(7, a_buy().order_id)]
    assert len(guard.handle(TICK)) == 1


def test_an_id_is_free_again_after_a_refusal_only() -> None:
    puppet, guard = guarded()
    place = a_buy()
    puppet.says = [place]
    guard.handle(TICK)
    puppet.says = [place]
    assert guard.handle(Rejected(order_id=place.order_id, reason="funds", text="", time=Nanos(1))) == [place]
    puppet.says = [place]
    with pytest.raises(CoreFailed, match="used before"):
        guard.handle(
            Canceled(
                order_id=place.order_id,
                exchange_id=VenueOrderId("O"),
                filled=D(0),
                cost=D(0),
                fee=D(0),
                reason="requested",
                time=Nanos(1),
            )
        )
    puppet.says = [Cancel(7, place.order_id)]
    with pytest.raises(CoreFailed, match="no open order"):
        guard.handle(
            Filled(
                order_id=place.order_id,
                exchange_id=VenueOrderId("O"),
                fill_id="f",
                filled=D(1),
                cost=D(1),
                fee=D(0),
                time=Nanos(1),
            )
        )


ASKED: dict[str, Callable[[GuardedCore], object]] = {
    "save": lambda guard: guard.save(),
    "report": lambda guard: guard.report("trading", ""),
    "ladder": lambda guard: guard.ladder(),
    "band": lambda guard: guard.band,
    "owned": lambda guard: guard.owned,
    "live_orders": lambda guard: guard.live_orders(),
}


@pytest.mark.parametrize("name", ASKED)
def test_whatever_breaks_inside_a_core_halts_its_strategy_only(name: str) -> None:
    puppet, guard = guarded()
    puppet.broken = name
    with pytest.raises(CoreFailed, match=f"{name} broke"):
        ASKED[name](guard)


@pytest.mark.parametrize("answer", [None, 7, b"{}"])
def test_a_state_that_is_no_text_is_not_committed(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    puppet, guard = guarded()
    monkeypatch.setattr(puppet, "save", lambda: answer)
    with pytest.raises(CoreFailed, match="its state cannot be saved: it answered"):
        guard.save()


def test_a_core_that_knows_neither_clock_nor_rules_nor_delays_is_left_alone() -> None:
    _, guard = guarded()
    assert guard.wake(Nanos(1)) == guard.change_rules(BTC_USD, D(0)) == guard.take_back() == []


def test_new_rules_are_what_a_core_that_follows_them_is_held_to() -> None:
    play = Play(GRID_HODL, settings(max_open_buys=1))
    guard = GuardedCore(play.core, Bounds(play.config.userref, BTC_USD, D(10**6)))
    play.core = guard  # type: ignore[assignment]
    play.handle(play.a_tick("50000"))
    play.handle(play.balances())
    coarser: Pair = msgspec.structs.replace(BTC_USD, tick_size=D(10))
    guard.change_rules(coarser, D("0.0025"))
    assert guard.band is not None


@pytest.mark.parametrize(("stated", "may"), [(True, True), (False, False)])
def test_a_core_sells_base_that_it_did_not_buy_only_where_its_owner_says_so(stated: bool, may: bool) -> None:
    puppet = Puppet()
    guard = GuardedCore(puppet, msgspec.structs.replace(BOUNDS, sells_unowned=stated))
    assert guard.sells_unowned is False
    puppet.greedy = True
    assert guard.sells_unowned is may


def test_a_core_that_sells_other_base_without_its_owners_word_is_halted_with_what_to_state() -> None:
    puppet, guard = guarded()
    assert guard.sells_unowned is False
    puppet.greedy = True
    with pytest.raises(CoreFailed, match="state sell_existing_base for this strategy"):
        assert guard.sells_unowned


@pytest.mark.parametrize("code", [0, 7, "bye"])
def test_a_core_that_ends_the_program_ends_its_strategy_only(code: object, monkeypatch: pytest.MonkeyPatch) -> None:
    puppet = Puppet()
    guarded = GuardedCore(puppet, BOUNDS)

    def leave(_: CoreEvent) -> list[Output]:
        raise SystemExit(code)

    monkeypatch.setattr(puppet, "handle", leave)
    with pytest.raises(CoreFailed, match="decision core failed on Tick: SystemExit"):
        guarded.handle(TICK)


@pytest.mark.parametrize(("filled", "allowed"), [("0", True), ("0.0001", False)])
def test_what_was_executed_at_the_exchange_is_never_asked_for_again(filled: str, allowed: bool) -> None:
    """Even where the core cannot explain it; an order that ended without a fill may be placed again under its id."""
    puppet = Puppet()
    guard = GuardedCore(puppet, BOUNDS)
    place = a_buy()
    shown = facts_of_accepted(place, VenueOrderId("O1"), Nanos(1))
    closed = msgspec.structs.replace(shown, status="canceled", filled=D(filled))
    guard.recover(OrdersFound(7, 1, 0, (closed,)), adopt=False)
    guard.handle(TICK)
    guard.handle(Balances(7, D(5000), D(0), D(0)))
    puppet.says = [place]
    if allowed:
        assert guard.handle(TICK) == [place]
    else:
        with pytest.raises(CoreFailed, match="used before"):
            guard.handle(TICK)
