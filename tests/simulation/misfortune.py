"""What goes wrong, drawn from the seed: one mishap after another while a storm lasts."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal

import trio
from msgspec.structs import replace

from simulators.kraken.distortion import Direction
from simulators.kraken.faults import FrameAction, FrameFault, Latency, RequestFault
from simulators.kraken.model.catalogue import PairStatus
from simulators.kraken.model.clock import SECOND
from tests.simulation.around import Around
from tests.simulation.by_hand import Owner
from tests.simulation.disk import Disk
from tests.simulation.garble import garbled, garbled_reply
from tests.simulation.network import LARGEST_FRAME, Network, wall
from tests.simulation.prices import Walk
from tests.simulation.process import Life
from tests.simulation.trace import Trace

ORDERS = ("ws:add_order", "ws:batch_add")
REQUESTS = (*ORDERS, *ORDERS, "ws:cancel_order", "ws:batch_cancel", "ws:*", "rest:*", "rest:ClosedOrders")
FRAMES = ("frame:executions", "frame:executions", "frame:balances", "frame:trade", "frame:*")
REFUSED_ORDERS = (
    "EGeneral:Invalid arguments",
    "EOrder:Insufficient funds",
    "EOrder:Post only order",
    "EOrder:Orders limit exceeded",
    "EOrder:Invalid price:BTC/USD price can only be specified up to 1 decimals.",
    "EService:Market in cancel_only mode",
    "EService:Deadline elapsed",
)
REFUSED = (
    "EGeneral:Too many requests",
    "EAPI:Rate limit exceeded",
    "EOrder:Rate limit exceeded",
    "EService:Throttled: 1790000060",
    "ESession:Invalid session",
    "EAPI:Invalid token",
    "ETrade:User Locked",
)
UNCLEAR = ("EService:Unavailable", "EService:Busy", "EGeneral:Internal error", "EDatabase:Internal error")
BAD_REQUESTS = (
    *("lose_reply", "lose_reply", "lose_request", "delay", "late_reply"),
    *("truncate", "unclear", "refused", "http_error", "drop"),
)
BAD_FRAMES: tuple[FrameAction, ...] = (
    *("lose_frame", "duplicate", "reorder", "delay", "malformed") * 3,
    "huge",
)
HUGE = LARGEST_FRAME + 1
REPLY = '{"error":['
ABOUT = (
    REPLY,
    REPLY,
    '"executions"',
    '"executions"',
    '"balances"',
    '"trade"',
    '"status"',
    '"method"',
    '"heartbeat"',
    "snapshot",
)
DELAYS = (0.5, 2.0, 2.9, 4.0, 7.0, 15.0)
STATUSES = (502, 503, 504, 520, 429, 403)
LONGEST_LAG = 60

Mishap = Callable[[], str]


class Misfortune:
    """Draws mishaps and carries them out."""

    def __init__(
        self,
        network: Network,
        disk: Disk,
        walks: Sequence[Walk],
        chance: random.Random,
        trace: Trace,
        *,
        mortal: bool = True,
        around: random.Random | None = None,
        clear: bool = False,
    ) -> None:
        """`mortal`: whether the program is killed now and then; `around` draws what changes around it, if anything.

        In `clear` weather nothing fails.
        """
        self.life: Life | None = None
        """Whom it strikes; None while the program is down."""
        self.rages = False
        self.counts: Counter[str] = Counter()
        self.owner = Owner(network, disk, walks, chance, self._after)
        self._network = network
        self._control = network.control
        self._disk = disk
        self._walks = walks
        self._chance = chance
        self._trace = trace
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._mishaps: dict[Mishap, int] = {
            self.bad_request: 30,
            self.bad_frame: 14,
            self.strange_frame: 12,
            self.lost_connections: 8,
            self.silence: 5,
            self.no_way: 4,
            self.slow_network: 5,
            self.maintenance: 2,
            self.pair_closed: 2,
            self.rest_lag: 4,
            self.owner.cancel_by_hand: 3,
            self.owner.fill_by_hand: 6,
            self.owner.money_moves: 3,
            self.owner.foreign_order: 3,
            self.tokens_void: 2,
            self.another_program: 2,
            self.fill_in_cancel_window: 6,
            self.actor_fails: 6,
            self.disk_fails: 3,
            self.crash: 6 if mortal else 0,
        }
        self.around = Around(network, walks, around or random.Random(0), self._after)
        self.around.own = self.owner.own_orders
        if around is not None:
            self._mishaps |= self.around.mishaps()
        if clear:
            self._mishaps = self._fair()

    def _fair(self) -> dict[Mishap, int]:
        """What happens on days on which everything works."""
        return {
            self.owner.fill_by_hand: 24,
            self.owner.cancel_by_hand: 4,
            self.owner.money_moves: 2,
            self.owner.foreign_order: 6,
            self.around.other_program: 4,
            self.around.trade_by_hand: 2,
            self.around.rules_change: 1,
            self.misprint_seen: 2,
            self.end_of_life: 3,
        }

    def misprint_seen(self) -> str:
        """A life that begins with a misprint believes it."""
        return "none" if self.life is None else self.around.misprint()

    def end_of_life(self) -> str:
        """kill -9 while nothing is on its way."""
        if self.life is not None:
            self.life.gate.kill_at(0)
        return ""

    async def rage(self, seconds: float, every: float) -> None:
        """A storm: a mishap each `every` seconds on the average; afterwards everything works again."""
        self.rages = True
        until = trio.current_time() + seconds
        while trio.current_time() < until:
            pause = self._chance.expovariate(1 / every)
            await self._sleep(min(pause, until - trio.current_time()))
            await self._strike()
        self.end()

    def end(self) -> None:
        """All that was broken works again; what was taken away comes back."""
        self.rages = False
        later, self._later = self._later, []
        for _, undo in sorted(later, key=lambda item: item[0]):
            undo()
        self._control.clear_faults()
        self._disk.fails = self._disk.fails_late = lambda: False
        self._network.distort = lambda text: text
        self._network.weather.refusing = self._network.weather.swallowing = False
        self._control.restore("ws")
        self.owner.withdraw_orders()
        self.around.end()
        for order in self.owner.own_orders():
            if order.txid in self.around.amended:
                self.owner.cancel(order)

    async def _sleep(self, seconds: float) -> None:
        """Let time pass and undo what is over by then."""
        until = trio.current_time() + seconds
        while True:
            due = min((time for time, _ in self._later), default=until)
            if due > until:
                break
            await trio.sleep_until(due)
            ripe = [item for item in self._later if item[0] <= trio.current_time()]
            self._later = [item for item in self._later if item not in ripe]
            for _, undo in ripe:
                undo()
            if not ripe and due >= until:
                break
        await trio.sleep_until(until)

    def _after(self, seconds: float, undo: Callable[[], None]) -> None:
        self._later.append((trio.current_time() + seconds, undo))

    async def _strike(self) -> None:
        (mishap,) = self._chance.choices(list(self._mishaps), list(self._mishaps.values()))
        told = mishap()
        if told == "drop":
            which = self._chance.choice(("all", "ws", "public", "private"))
            told = f"drop {which}"
            await self._control.drop(which)
        self.counts[mishap.__name__] += 1
        self._trace.note(f"mishap {mishap.__name__} {told}")

    def bad_request(self) -> str:
        """A request or its answer is lost, late, refused or unclear."""
        pick, chance = self._chance.choice, self._chance
        target = pick(REQUESTS)
        executed = chance.random() < 0.5
        match pick(BAD_REQUESTS):
            case "delay":
                fault = RequestFault("delay", target, seconds=pick(DELAYS))
            case "late_reply":
                fault = RequestFault("late_reply", target, seconds=pick(DELAYS))
            case "truncate":
                fault = RequestFault("truncate", target)
            case "unclear":
                fault = RequestFault("error", target, text=pick(UNCLEAR), executed=executed)
            case "refused":
                text = pick(REFUSED_ORDERS if target in ORDERS and executed else REFUSED)
                fault = RequestFault("error", target, text=text)
            case "http_error":
                fault = RequestFault("http_error", target, status=pick(STATUSES), executed=executed)
            case "drop":
                fault = RequestFault("drop", target, executed=executed)
            case "lose_reply":
                fault = RequestFault("lose_reply", target, hang=executed)
            case _:
                fault = RequestFault("lose_request", target, hang=executed)
        self._control.fault(replace(fault, times=pick((1, 1, 1, 2, 4))))
        return f"{fault.action} {fault.target} {fault.text if fault.action == 'error' else ''} {executed}"

    def bad_frame(self) -> str:
        """A frame is lost, doubled, late or out of its order."""
        action: FrameAction = self._chance.choice(BAD_FRAMES)
        seconds = self._chance.choice((0.2, 1.0, 5.0))
        fault = FrameFault(action, self._chance.choice(FRAMES), seconds=seconds, size=HUGE)
        self._control.fault(fault)
        return f"{fault.action} {fault.target}"

    def strange_frame(self) -> str:
        """The next frame or reply that speaks of this makes no sense."""
        about = self._chance.choice(ABOUT)

        def distort(text: str) -> str:
            if about not in text:
                return text
            self._network.distort = lambda later: later
            strange = (garbled_reply if about == REPLY else garbled)(text, self._chance)
            self._trace.note(f"strange {strange[:300]!r}")
            return strange

        self._network.distort = distort
        return about

    def lost_connections(self) -> str:
        """Sockets are cut."""
        return "drop"

    def silence(self) -> str:
        """Sockets stay open and say nothing, for a while or until somebody gives up."""
        which = self._chance.choice(("ws", "public", "private"))
        direction: Direction = self._chance.choice(("both", "in", "out"))
        self._control.silence(which, direction)
        self._after(self._chance.choice((2.0, 5.0, 30.0)), self._speak_again)
        return f"{which} {direction}"

    def _speak_again(self) -> None:
        self._control.restore("ws")

    def no_way(self) -> str:
        """No new connection comes about."""
        weather, seconds = self._network.weather, self._chance.uniform(1, 180)
        weather.refusing = self._chance.random() < 0.5
        weather.swallowing = not weather.refusing

        def over() -> None:
            weather.refusing = weather.swallowing = False

        self._after(seconds, over)
        return f"{'refused' if weather.refusing else 'swallowed'} {seconds:.0f}"

    def slow_network(self) -> str:
        """Every message takes long."""
        delay = self._chance.choice((0.05, 0.3, 1.0, 2.5))
        self._control.latency(Latency(delay, delay, delay, delay))
        self._after(self._chance.uniform(5, 120), lambda: self._control.latency(Latency()))
        return f"{delay}"

    def maintenance(self) -> str:
        """The exchange goes down and comes back step by step."""
        at = 0.0
        self._control.system_status("maintenance")
        for status in ("cancel_only", "post_only", "online"):
            at += self._chance.uniform(5, 300)
            self._after(at, lambda status=status: self._control.system_status(status))  # type: ignore[misc]
        return f"{at:.0f}"

    def pair_closed(self) -> str:
        """One pair takes no orders for a while."""
        symbol = self._chance.choice(self._walks).symbol
        if self._network.venue.catalogue.by_symbol(symbol) is None:
            return "none"
        status: PairStatus = self._chance.choice(("cancel_only", "post_only"))
        self._control.pair_status(symbol, status)
        self._after(self._chance.uniform(10, 300), lambda: self._opened(symbol))
        return f"{symbol} {status}"

    def _opened(self, symbol: str) -> None:
        if self._network.venue.catalogue.by_symbol(symbol) is not None:
            self._control.pair_status(symbol, "online")

    def rest_lag(self) -> str:
        """REST shows the past."""
        lag = Decimal(self._chance.randint(1, LONGEST_LAG))
        venue = self._network.venue
        venue.behaviour = replace(venue.behaviour, rest_lag=lag)

        def over() -> None:
            venue.behaviour = replace(venue.behaviour, rest_lag=Decimal(0))

        self._after(self._chance.uniform(30, 300), over)
        return f"{lag}"

    def tokens_void(self) -> str:
        """All WebSocket tokens run out at once."""
        self._control.revoke_tokens()
        return ""

    def another_program(self) -> str:
        """Somebody else uses the API key, far ahead of our nonces for a moment, or until it is locked out."""
        if self._chance.random() < 0.5:
            ahead = self._chance.choice((1, 30, 300)) * SECOND
            self._control.use_nonce(wall() + ahead)
            return f"nonce {ahead}"
        seconds = Decimal(self._chance.choice((5, 60, 900)))
        self._control.lock_out(seconds)
        return f"lockout {seconds}"

    def fill_in_cancel_window(self) -> str:
        """While the next cancel is on its way, its order fills."""
        target = self._chance.choice(("ws:cancel_order", "ws:batch_cancel", "ws:*cancel*"))
        self._control.fault(RequestFault("fill_first", target))
        return target

    def actor_fails(self) -> str:
        """An exception that nobody foresaw, in one actor."""
        name = self._chance.choice(("events", "place", "prices", "tick"))
        if self.life is not None:
            setattr(self.life.accidents, name, True)
        return name

    def disk_fails(self) -> str:
        """The next writes fail, before or after they are durable."""
        left = [self._chance.randint(1, 3)]

        def fails() -> bool:
            left[0] -= 1
            return left[0] >= 0

        late = self._chance.random() < 0.5
        if late:
            self._disk.fails_late = fails
        else:
            self._disk.fails = fails
        return f"{'late' if late else 'early'} {left[0]}"

    def crash(self) -> str:
        """kill -9, now or before one of the next effects."""
        moment = self._chance.choice((0, 1, 2, 3, 5, 8, 13, 21, 34))
        if self.life is not None:
            self.life.gate.kill_at(moment)
        return f"{moment}"
