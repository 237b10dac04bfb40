"""Placements whose replies get lost: `python -m tests.benchmarks.bench_lost_replies [placements]`.

The adapter's private session against the local Kraken's model, in memory and on virtual time; 20 ms each way. Seconds
are virtual: from handing the order over until the session told its fate. Each order is filled once it is there.
"""

import logging
import random
import sys
import time
from decimal import Decimal
from functools import partial

import trio
import trio.testing
from msgspec import Struct

from adapters.exchanges.kraken.exchange import Surroundings, connect
from messages.ids import Nanos, client_order_id
from messages.orders import Accepted, Canceled, Filled, Place, Rejected
from simulators.kraken import DEMO_KEY, DEMO_PRIVATE, AccountSettings, KeySettings, Latency, Settings
from simulators.kraken.faults import RequestFault
from simulators.kraken.model.events import Event, OrderEvent
from tests.simulation.disk import Disk
from tests.simulation.lives import Chosen, configured
from tests.simulation.network import Gate, Network, wall
from trading.ports import TradingSession

EVERY = 0.3
"""Seconds between two placements: what the highest tier's counter forgets."""
PRICE = Decimal("50000.0")


class Case(Struct, frozen=True):
    """What happens to how many requests."""

    name: str
    lost_replies: float
    lost_requests: float = 0.0


CASES = (
    Case("all replies arrive", 0.0),
    Case("20 % of the replies lost", 0.2),
    Case("20 % of the replies lost, and 5 % of the requests", 0.2, 0.05),
)


class Bench:
    """One run."""

    def __init__(self, case: Case, placements: int) -> None:
        self.case = case
        self.placements = placements
        self.accepted: dict[str, int] = {}
        """By client id, at the venue."""
        self.known: dict[str, float] = {}
        """Seconds until the fate was told."""
        self.fills: dict[str, int] = {}
        self.refused = 0
        self._sent: dict[str, float] = {}
        self._all_known = trio.Event()
        self._chance = random.Random(1)

    async def run(self) -> None:
        """All placements of one session."""
        money = {"ZUSD": Decimal(10**12), "XXBT": Decimal(10**6)}
        account = AccountSettings("demo", (KeySettings(DEMO_KEY, DEMO_PRIVATE),), money, tier="pro")
        async with trio.open_nursery() as nursery:
            network = Network(nursery, Settings(accounts=(account,), prices={"BTC/USD": PRICE}))
            network.control.latency(Latency(0.02, 0.02, 0.02, 0.02))
            network.venue.listen(partial(self._at_venue, network))
            network.faults.request_hook = self._fault
            config = configured([Chosen("cDCA", 1001, "BTC", 100, "0.01", 1, 1000)])
            gate = Gate()
            world = Surroundings(wall, partial(network.dial, gate), network.transport(gate), Disk("bench").nonces)
            async with connect(config, "bench.toml", world) as exchange, exchange.trading() as session:
                nursery.start_soon(self._listen, network, session)
                for number in range(self.placements):
                    await self._place(session, number)
                    await trio.sleep(EVERY)
                with trio.move_on_after(60):
                    await self._all_known.wait()
                nursery.cancel_scope.cancel()

    async def _place(self, session: TradingSession, number: int) -> None:
        order_id = client_order_id(1001, str(number))
        price = PRICE - 1000 - number % 500
        place = Place(
            1001, order_id, "BTC/USD", "buy", price, Decimal("0.00010000"), True, "ladder", str(number), Nanos(wall())
        )
        self._sent[order_id] = trio.current_time()
        await session.place([place])

    async def _listen(self, network: Network, session: TradingSession) -> None:
        async for event in session.events():
            if isinstance(event, Accepted | Rejected | Canceled | Filled):
                waited = trio.current_time() - self._sent[event.order_id]
                self.known.setdefault(event.order_id, waited)
            if isinstance(event, Rejected):
                self.refused += 1
            elif isinstance(event, Filled):
                self.fills[event.order_id] = self.fills.get(event.order_id, 0) + 1
            elif isinstance(event, Accepted):
                network.control.fill(event.exchange_id)
            if len(self.fills) + self.refused == self.placements:
                self._all_known.set()

    def _at_venue(self, network: Network, event: Event) -> None:
        del network
        if isinstance(event, OrderEvent) and event.kind == "pending_new":
            client_id = event.order.request.cl_ord_id or ""
            self.accepted[client_id] = self.accepted.get(client_id, 0) + 1

    def _fault(self, moment: str) -> RequestFault | None:
        if not moment.startswith("ws:add_order"):
            return None
        drawn = self._chance.random()
        if drawn < self.case.lost_replies:
            return RequestFault("lose_reply")
        if drawn < self.case.lost_replies + self.case.lost_requests:
            return RequestFault("lose_request")
        return None

    def figures(self, seconds: float) -> str:
        """One line."""
        times = sorted(self.known.values())
        p50, p99 = (times[int(len(times) * share)] for share in (0.5, 0.99))
        twice = sum(count - 1 for count in self.accepted.values())
        absent = self.placements - len(self.accepted)
        untold = absent - self.refused
        fates = f"{self.placements - len(self.known)} of unknown fate"
        missed = len(self.accepted) - len(self.fills)
        fills = f"{missed} fills missed, {sum(self.fills.values()) - len(self.fills)} doubled"
        waits = f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, longest {times[-1]:.2f} s"
        return (
            f"{self.case.name}: {self.placements:,} placements, {twice} duplicates, {absent} not placed "
            f"({self.refused} told to their strategy, {untold} lost in silence), {fates}, {fills}; "
            f"until the fate is known {waits}; {seconds:.0f} s of one processor"
        )


def main() -> None:
    """All cases."""
    logging.disable(logging.CRITICAL)
    placements = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for case in CASES:
        bench, begin = Bench(case, placements), time.process_time()
        trio.run(bench.run, clock=trio.testing.MockClock(autojump_threshold=0))
        print(bench.figures(time.process_time() - begin), flush=True)


if __name__ == "__main__":
    main()
