"""What goes wrong, drawn from the seed: one mishap after another while a storm lasts."""

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal

import trio
from msgspec.structs import replace

from adapters.exchanges.kraken.sandbox.distortion import Direction
from adapters.exchanges.kraken.sandbox.faults import FrameAction, FrameFault, Latency, RequestFault
from adapters.exchanges.kraken.sandbox.model.catalogue import PairStatus
from adapters.exchanges.kraken.sandbox.model.clock import SECOND
from adapters.exchanges.kraken.sandbox.model.errors import Refused
from adapters.exchanges.kraken.sandbox.model.orders import Order, Side
from messages.ids import userref_of
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
QUESTION_SECONDS = 80
"""Longer than the adapter takes a cancel for its own late question, which may have been on its way for a while."""

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
    ) -> None:
        """`mortal`: whether the program is killed now and then."""
        self.life: Life | None = None
        """Whom it strikes; None while the program is down."""
        self.counts: Counter[str] = Counter()
        self.by_hand: set[str] = set()
        """Exchange ids of orders that the user cancelled."""
        self.unseen: set[str] = set()
        """The same, of orders that the program may not have seen open: these it may take for its own cancels."""
        self._network = network
        self._control = network.control
        self._disk = disk
        self._walks = walks
        self._chance = chance
        self._trace = trace
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._withdrawn: dict[str, Decimal] = {}
        self._foreign: list[str] = []
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
            self.cancel_by_hand: 3,
            self.fill_by_hand: 6,
            self.money_moves: 3,
            self.foreign_order: 3,
            self.tokens_void: 2,
            self.another_program: 2,
            self.fill_in_cancel_window: 6,
            self.actor_fails: 6,
            self.disk_fails: 3,
            self.crash: 6 if mortal else 0,
        }

    async def rage(self, seconds: float, every: float) -> None:
        """A storm: a mishap each `every` seconds on the average; afterwards everything works again."""
        until = trio.current_time() + seconds
        while trio.current_time() < until:
            pause = self._chance.expovariate(1 / every)
            await self._sleep(min(pause, until - trio.current_time()))
            await self._strike()
        self.end()

    def end(self) -> None:
        """All that was broken works again; what was taken away comes back."""
        later, self._later = self._later, []
        for _, undo in sorted(later, key=lambda item: item[0]):
            undo()
        self._control.clear_faults()
        self._disk.fails = self._disk.fails_late = lambda: False
        self._network.distort = lambda text: text
        self._network.weather.refusing = self._network.weather.swallowing = False
        self._control.restore("ws")
        for name in self._foreign:
            if (order := self._network.venue.orders.get(name)) is not None and order.is_open:
                self._control.cancel(name)
        self._foreign.clear()

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
        status: PairStatus = self._chance.choice(("cancel_only", "post_only"))
        self._control.pair_status(symbol, status)
        self._after(self._chance.uniform(10, 300), lambda: self._control.pair_status(symbol, "online"))
        return f"{symbol} {status}"

    def rest_lag(self) -> str:
        """REST shows the past."""
        lag = Decimal(self._chance.randint(1, LONGEST_LAG))
        venue = self._network.venue
        venue.behaviour = replace(venue.behaviour, rest_lag=lag)

        def over() -> None:
            venue.behaviour = replace(venue.behaviour, rest_lag=Decimal(0))

        self._after(self._chance.uniform(30, 300), over)
        return f"{lag}"

    def cancel_by_hand(self) -> str:
        """The user cancels one of the program's orders."""
        order = self._own_order()
        if order is None:
            return "none"
        (self.by_hand if self._was_seen(order) else self.unseen).add(order.txid)
        self._control.cancel(order.txid)
        return f"{order.txid}"

    def _was_seen(self, order: Order) -> bool:
        """Whether the program knows for good that the order was open: else the cancel may be its own.

        The same when it has asked to cancel that id lately, to learn the fate of the order.
        """
        since = self._network.venue.clock.now() - QUESTION_SECONDS * SECOND
        for entry in reversed(self._network.log.entries):
            if entry.received < since:
                break
            if "cancel" in entry.name.lower() and (order.request.cl_ord_id or "?") in str(entry.params):
                return False
        for core in self._disk.cores.values():
            known = json.loads(core)["orders"].get(order.request.cl_ord_id)
            if known is not None:
                return bool(known["exchange_id"])
        return False

    def fill_by_hand(self) -> str:
        """Somebody takes some of an order, or all that is left."""
        order = self._own_order()
        if order is None or self._network.venue.system not in ("online", "post_only"):
            return "none"
        lots = int(order.remaining.scaleb(8))
        volume = order.remaining if self._chance.random() < 0.4 else Decimal(self._chance.randint(1, lots)).scaleb(-8)
        self._control.fill(order.txid, volume)
        return f"{order.txid} {volume}"

    def _own_order(self) -> Order | None:
        orders = [o for o in self._control.open_orders() if userref_of(o.request.cl_ord_id or "") is not None]
        return self._chance.choice(orders) if orders else None

    def money_moves(self) -> str:
        """Some of what is free leaves the account, and comes back later."""
        asset = self._network.venue.catalogue.asset(self._chance.choice(("USD", "BTC")))
        account = next(iter(self._network.venue.accounts.values()))
        free = account.free(asset)
        if free <= 0:
            return "none"
        amount = (free * Decimal(self._chance.choice(("0.3", "0.9", "1")))).quantize(Decimal(1).scaleb(-4))
        amount = min(amount, free)
        if amount <= 0:
            return "none"
        self._control.withdraw(asset.symbol, amount)
        self._after(self._chance.uniform(20, 600), lambda: self._control.deposit(asset.symbol, amount))
        return f"{asset.symbol} {amount}"

    def foreign_order(self) -> str:
        """The user trades by hand on the same account."""
        walk = self._chance.choice(self._walks)
        side: Side = self._chance.choice(("buy", "sell"))
        share = self._chance.choice(("0.9", "0.99", "1.01", "1.1"))
        price = (walk.price * Decimal(share)).quantize(walk.tick)
        try:
            self._foreign.append(self._control.place(walk.symbol, side, price, Decimal("0.01")))
        except Refused as refused:
            return refused.text
        return f"{side} {price}"

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
