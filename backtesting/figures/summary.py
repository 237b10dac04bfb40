"""All figures of one run, as data: what the terminal, the JSON file and the page show."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from backtesting.figures.assumptions import assumptions, looks_like_bars
from backtesting.figures.capital import Capital, capital_in_use
from backtesting.figures.costs import Costs, Lot, figure_costs
from backtesting.figures.equity import Worth, annualised, bought_and_held, course, deepest_fall
from backtesting.figures.levels import Level, levels
from backtesting.record import Holdings, OrderRecord, RunRecord
from backtesting.series import Series
from backtesting.setup import Stage
from backtesting.spans import Span
from backtesting.tape import price_of
from config import StrategyConfig
from messages.money import EXACT, ZERO


class StrategySummary(Struct, frozen=True):
    """One strategy; amounts in quote currency, volumes in base."""

    userref: int
    name: str
    kind: str
    interval: Decimal
    buys: int
    """Filled."""
    sells: int
    cycles: int
    """Buys whose counter-sell was filled, too."""
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    held: Decimal
    """Base that it bought and did not sell."""
    open_orders: int
    capital: Capital
    return_on_capital: Decimal | None
    """Realised and unrealised profit as a part of the average capital in use."""
    levels: list[Level]


class Summary(Struct, frozen=True):
    """One run. Rates are fractions, times nanoseconds UTC."""

    symbol: str
    base: str
    quote: str
    begin: int
    end: int
    rows: int
    first_price: Decimal
    last_price: Decimal
    equity_begin: Decimal
    equity_end: Decimal
    profit: Decimal
    realised: Decimal
    unrealised: Decimal
    """Unrealised profit in quote on all base in the account, including what it held at the beginning."""
    fees: Decimal
    cycles: int
    drawdown: Decimal
    annualised: Decimal | None
    hold_profit: Decimal
    """Profit in quote of buying at the first price and holding."""
    hold_drawdown: Decimal
    hold_annualised: Decimal | None
    balances: dict[str, Decimal]
    strategies: list[StrategySummary]
    holes: list[tuple[int, int]]
    refused: dict[str, int]
    assumptions: list[str]


class Result(Struct, frozen=True):
    """A run and what may be drawn of it."""

    summary: Summary
    worth: list[Worth]
    orders: list[OrderRecord]
    fills: list[OrderRecord]


def summarise(
    stage: Stage, strategies: Sequence[StrategyConfig], record: RunRecord, series: Series, hole: int
) -> Result:
    """The figures of a run that has ended; `series` must have seen at least one row."""
    points, unit, pair = series.points, stage.tape.unit, stage.pair
    first, last = price_of(unit, points[0].open), price_of(unit, points[-1].close)
    begin, end = series.begin, points[-1].time
    at_first = _at_first(stage, series.start)
    holdings = [at_first, *record.holdings]
    hold = bought_and_held(at_first.base, at_first.quote, first, stage.paper.taker_fee)
    worth = course(points, unit, holdings, hold)
    unowned = Lot(at_first.base, EXACT.multiply(at_first.base, first))
    costs = figure_costs(record.fills, [strategy.userref for strategy in strategies], unowned)
    parts = [
        _of_strategy(strategy, record, costs[strategy.userref], (first, last), (begin, end), pair.tick_size)
        for strategy in strategies
    ]
    equity_begin, equity_end = EXACT.add(at_first.quote, EXACT.multiply(at_first.base, first)), worth[-1].equity
    realised = sum((part.realised for part in parts), ZERO)
    summary = Summary(
        symbol=pair.symbol,
        base=pair.base,
        quote=pair.quote,
        begin=begin,
        end=end,
        rows=series.rows,
        first_price=first,
        last_price=last,
        equity_begin=equity_begin,
        equity_end=equity_end,
        profit=equity_end - equity_begin,
        realised=realised,
        unrealised=sum((part.unrealised for part in parts), ZERO) + unowned.volume * last - unowned.cost,
        fees=sum((part.fees for part in parts), ZERO),
        cycles=sum(part.cycles for part in parts),
        drawdown=max((point.drawdown for point in worth), default=ZERO),
        annualised=annualised(equity_begin, equity_end, end - begin),
        hold_profit=worth[-1].hold - equity_begin,
        hold_drawdown=deepest_fall((hold.at(point.high), hold.at(point.low)) for point in worth),
        hold_annualised=annualised(equity_begin, worth[-1].hold, end - begin),
        balances={pair.quote: holdings[-1].quote, pair.base: holdings[-1].base},
        strategies=parts,
        holes=record.pauses,
        refused=dict(record.refused),
        assumptions=assumptions(
            stage,
            bars=looks_like_bars(stage, Span(series.start, series.start + series.rows)),
            hole=hole,
            samples=len(points),
        ),
    )
    return Result(summary, worth, record.orders, record.fills)


def _at_first(stage: Stage, row: int) -> Holdings:
    balances, pair = stage.paper.balances, stage.pair
    return Holdings(row - 1, balances.get(pair.base, ZERO), balances.get(pair.quote, ZERO))


def _of_strategy(
    strategy: StrategyConfig,
    record: RunRecord,
    costs: Costs,
    prices: tuple[Decimal, Decimal],
    times: tuple[int, int],
    tick: Decimal,
) -> StrategySummary:
    (first, last), (begin, end) = prices, times
    orders = [order for order in record.orders if order.strategy == strategy.userref]
    filled = [order for order in orders if order.status == "filled"]
    capital = capital_in_use(orders, costs, begin, end)
    held = costs.held
    unrealised = EXACT.multiply(held.volume, last) - held.cost
    gained = costs.realised + unrealised
    return StrategySummary(
        userref=strategy.userref,
        name=strategy.name,
        kind=strategy.kind,
        interval=strategy.interval,
        buys=sum(order.side == "buy" for order in filled),
        sells=sum(order.side == "sell" for order in filled),
        cycles=sum(order.kind == "counter" and order.side == "sell" for order in filled),
        realised=costs.realised,
        unrealised=unrealised,
        fees=costs.fees,
        held=held.volume,
        open_orders=sum(order.status == "open" for order in orders),
        capital=capital,
        return_on_capital=EXACT.divide(gained, capital.average) if capital.average else None,
        levels=levels(orders, first, strategy.interval, tick),
    )
