"""Facts in; pauses, new rules, conditions and notices out. Nothing is asked more often than it may be."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

import trio
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.condition_book import ConditionBook
from actors.mailbox import Mailbox
from actors.venue_facts import Objection, PairFacts
from actors.venue_watch import (
    LONGEST_REFUSAL_SECONDS,
    VenueBook,
    VenueOutlets,
    Watched,
    run_venue_watch,
)
from messages.conditions import Conditions
from messages.mailboxes import MetricsMail, NotifierMail, OrderManagerMail, PersistenceMail, StrategyMail, VenueMail
from messages.market import FactsChanged, Quote, RulesChanged
from messages.money import Pair
from messages.notices import PairChanged, StrategyHalted, StrategyResumed
from messages.status import LookAgain, Pause, Resume
from trading.ports import ExchangeUnavailable

BTC = Pair("BTC/USD", Decimal("0.1"), 8, 5, Decimal("0.00005"), Decimal("0.5"))
SOL = Pair("SOL/USD", Decimal("0.01"), 8, 5, Decimal("0.02"), Decimal("0.5"))
FEE, FIXED, DEAR = Decimal("0.0025"), Decimal("0.001"), Decimal("0.004")
WELL = {"BTC/USD": PairFacts(BTC, FEE, Decimal(61000)), "SOL/USD": PairFacts(SOL, FEE, Decimal(150))}
WATCHED = (
    Watched(1, "btc", "BTC/USD", None, follows=True),
    Watched(2, "btc-2", "BTC/USD", FIXED, follows=True, simulated=True),
    Watched(3, "sol", "SOL/USD", None, follows=True),
    Watched(4, "mine", "SOL/USD", None, follows=False),
)
SUSPENDED = 'Kraken states "cancel_only"'


def judge(userref: int, pair: Pair, fee: Decimal, price: Decimal | None) -> list[Objection]:
    """Half a percent is too much for everybody; three SOL are too many."""
    found = [Objection("fees", "the fee eats the interval")] if fee >= Decimal("0.005") else []
    return found + ([Objection("minimum", "the amount is too small")] if pair.min_volume >= 3 else [])


class Rig:
    """Two strategies on BTC/USD (one simulated, with a configured fee), one on SOL/USD, one plug-in on SOL/USD."""

    def __init__(self, watched: Sequence[Watched] = WATCHED, now: Callable[[], float] = trio.current_time) -> None:
        self.strategies = {userref: Mailbox[StrategyMail](str(userref)) for userref in (1, 2, 3, 4)}
        self.orders = Mailbox[OrderManagerMail]("orders")
        self.notifier = Mailbox[NotifierMail]("notifier")
        self.metrics = Mailbox[MetricsMail]("metrics")
        self.mailbox = Mailbox[VenueMail]("venue")
        self.persistence = Mailbox[PersistenceMail]("persistence")
        outlets = VenueOutlets(self.strategies, self.orders, self.notifier)
        self.open = ConditionBook("venue-watch", self.metrics, self.persistence)
        self.book = VenueBook(watched, outlets, self.open, judge, lambda: int(now()))
        self.facts: dict[str, PairFacts] = dict(WELL)
        self.failure: Exception | None = None
        self.read_at: list[float] = []

    async def read(self) -> Mapping[str, PairFacts]:
        """Count."""
        self.read_at.append(trio.current_time())
        if self.failure is not None:
            raise self.failure
        return self.facts

    @asynccontextmanager
    async def watching(self, exchange: object = None) -> AsyncIterator[None]:
        """Until the end of the block."""
        self.book.take(self.facts, trio.current_time())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_venue_watch, self.book, exchange, self.read, self.mailbox)
            yield
            nursery.cancel_scope.cancel()

    def told(self, userref: int) -> list[StrategyMail]:
        return self.strategies[userref].receive_nowait()

    def conditions(self) -> list[tuple[int, str, bool]]:
        newest = [report for report in self.metrics.receive_nowait() if isinstance(report, Conditions)]
        return [(row.strategy, row.code, row.blocks) for row in newest[-1].open] if newest else []

    def sol(self, **changes: object) -> None:
        self.facts["SOL/USD"] = replace(self.facts["SOL/USD"], **changes)

    async def hears(self, reason: str, text: str = "no", symbol: str = "SOL/USD") -> None:
        self.mailbox.post(LookAgain(symbol, reason, text))  # type: ignore[arg-type]
        await wait_all_tasks_blocked()


async def test_a_start_under_good_facts_tells_nobody_anything(autojump_clock: MockClock) -> None:
    rig = Rig()
    async with rig.watching():
        await trio.sleep(3599)
        assert rig.read_at == []
        await trio.sleep(3 * 3600)
    assert rig.read_at == [3600, 7200, 10800]
    assert rig.book.pairs == {"BTC/USD": BTC, "SOL/USD": SOL}
    assert rig.book.fees == {1: FEE, 2: FIXED, 3: FEE, 4: FEE}
    assert all(not rig.told(userref) for userref in rig.strategies)
    assert not rig.notifier.receive_nowait()


async def test_new_rules_reach_the_strategies_of_the_pair_the_order_manager_and_the_user(
    autojump_clock: MockClock,
) -> None:
    rig = Rig()
    other = replace(SOL, tick_size=Decimal("0.1"))
    async with rig.watching():
        rig.sol(pair=other)
        await rig.hears("rules")
        assert rig.told(3) == rig.told(4) == [RulesChanged(other, FEE)]
        assert rig.orders.receive_nowait() == [FactsChanged(3, other, FEE), FactsChanged(4, other, FEE)]
        notices = rig.notifier.receive_nowait()
        assert notices[0] == PairChanged("sol", "SOL/USD", "tick size 0.01 -> 0.1 USD", "")
        assert rig.told(1) == []
        assert rig.book.pairs["SOL/USD"] == other


async def test_a_fee_reaches_only_those_who_reckon_with_the_accounts_own(autojump_clock: MockClock) -> None:
    rig = Rig()
    async with rig.watching():
        rig.facts["BTC/USD"] = PairFacts(BTC, Decimal("0.004"), None)
        await trio.sleep(3601)
        assert rig.told(1) == [RulesChanged(BTC, Decimal("0.004"))]
        assert rig.told(2) == []
        assert rig.book.fees[2] == FIXED


async def test_a_pair_in_trouble_halts_its_strategies_once_and_resumes_them(autojump_clock: MockClock) -> None:
    rig = Rig()
    async with rig.watching():
        rig.sol(trouble=SUSPENDED)
        await rig.hears("market mode")
        assert rig.told(3) == rig.told(4) == [Pause(SUSPENDED, "pair")]
        assert [type(notice) for notice in rig.notifier.receive_nowait()] == [StrategyHalted, StrategyHalted]
        assert rig.conditions() == [(3, "pair", True), (4, "pair", True)]
        assert rig.book.paused(3) == {"pair": SUSPENDED}
        for _ in range(20):
            await rig.hears("market mode")
        assert len(rig.read_at) == 1
        await trio.sleep(3600)
        assert len(rig.read_at) < 12
        assert rig.told(3) == rig.told(1) == []
        assert not rig.notifier.receive_nowait()
        rig.sol(trouble="")
        await trio.sleep(6)
        await rig.hears("news")
        assert rig.told(3) == [Resume("pair")]
        assert rig.notifier.receive_nowait()[0] == StrategyResumed("sol", "SOL/USD")
        assert rig.conditions() == []
        assert rig.book.paused(3) == {}


async def test_a_pair_whose_orders_are_refused_rests_longer_each_time_it_is_tried_in_vain(
    autojump_clock: MockClock,
) -> None:
    rig = Rig()
    waits: list[float] = []
    async with rig.watching():
        for _ in range(9):
            await rig.hears("pair", "SOL trading restricted for US:WA.")
            await rig.hears("pair", "SOL trading restricted for US:WA.")
            begun = trio.current_time()
            [pause] = rig.told(3)
            assert isinstance(pause, Pause)
            assert "restricted for US:WA" in pause.reason
            assert await rig.strategies[3].receive() == [Resume("pair")]
            waits.append(round(trio.current_time() - begun, -2))
        assert rig.conditions()[0] == (3, "pair", True)
        assert sum(isinstance(notice, StrategyHalted) for notice in rig.notifier.receive_nowait()) == 2
        await trio.sleep(120)
        assert rig.conditions() == []
        assert isinstance(rig.notifier.receive_nowait()[0], StrategyResumed)
    assert waits[:3] == [600, 1200, 2400]
    assert waits[-1] == LONGEST_REFUSAL_SECONDS
    assert rig.told(1) == []


async def test_what_speaks_against_a_strategy_is_told_and_halts_only_those_who_cannot_hold_back(
    autojump_clock: MockClock,
) -> None:
    rig = Rig()
    rig.sol(pair=replace(SOL, min_volume=Decimal(3)))
    async with rig.watching():
        assert rig.told(3) == []
        assert rig.told(4) == [Pause("the amount is too small", "pair")]
        assert rig.conditions() == [(3, "minimum", False), (4, "minimum", True), (4, "pair", True)]
        told = rig.notifier.receive_nowait()
        assert "the amount is too small" in next(n.consequence for n in told if isinstance(n, PairChanged))
        rig.facts = dict(WELL)
        await rig.hears("minimum")
        assert rig.conditions() == []
        assert rig.told(4) == [RulesChanged(SOL, FEE), Resume("pair")]


async def test_a_failed_reading_is_repeated_and_ends_nothing(autojump_clock: MockClock) -> None:
    rig = Rig()
    async with rig.watching():
        rig.failure = ExchangeUnavailable("away")
        await rig.hears("rules")
        await trio.sleep(3600)
        assert rig.read_at[1:4] == [60, 180, 420]
        rig.failure = None
        rig.sol(trouble=SUSPENDED)
        await trio.sleep(600)
        assert rig.told(3) == [Pause(SUSPENDED, "pair")]


async def test_questions_that_find_nothing_become_rare(autojump_clock: MockClock) -> None:
    rig = Rig()
    async with rig.watching():
        for _ in range(3600):
            await rig.hears("rules")
            await trio.sleep(1)
    assert len(rig.read_at) < 16


class Exchange:
    """Tells that something was heard."""

    def __init__(self) -> None:
        self.forgotten = 0
        self.send, self.receive = trio.open_memory_channel[dict[str, str]](9)

    def forget_facts(self) -> None:
        """Count."""
        self.forgotten += 1

    async def pair_news(self) -> dict[str, str]:
        """What the test says."""
        return await self.receive.receive()


async def test_news_of_the_exchange_are_read_at_once_and_anew(autojump_clock: MockClock) -> None:
    rig, exchange = Rig(), Exchange()
    async with rig.watching(exchange):
        await trio.sleep(7)
        rig.sol(trouble=SUSPENDED)
        exchange.send.send_nowait({"SOL/USD": "cancel_only"})
        await wait_all_tasks_blocked()
        assert rig.told(3) == [Pause(SUSPENDED, "pair")]
        rig.sol(trouble="")
        exchange.send.send_nowait({"SOL/USD": "online"})
        await trio.sleep(6)
        assert rig.told(3) == [Resume("pair")]
    assert exchange.forgotten == 2
    assert rig.read_at == [7, 12]


async def test_what_is_known_outlives_a_connection(autojump_clock: MockClock) -> None:
    rig = Rig()
    async with rig.watching():
        pass
    rig.sol(pair=replace(SOL, min_volume=Decimal(1)), trouble=SUSPENDED)
    async with rig.watching():
        assert [type(mail) for mail in rig.told(3)] == [RulesChanged, Pause]


async def test_a_dear_fill_beside_a_stated_fee_asks_a_simulated_account_nothing(autojump_clock: MockClock) -> None:
    """Each fill of such a strategy is dear, and no answer would change the rate that it counts with."""
    rig = Rig([Watched(2, "fixed", "SOL/USD", FIXED, follows=True, simulated=True)])
    async with rig.watching():
        await rig.hears("fee", "a fill of 100 cost a fee of 1")
        await trio.sleep(60)
        assert rig.read_at == []
    rig = Rig()
    async with rig.watching():
        begun = trio.current_time()
        await rig.hears("fee", "a fill of 100 cost a fee of 1")
        await trio.sleep(60)
        assert [at - begun for at in rig.read_at] == [0]


async def test_a_dear_fill_beside_a_stated_fee_asks_what_a_real_account_pays(autojump_clock: MockClock) -> None:
    rig = Rig([Watched(2, "stated", "SOL/USD", DEAR, follows=True)])
    async with rig.watching():
        await rig.hears("fee", "a fill of 100 cost a fee of 1")
        assert rig.read_at == [0]


async def test_a_stated_fee_below_the_accounts_own_is_told_once_and_the_higher_counts(
    autojump_clock: MockClock,
) -> None:
    rig = Rig([Watched(1, "cheap", "BTC/USD", FIXED, follows=True), Watched(2, "dear", "SOL/USD", DEAR, follows=True)])
    async with rig.watching():
        assert rig.book.fees == {1: FEE, 2: DEAR}
        words = "fee states 0.1 %, the account pays 0.25 %: 0.25 % counts"
        assert rig.notifier.receive_nowait() == [PairChanged("cheap", "BTC/USD", "", words)]
        assert rig.conditions() == [(1, "stated fee", False)]
        await trio.sleep(2 * 3600)
        assert not rig.told(1)
        assert not rig.notifier.receive_nowait()


async def test_a_tier_that_changes_while_it_runs_moves_the_fee_but_never_below_the_stated_one(
    autojump_clock: MockClock,
) -> None:
    """Down: the stated one counts again, and nothing is wrong any more. Up: as at a start."""
    rig = Rig([Watched(1, "btc", "BTC/USD", FEE, follows=True)])
    async with rig.watching():
        assert rig.conditions() == []
        rig.facts["BTC/USD"] = PairFacts(BTC, DEAR, Decimal(61000))
        await trio.sleep(3601)
        assert rig.told(1) == [RulesChanged(BTC, DEAR)]
        assert rig.orders.receive_nowait() == [FactsChanged(1, BTC, DEAR)]
        assert rig.conditions() == [(1, "stated fee", False)]
        rig.facts["BTC/USD"] = PairFacts(BTC, FIXED, Decimal(61000))
        await trio.sleep(3600)
        assert rig.told(1) == [RulesChanged(BTC, FEE)]
        assert rig.conditions() == []
        assert [notice.changes for notice in rig.notifier.receive_nowait() if isinstance(notice, PairChanged)] == [
            "",
            "maker fee 0.25 % -> 0.4 %",
            "maker fee 0.4 % -> 0.25 %",
        ]


async def test_an_account_that_does_not_say_what_it_pays_pays_what_it_said_last(autojump_clock: MockClock) -> None:
    rig = Rig([Watched(1, "btc", "BTC/USD", FIXED, follows=True)])
    rig.facts["BTC/USD"] = PairFacts(BTC, None, None, SUSPENDED)
    async with rig.watching():
        assert rig.book.fees == {1: FIXED}, "it places nothing while its pair cannot be traded"
        assert rig.told(1) == [Pause(SUSPENDED, "pair")]
        rig.facts["BTC/USD"] = PairFacts(BTC, DEAR, None)
        await trio.sleep(61)
        assert rig.told(1) == [RulesChanged(BTC, DEAR), Resume("pair")], "the fee comes before the first order"
        rig.facts["BTC/USD"] = PairFacts(BTC, None, None)
        await trio.sleep(3601)
        assert rig.book.fees == {1: DEAR}
        assert not rig.told(1)


RATES = st.decimals(0, Decimal("0.05"), places=4)


@given(stated=st.none() | RATES, told=st.lists(st.none() | RATES, min_size=1, max_size=5))
def test_no_fee_with_real_money_is_below_the_stated_or_the_accounts_own(
    stated: Decimal | None, told: list[Decimal | None]
) -> None:
    rig = Rig([Watched(1, "btc", "BTC/USD", stated, follows=True)], now=lambda: 0)
    known: Decimal | None = None
    for fee in told:
        rig.book.take({"BTC/USD": PairFacts(BTC, fee, None)}, 0)
        known = known if fee is None else fee
        rates = [rate for rate in (stated, known) if rate is not None]
        assert rig.book.fees.get(1) == max(rates, default=None)
        too_low = stated is not None and known is not None and stated < known
        assert (rig.open.find(1, "stated fee") is not None) == too_low


@given(stated=RATES, own=st.none() | RATES)
def test_a_simulated_account_takes_the_stated_fee_as_it_is(stated: Decimal, own: Decimal | None) -> None:
    watched = Watched(1, "btc", "BTC/USD", stated, follows=True, simulated=True)
    assert watched.counting_fee(own) == stated
    assert not watched.asks_fee


class Quoting:
    """An exchange that tells bid and ask."""

    async def quote(self, symbol: str) -> Quote | None:
        return Quote(symbol, Decimal(1), Decimal(2))


async def test_bid_and_ask_of_a_doubted_price_reach_all_strategies_of_the_pair(autojump_clock: MockClock) -> None:
    rig = Rig()
    async with rig.watching(Quoting()):
        await rig.hears("price jump", symbol="BTC/USD")
        assert rig.told(1) == rig.told(2) == [Quote("BTC/USD", Decimal(1), Decimal(2))]
        assert rig.told(3) == []
        await trio.sleep(60)
    assert rig.read_at == []


async def test_a_doubted_price_is_nothing_to_ask_an_exchange_for_that_tells_no_bid_and_ask(
    autojump_clock: MockClock,
) -> None:
    rig = Rig()
    async with rig.watching():
        await rig.hears("price jump", symbol="BTC/USD")
        await trio.sleep(60)
    assert rig.told(1) == []
    assert rig.read_at == []


async def test_nothing_is_promised_about_orders_that_a_delisting_closes(autojump_clock: MockClock) -> None:
    rig = Rig()
    async with rig.watching():
        rig.sol(trouble="Kraken does not list SOL/USD any more")
        await rig.hears("market mode")
        halted = next(notice for notice in rig.notifier.receive_nowait() if isinstance(notice, StrategyHalted))
        assert "stay" not in halted.orders
        assert "none is cancelled by this program" in halted.orders
