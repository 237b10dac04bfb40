"""Faults of one pair, of one key, and of what others do with the account: none is everybody's, none is final."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction

import trio

from messages.ids import MARK
from simulators.kraken import FrameFault, RequestFault
from simulators.kraken.model.catalogue import PairStatus
from tests.faults.course import Arm, Case, Step
from tests.faults.world import SYMBOL, World
from tests.oracle.foretold import Grid, Row

ORDERS = "ws:*add*"
ASKED_AGAIN_WITHIN = 3700.0
"""What the venue refuses for the pair's sake is asked again when its facts are read again: hourly."""
LOCKED_OUT = 1300.0
"""A lockout lasts 15 minutes; asking within them would make it longer."""
STEPS: tuple[Step, ...] = ("start", "fill", "shift")

SUSPENDED: tuple[PairStatus, ...] = ("cancel_only", "post_only", "reduce_only", "maintenance", "work_in_progress")
PUT_OFF = (
    "ETrade:User Locked",
    "EOrder:Rate limit exceeded",
    "EService:Market in limit_only mode",
    "EGeneral:Temporary lockout",
    "EService:Throttled:1790000005",
)
KEY_TROUBLE = ("EAPI:Invalid key", "EAPI:Invalid signature", "EGeneral:Permission denied", "EGeneral:Temporary lockout")
LOOKS = (MARK + "00000000000000001", MARK + "0000rt-0000000001", MARK + "0000rt", MARK * 18)


def surroundings() -> Iterator[Case]:
    """All of them."""
    yield from pair_troubles()
    yield from key_troubles()
    yield from orders_put_off()
    yield from others()
    yield from other_activity()


def pair_troubles() -> Iterator[Case]:
    """Delisted, suspended, restricted, changed."""
    for status in SUSPENDED:
        closed = suspended(status, 600)
        # What the program places is post-only: that state holds up nothing of it.
        yield Case(f"pair {status} for 10 min", closed, "fill", 720.0, notices=2, tells=status != "post_only")
    yield Case("pair delisted for 5 min", delisted(300), "fall", ASKED_AGAIN_WITHIN, 10, tells=True, expect=anew)
    yield Case("pair restricted for 5 min", restricted(300), "fill", ASKED_AGAIN_WITHIN, 4, tells=True)
    yield Case("pair restricted for 5 min", restricted(300), "shift", ASKED_AGAIN_WITHIN, 4, tells=True)
    yield Case("a coarser tick", rules(pair_decimals=0), "fill", 60.0, expect=tick("1"))
    yield Case(
        "a coarser tick, not told", rules(pair_decimals=0, deaf=True), "fill", 120.0, 2, expect=tick("1", late=True)
    )
    for factor in ("10", "0.1"):
        for step in ("fill", "rise"):
            yield Case(f"a print at {factor} times the price", misprint(Decimal(factor)), step, 15.0)


def key_troubles() -> Iterator[Case]:
    """A key that has worked is refused once, or for a while; with the connection cut so that it is asked."""
    for text in KEY_TROUBLE:
        for times in (1, 4):
            arm = cut_after(RequestFault("error", "rest:*", text=text, times=times))
            name = f"a key that worked: {text}, {times} times"
            yield Case(name, arm, "fill", LOCKED_OUT * times if "lockout" in text else 400.0, notices=2)


def orders_put_off() -> Iterator[Case]:
    """The venue does not take an order now, for three minutes."""
    for text in PUT_OFF:
        within = LOCKED_OUT if "lockout" in text else 400.0
        yield Case(f"put off: {text} for 3 min", put_off(text, 180), "fill", within, tells=True)


def others() -> Iterator[Case]:
    """Orders of others on the same pair and account, whatever they look like."""
    for step in STEPS:
        for look in LOOKS:
            yield Case(f"other's order {look}", foreign(cl_ord_id=look), step, 20.0)
        if step != "start":  # where it stops the first start
            yield Case("other's order with our userref as an integer", foreign(userref=1001), step, 20.0, 2)
        yield Case("other's order with a null id", foreign(changes={"cl_ord_id": None}), step, 20.0)
        yield Case("other's order without a type", foreign(without=("order_type", "limit_price")), step, 20.0)
        yield Case("other's market order", foreign(price=None), step, 20.0)
        yield Case("other's margin order", foreign(leverage=3, volume="50"), step, 20.0)
    yield Case("an odd row in the list of pairs", odd_pair, "start", 20.0)
    yield Case("an odd row in the list of pairs, cut", odd_pair_and_cut, "fill", 40.0)


def other_activity() -> Iterator[Case]:
    """Neither trades nor losses of ours."""
    for suffix in (".B", ".F", ".M", ".P", ".S"):
        yield Case(f"a reward on {suffix}", rewarded(suffix), "fill", 20.0)
    yield Case("staked", staked, "fill", 20.0)
    yield Case("converted", converted, "fill", 20.0)
    yield Case("a deposit and a fee credit", credited, "fill", 20.0)
    yield Case("fees paid with fee credits", fee_credits, "fill", 20.0)


def suspended(status: PairStatus, seconds: float) -> Arm:
    async def arm(world: World) -> None:
        world.control.pair_status(SYMBOL, status)
        await trio.sleep(seconds)
        world.control.pair_status(SYMBOL, "online")

    return arm


def delisted(seconds: float) -> Arm:
    async def arm(world: World) -> None:
        world.control.delist(SYMBOL)
        await trio.sleep(seconds)
        world.control.relist(SYMBOL)
        world.move(world.price)

    return arm


def anew(grid: Grid, price: str) -> list[Row]:
    """The venue canceled all, and no counter-sell was among it; everything is built anew."""
    grid.buys, grid.sells = [], []
    return grid.upkeep(price)


def restricted(seconds: float) -> Arm:
    async def arm(world: World) -> None:
        world.control.restrict(SYMBOL)
        await trio.sleep(seconds)
        world.control.unrestrict(SYMBOL)

    return arm


def rules(*, pair_decimals: int, deaf: bool = False) -> Arm:
    """Other rules; `deaf`: the channel that tells them loses its frame."""

    async def arm(world: World) -> None:
        if deaf:
            world.control.fault(FrameFault("lose_frame", "frame:instrument"))
        world.control.rules(SYMBOL, pair_decimals=pair_decimals)

    return arm


def tick(size: str, *, late: bool = False) -> Callable[[Grid, str], list[Row]]:
    """From this step on; `late`: a counter-sell's price was made for the old grid, and is lifted to the new one."""

    def expect(grid: Grid, price: str) -> list[Row]:
        grid.tick = Fraction(size)
        others = list(grid.sells)
        grid.trade(price)
        for sell in (sell for sell in grid.sells if late and sell not in others):
            sell.price += grid.tick
            sell.volume = grid.counter_volume(sell.price, sell.volume)
        return grid.ladder()

    return expect


def misprint(factor: Decimal) -> Arm:
    async def arm(world: World) -> None:
        await trio.sleep(2.5)
        world.control.misprint(SYMBOL, world.price * factor)

    return arm


def cut_after(fault: RequestFault) -> Arm:
    async def arm(world: World) -> None:
        world.control.fault(fault)
        await world.control.drop("all")

    return arm


def put_off(text: str, seconds: float) -> Arm:
    async def arm(world: World) -> None:
        world.control.fault(RequestFault("error", ORDERS, text=text, times=None))
        await trio.sleep(seconds)
        world.control.clear_faults()

    return arm


def foreign(
    *,
    price: str | None = "30000.0",
    volume: str = "0.01",
    cl_ord_id: str | None = None,
    userref: int | None = None,
    leverage: int = 0,
    without: tuple[str, ...] = (),
    changes: dict[str, object] | None = None,
) -> Arm:
    async def arm(world: World) -> None:
        world.foreign(
            world.control.place(
                SYMBOL,
                "buy",
                None if price is None else Decimal(price),
                Decimal(volume),
                cl_ord_id=cl_ord_id,
                userref=userref,
                leverage=leverage,
                without=without,
                changes=changes,
            )
        )

    return arm


async def odd_pair(world: World) -> None:
    """A pair that nobody here trades lacks its decimals."""
    world.control.odd_pair("DOGE/USD", ("lot_decimals", "qty_precision", "qty_increment"), {"ordermin": None})


async def odd_pair_and_cut(world: World) -> None:
    """The same, read again after a cut."""
    await odd_pair(world)
    await world.control.drop("all")


def rewarded(suffix: str) -> Arm:
    async def arm(world: World) -> None:
        world.control.move("BTC", Decimal("0.01"), "staking", suffix=suffix)
        world.control.move("ETH", Decimal(1), "staking", suffix=suffix)

    return arm


async def staked(world: World) -> None:
    """Half of the coins."""
    world.control.stake("BTC", Decimal(1), ".B")


async def converted(world: World) -> None:
    """Dollars into another coin."""
    world.control.convert("USD", Decimal(100), "DOGE", Decimal(500))


async def credited(world: World) -> None:
    """Money of two kinds comes in."""
    world.control.deposit("USD", Decimal(100))
    world.control.move("FEE", Decimal(1000), "credit")


async def fee_credits(world: World) -> None:
    """From now on."""
    world.control.move("FEE", Decimal(100_000), "credit")
    world.control.fees(fee_credits=True)
