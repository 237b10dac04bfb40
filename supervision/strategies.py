"""The strategies of one run: each starts with its facts known, rests when its core failed, and harms no other."""

from collections.abc import Awaitable, Callable
from functools import partial

import trio

from actors.condition_book import ConditionBook
from actors.stand_in import await_facts, run_halted_strategy
from actors.strategy import StrategyActor
from actors.venue_watch import VenueBook
from assembly.cores import MarketFacts, guarded_core_maker, identity
from assembly.wiring import Mailboxes, actor_name
from config import Config, StrategyConfig
from messages.account import StopTrading
from messages.status import Stop
from supervision.policy import FirstStartRefused
from supervision.restart import Watch, supervise
from supervision.state_keeper import StateKeeper
from trading.ports import UnknownOrderError


class Strategies:
    """What outlives each start of a strategy."""

    def __init__(
        self,
        config: Config,
        mail: Mailboxes,
        watch: Watch,
        states: StateKeeper,
        venue: VenueBook,
        *,
        adopt: bool,
        take_back: frozenset[str],
    ) -> None:
        """`adopt` and `take_back` are those of `supervisor.run`."""
        self._mail = mail
        self._watch = watch
        self._states = states
        self._venue = venue
        self._adopt = adopt
        self._config = config
        self._simulated = config.simulated
        self._take_back = set(take_back)
        """Names of strategies whose released sells are put back at their next start."""
        self._conditions = {
            strategy.userref: ConditionBook(actor_name(strategy), mail.metrics, mail.persistence)
            for strategy in config.strategy
        }
        self._broken: set[int] = set()
        """Strategies that failed, or must not trade: a new connection does not wake them."""

    async def run_all(self, market: MarketFacts, *, by_clock: bool) -> None:
        """Each strategy until the program stops. A connection that is back only then serves what `on_stop` asks for."""
        late = self._watch.control.stopping
        if late:
            for mailbox in self._mail.strategies.values():
                mailbox.post(Stop(self._config.bot.on_stop))
        async with trio.open_nursery() as nursery:
            for strategy in self._config.strategy:
                nursery.start_soon(partial(self.run, strategy, market, by_clock=by_clock))
        if late:
            # The one that the stop has sent met no session.
            self._mail.orders.post(StopTrading())

    async def run(self, strategy: StrategyConfig, market: MarketFacts, *, by_clock: bool) -> None:
        """One strategy until the program stops. `by_clock`: time passes without a trade, unlike in a simulation."""
        self._broken |= self._states.strangers.halted
        actor = partial(self._run_actor, strategy, market, by_clock=by_clock)
        if strategy.userref not in self._broken and await self._facts_known(strategy, market):
            halt = partial(self._halt, strategy, actor)
            await supervise(self._watch, "strategy", actor_name(strategy), actor, halt)
        if strategy.userref in self._broken:
            with self._watch.control.running(actor_name(strategy)):
                await run_halted_strategy(strategy.userref, self._mail.strategies[strategy.userref], self._mail.orders)

    async def _facts_known(self, strategy: StrategyConfig, market: MarketFacts) -> bool:
        """Wait until the strategy's pair is known; False when the program stops before."""
        reason = "; ".join(self._venue.paused(strategy.userref).values())
        mailbox, outlets = self._mail.strategies[strategy.userref], self._mail.outlets()
        with self._watch.control.running(actor_name(strategy)):
            return await await_facts(strategy.userref, mailbox, outlets, partial(market.knows, strategy), reason)

    async def _halt(self, strategy: StrategyConfig, actor: Callable[[], Awaitable[None]], reason: str) -> None:
        """The strategy failed: it rests until the program stops, and its user is notified."""
        self._broken.add(strategy.userref)
        if strategy.userref in self._states.strangers.halted:
            return  # the user knows, and orders that may be external are not cancelled
        cancels = strategy.on_core_failure == "cancel"
        self._states.halted(strategy, reason, "are cancelled" if cancels else "stay open")
        if cancels:
            self._mail.strategies[strategy.userref].post(Stop("cancel-all"))
            await supervise(self._watch, "strategy", actor_name(strategy), actor)
            self._states.halted(strategy, reason, "")

    async def _run_actor(self, strategy: StrategyConfig, market: MarketFacts, *, by_clock: bool) -> None:
        """A new actor for each start: what a crashed one had in memory is gone."""
        actor = StrategyActor(
            identity(strategy, market),
            guarded_core_maker(strategy, market, simulated=self._simulated),
            self._mail.strategies[strategy.userref],
            self._mail.outlets(),
            self._mail.numbers[strategy.userref],
            adopt=self._adopt,
            take_back=strategy.name in self._take_back,
            paused=self._states.paused(strategy.userref) | self._venue.paused(strategy.userref),
            book=self._conditions[strategy.userref],
            by_clock=by_clock,
        )
        self._take_back.discard(strategy.name)
        try:
            await actor.run()
        except UnknownOrderError as error:
            if self._states.nobody_else_trades(strategy.userref):
                raise FirstStartRefused(str(error)) from None
            self._states.barred(strategy.userref, str(error))
            raise
