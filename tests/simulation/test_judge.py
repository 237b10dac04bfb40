"""The judge hears the exchange alone: what must never be done is found at once, whoever does it."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from decimal import Decimal
from fractions import Fraction
from unittest import mock

import pytest
import trio
from msgspec import Struct

from adapters.journal.projection import OrderRow
from messages.ids import ClientOrderId, Nanos, client_order_id
from messages.orders import Place
from simulators.kraken.model.orders import Side
from tests.oracle.surroundings import CLEAR, SECOND
from tests.simulation.around import LOOKS
from tests.simulation.books import Violation
from tests.simulation.disk import Disk
from tests.simulation.history import draw_settings
from tests.simulation.judge import Judge
from tests.simulation.lives import STATES_EXISTING_BASE, Chosen, configured
from tests.simulation.misfortune import Misfortune
from tests.simulation.network import Network
from tests.simulation.oracles import Oracles
from tests.simulation.trace import Trace

GRID = Chosen("GridHODL", 1001, "BTC", 100, "0.01", 3, 1000)
PRICE, LOT = Decimal(49000), Decimal("0.002")


class Court(Struct):
    """A venue with a judge and nobody else."""

    network: Network
    misfortune: Misfortune
    judge: Judge
    number: int = 0

    def place(
        self, side: Side, price: Decimal, volume: Decimal, *, symbol: str = "BTC/USD", account: str | None = None
    ) -> str:
        """An order under an id of the program."""
        self.number += 1
        name = client_order_id(1001, f"cause {self.number}")
        return self.network.control.place(symbol, side, price, volume, cl_ord_id=name, account=account)


@asynccontextmanager
async def court(chosen: Chosen = GRID, *, silent: bool = True, clear: bool = False) -> AsyncIterator[Court]:
    chance, trace, disk = random.Random(1), Trace(None), Disk("lineage")
    disk.orders = _Everything()
    async with trio.open_nursery() as nursery:
        network = Network(nursery, draw_settings(chance))
        misfortune = Misfortune(network, disk, [], chance, trace)
        config = configured([chosen])
        judge = Judge(network, config, disk, misfortune.owner, misfortune.around, trace, clear=clear)
        with mock.patch.object(Oracles, "hear") if silent else nullcontext():  # what is due is not its matter here
            yield Court(network, misfortune, judge)
        nursery.cancel_scope.cancel()


class _Everything(dict[ClientOrderId, OrderRow]):
    """The journal holds whatever it is asked for."""

    def __contains__(self, name: object) -> bool:
        return True


async def test_an_ordinary_round_trip_is_right(autojump_clock: object) -> None:
    async with court() as there:
        there.network.control.fill(there.place("buy", PRICE, LOT))
        there.place("sell", Decimal(49490), LOT)


async def test_an_order_that_nothing_asks_for(autojump_clock: object) -> None:
    async with court(silent=False) as there:
        with pytest.raises(Violation, match="nothing that happened asks for it"):
            there.place("buy", PRICE, LOT)


async def test_an_order_on_another_pair(autojump_clock: object) -> None:
    async with court() as there:
        with pytest.raises(Violation, match="is on ETH/USD"):
            there.place("buy", Decimal(2900), LOT, symbol="ETH/USD")


async def test_a_buy_of_more_than_an_amount(autojump_clock: object) -> None:
    async with court() as there:
        with pytest.raises(Violation, match="more than an amount"):
            there.place("buy", PRICE, Decimal("0.0021"))


async def test_a_buy_far_above_the_market(autojump_clock: object) -> None:
    async with court() as there:
        with pytest.raises(Violation, match="where the market asks"):
            there.place("buy", Decimal(490000), Decimal("0.0002"))


async def test_base_that_was_never_bought(autojump_clock: object) -> None:
    async with court() as there:
        there.network.control.deposit("BTC", Decimal(1))
        there.network.control.fill(there.place("buy", PRICE, Decimal("0.001")))
        with pytest.raises(Violation, match=r"has acquired 0\.001"):
            there.place("sell", Decimal(60000), LOT)


@pytest.mark.parametrize("existing", [True, False] if STATES_EXISTING_BASE else [True])
async def test_swing_sells_existing_base_where_it_is_told_so(existing: bool, autojump_clock: object) -> None:
    grid = Chosen("SWING", 1001, "BTC", 100, "0.01", 3, 1000, existing_base=existing)
    async with court(grid) as there:
        there.network.control.deposit("BTC", Decimal(1))
        if existing:
            there.network.control.fill(there.place("sell", Decimal(60000), LOT))
            return
        with pytest.raises(Violation, match="has acquired 0"):
            there.place("sell", Decimal(60000), LOT)


async def test_an_order_on_another_account(autojump_clock: object) -> None:
    async with court() as there:
        with pytest.raises(Violation, match="on the account other"):
            there.place("buy", PRICE, LOT, account="other")


@pytest.mark.parametrize("look", LOOKS)
async def test_orders_of_others_that_look_like_ours_must_not_be_canceled(look: str, autojump_clock: object) -> None:
    async with court() as there:
        name = look.format(1)
        there.misfortune.around.foreign.add(name)
        txid = there.network.control.place("ETH/USD", "buy", Decimal(2000), Decimal("0.01"), cl_ord_id=name)
        with pytest.raises(Violation, match="of somebody else was canceled"):
            there.network.control.cancel(txid)


async def test_a_life_that_must_stay_idle(autojump_clock: object) -> None:
    async with court() as there:
        there.judge.expect_idle("in a dry run")
        there.place("buy", PRICE, LOT)  # the last request of the one before
        await trio.sleep(40)
        with pytest.raises(Violation, match="in a dry run"):
            there.place("buy", PRICE, LOT)


async def test_orders_of_a_strategy_that_is_gone_must_be_named(autojump_clock: object) -> None:
    class Nobody(Struct):
        strategies: tuple[()] = ()
        conditions: tuple[()] = ()

    async with court() as there:
        there.place("buy", PRICE, LOT)
        [found] = there.judge._at_rest._unnamed(Nobody())  # type: ignore[arg-type]
        assert "1 open orders of 1001" in found


@pytest.mark.parametrize("userref", [1001, 1002])
async def test_a_strategy_that_has_decided_nothing_has_left_nothing_in_the_journal(
    userref: int, autojump_clock: object
) -> None:
    async with court() as there:
        there.judge._disk.cores[1001] = '{"remembered": {"OAAAAA-BBBBB-CCCCCC": {}}, "highest_buy": "49000"}'
        state = there.judge._at_rest._state(userref)
        assert (len(state["remembered"]), state["highest_buy"]) == ((1, "49000") if userref == 1001 else (0, "0"))


@pytest.mark.parametrize(("hand", "known"), [((49000,), [49000]), ((46000, 45900), [50000, 46000, 45900])])
async def test_an_order_that_is_filled_far_from_the_market_need_not_be_believed(
    hand: tuple[int, ...], known: list[int], autojump_clock: object
) -> None:
    async with court(clear=True) as there:
        there.network.control.price("BTC/USD", Decimal(50100))
        there.network.control.price("BTC/USD", Decimal(50000))
        for price in hand:
            await trio.sleep(30)
            there.network.control.fill(there.place("buy", Decimal(price), LOT))
        await trio.sleep(30)
        since = there.network.venue.clock.now() - CLEAR
        assert there.judge.oracles._prices("BTC/USD", since, 1001) == known


@pytest.mark.parametrize(
    ("hand", "heard", "pause", "knows_none"),
    [
        (46000, (), 1, True),  # the first trade of the life is held against the ticker, and doubted
        (55000, (), 1, True),  # a misprint the same
        (46000, (50010,), 1, True),  # what was decided before that one came may arrive after it
        (46000, (50010,), 25, False),
        (49000, (), 1, False),  # near enough to be believed
        (46000, (), 61, False),  # all of it was heard long ago
    ],
)
async def test_a_life_that_begins_with_a_trade_far_from_the_market_knows_no_price(
    hand: int, heard: tuple[int, ...], pause: float, knows_none: bool, autojump_clock: object
) -> None:
    async with court(clear=True) as there:
        oracles, control, clock = there.judge.oracles, there.network.control, there.network.venue.clock
        control.price("BTC/USD", Decimal(50000))
        await trio.sleep(90)
        if hand < 50000:
            control.fill(there.place("buy", Decimal(hand), LOT))
        else:
            control.misprint("BTC/USD", Decimal(hand))
        assert not oracles._knows_no_price("BTC/USD", clock.now() - CLEAR, 1001)  # the life that saw all before
        await trio.sleep(30)
        oracles.begin([1001])
        for price in heard:
            await trio.sleep(0.5)
            control.price("BTC/USD", Decimal(price))
        await trio.sleep(pause)
        assert oracles._knows_no_price("BTC/USD", clock.now() - CLEAR, 1001) is knows_none


async def test_a_trade_far_from_the_market_that_others_followed_is_not_the_first_of_a_life(
    autojump_clock: object,
) -> None:
    async with court(clear=True) as there:
        control, clock = there.network.control, there.network.venue.clock
        control.price("BTC/USD", Decimal(50000))
        control.fill(there.place("buy", Decimal(46000), LOT))
        control.price("BTC/USD", Decimal(50010))
        await trio.sleep(1)
        there.judge.oracles.begin([1001])
        await trio.sleep(1)
        assert not there.judge.oracles._knows_no_price("BTC/USD", clock.now() - CLEAR, 1001)


async def test_a_sell_of_the_account_itself_is_an_offer_that_no_buy_may_reach(autojump_clock: object) -> None:
    async with court(clear=True) as there:
        there.network.control.price("BTC/USD", Decimal(50000))
        offers = [there.judge.oracles._offer("BTC/USD")]
        name = there.network.control.place("BTC/USD", "sell", Decimal(50020), LOT)
        there.network.control.price("BTC/USD", Decimal(50030), volume=Decimal("0.00001"))
        offers.append(there.judge.oracles._offer("BTC/USD"))
        there.network.control.fill(name)
        offers.append(there.judge.oracles._offer("BTC/USD"))
        assert offers == [Fraction("50000.1"), 50020, Fraction("50030.1")]


@pytest.mark.parametrize(
    ("waits", "ends_after", "known"),
    [
        (5, None, 5),  # kept back as long as that
        (25, None, 20),  # nothing may be kept back for longer than a decision may be late
        (25, 1, 25),  # the life that had decided it ended a second later, and the next one sent it
        (60, 50, 30),
    ],
)
async def test_how_long_ago_an_order_was_decided(
    waits: float, ends_after: float | None, known: float, autojump_clock: object
) -> None:
    async with court(clear=True) as there:
        oracles, clock = there.judge.oracles, there.network.venue.clock
        there.network.control.price("BTC/USD", Decimal(50000))
        name = client_order_id(1001, "cause 1")
        there.misfortune._disk.wrote(Place(1001, name, "BTC/USD", "buy", PRICE, LOT, True, "ladder", "", Nanos(0)))
        if ends_after is not None:
            await trio.sleep(ends_after)
            oracles.end()
            await trio.sleep(0.5)
            oracles.begin([1001])
        await trio.sleep(waits - (0 if ends_after is None else ends_after + 0.5))
        order = there.network.venue.orders.get(there.place("buy", PRICE, LOT))
        assert order is not None
        assert (clock.now() - oracles._decided(1001, order)) / SECOND == known
