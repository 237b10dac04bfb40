from decimal import Decimal
from itertools import pairwise

from messages.market import Tick
from simulators.paper.pairs import pair_rules
from simulators.paper.saved_account import LastPrice
from simulators.prices.source import Position, PriceSource
from simulators.prices.synthetic import SyntheticPrices, step
from tests.simulators.paper.support import SECOND, START

BTC = pair_rules("BTC/USD", {}, "test")
ETH = pair_rules("ETH/USD", {}, "test")
SOL = pair_rules("SOL/USD", {}, "test")
BEGIN = Position(0, START, {})


async def take(
    count: int, *symbols: str, seed: int = 1, position: Position = BEGIN, start_price: Decimal | None = None
) -> list[Tick]:
    source: PriceSource = SyntheticPrices(seed, start_price)
    pairs = [pair_rules(symbol, {}, "test") for symbol in symbols]
    ticks: list[Tick] = []
    async with source.rows(pairs, position) as rows:
        async for tick in rows:
            ticks.append(tick)
            if len(ticks) == count:
                break
    return ticks


def after(ticks: list[Tick]) -> Position:
    return Position(len(ticks), START, {tick.symbol: LastPrice(tick.price, tick.time) for tick in ticks})


async def test_the_same_seed_gives_the_same_prices_and_another_seed_others() -> None:
    assert await take(100, "BTC/USD") == await take(100, "BTC/USD")
    assert await take(100, "BTC/USD") != await take(100, "BTC/USD", seed=2)


async def test_each_simulated_second_is_one_row_per_symbol() -> None:
    ticks = await take(6, "BTC/USD", "ETH/USD")
    assert [tick.symbol for tick in ticks] == ["BTC/USD", "ETH/USD"] * 3
    assert [tick.time for tick in ticks] == [START + second * SECOND for second in (0, 0, 1, 1, 2, 2)]


async def test_a_symbol_walks_the_same_way_whatever_walks_beside_it() -> None:
    both = await take(200, "ETH/USD", "BTC/USD")
    assert [tick for tick in both if tick.symbol == "BTC/USD"] == await take(100, "BTC/USD")


async def test_the_walk_goes_on_after_a_stop_as_if_there_had_been_none() -> None:
    whole = await take(101, "BTC/USD", "ETH/USD")
    # 51 rows: one symbol is a second ahead of the other.
    assert await take(50, "BTC/USD", "ETH/USD", position=after(whole[:51])) == whole[51:]


async def test_a_new_symbol_joins_where_the_others_are() -> None:
    known = await take(10, "BTC/USD")
    ticks = await take(3, "BTC/USD", "SOL/USD", position=after(known))
    assert [(tick.symbol, (tick.time - START) // SECOND) for tick in ticks] == [
        ("SOL/USD", 9),
        ("BTC/USD", 10),
        ("SOL/USD", 10),
    ]


async def test_prices_are_multiples_of_the_tick_size_and_begin_where_the_configuration_says() -> None:
    ticks = await take(50, "BTC/USD", start_price=Decimal("123.45"))
    assert ticks[0].price == Decimal("123.4")
    assert all(tick.price % BTC.tick_size == 0 for tick in ticks)


async def test_an_hour_crosses_a_grid_of_half_a_percent_often_and_in_both_directions() -> None:
    for seed in range(1, 6):
        prices = [tick.price for tick in await take(3600, "BTC/USD", seed=seed)]
        anchor, ups, downs = prices[0], 0, 0
        for price in prices:
            if price >= anchor * Decimal("1.005"):
                anchor, ups = price, ups + 1
            elif price <= anchor / Decimal("1.005"):
                anchor, downs = price, downs + 1
        assert ups > 10
        assert downs > 10
        assert max(prices) / min(prices) < Decimal("1.25")


async def test_the_first_crossing_comes_within_minutes_of_simulated_time() -> None:
    for seed in range(1, 6):
        first, *rest = [tick.price for tick in await take(600, "BTC/USD", seed=seed)]
        assert min(rest) < first / Decimal("1.005") or max(rest) > first * Decimal("1.005")


def test_a_price_never_falls_below_one_tick() -> None:
    ticks = 1
    for second in range(1000):
        ticks = step(1, "X/Y", second, ticks, 1)
        assert ticks >= 1


def test_the_walk_is_drawn_back_from_far_away() -> None:
    high = low = 1_000_000
    for second in range(5000):
        high = step(1, "X/Y", second, high if second else 2_000_000, 1_000_000)
        low = step(1, "X/Y", second, low if second else 500_000, 1_000_000)
    assert high < 1_300_000
    assert low > 750_000


async def test_a_step_is_small() -> None:
    ticks = await take(1000, "ETH/USD")
    assert all(abs(b.price / a.price - 1) < Decimal("0.004") for a, b in pairwise(ticks))
