"""Order-manager: the private connection and everything that leaves over it.

The decisions are the desk's (`order_desk`); this shell carries them out. An order event or a command is
never dropped, and nothing here is polled: the state comes from the session's events.
"""

from collections.abc import Mapping

import trio
from trio import TaskStatus

from actors.mailbox import Mailbox
from actors.order_desk import Effects, OrderDesk
from adapters.interfaces import Exchange, ExchangeUnavailable, TradingSession
from messages.account import Attach, OrdersFound, StopTrading
from messages.mailboxes import OrderManagerMail, PersistenceMail, StrategyMail
from messages.market import RowDone, RowEnd
from messages.money import Pair
from messages.orders import Command, Resyncing, Submit


async def run_order_manager(
    exchange: Exchange,
    mailbox: Mailbox[OrderManagerMail],
    strategies: Mapping[int, Mailbox[StrategyMail]],
    persistence: Mailbox[PersistenceMail],
    pairs: Mapping[str, Pair],
    *,
    task_status: TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the strategies until `StopTrading`. `strategies` are in the order of the configuration.

    Ready once executions are subscribed and the account's snapshot is taken. Raises what the session
    raises, and `UnknownOrderError` when somebody else trades under one of our userrefs.
    """
    # Mail of an earlier session is void: strategies attach anew and name every order they count on.
    mailbox.receive_nowait()
    async with exchange.trading() as session:
        desk = OrderDesk(await session.snapshot(), frozenset(strategies))
        manager = _OrderManager(session, desk, strategies, persistence, pairs, lock_step=exchange.lock_step)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_forward_events, session, mailbox)
            task_status.started()
            while not manager.finished():
                await manager.handle(await mailbox.receive())
            nursery.cancel_scope.cancel()


async def _forward_events(session: TradingSession, mailbox: Mailbox[OrderManagerMail]) -> None:
    async for event in session.events():
        mailbox.post(event)
    raise ExchangeUnavailable("the account's events ended")


class _OrderManager:
    def __init__(
        self,
        session: TradingSession,
        desk: OrderDesk,
        strategies: Mapping[int, Mailbox[StrategyMail]],
        persistence: Mailbox[PersistenceMail],
        pairs: Mapping[str, Pair],
        *,
        lock_step: bool,
    ) -> None:
        self._session = session
        self._desk = desk
        self._strategies = strategies
        self._persistence = persistence
        self._pairs = pairs
        self._lock_step = lock_step
        self._stopping = False
        self._barrier = _Barrier(tuple(strategies), always=lock_step)

    def finished(self) -> bool:
        """Whether `StopTrading` came and the outcome of all that was sent is known."""
        return self._stopping and not self._desk.outcomes_open()

    async def handle(self, batch: list[OrderManagerMail]) -> None:
        """One batch of mail; funds are told once at its end, after the fills that changed them.

        In lock-step they are told when a row or a round ends: how mail falls into batches decides nothing.
        """
        for message in batch:
            match message:
                case Submit():
                    if not self._barrier.keep(message):
                        await self._carry_out(self._desk.submit(message))
                case Attach():
                    await self._attach(message)
                case RowEnd():
                    # What the strategies are told of this row must be complete before they answer.
                    await self._carry_out(self._desk.balances())
                    self._open_round(message)
                case RowDone():
                    if self._barrier.done(message):
                        await self._end_round(message.row)
                case StopTrading():
                    self._stopping = True
                    await self._submit_all(self._barrier.dissolve())
                case _:
                    await self._carry_out(self._desk.on_event(message))
        if not self._lock_step:
            await self._carry_out(self._desk.balances())

    def _open_round(self, row: RowEnd) -> None:
        self._barrier.open(row)
        for mailbox in self._strategies.values():
            mailbox.post(row)

    async def _end_round(self, row: int) -> None:
        """All strategies have decided: apply it in the order of the configuration, then ask for the next row.

        After commands the exchange repeats `RowEnd`, behind the events that follow from them.
        """
        effects = await self._submit_all(self._barrier.take())
        if any(done.deliver for done in effects) and not any(done.place or done.cancel for done in effects):
            self._open_round(RowEnd(row))
        else:
            await self._session.settled(row)

    async def _submit_all(self, submits: list[Submit]) -> list[Effects]:
        effects = []
        for submit in submits:
            effects.append(self._desk.submit(submit))
            await self._carry_out(effects[-1])
        effects.append(self._desk.balances())
        await self._carry_out(effects[-1])
        return effects

    async def _attach(self, attach: Attach) -> None:
        if attach.since is not None:
            history = await self._session.closed(attach.since)
            if orders := self._desk.strangers(attach, history):
                found = OrdersFound(attach.strategy, attach.number, history.since, orders)
                self._strategies[attach.strategy].post(found)
                return
        unknown = self._desk.to_look_up(attach)
        facts = await self._session.lookup(unknown) if unknown else {}
        effects = self._desk.attach(attach, self._pairs[attach.symbol], facts)
        self._strategies[attach.strategy].post(Resyncing(attach.strategy, attach.number))
        await self._carry_out(effects)
        if row := self._barrier.waits_for(attach.strategy):
            self._strategies[attach.strategy].post(row)

    async def _carry_out(self, effects: Effects) -> None:
        for record in effects.record:
            self._persistence.post(record)
        for strategy, event in effects.deliver:
            self._strategies[strategy].post(event)
        if effects.cancel:
            await self._session.cancel(effects.cancel)
        if effects.place:
            await self._session.place(effects.place)


class _Barrier:
    """In lock-step no command is applied before every strategy has answered for the row."""

    def __init__(self, order: tuple[int, ...], *, always: bool) -> None:
        """`always`: what comes between two rounds waits for the end of the next one."""
        self._order = order
        self._always = always
        self._row: RowEnd | None = None
        self._waiting_for: set[int] = set()
        self._kept: list[Submit] = []

    def open(self, row: RowEnd) -> None:
        self._row = row
        self._waiting_for = set(self._order)

    def keep(self, submit: Submit) -> bool:
        """Keep the submit for the end of a round; False when there is none to wait for."""
        keeps = self._always or self._row is not None
        if keeps:
            self._kept.append(submit)
        return keeps

    def done(self, done: RowDone) -> bool:
        """Whether this was the last answer."""
        if self._row is None or done.row != self._row.row:
            return False
        self._waiting_for.discard(done.strategy)
        return not self._waiting_for

    def waits_for(self, strategy: int) -> RowEnd | None:
        """The row that a restarted strategy still has to answer for."""
        return self._row if strategy in self._waiting_for else None

    def take(self) -> list[Submit]:
        """End the round: what each strategy has decided is one decision, in the order of the configuration."""
        self._row = None
        kept, self._kept = self._kept, []
        decided: dict[int, list[Command]] = {strategy: [] for strategy in self._order}
        for submit in kept:
            decided[submit.strategy].extend(submit.commands)
        return [Submit(strategy, tuple(commands)) for strategy, commands in decided.items() if commands]

    def dissolve(self) -> list[Submit]:
        """The program stops: no further round, and nothing that was decided is lost."""
        self._always = False
        self._waiting_for.clear()
        return self.take()
