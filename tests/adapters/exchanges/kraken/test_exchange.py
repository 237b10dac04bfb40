"""How an account is opened from a configuration, and what it says of pairs, fees and prices."""

import logging
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace
from trio.testing import MockClock

from adapters.exchanges.kraken.account.permissions import NEEDED
from adapters.exchanges.kraken.exchange import Surroundings, connect
from config.problems import ConfigError
from messages.money import Pair
from tests.adapters.exchanges.kraken.kraken_config import configured
from tests.adapters.exchanges.kraken.support import START, Message, Peer, RestTable, wall
from trading.ports import BotStateError, ExchangeUnavailable, PairUnavailable, in_lock_step

PAIR: Message = {
    "altname": "XBTUSD",
    "wsname": "XBT/USD",
    "base": "XXBT",
    "quote": "ZUSD",
    "cost_decimals": 5,
    "pair_decimals": 1,
    "lot_decimals": 8,
    "fees": [],
    "fees_maker": [],
    "ordermin": "0.00005",
    "costmin": "0.5",
    "tick_size": "0.1",
    "status": "online",
}
SPARSE: Message = {"altname": "SOLUSD", "base": "SOL", "quote": "ZUSD", "pair_decimals": 2, "lot_decimals": 8}
STOCK: Message = {"altname": "AAPLxUSD", "base": "AAPLx", "quote": "ZUSD", "pair_decimals": 2, "lot_decimals": 8}


def listed(body: Message) -> Message:
    """AssetPairs."""
    if body.get("aclass_base") == "tokenized_asset":
        return {"AAPLxUSD": STOCK}
    return {"XXBTZUSD": PAIR, "SOLUSD": SPARSE}


def table(**answers: object) -> RestTable:
    """A Kraken that answers everything."""
    usual = {
        "Time": {"unixtime": START // 10**9},
        "AssetPairs": listed,
        "GetApiKeyInfo": {"permissions": list(NEEDED)},
        "TradeVolume": {"fees_maker": {"XXBTZUSD": {"fee": "0.2600"}}},
        "Ticker": {"XXBTZUSD": {"c": ["61250.00000", "0.1"]}},
    }
    return RestTable(**{**usual, **answers})


def world(rest: RestTable) -> Surroundings:
    """No network."""
    return Surroundings(wall, Peer().dial, rest.transport)


async def test_pairs_fees_and_prices_come_from_kraken(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with connect(configured(tmp_path), "c.toml", world(table())) as exchange:
        assert (exchange.simulated, in_lock_step(exchange)) == (False, False)
        assert await exchange.pair("BTC/USD") == Pair(
            "BTC/USD", Decimal("0.1"), 8, 5, Decimal("0.00005"), Decimal("0.5")
        )
        assert await exchange.maker_fee("BTC/USD") == Decimal("0.0026")
        assert await exchange.last_price("BTC/USD") == Decimal("61250.00000")
        assert exchange.market_open("BTC/USD")
    assert list(tmp_path.iterdir()) == [tmp_path / "grid.duckdb.nonce"]


async def test_what_kraken_leaves_out_follows_from_the_decimals(tmp_path: Path, autojump_clock: MockClock) -> None:
    rest = table(TradeVolume={"fees": None}, Ticker={})
    async with connect(configured(tmp_path, symbol="SOL/USD"), "c.toml", world(rest)) as exchange:
        assert (await exchange.pair("SOL/USD")).tick_size == Decimal("0.01")
        assert await exchange.maker_fee("SOL/USD") == Decimal("0.0040")
        assert await exchange.last_price("SOL/USD") is None


async def test_tokenized_pairs_are_asked_for_when_they_are_traded(tmp_path: Path, autojump_clock: MockClock) -> None:
    rest = table()
    async with connect(configured(tmp_path, symbol="AAPLx/USD"), "c.toml", world(rest)) as exchange:
        assert (await exchange.pair("AAPLx/USD")).lot_decimals == 8
        await exchange.last_price("AAPLx/USD")
    assert rest.asked("Ticker") == [{"pair": "AAPLxUSD", "asset_class": "tokenized_asset"}]


async def test_one_listing_without_a_traded_pair_does_not_end_the_start(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    rest = table(AssetPairs=[{"SOLUSD": SPARSE}, {"AAPLxUSD": STOCK}, listed({})])
    async with connect(configured(tmp_path), "c.toml", world(rest)) as exchange:
        assert (await exchange.pair("BTC/USD")).tick_size == Decimal("0.1")
    assert len(rest.asked("AssetPairs")) == 3


@pytest.mark.parametrize(
    ("symbol", "hint"), [("XBT/USD", '"BTC/USD"'), ("XXBT/ZUSD", '"BTC/USD"'), ("sol/usd", 'Did you mean "SOL/USD"')]
)
async def test_another_spelling_or_an_unknown_pair_is_a_configuration_error(
    tmp_path: Path, symbol: str, hint: str, autojump_clock: MockClock
) -> None:
    async with connect(configured(tmp_path, symbol=symbol), "c.toml", world(table())) as exchange:
        with pytest.raises(ConfigError, match=hint):
            await exchange.pair(symbol)


async def test_a_key_that_may_withdraw_is_refused(tmp_path: Path, autojump_clock: MockClock) -> None:
    rest = table(GetApiKeyInfo={"permissions": [*NEEDED, "withdraw-funds"]})
    with pytest.raises(BotStateError, match="withdraw"):
        async with connect(configured(tmp_path), "c.toml", world(rest)):
            pass


async def test_missing_keys_are_told_before_anything_is_asked(tmp_path: Path) -> None:
    rest = table()
    with pytest.raises(ConfigError, match="dry_run"):
        async with connect(configured(tmp_path, keys=False), "c.toml", world(rest)):
            pass
    assert rest.calls == []


@pytest.mark.parametrize("url", ["http://kraken.example", "http://10.0.0.1:80"])
async def test_keys_never_travel_in_plain_text(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="https://"):
        async with connect(configured(tmp_path, rest_url=url), "c.toml", world(table())):
            pass


async def test_a_kraken_that_is_away_is_unavailable(tmp_path: Path, autojump_clock: MockClock) -> None:
    with pytest.raises(ExchangeUnavailable, match="Kraken Time"):
        async with connect(configured(tmp_path), "c.toml", world(table(Time="EService:Unavailable"))):
            pass


async def test_forty_questions_are_one_and_a_change_is_read_once_it_may_have_come(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    suspended = {**PAIR, "status": "cancel_only"}
    rest = table(AssetPairs=[listed({}), {"XXBTZUSD": suspended}, {"XXBTZUSD": {**PAIR, "lot_decimals": None}}, {}])
    async with connect(configured(tmp_path), "c.toml", world(rest)) as exchange:
        for _ in range(40):
            await exchange.pair("BTC/USD")
            await exchange.maker_fee("BTC/USD")
            await exchange.last_price("BTC/USD")
        assert [len(rest.asked(name)) for name in ("AssetPairs", "TradeVolume", "Ticker")] == [1, 1, 1]
        exchange.forget_facts()
        with pytest.raises(PairUnavailable, match="cancel_only") as suspension:
            await exchange.pair("BTC/USD")
        assert suspension.value.pair is not None
        assert rest.asked("AssetPairs")[-1] == {"pair": "XXBTZUSD"}
        assert not exchange.market_open("BTC/USD")
        exchange.forget_facts()
        with pytest.raises(PairUnavailable, match="lot_decimals is missing"):
            await exchange.pair("BTC/USD")
        exchange.forget_facts()
        with pytest.raises(PairUnavailable, match="does not list BTC/USD any more"):
            await exchange.pair("BTC/USD")


@pytest.mark.parametrize("odd", [None, {}, 5, {"base": None}, {"base": "SOL", "quote": "ZUSD", "lot_decimals": "x"}])
async def test_odd_rows_of_pairs_that_nobody_trades_do_not_matter(
    tmp_path: Path, odd: object, autojump_clock: MockClock
) -> None:
    rows = {"ODDUSD": odd, "XXBTZUSD": PAIR}
    fees = {"fees_maker": {"ODDUSD": odd, "XXBTZUSD": {"fee": "0.2600"}}}
    ticker = {"ODDUSD": odd, "XXBTZUSD": {"c": ["61250.0", "1"]}}
    rest = table(AssetPairs=rows, TradeVolume=fees, Ticker=ticker)
    async with connect(configured(tmp_path), "c.toml", world(rest)) as exchange:
        assert (await exchange.pair("BTC/USD")).lot_decimals == 8
        assert await exchange.maker_fee("BTC/USD") == Decimal("0.0026")


async def test_the_proxy_is_told_once_and_above_all_where_not_all_goes_through_it(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "infinity_grid.kraken")
    for name in ("all_proxy", "ALL_PROXY", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:planted@told-once.example:3128")
    config = configured(tmp_path)
    away = replace(config.exchange, rest_url="", ws_url="", ws_auth_url="")
    for excepted in ("", "ws-auth.kraken.com", "ws-auth.kraken.com"):
        monkeypatch.setenv("NO_PROXY", excepted)
        async with connect(replace(config, exchange=away), "c.toml", world(table())):
            pass
    through = "through the proxy told-once.example:3128 (HTTPS_PROXY)"
    assert [(r.levelname, r.message) for r in caplog.records if "told-once" in r.message] == [
        ("INFO", f"Kraken: REST, market data and orders: {through}"),
        ("WARNING", f"Kraken: REST and market data: {through}; orders: directly"),
    ]
