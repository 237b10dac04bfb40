"""What was configured for each strategy, and by which rules of its pair, from when on."""

from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from config import Config, StrategyConfig
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.venue import Venue
from tests.oracle.terms import Terms

READ_AGAIN = 2 * 3600 * SECOND
"""Rules are read hourly at the latest, by a connection that works."""


class Since(Struct, frozen=True):
    """A grid and its beginning in nanoseconds UTC."""

    time: int
    symbol: str
    grid: Terms


class Grids:
    """Every grid that was ever in force; orders are judged by those that were when they were decided."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._configured: dict[int, StrategyConfig] = {}
        self._history: dict[int, list[Since]] = {}

    def configure(self, config: Config) -> None:
        """The program runs with this from now on; what is not in it keeps its past."""
        self._configured |= {strategy.userref: strategy for strategy in config.strategy}
        for strategy in self._configured.values():
            self._append(strategy)

    def follow_rules(self, pair_id: str) -> None:
        """A pair has other rules."""
        for strategy in self._configured.values():
            pair = self._venue.catalogue.by_symbol(strategy.symbol)
            if pair is not None and pair.id == pair_id:
                self._append(strategy)

    def __contains__(self, userref: int) -> bool:
        return userref in self._history

    def now(self, userref: int) -> Terms:
        """The newest."""
        return self._history[userref][-1].grid

    def symbol(self, userref: int) -> str:
        """Where all of the userref's orders are."""
        return self._history[userref][-1].symbol

    def existing_base(self, userref: int) -> bool:
        """Whether it may sell base that the program did not buy."""
        return self._history[userref][-1].grid.existing_base

    def ever(self, userref: int) -> list[Terms]:
        """All, newest first."""
        return [since.grid for since in reversed(self._history[userref])]

    def since(self, userref: int, time: int) -> list[Terms]:
        """Those in force at `time` or later, newest first."""
        found = []
        for since in reversed(self._history[userref]):
            found.append(since.grid)
            if since.time <= time:
                break
        return found

    def answering(self, userref: int, time: int) -> list[Terms]:
        """Those since `time`, with every step of price and volume that the program may know since it last read them."""
        steps = {(grid.tick, grid.lot): None for grid in self.since(userref, time - READ_AGAIN)}
        return [replace(grid, tick=tick, lot=lot) for grid in self.since(userref, time) for tick, lot in steps]

    def _append(self, strategy: StrategyConfig) -> None:
        pair = self._venue.catalogue.by_symbol(strategy.symbol) or self._venue.catalogue.former(strategy.symbol)
        if pair is None:
            raise LookupError(strategy.symbol)
        existing = strategy.kind == "SWING" and getattr(strategy, "sell_existing_base", True) is not False
        grid = Terms(
            kind=strategy.kind,
            amount=Fraction(strategy.amount_per_grid),
            interval=Fraction(strategy.interval),
            buys=strategy.n_open_buy_orders,
            max_investment=Fraction(strategy.max_investment),
            fee=max(Fraction(strategy.fee or 0), self._pays()),
            tick=Fraction(pair.tick_size),
            lot=Fraction(1, 10**pair.lot_decimals),
            min_volume=Fraction(pair.ordermin),
            min_cost=Fraction(pair.costmin),
            existing_base=existing,
        )
        history = self._history.setdefault(strategy.userref, [])
        if not history or history[-1].grid != grid:
            history.append(Since(self._venue.clock.now(), strategy.symbol, grid))

    def _pays(self) -> Fraction:
        """What the account that the program trades on asks of a maker."""
        return Fraction(next(iter(self._venue.accounts.values())).rates.maker) / 100
