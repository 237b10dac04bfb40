"""Order-manager: the private connection and everything that leaves over it.

The decisions are the desk's (`order_desk`); this shell carries them out. An order event or a command is
never dropped, and nothing here is polled: the state comes from the session's events.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

import trio
from trio import TaskStatus

from actors.attach_news import AttachNews
from actors.condition_book import ConditionBook
from actors.mailbox import Mailbox
from actors.order_log import OrderLog
from messages.account import (
    AbsentAnswered,
    AccountBalances,
    Attach,
    AttachAnswered,
    AttachRefused,
    ForeignOrder,
    HistoryProgress,
    KeyShared,
    OrderOfAnother,
    OrdersFound,
    StopTrading,
)
from messages.ids import ClientOrderId, userref_of
from messages.mailboxes import ExchangeEvent, OrderManagerMail, PersistenceMail, StrategyMail, SupervisorMail
from messages.market import FactsChanged, RowDone, RowEnd
from messages.money import Pair
from messages.orders import Deferred, OrderEvent, Reckoned, Resyncing, Submit
from messages.status import UncoveredOrders
from trading.absent import Absent
from trading.attaching import Attaches, Attaching, Kept
from trading.order_desk import Effects, OrderDesk
from trading.ports import (
    Exchange,
    ExchangeUnavailable,
    SessionInRounds,
    TradingSession,
    UnknownOrderError,
    in_lock_step,
)
from trading.rounds import Rounds


async def run_order_manager(
    exchange: Exchange,
    mailbox: Mailbox[OrderManagerMail],
    strategies: Mapping[int, Mailbox[StrategyMail]],
    persistence: Mailbox[PersistenceMail],
    pairs: Mapping[str, Pair],
    supervisor: Mailbox[SupervisorMail] | None = None,
    *,
    book: ConditionBook | None = None,
    now: Callable[[], int] = time.time_ns,
    absent: Absent | None = None,
    task_status: TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the strategies until `StopTrading`. `strategies` are in the order of the configuration.

    `absent` is what strategies that are not configured any more have left. `book` takes the
    conditions of strategies that wait long, `now` is in nanoseconds UTC.
    Ready once executions are subscribed and the account's snapshot is taken. Raises what the session
    raises. A strategy with external orders in its way is notified (`AttachRefused`), and the others trade on.
    """
    async with _trading(exchange) as (session, in_rounds):
        desk = OrderDesk(await session.snapshot(), frozenset(strategies), absent)
        # Mail of before this session is void: strategies attach again and name every order they count on.
        mailbox.receive_nowait()
        async with trio.open_nursery() as nursery:
            questions = None if in_rounds else _Questions(session, mailbox, nursery)
            rounds = _RowsInRounds(in_rounds, Rounds(desk, tuple(strategies)), strategies) if in_rounds else None
            news = AttachNews(strategies, book, now)
            manager = _OrderManager(session, desk, strategies, persistence, pairs, questions, rounds, news)
            manager.supervisor = supervisor
            manager.tell_uncovered()
            events = in_rounds.events_in_rounds() if in_rounds else session.events()
            nursery.start_soon(_forward_events, events, mailbox)
            task_status.started()
            while not manager.finished():
                await manager.handle(await mailbox.receive())
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def _trading(exchange: Exchange) -> AsyncIterator[tuple[TradingSession, SessionInRounds | None]]:
    """The session; once more for an exchange in lock-step."""
    if in_lock_step(exchange):
        async with exchange.trading() as in_rounds:
            yield in_rounds, in_rounds
    else:
        async with exchange.trading() as session:
            yield session, None


async def _forward_events(
    events: AsyncIterator[ExchangeEvent | RowEnd] | AsyncIterator[ExchangeEvent], mailbox: Mailbox[OrderManagerMail]
) -> None:
    """New totals and the fill that moved them are one piece of mail: in between its proceeds would have no owner."""
    piece: list[ExchangeEvent | RowEnd] = []
    async for event in events:
        piece.append(event)
        if isinstance(event, AccountBalances) and event.with_next:
            continue
        for message in piece:
            mailbox.post(message)
        piece.clear()
    raise ExchangeUnavailable("the account's events ended")


class _Questions:
    """What is asked for strategies that attach, beside the mail: fills of others are not held up by it."""

    def __init__(self, session: TradingSession, mailbox: Mailbox[OrderManagerMail], nursery: trio.Nursery) -> None:
        self._session = session
        self._mailbox = mailbox
        self._nursery = nursery

    def ask(self, attach: Attach, order_ids: Sequence[ClientOrderId]) -> None:
        """Look these orders up in the exchange's history; the answer comes as mail, a failure ends the session."""
        self._nursery.start_soon(self._ask, attach, order_ids)

    def ask_of_absent(self, order_ids: tuple[ClientOrderId, ...]) -> None:
        """Look up orders of strategies that are not configured; the answer is mail, a failure ends the session."""
        self._nursery.start_soon(self._ask_of_absent, order_ids)

    async def _ask_of_absent(self, order_ids: tuple[ClientOrderId, ...]) -> None:
        self._mailbox.post(AbsentAnswered(order_ids, await self._session.lookup(order_ids)))

    async def _ask(self, attach: Attach, order_ids: Sequence[ClientOrderId]) -> None:
        self._mailbox.post(await _answer(self._session, attach, order_ids))


async def _answer(session: TradingSession, attach: Attach, order_ids: Sequence[ClientOrderId]) -> AttachAnswered:
    """Look these orders up; without any, read the closed ones."""
    if order_ids:
        return AttachAnswered(attach.strategy, attach.number, facts=await session.lookup(order_ids))
    return AttachAnswered(attach.strategy, attach.number, await session.closed(attach.since or 0))


class _OrderManager:
    def __init__(
        self,
        session: TradingSession,
        desk: OrderDesk,
        strategies: Mapping[int, Mailbox[StrategyMail]],
        persistence: Mailbox[PersistenceMail],
        pairs: Mapping[str, Pair],
        questions: _Questions | None,
        rounds: "_RowsInRounds | None",
        news: AttachNews,
    ) -> None:
        """In lock-step there are `rounds` and no `questions`: each is answered before the next message is read."""
        self._session = session
        self._desk = desk
        self._strategies = strategies
        self._persistence = persistence
        self._pairs = pairs
        self._questions = questions
        self._rounds = rounds
        self._news = news
        self._log = OrderLog(logging.DEBUG if rounds else logging.INFO)
        self._attaches = Attaches()
        self._stopping = False
        self.supervisor: Mailbox[SupervisorMail] | None = None
        """Called with orders that are unclaimed or placed by another program."""
        self._asked_of_absent = False
        self._uncovered: UncoveredOrders | None = None

    def finished(self) -> bool:
        """Whether `StopTrading` came and the outcome of all that was sent is known."""
        return self._stopping and not self._attaches and not self._desk.outcomes_open()

    async def handle(self, batch: list[OrderManagerMail]) -> None:
        """One batch of mail; funds are published once at its end, after the fills that changed them.

        In lock-step they are published when a row or a round ends: how mail falls into batches decides nothing.
        """
        for message in batch:
            match message:
                case Submit():
                    await self._submit(message)
                case Attach() | AttachAnswered() | HistoryProgress():
                    await self._take_attach(message)
                case Reckoned():
                    self._desk.ledger.reckoned(message)
                case RowEnd() | RowDone() | StopTrading():
                    await self._take_round(message)
                case ForeignOrder() | AbsentAnswered():
                    self._take_absent(message)
                case Deferred():
                    self._log.happened(message)
                    await self._carry_out(self._desk.on_event(message))
                case AccountBalances() | FactsChanged() | KeyShared() | OrderOfAnother():
                    await self._carry_out(self._desk.on_event(message))
                case _:
                    await self._take_event(message)
        if self._questions is not None:
            await self._carry_out(self._desk.balances())

    async def _take_attach(self, message: Attach | AttachAnswered | HistoryProgress) -> None:
        match message:
            case Attach():
                self._log.counts_on(message)
                await self._go_on(self._attaches.begin(message))
            case AttachAnswered():
                if waiting := self._attaches.answered(message):
                    await self._go_on(waiting)
            case HistoryProgress():
                for waiting in self._attaches.reading_far_back():
                    self._news.reads(waiting, message)

    async def _take_round(self, message: RowEnd | RowDone | StopTrading) -> None:
        match message:
            case RowEnd() if self._rounds:
                # The strategies must have all of this row before they answer.
                await self._carry_out(self._desk.balances())
                self._rounds.ask(message.row)
            case RowDone() if self._rounds and self._rounds.state.answered(message.strategy, message.row):
                await self._carry_out_all(self._rounds.state.apply())
                await self._rounds.go_on(message.row)
            case StopTrading():
                self._stopping = True
                await self._replay(self._attaches.give_up())
                if self._rounds:
                    await self._carry_out_all(self._rounds.state.dissolve())
            case _:
                pass  # an answer that is late

    def tell_uncovered(self) -> None:
        """Say which open orders no strategy counts on, when that has changed."""
        uncovered = UncoveredOrders(self._desk.uncovered(frozenset(self._strategies)), self._desk.absent.told())
        if uncovered != self._uncovered:
            self._uncovered = uncovered
            self._tell(uncovered)

    async def _ask_of_absent(self) -> None:
        """What became of orders of strategies that are not configured any more; those who trade are not kept waiting.

        Until it is known, what their buys may have brought is kept.
        """
        order_ids = tuple(self._desk.absent.in_doubt())
        if self._asked_of_absent or not order_ids:
            return
        self._asked_of_absent = True
        if self._questions is not None:
            self._questions.ask_of_absent(order_ids)
        else:
            self._take_absent(AbsentAnswered(order_ids, await self._session.lookup(order_ids)))

    def _take_absent(self, message: ForeignOrder | AbsentAnswered) -> None:
        self._desk.on_event(message)
        self.tell_uncovered()

    def _tell(self, message: SupervisorMail) -> None:
        if self.supervisor is not None:
            self.supervisor.post(message)

    async def _submit(self, submit: Submit) -> None:
        if self._attaches.keep(submit) or (self._rounds and self._rounds.state.keep(submit)):
            return
        await self._carry_out(self._desk.submit(submit))

    async def _take_event(self, event: OrderEvent, *, again: bool = False) -> None:
        if not again:
            self._log.happened(event)
        if not self._attaches.keep(event, tracked=self._desk.tracks(event.order_id)):
            await self._carry_out(self._desk.on_event(event))
            if userref_of(event.order_id) not in self._strategies:
                self.tell_uncovered()

    async def _replay(self, kept: list[Kept]) -> None:
        for message in kept:
            await (self._submit(message) if isinstance(message, Submit) else self._take_event(message, again=True))

    async def _go_on(self, waiting: Attaching) -> None:
        """Start the next look-up for a strategy that attaches, or report to it once none is left."""
        attach = waiting.attach
        try:
            asks = await self._ask_or_tell(waiting)
        except UnknownOrderError as error:
            asks = False
            self._strategies[attach.strategy].post(AttachRefused(attach.strategy, attach.number, str(error)))
        if asks:
            return
        self._news.over(attach.strategy)
        await self._replay(self._attaches.end(attach.strategy))
        if not self._attaches:
            await self._ask_of_absent()

    async def _ask_or_tell(self, waiting: Attaching) -> bool:
        """Whether something is looked up. Raises `UnknownOrderError` for external orders in its way."""
        attach = waiting.attach
        if waiting.lacks_history:
            await self._ask(attach, ())
            return True
        if waiting.history and (orders := self._desk.strangers(attach, waiting.history)):
            found = OrdersFound(attach.strategy, attach.number, waiting.history.since, orders)
            self._strategies[attach.strategy].post(found)
        # An order that was closed since the question was asked has left the desk: it is looked up as well.
        elif unknown := waiting.still_to_ask(self._desk.to_look_up(attach)):
            if self._questions is not None:
                self._news.looks_up(waiting, len(unknown))
            await self._ask(attach, unknown)
            return True
        else:
            await self._rejoin(waiting)
        return False

    async def _ask(self, attach: Attach, order_ids: Sequence[ClientOrderId]) -> None:
        self._log.looks_up(order_ids)
        if self._questions is not None:
            self._questions.ask(attach, order_ids)
        elif waiting := self._attaches.answered(await _answer(self._session, attach, order_ids)):
            await self._go_on(waiting)

    async def _rejoin(self, waiting: Attaching) -> None:
        attach = waiting.attach
        effects = self._desk.attach(attach, self._pairs[attach.symbol], waiting.facts)
        self._strategies[attach.strategy].post(Resyncing(attach.strategy, attach.number))
        await self._carry_out(effects)
        self.tell_uncovered()
        if self._rounds:
            self._rounds.ask_again(attach.strategy)

    async def _carry_out_all(self, effects: Iterable[Effects]) -> None:
        for each in effects:
            await self._carry_out(each)

    async def _carry_out(self, effects: Effects) -> None:
        for record in effects.record:
            self._persistence.post(record)
        for message in effects.tell:
            self._tell(message)
        for strategy, event in effects.deliver:
            self._strategies[strategy].post(event)
        if self._rounds and (effects.cancel or effects.place):
            self._rounds.state.commanded()
        self._log.cancels(effects.cancel)
        self._log.sends(effects.place)
        if effects.cancel:
            await self._session.cancel(effects.cancel)
        if effects.place:
            await self._session.place(effects.place)


class _RowsInRounds:
    """In lock-step: asks the strategies by mail and answers the exchange, as the state of the rounds says."""

    def __init__(
        self, session: SessionInRounds, rounds: Rounds, strategies: Mapping[int, Mailbox[StrategyMail]]
    ) -> None:
        self.state = rounds
        self._session = session
        self._strategies = strategies

    def ask(self, row: int) -> None:
        """Begin a round: post the end of this row to every strategy."""
        self.state.ask(row)
        for mailbox in self._strategies.values():
            mailbox.post(RowEnd(row))

    def ask_again(self, strategy: int) -> None:
        """Post the end of the row once more to a strategy that restarted and has not answered."""
        if (row := self.state.waits_for(strategy)) is not None:
            self._strategies[strategy].post(RowEnd(row))

    async def go_on(self, row: int) -> None:
        """After a round was applied: begin the next one, or tell the exchange that the row ends again or is over."""
        match self.state.next():
            case "ask":
                self.ask(row)
            case "repeat":
                await self._session.settled(row, again=True)
            case "over":
                await self._session.settled(row, again=False)
