"""The table of faults that every strategy is played through (see `course.play`)."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import trio
from msgspec.structs import replace

from simulators.kraken import Behaviour, FrameFault, RequestFault
from simulators.kraken.faults import FrameAction
from tests.faults.around import ASKED_AGAIN_WITHIN, LOCKED_OUT, surroundings
from tests.faults.course import KNOWN_WITHIN, PRICES, Arm, Case, Step
from tests.faults.world import World, account
from tests.oracle.foretold import Grid, Row

ADD, CANCEL = "ws:*add*", "ws:*cancel*"
RECONNECTED_WITHIN = 20.0
"""With a new connection: backoff, and history asked twice with a pause for what it cannot show."""
LAG = 60.0

WAIT = (
    "EOrder:Rate limit exceeded",
    "EOrder:Domain rate limit exceeded",
    "EAPI:Rate limit exceeded",
    "EGeneral:Too many requests",
    "EService:Throttled:1790000005",
    "EService: Throttled: 1790000005",
    "EService:Market in cancel_only mode",
    "EService:Market in post_only mode",
    "EAuth:Rate limit exceeded",
    "EAuth:Too many requests",
    "ETrade:User Locked",
    "EAPI:Invalid nonce",
    "Exceeded msg rate",
)
"""Nothing happened, and the same request works later."""
LOCKOUT = "EGeneral:Temporary lockout"
"""Nothing is asked for as long as it lasts, a quarter of an hour; three in a row last three times as long."""
TOKEN = ("ESession:Invalid session", "EAPI:Invalid token")
AMBIGUOUS = (
    "EService:Unavailable",
    "EService:Busy",
    "EGeneral:Internal error",
    "EGeneral:Internal error:42",
    "EDatabase:Internal error",
    "EService:Deadline elapsed",
    "ENever:Heard of",
)
"""It may have happened."""
REFUSED = (
    "EOrder:Post only order",
    "EGeneral:Invalid arguments",
    "EAPI:Bad request",
    "ETrade:Invalid request",
    "EBM:limit exceeded:CAL",
    "EGeneral:Permission denied",
    "EGeneral:Unknown method",
)
"""A definite no. Whoever was wrong, the order is due again."""
BY_RULES = (
    "EOrder:Invalid price:BTC/USD price can only be specified up to 1 decimals.",
    "EOrder:Tick size check failed",
)
"""The pair's rules are others than we know: due again by other rules, or in ten minutes."""
PAIR_CLOSED = (
    "EQuery:Unknown asset pair",
    "EAccount:Invalid permissions:BTC trading restricted for XX.",
)
"""The pair is closed to us: its strategies rest, which is told, and so is their going on."""


def request(action: str, target: str = ADD, **more: Any) -> Arm:  # noqa: ANN401 - fields of the fault
    """A fault of a request."""

    async def arm(world: World) -> None:
        world.control.fault(RequestFault(action, target, **more))  # type: ignore[arg-type]

    return arm


def frame(action: str, channel: str, **more: Any) -> Arm:  # noqa: ANN401 - fields of the fault
    """A fault of a frame."""

    async def arm(world: World) -> None:
        world.control.fault(FrameFault(action, f"frame:{channel}", **more))  # type: ignore[arg-type]

    return arm


def orders_on_their_way() -> Iterator[Case]:
    """Placing: the request or its answer is damaged."""
    damages: dict[str, dict[str, Any]] = {
        "lost reply": {"action": "lose_reply"},
        "lost request": {"action": "lose_request"},
        "truncated reply": {"action": "truncate"},
        "late request": {"action": "delay", "seconds": 1.0},
        "request after its deadline": {"action": "delay", "seconds": 4.0},
        "late reply": {"action": "late_reply", "seconds": 2.0},
        "reply after the deadline": {"action": "late_reply", "seconds": 6.0},
        "connection cut before": {"action": "drop"},
        "connection cut after": {"action": "drop", "executed": True},
    }
    steps: tuple[Step, ...] = ("start", "fill", "fall", "shift")
    for name, damage in damages.items():
        cut = "cut" in name or "truncated" in name
        for step in steps:
            yield Case(f"add: {name}", request(**damage), step, RECONNECTED_WITHIN if cut else 10.0)
            if step == "fill":
                yield Case(f"add: {name}, 3 times", request(**damage, times=3), step, 40.0)
    for step in steps:
        # What follows on the connection waits as well, so that it is given up.
        yield Case("add: request long after its deadline", request("delay", seconds=8.0), step, 60.0)
    yield Case("add: lost reply, filled before its fate is known", filled_meanwhile, expect=sold_again)
    yield Case("add: lost reply, little may be invested", request("lose_reply"), investment=450)
    yield Case("add: lost reply, little may be invested", request("lose_reply"), "rise", investment=450)


async def filled_meanwhile(world: World) -> None:
    """The reply to the counter-order is lost, and soon it is executed."""
    world.control.fault(RequestFault("lose_reply", ADD))
    await trio.sleep(2.0)
    world.move(PRICES["sell"])


def sold_again(grid: Grid, price: str) -> list[Row]:
    """Two moves of the price."""
    grid.trade(price)
    return grid.trade(PRICES["sell"])


def cancels_on_their_way() -> Iterator[Case]:
    """Cancelling the ladder in a shift."""
    damages: dict[str, dict[str, Any]] = {
        "lost reply": {"action": "lose_reply"},
        "lost request": {"action": "lose_request"},
        "truncated reply": {"action": "truncate"},
        "late request": {"action": "delay", "seconds": 2.0},
        "late reply": {"action": "late_reply", "seconds": 4.0},
        "connection cut before": {"action": "drop"},
        "connection cut after": {"action": "drop", "executed": True},
        "busy": {"action": "error", "text": "EService:Busy"},
        "busy, but done": {"action": "error", "text": "EService:Busy", "executed": True},
        "unavailable": {"action": "error", "text": "EService:Unavailable"},
        "rate limit": {"action": "error", "text": "EOrder:Rate limit exceeded"},
        "unknown order": {"action": "error", "text": "EOrder:Unknown order"},
        "void token": {"action": "error", "text": "ESession:Invalid session"},
    }
    for name, damage in damages.items():
        yield Case(f"cancel: {name}", request(target=CANCEL, **damage), "shift", RECONNECTED_WITHIN)
        if damage["action"] != "drop" and "done" not in name:
            yield Case(f"cancel: {name}, 3 times", request(target=CANCEL, **damage, times=3), "shift", 60.0)


def errors() -> Iterator[Case]:
    """Each error of the catalogue, once and several times."""
    for text in (*WAIT, *TOKEN):
        # A grid buy waits until the pair's counter has room again.
        full = "ate limit" in text
        yield Case(f"error: {text}", request("error", text=text), within=20.0 if full else KNOWN_WITHIN)
        yield Case(f"error: {text}, 3 times", request("error", text=text, times=3), within=50.0)
    for text in AMBIGUOUS:
        yield Case(f"error: {text}", request("error", text=text))
        yield Case(f"error: {text}, 2 times", request("error", text=text, times=2), within=30.0)
        yield Case(f"error: {text}, but done", request("error", text=text, executed=True))
    for times in (1, 3):
        name = f"error: {LOCKOUT}" + (f", {times} times" if times > 1 else "")
        yield Case(name, request("error", text=LOCKOUT, times=times), within=LOCKED_OUT * times)
    for text in REFUSED:
        yield Case(f"refused: {text}", request("error", text=text), within=25.0)
        # SWING's extra sell and the buys are two decisions, and told as two.
        yield Case(f"refused: {text}", request("error", text=text), "shift", within=25.0, notices=2)
    for text in BY_RULES:
        yield Case(f"refused: {text}", request("error", text=text), within=700.0)
    for text in PAIR_CLOSED:
        yield Case(f"refused: {text}", request("error", text=text), within=ASKED_AGAIN_WITHIN, notices=4, tells=True)


def frames() -> Iterator[Case]:
    """Each damage to a frame of each channel."""
    for channel in ("executions", "balances", "trade", "heartbeat", "status"):
        for action in get_args(FrameAction):
            more = {"seconds": 2.0} if action == "delay" else {}
            yield Case(f"frame: {action} {channel}", frame(action, channel, **more), within=RECONNECTED_WITHIN)
    for action in ("lose_frame", "duplicate", "reorder", "malformed"):
        yield Case(f"frame: {action} executions", frame(action, "executions"), "shift", RECONNECTED_WITHIN)
        yield Case(f"frame: {action} executions", frame(action, "executions"), "start", RECONNECTED_WITHIN)
    yield Case("frame: every execution doubled", frame("duplicate", "executions", times=4), within=40.0)
    yield Case("frame: tick after the fill", frame("delay", "trade", seconds=3.0), "fall")
    yield Case("event before the answer", nothing, "fill", settings={"behaviour": Behaviour(ack_order="last")})


async def nothing(world: World) -> None:
    """The trouble is in the venue's settings."""


def cut(which: str, times: int = 1) -> Arm:
    """Connections are dropped as the price moves, once or again and again."""

    async def arm(world: World) -> None:
        for _ in range(times):
            await world.control.drop(which)
            await trio.sleep(1.5)

    return arm


def silent(which: str, direction: str) -> Arm:
    """The connections that are open now say or hear nothing any more."""

    async def arm(world: World) -> None:
        world.control.silence(which, direction)  # type: ignore[arg-type]

    return arm


def refused(which: str, seconds: float) -> Arm:
    """An outage: connections are cut, and new ones refused for a while."""

    async def arm(world: World) -> None:
        world.control.refuse(which)
        await world.control.drop(which)
        await trio.sleep(seconds)
        world.control.admit(which)

    return arm


async def unplugged(world: World) -> None:
    """No network for two minutes, and what is open hears nothing."""
    world.network.unplugged = True
    world.control.silence("all")
    await trio.sleep(120)
    world.network.unplugged = False


def connections() -> Iterator[Case]:
    """Dropped, refused, half-open and silent sockets."""
    steps: tuple[Step, ...] = ("fill", "shift")
    for step in steps:
        for which in ("public", "private", "ws", "rest", "all"):
            yield Case(f"dropped: {which}", cut(which), step, RECONNECTED_WITHIN)
    yield Case("dropped: all, 5 times", cut("all", 5), within=60.0)
    yield Case("refused: public, 30 s", refused("public", 30), within=60.0)
    yield Case("refused: private, 30 s", refused("private", 30), within=60.0)
    yield Case("refused: rest, 30 s", refused("rest", 30), within=60.0, lasts=30.0)
    yield Case("refused: all, 30 s", refused("all", 30), within=60.0)
    yield Case("refused: private, 5 min", refused("private", 300), within=380.0, tells=True)
    yield Case("refused: all, 5 min", refused("all", 300), within=380.0, tells=True)
    yield Case("unplugged, 2 min", unplugged, within=200.0, tells=True)
    yield Case("start: refused: all, 30 s", refused("all", 30), "start", within=70.0)
    yield Case("start: refused: rest, 5 min", refused("rest", 300), "start", within=380.0, tells=True)
    for direction in ("both", "in", "out"):
        for which in ("public", "private", "ws"):
            yield Case(f"silent {direction}: {which}", silent(which, direction), within=35.0)


def after_a_cut(*arms: Arm) -> Arm:
    """The reply to the counter-order is lost with its connection; the resync meets further trouble."""

    async def arm(world: World) -> None:
        for one in arms:
            await one(world)
        world.control.fault(RequestFault("drop", ADD, executed=True))

    return arm


def rest_calls() -> Iterator[Case]:
    """REST at the start, and in a resync."""
    damages: dict[str, dict[str, Any]] = {
        "lost": {"action": "lose_request"},
        "silent": {"action": "lose_reply", "hang": True},
        "truncated": {"action": "truncate"},
        "late": {"action": "late_reply", "seconds": 5.0},
        "502": {"action": "http_error", "status": 502},
        "429": {"action": "http_error", "status": 429},
        "busy": {"action": "error", "text": "EService:Busy"},
        "unavailable": {"action": "error", "text": "EService:Unavailable"},
        "rate limit": {"action": "error", "text": "EAPI:Rate limit exceeded"},
        "invalid nonce": {"action": "error", "text": "EAPI:Invalid nonce"},
    }
    for name, damage in damages.items():
        yield Case(f"REST at start: {name}", request(target="rest:*", **damage), "start", 60.0)
        yield Case(f"REST at start: {name}, 5 times", request(target="rest:*", **damage, times=5), "start", 180.0)
        yield Case(f"REST in a resync: {name}", after_a_cut(request(target="rest:*", **damage)), "fill", 60.0)
        history = request(target="rest:ClosedOrders", **damage, times=2)
        yield Case(f"history: {name}, 2 times", after_a_cut(history), "fill", 90.0)
    for endpoint in ("Time", "AssetPairs", "GetApiKeyInfo", "Ticker", "GetWebSocketsToken"):
        yield Case(f"REST at start: 502 {endpoint}", request("http_error", f"rest:{endpoint}", times=2), "start", 30.0)
    lagging = {"behaviour": Behaviour(rest_lag=Decimal(LAG))}
    steps: tuple[Step, ...] = ("fill", "fall", "shift")
    for step in steps:
        yield Case("REST 60 s behind, cut", cut("all"), step, LAG + 40.0, settings=lagging)
        yield Case("REST 60 s behind, reply lost with the connection", after_a_cut(), step, LAG + 40, settings=lagging)
    yield Case("REST 60 s behind, reply lost", request("lose_reply"), settings=lagging)


def states() -> Iterator[Case]:
    """Tokens, maintenance, tiers, keys."""

    async def revoked(world: World) -> None:
        world.control.revoke_tokens()

    async def revoked_and_cut(world: World) -> None:
        world.control.revoke_tokens()
        await world.control.drop("private")

    async def locked_out(world: World) -> None:
        world.control.lock_out(Decimal(900))
        await world.control.drop("private")

    async def locked_out_before(world: World) -> None:
        world.control.lock_out(Decimal(900))

    async def another_nonce(world: World) -> None:
        world.control.use_nonce(world.control.venue.clock.now() + 10**9)
        await world.control.drop("private")

    def status(system: str, seconds: float) -> Arm:
        async def arm(world: World) -> None:
            world.control.system_status(system)  # type: ignore[arg-type]
            await trio.sleep(seconds)
            world.control.system_status("online")

        return arm

    async def pair_closed(world: World) -> None:
        world.control.pair_status("BTC/USD", "cancel_only")
        await trio.sleep(30)
        world.control.pair_status("BTC/USD", "online")

    steps: tuple[Step, ...] = ("fill", "shift")
    for step in steps:
        yield Case("token void", revoked, step)
        yield Case("token void and cut", revoked_and_cut, step, RECONNECTED_WITHIN)
    small = {"accounts": (account("starter"),)}
    yield Case("starter tier", nothing, "shift", 60.0, settings=small)
    yield Case("another program's nonce", another_nonce, within=RECONNECTED_WITHIN)
    yield Case("key locked out, 15 min", locked_out, within=1100.0, tells=True)
    yield Case("key locked out, 15 min", locked_out_before, "start", within=1200.0, tells=True)
    all_steps: tuple[Step, ...] = ("start", "fill", "shift")
    for step in all_steps:
        for system in ("maintenance", "cancel_only", "post_only"):
            # Nothing is matched in post_only, which the start does not notice.
            seconds = 2 if (system, step) == ("post_only", "start") else 30
            swept_through = swept if step == "shift" else None
            yield Case(f"{system} for a while", status(system, seconds), step, 60.0, or_else=swept_through)
    yield Case("pair cancel_only for 30 s", pair_closed, "fill", 60.0, notices=2)


def swept(grid: Grid, price: str) -> list[Row]:
    """The market opens with a sweep, and the trade at our highest sell in its reach is heard by itself.

    A buy that was put off and lies above that one is decided anew: the ladder goes on below.
    """
    reached = [sell.price for sell in grid.sells if sell.price <= Fraction(price)]
    grid.trade(price)
    grid.buys = [buy for buy in grid.buys if not reached or buy.price < max(reached)]
    return grid.upkeep(price)


def table() -> list[Case]:
    """All cases; a name and a step name one."""
    found = [
        *orders_on_their_way(),
        *cancels_on_their_way(),
        *errors(),
        *frames(),
        *connections(),
        *rest_calls(),
        *states(),
        *surroundings(),
    ]
    return [replace(case, name=f"{case.name} @ {case.step}") for case in found]
