"""The small rule set of `tests.backtesting.small_grid` in hftbacktest, for `tests.benchmarks.bench_peers`.

    python hftbacktest_grid.py TRADES.parquet

Stands alone: the environment that runs it has hftbacktest and duckdb, and nothing of ours. Prints one line of
JSON. The seconds are those of the run; reading the file, making events of the trades and compiling come before.
"""

import json
import resource
import sys
import time

import duckdb
import numpy as np
import numpy.typing as npt
from hftbacktest import (
    BUY_EVENT,
    EXCH_EVENT,
    FILLED,
    GTC,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

TICKS = 10
"""Of a dollar. A price follows from another in whole ticks, where rounding up or down is exact."""
LOTS = 1_000_000
"""Of a bitcoin."""
AMOUNT = 100 * TICKS * LOTS
FEE = 0.0025
BUYS = 5
SIZE = 1.0
"""Of every trade. Nothing rests in the book before an order, so that any trade at its price fills it."""
FEED_LATENCY = 1_000
"""Nanoseconds: the strategy hears of a fill first, then of the trade that filled, and long before the next one."""
FOREVER = 10**15
MARKET_FEED, ORDER_RESPONSE = 2, 3
WARM_UP_ROWS = 1_000
EXPECTED = "935 buys, 896 sells, 820 shifts"
EXPECTED_FEES = 459.89
EXPECTED_ROWS = 5_000_000


@njit
def below(ticks: int) -> int:
    """The price of the next buy."""
    return ticks * 100 // 101


@njit
def above(ticks: int) -> int:
    """The price of a filled buy's sell."""
    return -(-ticks * 101 // 100)


@njit
def limit_over(ticks: int) -> float:
    """Where the buys follow the price; half a tick more, so that nothing hangs on a float's last digit."""
    return (ticks * 10_201 * 1_001 // 10_000_000 + 0.5) / TICKS


@njit
def volume_at(ticks: int) -> float:
    return AMOUNT // ticks / LOTS


@njit
def place_buy(market: HashMapMarketDepthBacktest, order_id: int, ticks: int) -> None:
    market.submit_buy_order(0, order_id, ticks / TICKS, volume_at(ticks), GTC, LIMIT, False)


@njit
def place_ladder(
    market: HashMapMarketDepthBacktest,
    price: float,
    ids: npt.NDArray[np.int64],
    buys: npt.NDArray[np.int64],
    first_id: int,
) -> None:
    ticks = round(price * TICKS)
    for place in range(BUYS):
        ticks = below(ticks)
        ids[place], buys[place] = first_id + place, ticks
        place_buy(market, ids[place], ticks)


@njit
def cancel_ladder(market: HashMapMarketDepthBacktest, ids: npt.NDArray[np.int64]) -> None:
    for order_id in ids:
        market.cancel(0, order_id, False)


@njit
def follow_fills(
    market: HashMapMarketDepthBacktest, ids: npt.NDArray[np.int64], buys: npt.NDArray[np.int64], first_id: int
) -> int:
    """A sell and a new lowest buy for each filled buy; how many there were. The highest fills first."""
    filled = 0
    while market.orders(0).get(ids[0]).status == FILLED:
        order_id, ticks = first_id + 2 * filled, buys[0]
        market.submit_sell_order(0, order_id, above(ticks) / TICKS, volume_at(ticks), GTC, LIMIT, False)
        for place in range(BUYS - 1):
            ids[place], buys[place] = ids[place + 1], buys[place + 1]
        ids[-1], buys[-1] = order_id + 1, below(buys[-1])
        place_buy(market, ids[-1], buys[-1])
        filled += 1
    market.clear_inactive_orders(0)
    return filled


@njit
def walk(market: HashMapMarketDepthBacktest) -> tuple[int, int]:
    """All trades; how many buys were filled and how often they were moved up."""
    ids, buys = np.zeros(BUYS, np.int64), np.zeros(BUYS, np.int64)
    next_id, bought, placed, limit = 1, 0, 0, 0.0
    while True:
        seen = market.wait_next_feed(True, FOREVER)
        if seen == MARKET_FEED:
            price = market.last_trades(0)[-1].px
            market.clear_last_trades(0)
            if price > limit:
                if placed:
                    cancel_ladder(market, ids)
                place_ladder(market, price, ids, buys, next_id)
                next_id += BUYS
                placed += 1
                limit = limit_over(buys[0])
        elif seen == ORDER_RESPONSE:
            filled = follow_fills(market, ids, buys, next_id)
            if filled:
                next_id += 2 * filled
                bought += filled
                limit = limit_over(buys[0])
        else:
            return bought, placed - 1


def events_of(path: str) -> npt.NDArray[np.void]:
    """The trades; the aggressor's side by the tick rule, since an order is only filled by one from the other side."""
    with duckdb.connect() as connection:
        columns = connection.execute("SELECT ts, price FROM read_parquet(?)", [path]).fetchnumpy()
    times, prices = columns["ts"], columns["price"]
    moves = np.diff(prices, prepend=np.inf)
    last_move = np.maximum.accumulate(np.where(moves != 0, np.arange(len(moves)), 0))
    events = np.zeros(len(times), event_dtype)
    events["ev"] = np.where(moves[last_move] > 0, BUY_EVENT, SELL_EVENT) | (TRADE_EVENT | EXCH_EVENT | LOCAL_EVENT)
    events["exch_ts"], events["local_ts"] = times, times + FEED_LATENCY
    events["px"], events["qty"] = prices, SIZE
    return events


def run(events: npt.NDArray[np.void]) -> tuple[str, float]:
    """The counts and the fees of a run."""
    asset = (
        BacktestAsset()
        .data(events)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(FEE, FEE)
        .tick_size(1 / TICKS)
        .lot_size(1 / LOTS)
        .last_trades_capacity(1)
    )
    market = HashMapMarketDepthBacktest([asset])
    bought, shifts = walk(market)
    state = market.state_values(0)
    counts, fees = f"{bought} buys, {state.num_trades - bought} sells, {shifts} shifts", float(state.fee)
    market.close()
    return counts, fees


def note_of(counts: str, fees: float, rows: int) -> str:
    """The counts; where they are those of other rules or a wrong engine, it says so."""
    right = counts == EXPECTED and round(fees, 2) == EXPECTED_FEES
    if right or rows != EXPECTED_ROWS:
        return counts
    return f"{counts} and {fees:.2f} USD of fees instead of {EXPECTED} and {EXPECTED_FEES}"


def main() -> None:
    events = events_of(sys.argv[1])
    run(events[:WARM_UP_ROWS])
    begin = time.perf_counter()
    counts, fees = run(events)
    seconds = time.perf_counter() - begin
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "rows": len(events),
                "note": note_of(counts, fees, len(events)),
                "peak": usage.ru_maxrss / 1024,
                "cpu": usage.ru_utime + usage.ru_stime,
            }
        )
    )


if __name__ == "__main__":
    main()
