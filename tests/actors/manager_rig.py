"""One order-manager between mailboxes and a fake exchange, and short words for what it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from trio.testing import wait_all_tasks_blocked

from actors.mailbox import Mailbox
from actors.order_manager import run_order_manager
from messages.account import AccountSnapshot, Attach, LiveOrder, OrderFacts
from messages.ids import Nanos, VenueOrderId, client_order_id
from messages.mailboxes import ExchangeEvent, OrderManagerMail, PersistenceMail, StrategyMail, SupervisorMail
from messages.market import RowDone, RowEnd
from messages.money import ZERO, Pair, Side
from messages.orders import Cancel, Canceled, Filled, Place, Submit
from tests.actors.fake_exchange import FakeExchange, FakeReplay
from tests.trading.strategies.harness import BTC_USD, D
from trading.absent import Absent

A, B = 1001, 1002
ETH_USD = Pair("ETH/USD", D("0.01"), 8, 5, D("0.001"), D("0.5"))
SYMBOLS = {A: "BTC/USD", B: "ETH/USD", 7: "BTC/USD"}


class Rig:
    """One order-manager, two strategies' mailboxes and a journal's; A is configured before B."""

    def __init__(
        self, snapshot: AccountSnapshot | None = None, limit: int = 100_000, *, in_rounds: bool = False
    ) -> None:
        kind = FakeReplay if in_rounds else FakeExchange
        self.exchange = kind(snapshot or AccountSnapshot({"USD": D(1000), "BTC": D(1), "ETH": D(10)}, ()))
        self.session = self.exchange.session
        self.mail = Mailbox[OrderManagerMail]("order-manager", limit)
        self.persistence = Mailbox[PersistenceMail]("persistence")
        self.strategies = {userref: Mailbox[StrategyMail](str(userref)) for userref in (A, B)}
        self.supervisor = Mailbox[SupervisorMail]("supervisor")
        self.absent: Absent | None = None
        self.ended = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The order-manager is ready, and has left when the block has ended."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self._run)
            yield
            nursery.cancel_scope.cancel()
        assert not self.exchange.session_is_open

    async def _run(self, *, task_status: trio.TaskStatus[None]) -> None:
        await run_order_manager(
            self.exchange,
            self.mail,
            self.strategies,
            self.persistence,
            {"BTC/USD": BTC_USD, "ETH/USD": ETH_USD},
            self.supervisor,
            absent=self.absent,
            task_status=task_status,
        )
        self.ended = True

    async def hears(self, *messages: OrderManagerMail) -> None:
        """One batch of mail."""
        for message in messages:
            self.mail.post(message)
        await wait_all_tasks_blocked()

    async def is_told(self, *events: ExchangeEvent | RowEnd | Exception | None) -> None:
        """The exchange says something, all at once."""
        self.session.say(*events)
        await wait_all_tasks_blocked()

    async def attach_both(self, *orders: Place) -> None:
        """Both strategies are there; A counts on these orders, which are open. Nothing waits afterwards."""
        live = tuple(LiveOrder(order, canceling=False, accepted=True, filled=ZERO) for order in orders)
        self.session.history |= {order.order_id: shown(order) for order in orders}
        await self.hears(attach(A, *live), attach(B))
        if isinstance(self.exchange, FakeReplay):  # where funds are told at the end of a row
            await self.hears(RowEnd(0), RowDone(A, 0), RowDone(B, 0))
        self.forget()

    def forget(self) -> None:
        for mailbox in self.strategies.values():
            mailbox.receive_nowait()
        self.persistence.receive_nowait()
        self.session.asked()

    def told(self, strategy: int) -> list[StrategyMail]:
        return self.strategies[strategy].receive_nowait()


def attach(strategy: int, *orders: LiveOrder, number: int = 1) -> Attach:
    return Attach(strategy, number, SYMBOLS[strategy], ZERO, ZERO, sells_unowned=False, orders=orders)


def place(cause: str, price: int = 100, volume: str = "1", strategy: int = A, side: Side = "buy") -> Place:
    order_id = client_order_id(strategy, cause)
    return Place(strategy, order_id, SYMBOLS[strategy], side, D(price), D(volume), True, "ladder", cause, Nanos(1))


def shown(order: Place) -> OrderFacts:
    """An open order as the exchange shows it."""
    return OrderFacts(
        order_id=order.order_id,
        exchange_id=VenueOrderId(f"O-{order.cause}"),
        symbol=order.symbol,
        side=order.side,
        price=order.price,
        volume=order.volume,
        status="open",
        filled=ZERO,
        cost=ZERO,
        fee=ZERO,
        reason="requested",
        time=Nanos(1),
    )


def submit(*commands: Place | Cancel, strategy: int = A) -> Submit:
    return Submit(strategy, commands)


def cancel(order: Place) -> Cancel:
    return Cancel(order.strategy, order.order_id)


def filled(order: Place) -> Filled:
    return Filled(
        order_id=order.order_id,
        exchange_id=VenueOrderId(f"O-{order.cause}"),
        fill_id=f"F-{order.cause}",
        filled=order.volume,
        cost=order.price * order.volume,
        fee=ZERO,
        time=Nanos(2),
    )


def canceled(order: Place) -> Canceled:
    return Canceled(
        order_id=order.order_id,
        exchange_id=VenueOrderId(f"O-{order.cause}"),
        filled=ZERO,
        cost=ZERO,
        fee=ZERO,
        reason="requested",
        time=Nanos(2),
    )
