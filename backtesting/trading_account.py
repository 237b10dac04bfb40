"""The whole program without actors: cores, order desk and paper book, driven by one call per row.

The rounds of `trading.rounds`, as the program goes through them on the paper exchange in lock-step.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

from msgspec import Struct

from backtesting.record import RunRecord
from messages.account import Attach, HistoryProgress
from messages.ids import Nanos
from messages.mailboxes import CoreEvent, ExchangeEvent
from messages.market import Tick
from messages.money import EXACT, Pair
from messages.orders import Cancel, Command, Deferred, Place, Resynced, Submit
from messages.status import Stop
from simulators.paper.book import PaperBook, Rules
from simulators.paper.saved_account import PaperAccount
from trading.order_desk import Effects, OrderDesk
from trading.rounds import Next, Rounds
from trading.strategies.core import Core

FAR = 2**62
"""A price in units that no row reaches."""
_OnStop = Literal["keep", "cancel-buys", "cancel-all"]


class Trader(Struct, frozen=True):
    """One strategy of the account."""

    userref: int
    fee: Decimal
    """Maker fee rate that its holds include."""
    core: Core


class Reach(Struct, frozen=True):
    """No row with `low < price < high` before `wake` changes anything; prices in units of the tape."""

    low: int
    high: int
    wake: int


class TradingAccount:
    """One simulated account and its strategies, in the order of the configuration."""

    def __init__(
        self,
        pair: Pair,
        rules: Rules,
        balances: Mapping[str, Decimal],
        traders: Sequence[Trader],
        record: RunRecord,
    ) -> None:
        self._pair = pair
        self._traders = traders
        self._record = record
        self._book = PaperBook(rules, PaperAccount(dict(balances)))
        self._book.add_pair(pair)
        self._desk = OrderDesk(self._book.snapshot(), frozenset(trader.userref for trader in traders))
        self._rounds = Rounds(self._desk, [trader.userref for trader in traders])
        self._inboxes: dict[int, list[CoreEvent]] = {trader.userref: [] for trader in traders}
        self._events: list[ExchangeEvent] = []
        self._now = Nanos(0)
        for trader in traders:
            self._carry_out(self._desk.attach(_attach(trader, pair), pair, {}))

    @property
    def balances(self) -> Mapping[str, Decimal]:
        """Totals per asset, held funds included."""
        return self._book.account.balances

    def row(self, tick: Tick) -> None:
        """Everything that follows from one row of prices."""
        self._now = tick.time
        self._events = self._book.price(tick)
        self._settle(tick)

    def pass_by(self, tick: Tick) -> None:
        """A row within `reach`: it is the newest price and changes nothing."""
        for trader in self._traders:
            trader.core.handle(tick)

    def pause(self, on_stop: _OnStop) -> None:
        """Stop all strategies as the program does; they decide nothing until `resume`."""
        for trader in self._traders:
            self._inboxes[trader.userref].append(Stop(on_stop))
        self._settle(None)

    def resume(self) -> None:
        """With the next row all strategies start again from what they know."""
        for trader in self._traders:
            self._inboxes[trader.userref].append(Resynced(trader.userref, 0))

    def reach(self, unit: Decimal) -> Reach:
        """Which rows the account sleeps through, from the band of each core and the nearest resting orders."""
        quiet = self._book.quiet(self._pair.symbol)
        bands = [trader.core.band for trader in self._traders]
        low, high = max(band.low for band in bands), min(band.high for band in bands)
        return Reach(
            _floor(quiet.low, unit) if quiet.low >= low else _ceiling(low, unit) - 1,
            _ceiling(quiet.high, unit) if quiet.high <= high else _floor(high, unit) + 1,
            min(band.wake for band in bands),
        )

    def _settle(self, tick: Tick | None) -> None:
        """Run rounds until there is no news. A strategy takes the newest price before anything else, and once."""
        rounds = self._rounds
        step: Next = "repeat"
        while step != "over":
            if step == "repeat":
                self._hear()
            for trader in self._traders:
                if submit := self._decide(trader, tick):
                    rounds.keep(submit)
            tick = None
            for effects in rounds.apply():
                self._carry_out(effects)
            step = rounds.next()
        self._book.forget_changes()

    def _hear(self) -> None:
        """Pass on what the exchange said until the end of the row, then all strategies' funds."""
        events, self._events = self._events, []
        for event in events:
            if not isinstance(event, HistoryProgress):
                self._record.event(event)
                self._carry_out(self._desk.on_event(event))
        self._carry_out(self._desk.balances())

    def _decide(self, trader: Trader, tick: Tick | None) -> Submit | None:
        outputs = trader.core.handle(tick) if tick else []
        if inbox := self._inboxes[trader.userref]:
            self._inboxes[trader.userref] = []
            for event in inbox:
                outputs += trader.core.handle(event)
        if not outputs:
            return None
        commands: list[Command] = []
        for output in outputs:
            if isinstance(output, Place | Cancel):
                commands.append(output)
            else:
                self._record.notice(output)
        return Submit(trader.userref, tuple(commands)) if commands else None

    def _carry_out(self, effects: Effects) -> None:
        for strategy, event in effects.deliver:
            if not isinstance(event, Deferred):  # a simulated book takes every order at once
                self._inboxes[strategy].append(event)
        for order_id in effects.cancel:
            self._rounds.commanded()
            self._events += self._book.cancel(order_id, self._now)
        for place in effects.place:
            self._rounds.commanded()
            events = self._book.place(place)
            self._record.placed(place, events)
            self._events += events


def _attach(trader: Trader, pair: Pair) -> Attach:
    core = trader.core
    return Attach(trader.userref, 1, pair.symbol, trader.fee, core.owned, core.sells_unowned, core.live_orders())


def _floor(price: Decimal, unit: Decimal) -> int:
    if price.is_infinite():
        return FAR if price > 0 else -FAR
    return int(EXACT.divide(price, unit).to_integral_value(ROUND_FLOOR))


def _ceiling(price: Decimal, unit: Decimal) -> int:
    if price.is_infinite():
        return FAR if price > 0 else -FAR
    floor = _floor(price, unit)
    return floor if EXACT.multiply(Decimal(floor), unit) == price else floor + 1
