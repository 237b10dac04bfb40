"""How long a decision takes, without I/O: `python -m tests.benchmarks.bench_core`. Prints medians in microseconds."""

import statistics
import time
from collections.abc import Callable
from decimal import Decimal

from messages.ids import Nanos, VenueOrderId
from messages.mailboxes import CoreEvent
from messages.market import Tick
from messages.orders import Accepted, Balances, Filled, Place, Resynced
from tests.trading.strategies.harness import SECOND, USERREF, settings
from trading.strategies.grid_base import GridCore
from trading.strategies.grid_hodl import GRID_HODL

REPEATS = 51
START = Nanos(1_700_000_000 * SECOND)


def ready_core(open_buys: int) -> tuple[GridCore, list[Place]]:
    """A core whose whole ladder is open at 50,000."""
    core = GridCore(settings(max_open_buys=open_buys), GRID_HODL)
    core.handle(Tick("BTC/USD", Decimal(50_000), START))
    core.handle(Balances(USERREF, Decimal(10**7), Decimal(0), Decimal(0)))
    buys = [order for order in core.handle(Resynced(USERREF, 1)) if isinstance(order, Place)]
    for number, buy in enumerate(buys):
        core.handle(Accepted(order_id=buy.order_id, exchange_id=VenueOrderId(f"O{number}"), time=START))
    return core, buys


def median(prepare: Callable[[int], tuple[GridCore, list[CoreEvent]]], open_buys: int) -> float:
    """Microseconds per event, the preparation not counted."""
    taken = []
    for _ in range(REPEATS):
        core, events = prepare(open_buys)
        begin = time.perf_counter_ns()
        for event in events:
            core.handle(event)
        taken.append((time.perf_counter_ns() - begin) / len(events) / 1000)
    return statistics.median(taken)


def idle_ticks(open_buys: int, number: int = 20_000) -> tuple[GridCore, list[CoreEvent]]:
    """Ticks inside the band."""
    core, _ = ready_core(open_buys)
    return core, [Tick("BTC/USD", Decimal(49_600 + step % 900), Nanos(START + step)) for step in range(1, number + 1)]


def fill(open_buys: int) -> tuple[GridCore, list[CoreEvent]]:
    """The highest buy is filled: its sell is decided."""
    core, buys = ready_core(open_buys)
    cost = buys[0].price * buys[0].volume
    event = Filled(
        order_id=buys[0].order_id,
        exchange_id=VenueOrderId("O0"),
        fill_id="F1",
        filled=buys[0].volume,
        cost=cost,
        fee=cost * Decimal("0.0025"),
        time=Nanos(START + SECOND),
    )
    return core, [event]


def shift(open_buys: int) -> tuple[GridCore, list[CoreEvent]]:
    """The market leaves the ladder behind: all buys are cancelled and built anew."""
    core, _ = ready_core(open_buys)
    return core, [Tick("BTC/USD", Decimal(60_000), Nanos(START + SECOND))]


def saves(open_buys: int) -> float:
    """Microseconds for the text of one commit."""
    core, _ = ready_core(open_buys)
    taken = []
    for _ in range(REPEATS * 20):
        begin = time.perf_counter_ns()
        core.save()
        taken.append((time.perf_counter_ns() - begin) / 1000)
    return statistics.median(taken)


def main() -> None:
    print(f"idle tick                 {median(idle_ticks, 5):10.3f} us")
    for open_buys in (5, 50):
        print(f"fill to counter-order n={open_buys:<2} {median(fill, open_buys):9.1f} us")
        print(f"shift of the ladder   n={open_buys:<2} {median(shift, open_buys):9.1f} us")
        print(f"saved state           n={open_buys:<2} {saves(open_buys):9.1f} us")


if __name__ == "__main__":
    main()
