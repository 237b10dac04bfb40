"""The account against what its stream told."""

from decimal import Decimal

import pytest
import trio
from trio.testing import MockClock

from adapters.exchanges.kraken.reconciliation.balance_check import (
    EVERY_SECONDS,
    FIRST_SECONDS,
    LAG_SECONDS,
    differences,
)
from messages.account import AccountBalances
from tests.adapters.exchanges.kraken.support import Message, RestTable, make_account, opened, private_rest
from trading.ports import ExchangeUnavailable


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
    assert str(failure) == "the account differs from its stream by -100.0000 USD"
    async with opened(rest, account=account) as rig:
        await trio.sleep(2 * LAG_SECONDS)
        await rig.session.snapshot()


def entry(kind: str, amount: str, refid: str, fee: str = "0", asset: str = "ZUSD", at: int = 1_790_000_030) -> Message:
    """A row of Ledgers, half a minute after the start."""
    return {"refid": refid, "time": at, "type": kind, "asset": asset, "amount": amount, "fee": fee, "balance": "1"}


async def test_other_activity_that_the_ledger_explains_is_taken_over(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = {"L2": entry("withdrawal", "-70", "RW", "0.5"), "L1": entry("conversion", "-29.5", "RC")}
    rest = RestTable(BalanceEx=rows("900.0000"), Ledgers={"ledger": {**ledger, "LX": None}})
    async with opened(rest) as rig:
        await trio.sleep(LAG_SECONDS)
        assert await rig.events(1) == [AccountBalances({"USD": Decimal("900.0000")})]
        await trio.sleep(EVERY_SECONDS + 2 * LAG_SECONDS)
        await rig.session.snapshot()
        usd = {"asset": "USD", "balance": "880.0000", "ref_id": "R9", "type": "withdrawal", "amount": "-20"}
        await rig.far.channel("balances", usd)
        assert await rig.events(1) == [AccountBalances({"USD": Decimal("880.0000")})]
    (line,) = [message for message in caplog.messages if "other activity" in message]
    assert "-100.0000 USD" in line
    assert "withdrawal of -70 USD less a fee of 0.5 (ledger entry L2, refid RW)" in line
    assert "conversion of -29.5 USD (ledger entry L1, refid RC)" in line
    assert len(rest.asked("Ledgers")) == 1


async def test_a_trade_that_was_missed_ends_the_session_and_is_named(autojump_clock: MockClock) -> None:
    ledger = {"L1": entry("trade", "-99", "TX", "1")}
    async with opened(RestTable(BalanceEx=rows("900.0000"), Ledgers={"ledger": ledger})) as rig:
        await trio.sleep(LAG_SECONDS)
        failure = await rig.failure()
    assert "by -100.0000 USD, by trade of -99 USD less a fee of 1 (ledger entry L1, refid TX)" in str(failure)


async def test_what_the_stream_has_told_explains_nothing(autojump_clock: MockClock) -> None:
    rest = RestTable(BalanceEx=rows("900.0000"), Ledgers={"ledger": {"L1": entry("withdrawal", "-100", "R1")}})
    async with opened(rest) as rig:
        told = {"asset": "USD", "balance": "1000.0000", "ref_id": "R1", "type": "withdrawal", "amount": "-100"}
        await rig.far.channel("balances", told)
        await trio.sleep(LAG_SECONDS)
        assert str(await rig.failure()) == "the account differs from its stream by -100.0000 USD"


async def test_what_a_resync_does_not_change_is_lived_with(autojump_clock: MockClock) -> None:
    """Also when it has grown meanwhile; what the account has less is not spent."""
    account = make_account(RestTable())
    for usd, ends in (("900.0000", True), ("900.0000", False), ("890.0000", False)):
        rest = RestTable(BalanceEx=rows(usd))
        account.rest = private_rest(rest)
        async with opened(rest, account=account) as rig:
            await trio.sleep(LAG_SECONDS)
            if ends:
                assert isinstance(await rig.failure(), ExchangeUnavailable)
            else:
                assert await rig.events(1) == [AccountBalances({"USD": Decimal(usd)})]
                assert await rig.quiet(2 * LAG_SECONDS)


@pytest.mark.parametrize("row", [None, {}, {"balance": None}, {"balance": "NaN"}, {"balance": "x"}, 7])
async def test_an_odd_row_hides_only_its_asset(autojump_clock: MockClock, row: object) -> None:
    table = {**rows("900.0000"), "ZUSD": row, "DOGE": row, "USD.F": {"balance": "1"}}
    async with opened(RestTable(BalanceEx=table)) as rig:
        await trio.sleep(2 * LAG_SECONDS)
        await rig.session.snapshot()
    async with opened(RestTable(BalanceEx={**rows("900.0000"), "DOGE": row})) as rig:
        await trio.sleep(LAG_SECONDS)
        assert "-100.0000 USD" in str(await rig.failure())


@pytest.mark.parametrize("variant", ["BTC.B", "XBT.B", "XBT.M", "XBT.S", "XBT28.S", "XBT.P", "XBT.HOLD", "XBT.NEW"])
async def test_what_is_staked_is_no_difference(autojump_clock: MockClock, variant: str) -> None:
    """In any spelling and on both sides; nor are fee credits and a line of credit."""
    row = {"balance": "9", "credit": "100", "credit_used": "50", "hold_trade": "0"}
    usd = {"balance": "1000", "credit": "5000", "credit_used": "0"}
    table = {**rows("1000"), "ZUSD": usd, variant: row, "KFEE": {"balance": "120"}}
    holdings = [
        {"asset": "USD", "balance": "1000"},
        {"asset": "BTC", "balance": "0.05"},
        {"asset": variant, "balance": "9"},
    ]
    async with opened(RestTable(BalanceEx=table), holdings=holdings) as rig:
        snapshot = await rig.session.snapshot()
        assert snapshot.balances == {"USD": 1000, "BTC": Decimal("0.05")}
        assert await rig.quiet(2 * LAG_SECONDS)


async def test_balances_that_cannot_be_asked_for_end_nothing(autojump_clock: MockClock) -> None:
    async with opened(RestTable(BalanceEx="EService:Unavailable")) as rig:
        await trio.sleep(EVERY_SECONDS)
        await rig.session.snapshot()


def test_roundings_and_unknown_assets_are_no_differences() -> None:
    told = {"USD": Decimal(1000), "BTC": Decimal(0)}
    shown = {"USD": Decimal("1000.0009"), "SOL": Decimal(3), "BTC": Decimal("0.00000001")}
    assert differences(shown, told) == {"BTC": Decimal("0.00000001")}
