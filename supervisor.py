"""The tree of actors: `python -m supervisor config.toml`.

    run
    ├── notifier, metrics, local-api        restarted for ever, never touch trading
    └── persistence                         its failure restarts all that follows: no write, no trade
        └── exchange                        one account, opened and surveyed
            ├── market-data, price-watch    restarted for ever, orders stay
            ├── venue-watch                 rules, fees and states of the pairs, read again and again
            └── order-manager               its failure restarts the strategies: a restart is a resync
                └── strategy, one each      its failure is its own

What happens after a failure is decided in `supervision.policy`, the state of the program in
`supervision.states`, the order of the stop in `supervision.shutdown`. Embedding:
`handle = await nursery.start(run, config)`; cancelling is the way to stop.
"""

if __name__ == "__main__":
    # Before the imports below, which take most of a second: a signal meanwhile stops the program in order, too.
    from supervision.signals import hold_signals

    hold_signals()

import logging
import os
import sys
from collections.abc import Awaitable, Callable
from decimal import localcontext
from functools import partial
from pathlib import Path
from socket import socket

import trio
from msgspec import Struct
from trio import TaskStatus

from actors.account_client import AccountClient
from actors.condition_book import ConditionBook
from actors.market_data import run_market_data, run_price_watch
from actors.metrics.status_page import StatusBoard
from actors.notifier.actor import NotifierContext, run_notifier
from actors.notifier.outbox import Outbox
from actors.order_manager import run_order_manager
from actors.persistence import OpenedJournal, run_persistence
from actors.venue_watch import VenueBook, VenueOutlets, run_venue_watch
from assembly import registry
from assembly.cores import MarketFacts
from assembly.endpoint import bind_endpoint, run_endpoint, status_url
from assembly.exit_codes import EXIT_OK
from assembly.journal_file import JournalFile
from assembly.journal_owner import Owned, fingerprint
from assembly.local_endpoint import LocalEndpoint
from assembly.pasts import left_behind, left_over
from assembly.patience import patiently
from assembly.survey import judge, price_timeouts, read_facts, survey, watched
from assembly.wiring import Mailboxes
from assembly.world import MACHINE, World
from config import Config, ConfigError, load, validate
from config.version import version
from console import cli
from messages.journal import Past
from messages.money import EXACT
from messages.notices import JournalNoted, JournalRepaired
from messages.status import LookAgain, Status
from supervision.disk_trouble import DiskTrouble
from supervision.newcomers import prove_alone
from supervision.outages import Outages
from supervision.policy import Role, limits_of
from supervision.restart import Watch, supervise
from supervision.shutdown import stop_in_order
from supervision.state_keeper import StateKeeper
from supervision.stop_request import ProgramFailed, StopControl, StopRequest
from supervision.strategies import Strategies
from trading.absent import Absent
from trading.ports import CountsRequests, Exchange, FeelsCompany, NamesAccount, TellsQuotes, in_lock_step

logger = logging.getLogger("infinity_grid.supervisor")

__all__ = ["Handle", "ProgramFailed", "main", "run"]


class Handle(Struct, frozen=True):
    """What an embedding program holds."""

    port: int | None
    """TCP port of the HTTP endpoint; None when it is disabled."""
    board: StatusBoard

    def status(self) -> Status:
        """A snapshot of the whole program, as a message."""
        return self.board.snapshot()


async def run(
    config: Config | Path,
    source: str = "configuration",
    *,
    adopt: bool = False,
    take_back: frozenset[str] = frozenset(),
    world: World = MACHINE,
    hurry: trio.Event | None = None,
    task_status: TaskStatus[Handle] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run until cancelled, or until a replayed price file ends.

    `started` hands back the `Handle` once the journal is open and the HTTP endpoint answers. Raises
    `ConfigError` and `DatabaseUnusable` before that, `ProgramFailed` when the policy gives up later.
    `source` names the configuration in errors. With `adopt` open orders of a strategy's userref are taken over even
    where its journal cannot explain them: without it they count as those of a second instance. `take_back` names
    strategies whose released sells are placed again. `hurry` cuts a stop short once it is set. Installs no signal
    handler, sets up no logging, never exits the process.
    """
    if isinstance(config, Path):
        source = str(config)
        config = await world.in_thread(load, config, os.environ, registry.known())
    else:
        config = validate(config, registry.known(), source)
    # Embedding programs may have set another precision; this one reaches this task and its children only.
    with localcontext(EXACT):
        ended = await _Tree(config, source, world, adopt=adopt, take_back=take_back).run(
            trio.Event() if hurry is None else hurry, task_status
        )
    if ended.exit_code:
        raise ProgramFailed(ended.exit_code, ended.reason)


class _Tree:
    """One run of one configured program."""

    def __init__(self, config: Config, source: str, world: World, *, adopt: bool, take_back: frozenset[str]) -> None:
        self._config = config
        self._source = source
        self._world = world
        self._adopt = adopt
        self._mail = Mailboxes(config)
        self._control = StopControl(insists=config.bot.on_stop != "keep")
        self._watch = Watch(
            self._control,
            limits_of(config),
            self._mail.notifier,
            self._mail.metrics,
            world.chance,
            outages=Outages(self._mail.metrics, self._mail.persistence, world.wall),
        )
        self._states = StateKeeper(config, self._mail, world.wall)
        self._board = StatusBoard(
            self._mail.metrics,
            bot=config.bot.name,
            simulated=config.simulated,
            version=version(),
            now=world.wall,
            lengths=self._mail.lengths,
            channels=lambda: [outbox.report() for outbox in self._outboxes],
            lost_log_lines=world.lost_log_lines,
            clock_offset=lambda: self._account.clock_offset() if self._account else None,
            requests=lambda: self._account.requests() if isinstance(self._account, CountsRequests) else {},
        )
        self._attach_conditions = ConditionBook("order-manager", self._mail.metrics, self._mail.persistence)
        self._account: Exchange | None = None
        """While it is open."""
        self._outboxes = [Outbox(channel, table.notices) for channel, table in world.channels(config)]
        self._actors = trio.CancelScope(shield=True)
        self._trading = trio.CancelScope()
        self._file = JournalFile(config, source, world)
        self._local = LocalEndpoint(config.database, self._file, world)
        self._disk = DiskTrouble(self._mail, self._states, world.wall)
        self._past: set[int] = set()
        """Strategies that have traded before."""
        mail = self._mail
        self._venue = VenueBook(
            watched(config),
            VenueOutlets(mail.strategies, mail.orders, mail.notifier),
            ConditionBook("venue-watch", mail.metrics, mail.persistence),
            judge(config, source),
            world.wall,
        )
        self._strategies = Strategies(
            config, mail, self._watch, self._states, self._venue, adopt=adopt, take_back=take_back
        )
        self._absent = Absent()
        """What strategies that are not configured any more have left."""
        self._connected_before = False
        """Whether orders had a connection: what the exchange said while it was lost is asked for afterwards."""

    async def run(self, hurry: trio.Event | None, task_status: TaskStatus[Handle]) -> StopRequest:
        """Start everything, wait for a reason to stop, stop in order. Returns how it ended."""
        listener = await self._bind_or_blame()
        try:
            opening = partial(self._world.in_thread, self._file.open_first)
            owned, pasts = await patiently(opening, self._config.database)
            self._local.open()
            self._tell_of_the_past(owned, pasts)
            if listener is not None:
                logger.info("status page: %s", status_url(listener))
            task_status.started(Handle(listener.getsockname()[1] if listener else None, self._board))
            return await self._run_actors(listener, hurry)
        finally:
            self._local.close()
            self._file.close()
            if listener is not None:
                listener.close()

    async def _run_actors(self, listener: socket | None, hurry: trio.Event | None) -> StopRequest:
        ended = StopRequest(EXIT_OK, "asked to stop")
        async with trio.open_nursery() as nursery:
            # Actors are shielded: an outer cancellation reaches only the wait below, which then stops
            # them in their order.
            nursery.start_soon(self._root, listener)
            try:
                ended = await self._control.wait_for_stop()
            finally:
                self._control.stop(ended.exit_code, ended.reason)
                self._states.end(ended)
                if not self._states.may_have_orders:
                    self._control.give_up()
                carried_out = await stop_in_order(self._config, self._control, self._mail, self._end_trading, hurry)
                reports = self._board.snapshot().strategies
                if self._states.say_the_end(ended, carried_out=carried_out, reports=reports):
                    self._world.orders_left()
                self._actors.cancel()
        return ended

    async def _root(self, listener: socket | None) -> None:
        with self._actors:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._states.run)
                self._start(nursery, "notifier", self._notifier)
                if listener is not None:
                    begun, in_thread = self._states.begun, self._world.in_thread
                    self._start(nursery, "metrics", partial(run_endpoint, self._board, listener, begun, in_thread))
                self._start(nursery, "local-api", self._local.run)
                self._start(nursery, "persistence", self._persistence)

    async def _notifier(self) -> None:
        world, scrub = self._world, registry.scrubber(self._config)
        desk = NotifierContext(self._outboxes, self._config.bot.name, world.wall, scrub, world.chance)
        await run_notifier(self._mail.notifier, desk)

    async def _persistence(self) -> None:
        """The journal, and all that must not run without it."""
        with self._disk.watched():
            await self._with_journal()

    async def _with_journal(self) -> None:
        async with trio.open_nursery() as nursery:
            persistence = partial(run_persistence, in_thread=self._world.in_thread)
            journal: OpenedJournal = await nursery.start(
                persistence, self._file.open_again, self._mail.persistence, self._mail.deliver
            )
            self._disk.works()
            if journal.repaired:
                self._mail.notifier.post(JournalRepaired(journal.repaired))
            with trio.CancelScope() as self._trading:
                await supervise(self._watch, "exchange", "exchange", self._exchange)

    async def _exchange(self) -> None:
        """One account, and the actors that speak to it."""
        with self._disk.watched():
            await self._with_account()

    async def _with_account(self) -> None:
        open_exchange = self._world.exchange(self._config.exchange.adapter)
        store = AccountClient(self._mail.persistence, self._mail.paper)
        async with open_exchange(self._config, store, now=self._world.wall(), source=self._source) as exchange:
            self._check_promises(exchange)
            await self._prove_alone(exchange)
            facts = await survey(self._config, exchange, self._source, self._past)
            # From here on each may have orders: what is wrong later on halts it and ends nothing.
            self._past |= self._mail.strategies.keys()
            self._states.has_past = True
            self._venue.take(facts, trio.current_time())
            prices = {} if in_lock_step(exchange) else self._venue.prices
            market = MarketFacts(self._venue.pairs, self._venue.fees, prices, isinstance(exchange, TellsQuotes))
            self._account = exchange
            self._watch.outages.over("exchange")
            self._disk.works()
            try:
                async with trio.open_nursery() as nursery:
                    self._start(nursery, "market-data", partial(self._market_data, exchange))
                    self._start(nursery, "price-watch", partial(self._price_watch, exchange))
                    if not in_lock_step(exchange):
                        self._start(nursery, "venue-watch", partial(self._venue_watch, exchange))
                    if isinstance(exchange, FeelsCompany) and self._world.watches_company:
                        watch = partial(exchange.watch_company, self._mail.supervisor.post)
                        self._start(nursery, "company-watch", watch)
                    self._start(nursery, "order-manager", partial(self._orders, exchange, market))
            finally:
                self._account = None

    async def _prove_alone(self, exchange: Exchange) -> None:
        """Raises `UnknownOrderError`, see `newcomers`."""
        known = self._past | self._states.strangers.halted
        newcomers = {s.userref: s.symbol for s in self._config.strategy if s.userref not in known}
        if newcomers and self._world.watches_company and isinstance(exchange, FeelsCompany):
            await prove_alone(exchange, newcomers, self._states, self._world.wall, adopt=self._adopt)

    def _start(self, nursery: trio.Nursery, role: Role, body: Callable[[], Awaitable[None]]) -> None:
        nursery.start_soon(supervise, self._watch, role, role, body)

    async def _market_data(self, exchange: Exchange) -> None:
        subscribers = self._mail.subscribers(self._config)
        market_data = partial(run_market_data, lock_step=in_lock_step(exchange))
        async with trio.open_nursery() as nursery:
            await nursery.start(market_data, exchange, subscribers, self._mail.prices, self._mail.metrics)
            self._watch.outages.over("market-data")

    async def _price_watch(self, exchange: Exchange) -> None:
        timeouts = {} if in_lock_step(exchange) else price_timeouts(self._config)
        await run_price_watch(self._mail.prices, timeouts, exchange.market_open, self._mail.supervisor)

    async def _venue_watch(self, exchange: Exchange) -> None:
        await run_venue_watch(self._venue, exchange, partial(read_facts, self._config, exchange), self._mail.venue)

    async def _orders(self, exchange: Exchange, market: MarketFacts) -> None:
        """The order-manager and its strategies: they share its fate, and a restart resyncs them all."""
        mail = self._mail
        try:
            with self._disk.watched():
                async with trio.open_nursery() as nursery:
                    orders = partial(
                        run_order_manager, book=self._attach_conditions, now=self._world.wall, absent=self._absent
                    )
                    await nursery.start(
                        orders,
                        exchange,
                        mail.orders,
                        mail.strategies,
                        mail.persistence,
                        market.pairs,
                        mail.supervisor,
                    )
                    self._key_works()
                    self._watch.outages.over("order-manager")
                    if self._connected_before:
                        for strategy in self._config.strategy:
                            mail.venue.post(LookAgain(strategy.symbol, "news", "reconnected"))
                    self._connected_before = True
                    await self._strategies.run_all(market, by_clock=not in_lock_step(exchange))
        finally:
            if not self._control.stopping:
                self._states.interrupted("the connection for orders is being restored")

    def _end_trading(self) -> None:
        self._trading.cancel()

    def _tell_of_the_past(self, owned: Owned, pasts: list[Past]) -> None:
        if owned.is_new:
            self._mail.persistence.post(owned.owner)
        if owned.owner.key and owned.owner.key == fingerprint(self._config):
            self._watch.key.works()
        for sentence in owned.told:
            logger.warning("%s", sentence)
            self._mail.notifier.post(JournalNoted(sentence))
        self._past = {past.userref for past in pasts} & self._mail.strategies.keys()
        self._states.has_past = bool(pasts)
        self._states.has_traded_before = bool(self._past)
        self._states.remembers(pasts)
        left = left_over(pasts, self._config)
        self._absent = Absent(left_behind(left))
        self._states.strangers.left_over(left, self._world.wall())

    def _check_promises(self, exchange: Exchange) -> None:
        """Before anything is asked: no real order in a dry run, and the account that the journal belongs to.

        Raises `ConfigError`.
        """
        config, source = self._config, self._source
        if config.simulated and not exchange.simulated:
            adapter = config.exchange.adapter
            found = f'true, although the adapter "{adapter}" could place real orders even so'
            raise ConfigError.at(
                source, "bot.dry_run", found, "an adapter that keeps the promise of a dry run, or false"
            )
        if exchange.simulated:
            return
        self._states.account = exchange.account_id if isinstance(exchange, NamesAccount) else ""
        self._file.belongs_to(self._states.account)

    def _key_works(self) -> None:
        """Orders have a connection: now the journal learns of the key, before any order, and never of a bad one."""
        self._watch.key.works()
        if owner := self._file.news():
            self._mail.persistence.post(owner)

    async def _bind_or_blame(self) -> socket | None:
        """Take the port first of all; where a second instance has it, say first that it has the database, too.

        Raises `DatabaseUnusable`, `ConfigError`.
        """
        try:
            return bind_endpoint(self._config, self._source)
        except ConfigError:
            await self._world.in_thread(self._file.look)
            raise


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return cli.main(run, arguments)


if __name__ == "__main__":
    sys.exit(main())
