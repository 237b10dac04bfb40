"""The small rule set of `tests.backtesting.small_grid` in nautilus_trader, for `tests.benchmarks.bench_peers`.

    python nautilus_grid.py TRADES.parquet

Stands alone: the environment that runs it has nautilus_trader and duckdb, and nothing of ours. Prints one line of
JSON. The seconds are those of the run; reading the file and making the engine's objects of the trades come before.
"""

import json
import resource
import sys
import time
from decimal import Decimal

import duckdb
import numpy as np
import numpy.typing as npt
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType, OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import LimitOrder
from nautilus_trader.trading.strategy import Strategy

VENUE = Venue("PEER")
QUOTE = USDT
"""In place of USD, in which this engine rounds each fee to a cent."""
PRICE_DECIMALS, VOLUME_DECIMALS = 1, 6
TICKS = 10
"""Of a dollar. A price follows from another in whole ticks, where rounding up or down is exact."""
LOTS = 1_000_000
"""Of a bitcoin."""
AMOUNT = 100 * TICKS * LOTS
FEE = Decimal("0.0025")
FUNDS = 1_000_000
"""More than is ever needed; with a billion the account's own check fails over a float's last digits."""
BUYS = 5
SIZE = 1.0
"""Of every trade: more than any order's, so that each fills at once."""
WARM_UP_ROWS = 1_000
EXPECTED = "935 buys, 896 sells, 820 shifts"
EXPECTED_FEES = 459.89
EXPECTED_ROWS = 5_000_000


def below(ticks: int) -> int:
    """The price of the next buy."""
    return ticks * 100 // 101


def above(ticks: int) -> int:
    """The price of a filled buy's sell."""
    return -(-ticks * 101 // 100)


def limit_over(ticks: int) -> float:
    """Where the buys follow the price; half a tick more, so that nothing hangs on a float's last digit."""
    return (ticks * 10_201 * 1_001 // 10_000_000 + 0.5) / TICKS


class SmallGrid(Strategy):
    """The rules, in the terms of the engine."""

    def __init__(self, instrument_id: InstrumentId) -> None:
        super().__init__()
        self.bought = self.sold = self.placed = 0
        self.fees = 0.0
        self._instrument_id = instrument_id
        self._buys: list[tuple[int, LimitOrder]] = []
        self._limit = 0.0

    def on_start(self) -> None:
        self.subscribe_trade_ticks(self._instrument_id)

    def on_trade_tick(self, tick: TradeTick) -> None:
        price = tick.price.as_double()
        if price > self._limit:
            self._place_ladder(round(price * TICKS))

    def on_order_filled(self, event: OrderFilled) -> None:
        self.fees += event.commission.as_double()
        if event.order_side == OrderSide.SELL:
            self.sold += 1
            return
        self.bought += 1
        ticks, _ = self._buys.pop(0)
        self._submit(OrderSide.SELL, above(ticks), AMOUNT // ticks)
        self._place_buy(below(self._buys[-1][0]))
        self._limit = limit_over(self._buys[0][0])

    def _place_ladder(self, ticks: int) -> None:
        for _, order in self._buys:
            self.cancel_order(order)
        self._buys.clear()
        for _ in range(BUYS):
            ticks = below(ticks)
            self._place_buy(ticks)
        self._limit = limit_over(self._buys[0][0])
        self.placed += 1

    def _place_buy(self, ticks: int) -> None:
        self._buys.append((ticks, self._submit(OrderSide.BUY, ticks, AMOUNT // ticks)))

    def _submit(self, side: OrderSide, ticks: int, lots: int) -> LimitOrder:
        price, volume = Price(ticks / TICKS, PRICE_DECIMALS), Quantity(lots / LOTS, VOLUME_DECIMALS)
        order = self.order_factory.limit(self._instrument_id, side, volume, price)
        self.submit_order(order)
        return order


def instrument() -> CurrencyPair:
    symbol = Symbol("BTC/USDT")
    return CurrencyPair(
        instrument_id=InstrumentId(symbol, VENUE),
        raw_symbol=symbol,
        base_currency=BTC,
        quote_currency=QUOTE,
        price_precision=PRICE_DECIMALS,
        size_precision=VOLUME_DECIMALS,
        price_increment=Price(1 / TICKS, PRICE_DECIMALS),
        size_increment=Quantity(1 / LOTS, VOLUME_DECIMALS),
        maker_fee=FEE,
        taker_fee=FEE,
        ts_event=0,
        ts_init=0,
    )


def columns_of(path: str) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.float64]]:
    """Times and prices."""
    with duckdb.connect() as connection:
        columns = connection.execute("SELECT ts, price FROM read_parquet(?)", [path]).fetchnumpy()
    return columns["ts"].astype(np.uint64), columns["price"]


def trades_of(pair: CurrencyPair, path: str) -> list[TradeTick]:
    """The trades. No side is named as the aggressor: a trade then is the price for buys and sells alike."""
    times, prices = columns_of(path)
    rows = len(times)
    ticks: list[TradeTick] = TradeTick.from_raw_arrays_to_list(
        pair.id,
        PRICE_DECIMALS,
        VOLUME_DECIMALS,
        prices,
        np.full(rows, SIZE),
        np.full(rows, AggressorSide.NO_AGGRESSOR, np.uint8),
        [str(number) for number in range(rows)],
        times,
        times,
    )
    return ticks


def run(pair: CurrencyPair, trades: list[TradeTick]) -> tuple[SmallGrid, float]:
    """The strategy after a run and the run's seconds. What the rules do without is off: logs, limits, statistics."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
        )
    )
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.CASH,
        starting_balances=[Money(FUNDS, QUOTE), Money(0, BTC)],
        trade_execution=True,
    )
    engine.add_instrument(pair)
    engine.add_data(trades)
    strategy = SmallGrid(pair.id)
    engine.add_strategy(strategy)
    begin = time.perf_counter()
    engine.run()
    seconds = time.perf_counter() - begin
    engine.dispose()
    return strategy, seconds


def note_of(counts: str, fees: float, rows: int) -> str:
    """The counts; where they are those of other rules or a wrong engine, it says so."""
    right = counts == EXPECTED and round(fees, 2) == EXPECTED_FEES
    if right or rows != EXPECTED_ROWS:
        return counts
    return f"{counts} and {fees:.2f} USD of fees instead of {EXPECTED} and {EXPECTED_FEES}"


def main() -> None:
    pair = instrument()
    trades = trades_of(pair, sys.argv[1])
    run(pair, trades[:WARM_UP_ROWS])
    grid, seconds = run(pair, trades)
    counts = f"{grid.bought} buys, {grid.sold} sells, {grid.placed - 1} shifts"
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "rows": len(trades),
                "note": note_of(counts, grid.fees, len(trades)),
                "peak": usage.ru_maxrss / 1024,
                "cpu": usage.ru_utime + usage.ru_stime,
            }
        )
    )


if __name__ == "__main__":
    main()
