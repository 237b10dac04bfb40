"""The supervisor's own mailbox: phases in; the program's state, pauses and notices out."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import assert_never

import trio
from msgspec.structs import replace

from actors.condition_book import ConditionBook
from actors.metrics.status_page import post_report
from assembly.pasts import rest_of
from assembly.wiring import Mailboxes
from config import Config, StrategyConfig
from config.mode import address_here
from messages.about import about
from messages.account import KeyShared
from messages.counted import counted
from messages.journal import Past
from messages.money import ZERO
from messages.notices import ProgramEnded, ProgramStarted, StrategyHalted, StrategyResumed
from messages.status import (
    Pause,
    PauseCause,
    PhaseChanged,
    PriceBack,
    PriceSilent,
    ProgramReport,
    Resume,
    StrangeOrder,
    StrategyReport,
    UncoveredOrders,
)
from supervision.states import StateMachine
from supervision.stop_request import StopRequest
from supervision.strangers import Strangers

logger = logging.getLogger("infinity_grid.supervisor")

_AFTER_HALT = "look at the log and report the error; it stays halted until the program is restarted"
_SILENT_ORDERS = "its open orders stay open; fills are answered when it resumes"
_AFTER_SILENCE = "nothing, it resumes with the first price; if it lasts, look at the exchange's status page"
_AFTER_FAILURE = "mend the cause and start it again; the start answers what was filled meanwhile"
_LEFT_ORDERS = {
    "keep": "none is cancelled by this program; fills are answered at the next start",
    "cancel-buys": "all open buys of its strategies are cancelled, sells stay open",
    "cancel-all": "all open orders of its strategies are cancelled",
}
_LISTED = 20
"""Orders of one strategy that the last notice lists."""
_AFTER_NOT_CANCELLED = "cancel them at the exchange, or start again"
_NOT_CANCELLED = {
    "cancel-buys": "its buys could not all be cancelled: look at the exchange",
    "cancel-all": "its orders could not all be cancelled: look at the exchange",
}


class StateKeeper:
    """Derives the program's state from what the strategies and the price watch say, and publishes it."""

    def __init__(self, config: Config, mail: Mailboxes, now: Callable[[], int] = time.time_ns) -> None:
        """`now` is the wall clock in nanoseconds UTC."""
        self._config = config
        self._mail = mail
        self._now = now
        self.strangers = Strangers(config, mail)
        self._machine = StateMachine(tuple(strategy.userref for strategy in config.strategy))
        self._names = {strategy.userref: strategy.name for strategy in config.strategy}
        self._has_run = False
        self.begun = trio.Event()
        """Set once the program is RUNNING, or has failed."""
        self.account = ""
        """Name of the account at the exchange; empty where it states none."""
        self._told_reason = ""
        """Reason of the state as last logged."""
        self.has_past = True
        """Whether there may be orders of this program: its journal knows some, or it has traded."""
        self.has_traded_before = False
        """Whether the journal knows a configured strategy."""
        self._failed_at_start = False
        self._book = ConditionBook("price-watch", mail.metrics, mail.persistence)
        self._silenced: dict[int, str] = {}
        """Strategies that rest until their price is back, and the reason."""
        for strategy in config.strategy:
            post_report(mail.metrics, _first_report(strategy))
        self._publish()

    async def run(self) -> None:
        """Serve the mailbox until cancelled."""
        while True:
            for message in await self._mail.supervisor.receive():
                match message:
                    case PhaseChanged():
                        self._phase_changed(message)
                    case PriceSilent():
                        self._silent(message)
                    case PriceBack():
                        self._back(message)
                    case UncoveredOrders():
                        self.strangers.shown(message, self._now())
                    case StrangeOrder():
                        self.strangers.found(message)
                    case KeyShared():
                        self.strangers.key(message)
                    case _:
                        assert_never(message)

    def paused(self, userref: int) -> dict[PauseCause, str]:
        """Why a strategy that starts now decides nothing."""
        reason = self._silenced.get(userref)
        return {} if reason is None else {"price": reason}

    def halted(self, strategy: StrategyConfig, reason: str, orders: str) -> None:
        """The policy halts a strategy; `orders` completes "its open orders ...", empty when the user knows already."""
        self._silenced.pop(strategy.userref, None)
        self._book.close(strategy.userref, "price", self._now(), told=True)
        if orders:
            self._mail.notifier.post(
                StrategyHalted(strategy.name, strategy.symbol, reason, f"its open orders {orders}", _AFTER_HALT)
            )
        # Behind what the strategy itself has said before it failed.
        self._mail.supervisor.post(PhaseChanged(strategy.userref, "halted", reason))

    def remembers(self, pasts: Sequence[Past]) -> None:
        """Until a strategy speaks for itself, perhaps hindered by its pair, its page shows what the journal knows."""
        by_userref = {past.userref: past for past in pasts}
        for strategy in self._config.strategy:
            past = by_userref.get(strategy.userref)
            if past is not None and past.symbol in ("", strategy.symbol):
                post_report(self._mail.metrics, replace(_first_report(strategy), owned=rest_of(past).base))

    def nobody_else_trades(self, userref: int) -> bool:
        """Whether this is a first start, or one at which no other strategy is left that may trade."""
        others = self._names.keys() - self.strangers.halted - {userref}
        return not self._has_run and not (self.has_traded_before and others)

    def barred(self, userref: int, reason: str) -> None:
        """Orders that may be external are in a strategy's way: it rests, the others trade."""
        self.strangers.barred(userref, reason, self._now())
        self._mail.supervisor.post(PhaseChanged(userref, "halted", reason))

    def interrupted(self, reason: str) -> None:
        """The strategies lost what they need to decide; each says itself when it trades again."""
        for strategy in self._config.strategy:
            if self._machine.phase_of(strategy.userref) != "halted":
                self._mail.supervisor.post(PhaseChanged(strategy.userref, "syncing", reason))

    @property
    def may_have_orders(self) -> bool:
        """Whether this program has placed orders, now or at an earlier start."""
        return self.has_past or self._has_run

    def end(self, request: StopRequest) -> None:
        """The program stops; with a code other than 0 it has failed."""
        if request.exit_code:
            self._failed_at_start = not self._has_run
            self._changed(self._machine.fail(request.reason))
        self._changed(self._machine.stop(request.reason))

    def say_the_end(self, request: StopRequest, *, carried_out: bool, reports: Sequence[StrategyReport] = ()) -> bool:
        """The last word to the user, once everything has stopped; `carried_out`: what `on_stop` says was done.

        `reports` are the strategies' last ones: they name the orders that are left where it was not. Returns whether
        orders are left, or may be, that `on_stop` wanted cancelled.
        """
        bot, failed = self._config.bot, request.exit_code != 0
        orders = _LEFT_ORDERS[bot.on_stop] if self.may_have_orders else "none were placed"
        if self._config.simulated and bot.on_stop == "keep" and orders == _LEFT_ORDERS["keep"]:
            orders = f"the simulated orders are kept in {Path(self._config.database).name}"
        advice = _AFTER_FAILURE if failed else ""
        left_open = not carried_out and self.may_have_orders and bot.on_stop in _NOT_CANCELLED
        if left_open:
            orders = _not_cancelled(reports, bot.on_stop) or _NOT_CANCELLED[bot.on_stop]
            advice = advice or _AFTER_NOT_CANCELLED
        if left := self.strangers.sentence():
            orders = f"{orders}; {left}"
        self._mail.notifier.post(
            ProgramEnded(bot.name, request.reason, orders, advice, ran=self._has_run or not failed)
        )
        return left_open

    def _phase_changed(self, message: PhaseChanged) -> None:
        name = self._names[message.strategy]
        level = logging.WARNING if message.phase == "halted" else logging.INFO
        reason = f" ({message.reason})" if message.reason else ""
        fields = about(strategy=name, cause=message.reason)
        logger.log(level, "%s: %s%s", name, message.phase, reason, extra=fields)
        self._changed(self._machine.phase(message.strategy, message.phase, message.reason))

    def _silent(self, message: PriceSilent) -> None:
        reason = f"no price of {message.symbol} for {message.seconds} s although the market is open"
        phases = self._machine.told()
        for strategy in self._config.strategy:
            if strategy.symbol != message.symbol or strategy.skip_price_timeout:
                continue
            if phases[strategy.userref][0] == "halted":
                continue  # for another reason, which no price removes
            self._silenced[strategy.userref] = reason
            self._book.open(
                strategy.userref, "price", f"{strategy.name}: {reason}", self._now(), blocks=True, told=True
            )
            self._mail.strategies[strategy.userref].post(Pause(reason))
            self._mail.notifier.post(
                StrategyHalted(strategy.name, strategy.symbol, reason, _SILENT_ORDERS, _AFTER_SILENCE)
            )

    def _back(self, message: PriceBack) -> None:
        for strategy in self._config.strategy:
            if strategy.symbol == message.symbol and strategy.userref in self._silenced:
                del self._silenced[strategy.userref]
                self._book.close(strategy.userref, "price", self._now(), told=True)
                self._mail.strategies[strategy.userref].post(Resume())
                self._mail.notifier.post(StrategyResumed(strategy.name, strategy.symbol))

    def _changed(self, state_changed: bool) -> None:
        if state_changed:
            # A start that fails is reported by its error.
            level = logging.DEBUG if self._failed_at_start else logging.INFO
            reason = self._machine.own_reason
            told, self._told_reason = self._told_reason, reason
            logger.log(level, "state: %s%s", self._machine.state, f" ({reason})" if reason and reason != told else "")
        if self._machine.state == "RUNNING" and not self._has_run:
            self._has_run = True
            self._mail.notifier.post(self._started())
        self._publish()

    def _started(self) -> ProgramStarted:
        config = self._config
        if config.simulated:
            return ProgramStarted(config.bot.name, simulated=True)
        place = (config.exchange.adapter, self.account, str(config.database), len(config.strategy))
        urls = {"rest_url": config.exchange.rest_url, "ws_auth_url": config.exchange.ws_auth_url}
        return ProgramStarted(config.bot.name, False, *place, here=address_here(urls))

    def _publish(self) -> None:
        machine = self._machine
        if machine.state != "INITIALIZING":
            self.begun.set()
        post_report(self._mail.metrics, ProgramReport(machine.state, machine.reason, machine.told()))


def _not_cancelled(reports: Sequence[StrategyReport], on_stop: str) -> str:
    """Which orders of which strategies are left; empty when none is known."""
    sides = ("buy",) if on_stop == "cancel-buys" else ("buy", "sell")
    what = "open buy" if on_stop == "cancel-buys" else "open order"
    told = []
    for report in reports:
        orders = sorted((o for o in report.orders if o.side in sides), key=lambda o: (-o.price, o.order_id))
        if orders:
            listed = [f"{o.side} {o.volume - o.filled:f} at {o.price:f}" for o in orders[:_LISTED]]
            more = [f"{len(orders) - _LISTED} more"] if len(orders) > _LISTED else []
            told.append(f"{counted(len(orders), what)} of {report.name} ({', '.join(listed + more)})")
    return f"NOT cancelled: {', '.join(told)}; {_AFTER_NOT_CANCELLED}" if told else ""


def _first_report(strategy: StrategyConfig) -> StrategyReport:
    """What is known of a strategy before it speaks for itself."""
    return StrategyReport(
        strategy=strategy.userref,
        name=strategy.name,
        kind=strategy.kind,
        symbol=strategy.symbol,
        phase="syncing",
        reason="starting",
        price=None,
        investment=ZERO,
        max_investment=strategy.max_investment,
        quote_free=ZERO,
        base_free=ZERO,
        owned=ZERO,
        surplus=ZERO,
        buys_filled=0,
        sells_filled=0,
        fees=ZERO,
        cash_flow=ZERO,
        orders=(),
        waiting=(),
    )
