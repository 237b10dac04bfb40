"""What the journal holds of each userref, held against the configuration.

A userref keeps its pair and kind while anything is left of its past: a state that goes on with another pair would sell
coins that it never bought. What is left of strategies that are not configured any more has a name, too.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from assembly import registry
from config import Config, ConfigError, Problem, StrategyConfig
from messages.counted import counted
from messages.journal import CoreLoaded, LeftBehind, Past, PastOrder
from messages.money import ZERO, Pair
from trading.strategies import state as states
from trading.strategies.settings import GridSettings
from trading.strategies.state import GridState, OwnOrder, UnreadableStateError

SHOWN = 3
"""Orders that are named one by one."""


class Rest(Struct, frozen=True):
    """What is left of a past."""

    orders: tuple[PastOrder, ...] = ()
    waiting: tuple[PastOrder, ...] = ()
    """Sells that are due but not placed."""
    base: Decimal = ZERO
    """Bought and not sold; never below zero."""
    in_doubt: Decimal = ZERO
    """Volume of buys that may have been filled."""

    def __bool__(self) -> bool:
        return bool(self.orders or self.waiting or self.base > 0 or self.in_doubt > 0)


def refuse_changed_pasts(pasts: Sequence[Past], config: Config, source: str) -> tuple[str, ...]:
    """Raises `ConfigError` for another kind or pair under a userref of which something is left.

    Returns sentences for the user about those of which nothing is left: they start afresh.
    """
    by_userref = {past.userref: past for past in pasts}
    problems: list[Problem] = []
    told: list[str] = []
    for index, strategy in enumerate(config.strategy):
        past = by_userref.get(strategy.userref)
        key = _changed_key(past, strategy) if past is not None else ""
        if past is None or not key:
            continue
        if rest := rest_of(past):
            problems.append(_problem(past, rest, strategy, f"strategy[{index}].{key}", config, source))
        else:
            told.append(
                f"{strategy.name} (userref {strategy.userref}) was {_what(past.kind, past.symbol)} and is now "
                f"{_what(strategy.kind, strategy.symbol)}; nothing was left of the past"
            )
    if problems:
        raise ConfigError(problems)
    return tuple(told)


def left_over(pasts: Sequence[Past], config: Config) -> dict[int, tuple[Past, Rest]]:
    """Userrefs that are not configured any more although something is left of them."""
    configured = {strategy.userref for strategy in config.strategy}
    found = {past.userref: (past, rest_of(past)) for past in pasts if past.userref not in configured}
    return {userref: (past, rest) for userref, (past, rest) in found.items() if rest}


def left_behind(left: Mapping[int, tuple[Past, Rest]]) -> list[LeftBehind]:
    """Base and orders of strategies that are no longer configured, for the order-manager that reserves them."""
    return [LeftBehind(userref, past.symbol or "/", rest.base, rest.orders) for userref, (past, rest) in left.items()]


def rest_of(past: Past) -> Rest:
    """By its saved state where that can be read, else by its orders."""
    if past.kind in registry.VARIANTS:
        try:
            return _rest_of_grid(states.load(past.state), past)
        except UnreadableStateError:
            pass
    told = Rest(past.orders, (), max(past.bought, ZERO))
    return _told_by_plugin(past, told)


def described(rest: Rest, symbol: str) -> str:
    """What is left, in words."""
    base, _, quote = symbol.partition("/")
    parts = []
    if rest.orders:
        parts.append(f"{counted(len(rest.orders), 'open order')} ({_listed(rest.orders, quote)})")
    if rest.waiting:
        parts.append(f"{counted(len(rest.waiting), 'sell')} not placed yet ({_listed(rest.waiting, quote)})")
    if rest.base > 0:
        parts.append(f"{rest.base.normalize():f} {base} that it bought")
    if rest.in_doubt > 0:
        parts.append(f"{rest.in_doubt.normalize():f} {base} of buys that may have been filled")
    return ", ".join(parts)


def carried_over(loaded: CoreLoaded, settings: GridSettings, kind: str) -> tuple[str | None, str]:
    """Saved state and lineage to go on with: a new era begins with another kind or pair.

    Ids of an earlier era must never come again, so its lineage is another one. Between two built-in grids on one pair
    the state goes on.
    """
    origin = loaded.origin
    same_pair = origin.symbol in ("", settings.pair.symbol)
    changed = bool(loaded.state is not None and (origin.kind not in ("", kind) or not same_pair))
    era = origin.era + changed
    lineage = f"{loaded.lineage}/{era}" if era else loaded.lineage
    if not changed or (same_pair and {origin.kind, kind} <= registry.VARIANTS.keys()):
        return loaded.state, lineage
    if kind in registry.VARIANTS:
        return states.save(GridState(amount=settings.amount, interval=settings.interval)), lineage
    return None, lineage


def _rest_of_grid(state: GridState, past: Past) -> Rest:
    """A stop writes the end of its last orders after the last state: the journal of the orders knows better."""
    still = [o for o in state.orders.values() if o.order_id not in past.ended]
    orders = tuple(_as_past(order) for order in still)
    waiting = tuple(PastOrder("sell", sell.price, sell.volume) for sell in state.remembered.values())
    # So may be what they brought.
    bought = past.bought if len(still) < len(state.orders) else ZERO
    return Rest(orders, waiting, max(state.owned, state.surplus, bought, ZERO))


def _as_past(order: OwnOrder) -> PastOrder:
    return PastOrder(order.side, order.price, order.volume - order.filled, order.order_id, order.filled)


def _told_by_plugin(past: Past, known: Rest) -> Rest:
    """What the core itself says, made with stand-in settings; one that cannot be made so says nothing."""
    base, _, quote = past.symbol.partition("/")
    if not base or not quote:
        return known
    tiny = Decimal("1E-8")
    pair = Pair(past.symbol, tick_size=tiny, lot_decimals=8, cost_decimals=8, min_volume=ZERO, min_cost=ZERO)
    settings = GridSettings(past.userref, past.name, pair, Decimal(1), Decimal("0.01"), 1, Decimal(2), ZERO, "")
    try:
        core = registry.strategy(past.kind)(settings, past.state)
        orders = tuple(
            PastOrder(o.place.side, o.place.price, o.place.volume - o.filled, o.place.order_id, o.filled)
            for o in core.live_orders()
        )
        return replace(known, orders=orders or known.orders, base=max(core.owned, known.base, ZERO))
    except (Exception, SystemExit):  # noqa: BLE001 - a plug-in's code; what the journal knows is enough
        return known


def _changed_key(past: Past, strategy: StrategyConfig) -> str:
    """The first key that is another one now; empty when there is none."""
    base, _, quote = past.symbol.partition("/")
    if past.symbol and strategy.base_currency != base:
        return "base_currency"
    if past.symbol and strategy.quote_currency != quote:
        return "quote_currency"
    return "kind" if past.kind and strategy.kind != past.kind else ""


def _problem(past: Past, rest: Rest, strategy: StrategyConfig, key: str, config: Config, source: str) -> Problem:
    before, now = _what(past.kind, past.symbol), _what(strategy.kind, strategy.symbol)
    return Problem(
        source,
        key,
        f"{now}, while userref {past.userref} in {config.database} is {before} and still has "
        f"{described(rest, past.symbol)}",
        f"{before} until all of it is sold or cancelled, or another userref for {now}",
        strategy=strategy.name,
    )


def _what(kind: str, symbol: str) -> str:
    return f"{kind} on {symbol}" if symbol else kind


def _listed(orders: tuple[PastOrder, ...], quote: str) -> str:
    shown = [f"{o.side} {o.volume.normalize():f} at {o.price.normalize():f} {quote}" for o in orders[:SHOWN]]
    more = len(orders) - len(shown)
    return "; ".join(shown) + (f"; {more} more" if more else "")
