"""The account against what its stream told."""

from decimal import Decimal

import trio
from trio.testing import MockClock

from adapters.exchanges.kraken.drift import EVERY_SECONDS, FIRST_SECONDS, LAG_SECONDS, differences
from adapters.interfaces import ExchangeUnavailable
from tests.adapters.exchanges.kraken.support import Message, RestTable, make_account, opened


def rows(usd: str, btc: str = "0.0500000000") -> Message:
    """BalanceEx; the stream's snapshot has 1000 USD and 0.05 BTC."""
    return {
        "ZUSD": {"balance": usd, "hold_trade": "150.0000"},
        "XXBT": {"balance": "0.0100000000", "hold_trade": "0"},
        "XBT.F": {"balance": str(Decimal(btc) - Decimal("0.01")), "hold_trade": "0"},
        "SOL": {"balance": "3.0", "hold_trade": "0"},
    }


async def test_equal_balances_are_asked_for_now_and_once_an_hour(autojump_clock: MockClock) -> None:
    rest = RestTable(BalanceEx=rows("1000.0000"))
    async with opened(rest) as rig:
        await trio.sleep(2 * EVERY_SECONDS + FIRST_SECONDS + 1)
        assert len(rest.asked("BalanceEx")) == 3
        await rig.session.snapshot()


async def test_a_difference_within_the_lag_of_rest_is_none(autojump_clock: MockClock) -> None:
    async with opened(RestTable(BalanceEx=[rows("900.0000"), rows("1000.0000")])) as rig:
        await trio.sleep(FIRST_SECONDS + LAG_SECONDS + 1)
        await rig.session.snapshot()


async def test_a_lasting_difference_ends_the_session_once(autojump_clock: MockClock) -> None:
    rest = RestTable(BalanceEx=rows("900.0000"))
    account = make_account(rest)
    async with opened(rest, account=account) as rig:
        await trio.sleep(LAG_SECONDS)
        failure = await rig.failure()
    assert isinstance(failure, ExchangeUnavailable)
    assert str(failure) == "the account differs from what its stream told by -100.0000 USD"
    async with opened(rest, account=account) as rig:
        await trio.sleep(2 * LAG_SECONDS)
        await rig.session.snapshot()


async def test_balances_that_cannot_be_asked_for_end_nothing(autojump_clock: MockClock) -> None:
    async with opened(RestTable(BalanceEx="EService:Unavailable")) as rig:
        await trio.sleep(EVERY_SECONDS)
        await rig.session.snapshot()


def test_roundings_and_unknown_assets_are_no_differences() -> None:
    told = {"USD": Decimal(1000), "BTC": Decimal(0)}
    shown = {"USD": Decimal("1000.0009"), "SOL": Decimal(3), "BTC": Decimal("0.00000001")}
    assert differences(shown, told) == {"BTC": Decimal("0.00000001")}
