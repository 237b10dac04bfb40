"""How a configured strategy becomes a decision core: its settings, what it may sell, and the guard around it."""

from decimal import Decimal

import msgspec
from msgspec import Struct

from actors.strategy import Identity, MakeCore
from assembly import registry
from assembly.pasts import carried_over
from config import Config, StrategyConfig
from config.schema import GRIDS, SWING
from messages.journal import CoreLoaded
from messages.money import Pair
from trading import books as accounts
from trading.books import Books
from trading.guard import Bounds, GuardedCore
from trading.strategies.core import Core
from trading.strategies.settings import GridSettings


class MarketFacts(Struct, frozen=True):
    """What strategies are made with; live, both tables change in place."""

    pairs: dict[str, Pair]
    fees: dict[int, Decimal]
    prices: dict[str, Decimal] = {}
    """By the exchange's ticker, as it was read last."""
    tells_quotes: bool = False
    """Whether the exchange says what is bid and asked."""

    def knows(self, strategy: StrategyConfig) -> bool:
        """Whether all is known that the strategy needs to start."""
        return strategy.symbol in self.pairs and strategy.userref in self.fees


def identity(strategy: StrategyConfig, market: MarketFacts) -> Identity:
    """Who the strategy is."""
    fee = market.fees[strategy.userref]
    return Identity(strategy.userref, strategy.name, strategy.kind, strategy.symbol, fee)


def core_maker(strategy: StrategyConfig, market: MarketFacts) -> MakeCore:
    """How the strategy's decision core is made once the journal has been read."""
    make = registry.strategy(strategy.kind)

    def from_journal(loaded: CoreLoaded) -> Core:
        settings = settings_of(strategy, market, loaded.lineage)
        saved, lineage = carried_over(loaded, settings, strategy.kind)
        return make(msgspec.structs.replace(settings, lineage=lineage, restored=loaded.origin.restored), saved)

    return from_journal


def settings_of(strategy: StrategyConfig, market: MarketFacts, lineage: str) -> GridSettings:
    """What a strategy's core is made with."""
    return GridSettings(
        userref=strategy.userref,
        name=strategy.name,
        pair=market.pairs[strategy.symbol],
        amount=strategy.amount_per_grid,
        interval=strategy.interval,
        max_open_buys=strategy.n_open_buy_orders,
        max_investment=strategy.max_investment,
        fee=market.fees[strategy.userref],
        lineage=lineage,
        sell_existing_base=sells_existing_base(strategy),
        reference=market.prices.get(strategy.symbol),
        asks_for_quotes=market.tells_quotes,
    )


def guarded_core_maker(strategy: StrategyConfig, market: MarketFacts, *, simulated: bool) -> MakeCore:
    """Return a maker of a strategy's core whose every answer is checked before it is committed."""
    make, pair = core_maker(strategy, market), market.pairs[strategy.symbol]
    may_sell = permission(strategy, simulated=simulated)
    bounds = Bounds(strategy.userref, pair, strategy.max_investment, may_sell, strategy.n_open_buy_orders)

    def from_journal(loaded: CoreLoaded) -> Core:
        saved, _ = carried_over(loaded, settings_of(strategy, market, loaded.lineage), strategy.kind)
        goes_on = saved is not None and saved == loaded.state
        books = accounts.load(loaded.origin.books) if goes_on else Books()
        return GuardedCore(make(loaded), bounds, books, is_new=saved is None, newest=loaded.newest)

    return from_journal


def permission(strategy: StrategyConfig, *, simulated: bool) -> bool | None:
    """Whether it may sell base that no strategy bought; None where its owner has to say so and has not."""
    said = strategy.sell_existing_base is not None or simulated or strategy.kind in GRIDS
    return sells_existing_base(strategy) if said else None


def sells_existing_base(strategy: StrategyConfig) -> bool:
    """Whether it may sell base that no strategy bought. A simulated account need not state it; there it may."""
    may_say = strategy.kind == SWING or strategy.kind not in GRIDS
    return may_say and strategy.sell_existing_base is not False


def existing_base_sentences(config: Config) -> list[str]:
    """What each SWING does with base that the account holds already."""
    return [_existing_base(strategy) for strategy in config.strategy if strategy.kind == SWING]


def _existing_base(strategy: StrategyConfig) -> str:
    base, whose = strategy.base_currency, f"{strategy.name} ({strategy.symbol})"
    if sells_existing_base(strategy):
        return f"{whose} also sells {base} that the account held before (sell_existing_base)"
    return f"{whose} never sells {base} that it has not bought (sell_existing_base = false)"
