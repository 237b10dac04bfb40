"""What was configured for each strategy, and by which rules of its pair, from when on."""

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from adapters.exchanges.kraken.sandbox.model.clock import SECOND
from adapters.exchanges.kraken.sandbox.model.venue import Venue
from config import Config, StrategyConfig
from tests.simulation import rules

ZERO = Decimal(0)
READ_AGAIN = 2 * 3600 * SECOND
"""Rules are read hourly at the latest, by a connection that works."""


class Since(Struct, frozen=True):
    """A grid and its beginning in nanoseconds UTC."""

    time: int
    symbol: str
    grid: rules.Grid
    existing_base: bool
    """Whether it may sell base that the program did not buy."""


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

    def now(self, userref: int) -> rules.Grid:
        """The newest."""
        return self._history[userref][-1].grid

    def symbol(self, userref: int) -> str:
        """Where all of the userref's orders are."""
        return self._history[userref][-1].symbol

    def existing_base(self, userref: int) -> bool:
        """Whether it may sell base that the program did not buy."""
        return self._history[userref][-1].existing_base

    def ever(self, userref: int) -> list[rules.Grid]:
        """All, newest first."""
        return [since.grid for since in reversed(self._history[userref])]

    def since(self, userref: int, time: int) -> list[rules.Grid]:
        """Those in force at `time` or later, newest first."""
        found = []
        for since in reversed(self._history[userref]):
            found.append(since.grid)
            if since.time <= time:
                break
        return found

    def answering(self, userref: int, time: int) -> list[rules.Grid]:
        """Those since `time`, with every step of price and volume that the program may know since it last read them."""
        steps = {(grid.tick, grid.lot): None for grid in self.since(userref, time - READ_AGAIN)}
        return [replace(grid, tick=tick, lot=lot) for grid in self.since(userref, time) for tick, lot in steps]

    def _append(self, strategy: StrategyConfig) -> None:
        pair = self._venue.catalogue.by_symbol(strategy.symbol) or self._venue.catalogue.former(strategy.symbol)
        if pair is None:
            raise LookupError(strategy.symbol)
        grid = rules.Grid(
            kind=strategy.kind,
            amount=strategy.amount_per_grid,
            interval=strategy.interval,
            buys=strategy.n_open_buy_orders,
            max_investment=strategy.max_investment,
            fee=strategy.fee or ZERO,
            tick=pair.tick_size,
            lot=Decimal(1).scaleb(-pair.lot_decimals),
        )
        existing = strategy.kind == "SWING" and getattr(strategy, "sell_existing_base", True) is not False
        history = self._history.setdefault(strategy.userref, [])
        if not history or history[-1].grid != grid:
            history.append(Since(self._venue.clock.now(), strategy.symbol, grid, existing))
