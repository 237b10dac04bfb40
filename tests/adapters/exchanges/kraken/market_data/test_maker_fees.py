"""One question about fees for all pairs, and what one pair's trouble means for the others."""

from collections.abc import Callable
from decimal import Decimal

import pytest
import trio
from trio.testing import MockClock

from adapters.exchanges.kraken.market_data.maker_fees import FALLBACK_MAKER_FEE, Fees
from adapters.exchanges.kraken.wire.names import PairName
from tests.adapters.exchanges.kraken.support import NAMES, Message, RestTable, private_rest
from trading.ports import BotStateError, ExchangeUnavailable, PairUnavailable

SYMBOLS = ("BTC/USD", "ETH/USD")
ROWS = {"XXBTZUSD": {"fee": "0.2500"}, "XETHZEUR": None, "XETHZUSD": {"fee": "0.3000"}}


def fees(answer: object) -> tuple[Fees, RestTable]:
    """Of two pairs."""
    table = RestTable(TradeVolume=answer)
    pairs: list[PairName] = [pair for symbol in SYMBOLS if (pair := NAMES.find(symbol))]
    return Fees(private_rest(table), NAMES, lambda: pairs), table


def refusing(pair: str, text: str) -> Callable[[Message], object]:
    """Whoever asks for that pair is refused."""
    return lambda body: text if pair in body["pair"].split(",") else {"fees_maker": {"XXBTZUSD": {"fee": "0.2500"}}}


async def test_many_strategies_on_two_pairs_cost_one_question_a_minute(autojump_clock: MockClock) -> None:
    of, table = fees({"fees_maker": ROWS})
    for _ in range(40):
        assert [await of.rate(symbol) for symbol in SYMBOLS] == [Decimal("0.0025"), Decimal("0.003")]
    assert [body["pair"] for body in table.asked("TradeVolume")] == ["XXBTZUSD,XETHZUSD"]
    await trio.sleep(60)
    await of.rate("BTC/USD")
    of.forget()
    await of.rate("BTC/USD")
    assert len(table.asked("TradeVolume")) == 3


@pytest.mark.parametrize("text", ["EQuery:Unknown asset pair", "EGeneral:Invalid arguments", "EAPI:Bad request"])
async def test_when_one_question_for_all_is_refused_each_pair_is_asked_for_by_itself(
    text: str, autojump_clock: MockClock
) -> None:
    alone = refusing("XETHZUSD", "EQuery:Unknown asset pair")
    of, _ = fees(lambda body: text if "," in body["pair"] else alone(body))
    assert await of.rate("BTC/USD") == Decimal("0.0025")
    assert await of.rate("ETH/USD") == FALLBACK_MAKER_FEE


async def test_what_the_owner_states_is_assumed_where_kraken_does_not_say(autojump_clock: MockClock) -> None:
    of, _ = fees(refusing("XETHZUSD", "EQuery:Unknown asset pair"))
    of._stated = {"ETH/USD": Decimal("0.0022"), "BTC/USD": Decimal("0.0001")}.get
    assert await of.rate("ETH/USD") == Decimal("0.0022")
    assert await of.rate("BTC/USD") == Decimal("0.0025")


async def test_a_pair_that_the_account_must_not_trade_is_unavailable_and_the_other_is_not(
    autojump_clock: MockClock,
) -> None:
    of, _ = fees(refusing("XETHZUSD", "EAccount:Invalid permissions:ETH trading restricted for US:WA."))
    assert await of.rate("BTC/USD") == Decimal("0.0025")
    with pytest.raises(PairUnavailable, match="restricted for US:WA"):
        await of.rate("ETH/USD")


async def test_a_fee_that_is_not_told_any_more_stays_as_it_was(autojump_clock: MockClock) -> None:
    of, _ = fees([{"fees_maker": ROWS}, {"fees_maker": {"XXBTZUSD": {"fee": "much"}, "XETHZUSD": {"fee": None}}}])
    await of.rate("BTC/USD")
    of.forget()
    assert [await of.rate(symbol) for symbol in SYMBOLS] == [Decimal("0.0025"), Decimal("0.003")]


async def test_trouble_of_the_account_is_no_pairs_trouble(autojump_clock: MockClock) -> None:
    of, _ = fees("EGeneral:Permission denied")
    with pytest.raises(BotStateError):
        await of.rate("BTC/USD")
    of, _ = fees("EService:Unavailable")
    with pytest.raises(ExchangeUnavailable):
        await of.rate("BTC/USD")
