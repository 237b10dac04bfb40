"""Names in all spellings, there and back."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchanges.kraken.wire.names import (
    LEGACY,
    PairName,
    PairTable,
    asset_id,
    common_asset,
    common_symbol,
    is_spendable,
    pair_name,
    spendable,
)


@pytest.mark.parametrize(
    ("spelling", "common"),
    [
        ("XXBT", "BTC"),
        ("XBT", "BTC"),
        ("BTC", "BTC"),
        ("XBT.F", "BTC"),
        ("XXDG", "DOGE"),
        ("XDG", "DOGE"),
        ("XETH", "ETH"),
        ("ETH.F", "ETH"),
        ("ETH2.S", "ETH2"),
        ("DOT28.S", "DOT"),
        ("ZUSD", "USD"),
        ("USD.F", "USD"),
        ("EUR.M", "EUR"),
        ("USDT", "USDT"),
        ("KFEE", "FEE"),
        ("AAPLx.T", "AAPLx"),
        ("AAPLx", "AAPLx"),
        ("SOL", "SOL"),
        *[
            (name, name)
            for name in ["XAUT", "XION", "XNAP", "XTER", "ZAMA", "ZBCN", "ZETA", "ZEUS", "ZORA", "XRP", "ZEC"]
        ],
    ],
)
def test_every_spelling_of_an_asset_has_one_common_name(spelling: str, common: str) -> None:
    assert common_asset(spelling) == common


@pytest.mark.parametrize(
    ("name", "free"),
    [(name, True) for name in ("XXBT", "XBT.F", "AAPLx.T", "BRK.Bx", "BRK.Bx.T")]
    + [(name, False) for name in ("XBT.B", "DOT.S", "DOT04.S", "DOT28.S", "ETH2.S", "XBT.M", "DOT.P", "USD.HOLD")]
    + [(name, False) for name in ("DOT.X", "DOT.NEW2")],
)
def test_what_is_staked_or_held_cannot_be_spent(name: str, free: bool) -> None:
    assert is_spendable(name) is free


def test_all_spellings_of_one_asset_are_summed() -> None:
    rows = {"XXBT": Decimal("0.05"), "XBT.F": Decimal("0.02"), "XBT.M": Decimal(9), "ZUSD": Decimal(1)}
    assert spendable(rows) == {"BTC": Decimal("0.07"), "USD": Decimal(1)}


@given(st.sampled_from(sorted({common_asset(name) for name in LEGACY} | {"SOL", "AAPLx", "USDT", "XAUT"})))
def test_the_id_of_an_asset_leads_back_to_it(asset: str) -> None:
    assert common_asset(asset_id(asset)) == asset


@given(st.text("ABCXZ0189x./", max_size=12))
def test_a_common_name_is_its_own_common_name(name: str) -> None:
    once = common_asset(name)
    if "." not in once:
        assert common_asset(once) in {once, common_asset(once)}
        assert common_asset(common_asset(once)) == common_asset(once)


TABLE = PairTable(
    [
        pair_name("XXBTZUSD", "XBTUSD", "XXBT", "ZUSD"),
        pair_name("XETHZEUR", "ETHEUR", "XETH", "ZEUR"),
        pair_name("XBTUSDT", "XBTUSDT", "XXBT", "USDT"),
        pair_name("SOLUSD", "SOLUSD", "SOL", "ZUSD"),
        pair_name("AAPLxUSD", "AAPLxUSD", "AAPLx", "ZUSD"),
    ]
)


@pytest.mark.parametrize("name", ["XXBTZUSD", "XBTUSD", "XBT/USD", "BTC/USD", "XXBT/ZUSD"])
def test_a_pair_is_found_by_any_of_its_names(name: str) -> None:
    assert TABLE.find(name) == PairName("XXBTZUSD", "XBTUSD", "BTC/USD")


def test_mixed_and_tokenized_pairs_have_common_symbols() -> None:
    assert TABLE.symbols == ["BTC/USD", "ETH/EUR", "BTC/USDT", "SOL/USD", "AAPLx/USD"]
    assert TABLE.symbol("XBTUSDT") == "BTC/USDT"


def test_an_unknown_pair_is_passed_through() -> None:
    assert TABLE.find("NOPEUSD") is None
    assert TABLE.symbol("NOPEUSD") == "NOPEUSD"
    assert common_symbol("XBT/USD") == "BTC/USD"
