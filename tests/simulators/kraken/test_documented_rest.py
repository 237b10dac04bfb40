"""The REST examples of the facts, reproduced."""

import json
from decimal import Decimal
from typing import Any

from simulators.kraken import wire
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.fees import Rates
from simulators.kraken.settings import PERMISSIONS
from tests.simulators.kraken.desk import START, Desk, settings, shape

ORDER: dict[str, Any] = wire.decode("""
{"refid":null,"userref":null,"cl_ord_id":"g1b0042a7","status":"canceled",
 "opentm":1790000001.118233,"starttm":0,"expiretm":0,
 "descr":{"pair":"XBTUSD","aclass":"forex","type":"buy","ordertype":"limit","price":"60000.0","price2":"0",
          "leverage":"none","order":"buy 0.00250000 XBTUSD @ limit 60000.0","close":""},
 "vol":"0.00250000","vol_exec":"0.00100000","cost":"60.00000","fee":"0.24000","price":"60000.0",
 "stopprice":"0.00000","limitprice":"0.00000","misc":"","oflags":"fciq,post",
 "trades":["TD4NV7-KQ2RC-L8XWPA"],"reason":"User requested","closetm":1790000055.402911}
""")
TRADE: dict[str, Any] = wire.decode("""
{"ordertxid":"OQ7KD2-XM4PL-9WTRZA","postxid":"TKH2SE-M7IF5-CFI7LT","pair":"XXBTZUSD","time":1790000020.551204,
 "type":"buy","ordertype":"limit","price":"60000.00000","cost":"60.00000","fee":"0.24000","vol":"0.00100000",
 "margin":"0.00000","leverage":"0","misc":"","trade_id":98111100,"maker":true,"ledgers":["LA2W4M-QZ7TD-KR5N8P"]}
""")
LEDGER: list[dict[str, Any]] = wire.decode("""
[{"refid":"TD4NV7-KQ2RC-L8XWPA","time":1790000020.5512,"type":"trade","subtype":"","aclass":"currency","asset":"ZUSD",
  "amount":"-60.0000","fee":"0.2400","balance":"939.7600"},
 {"refid":"TD4NV7-KQ2RC-L8XWPA","time":1790000020.5512,"type":"trade","subtype":"","aclass":"currency","asset":"XXBT",
  "amount":"0.0010000000","fee":"0.0000000000","balance":"0.0510000000"}]
""")
PAIR: dict[str, Any] = wire.decode("""
{"altname":"XBTUSD","wsname":"XBT/USD",
 "aclass_base":"currency","base":"XXBT","aclass_quote":"currency","quote":"ZUSD",
 "execution_venue":"international","lot":"unit",
 "cost_decimals":5,"pair_decimals":1,"lot_decimals":8,"lot_multiplier":1,
 "leverage_buy":[],"leverage_sell":[],
 "fees":[],"fees_maker":[],"fee_volume_currency":"ZUSD",
 "margin_call":80,"margin_stop":40,
 "ordermin":"0.00005","costmin":"0.5","tick_size":"0.1","status":"online"}
""")
VOLUME: dict[str, Any] = wire.decode("""
{"currency":"ZUSD","volume":"1204.1120","asset_class":"currency","inputs":{"domain_spot_volume_30d":"1204.1120"},
 "fees":{"XXBTZUSD":{"fee":"0.8000","minfee":"0.0500","maxfee":"0.8000","nextfee":"0.6000","tiervolume":"0.0000",
                     "nextvolume":"2500.0000"}},
 "fees_maker":{"XXBTZUSD":{"fee":"0.4000","minfee":"0.0000","maxfee":"0.4000","nextfee":"0.3000",
                           "tiervolume":"0.0000","nextvolume":"2500.0000"}}}
""")


def partly_filled_and_canceled() -> tuple[Desk, str]:
    """The story of the documented order."""
    desk = Desk()
    clock = desk.venue.clock
    clock.advance(1_118_233_000)
    txid = desk.buy(cl_ord_id="g1b0042a7", oflags="post", deadline="2026-09-21T14:13:31Z")
    clock.advance(20_551_204_000 - 1_118_233_000)
    desk.control.fill(txid, Decimal("0.001"))
    clock.advance(55_402_911_000 - 20_551_204_000)
    assert desk.result("CancelOrder", {"txid": txid}) == {"count": 1}
    return desk, txid


def test_an_order_that_was_partly_filled_and_then_canceled() -> None:
    desk, txid = partly_filled_and_canceled()
    expected = ORDER | {"trades": list(desk.venue.orders.get(txid).trades)}  # type: ignore[union-attr]
    assert desk.result("QueryOrders", {"txid": txid, "trades": "true"}) == {txid: expected}
    assert desk.result("ClosedOrders", {"trades": "true"}) == {"closed": {txid: expected}, "count": 1}
    assert desk.result("OpenOrders") == {"open": {}}


def test_its_trade() -> None:
    desk, txid = partly_filled_and_canceled()
    history = desk.result("TradesHistory", {"ledgers": "true"})
    [(name, trade)] = history["trades"].items()
    expected = TRADE | {"ordertxid": txid, "ledgers": trade["ledgers"], "trade_id": trade["trade_id"]}
    assert trade == expected
    assert history["count"] == 1
    assert name.startswith("T")
    assert len(trade["ledgers"]) == 2


def test_its_ledger_entries() -> None:
    desk, _ = partly_filled_and_canceled()
    ledgers = desk.result("Ledgers")
    [trade] = desk.venue.accounts["demo"].trades
    entries = list(ledgers["ledger"].values())
    assert entries == [entry | {"refid": trade.txid} for entry in LEDGER]
    assert ledgers["count"] == 2
    assert desk.result("Ledgers", {"asset": "XBT", "type": "trade"})["count"] == 1


def test_balances_after_it() -> None:
    desk, _ = partly_filled_and_canceled()
    assert desk.result("Balance") == {"ZUSD": "939.7600", "XXBT": "0.0510000000"}


def test_the_answers_to_placing() -> None:
    desk = Desk()
    fields = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "60000.0", "volume": "0.00250000"}
    answer = desk.private("AddOrder", fields)
    assert answer["result"]["descr"] == {"order": "buy 0.00250000 XBTUSD @ limit 60000.0"}
    [txid] = answer["result"]["txid"]
    assert [len(part) for part in txid.split("-")] == [6, 5, 6]
    assert txid.startswith("O")
    checked = desk.private("AddOrder", fields | {"validate": "true", "volume": "500"})
    assert checked == {"error": [], "result": {"descr": {"order": "buy 500.00000000 XBTUSD @ limit 60000.0"}}}


def test_a_json_body_does_the_same() -> None:
    desk = Desk()
    order = json.loads(
        '{"pair":"XBTUSD","type":"buy","ordertype":"limit","price":"60000.0","volume":"0.00250000",'
        '"oflags":"post","cl_ord_id":"g1b0042a7","deadline":"2026-09-21T14:13:31Z"}'
    )
    result = desk.private_json("AddOrder", order)["result"]
    [order_view] = desk.result("QueryOrders", {"txid": result["txid"][0]}).values()
    assert order_view["cl_ord_id"] == "g1b0042a7"
    assert order_view["oflags"] == "fciq,post"
    assert order_view["status"] == "open"


def test_a_batch_answers_in_order_and_lacking_funds_hit_single_orders() -> None:
    desk = Desk()
    order = {"type": "buy", "ordertype": "limit", "price": "60000.0", "volume": "0.00250000"}
    orders = [order, order | {"price": "59000.0", "volume": "5.00000000"}]
    result = desk.private_json("AddOrderBatch", {"pair": "XBTUSD", "orders": orders})["result"]
    good, bad = result["orders"]
    assert good["descr"] == {"order": "buy 0.00250000 XBTUSD @ limit 60000.0"}
    assert good["txid"] in desk.venue.orders.open
    assert bad == {
        "error": "EOrder:Insufficient funds",
        "descr": {"order": "buy 5.00000000 XBTUSD @ limit 59000.0"},
    }


def test_holds_are_shown_in_balance_ex_only() -> None:
    desk = Desk(settings(rates=Rates(Decimal(0), Decimal(0))))
    desk.buy("60000.0", "0.00250000")
    assert desk.result("BalanceEx") == {
        "ZUSD": {"balance": "1000.0000", "hold_trade": "150.0000"},
        "XXBT": {"balance": "0.0500000000", "hold_trade": "0.0000000000"},
    }


def test_what_the_account_pays() -> None:
    desk = Desk(settings(volume_30d=Decimal("1204.112")))
    assert desk.result("TradeVolume", {"pair": "XBTUSD"}) == VOLUME
    bare = desk.result("TradeVolume")
    assert (bare["fees"], bare["fees_maker"]) == (None, None)
    assert desk.result("TradeVolume", {"pair": "XBTUSD", "fee_schedule": "true"})["schedules"]["XXBTZUSD"]
    assert desk.private("TradeVolume", {"fee_schedule": "True"}) == {"error": ["EGeneral:Invalid arguments"]}


def test_status_and_time() -> None:
    desk = Desk()
    assert desk.public("SystemStatus")["result"] == {"status": "online", "timestamp": "2026-09-21T14:13:20Z"}
    assert desk.public("Time")["result"] == {"unixtime": 1790000000, "rfc1123": "Mon, 21 Sep 26 14:13:20 +0000"}


def test_assets_and_pairs() -> None:
    desk = Desk()
    assets = desk.public("Assets", asset="XBT,ZUSD")["result"]
    assert assets == {
        "XXBT": {
            "aclass": "currency",
            "altname": "XBT",
            "decimals": 10,
            "display_decimals": 5,
            "collateral_value": 1,
            "status": "enabled",
        },
        "ZUSD": {
            "aclass": "currency",
            "altname": "USD",
            "decimals": 4,
            "display_decimals": 2,
            "collateral_value": 1,
            "status": "enabled",
        },
    }
    for name in ("XXBTZUSD", "XBTUSD", "BTC/USD"):
        assert desk.public("AssetPairs", pair=name)["result"] == {"XXBTZUSD": PAIR}
    assert desk.public("AssetPairs", pair="XBT/USD") == {"error": ["EQuery:Unknown asset pair"]}
    assert "AAPLxUSD" not in desk.public("AssetPairs")["result"]
    assert set(desk.public("AssetPairs", aclass_base="tokenized_asset")["result"]) == {"AAPLxUSD"}


def test_the_ticker_pads_its_prices() -> None:
    desk = Desk()
    desk.control.price("BTC/USD", Decimal("61250.0"), volume=Decimal("0.0005"))
    result = desk.public("Ticker", pair="XBTUSD")["result"]["XXBTZUSD"]
    assert result["c"] == ["61250.00000", "0.00050000"]
    assert result["a"][0] == "61250.10000"
    assert result["b"][0] == "61250.00000"
    documented = wire.decode(
        '{"a":["61250.10000","1","1.000"],"b":["61250.00000","2","2.000"],"c":["61250.00000","0.00050000"],'
        '"v":["812.40118220","2210.77124091"],"p":["61010.22144","60888.91230"],"t":[30112,81240],'
        '"l":["60200.00000","59880.10000"],"h":["61800.00000","61800.00000"],"o":"60511.40000"}'
    )
    assert shape(result) == shape(documented)
    assert set(desk.public("Ticker")["result"]) == {"XXBTZUSD"}


def test_candles_of_quiet_minutes_are_flat() -> None:
    desk = Desk()
    desk.control.price("BTC/USD", Decimal("61240.0"), volume=Decimal("1.5"))
    desk.control.advance(Decimal(120))
    result = desk.public("OHLC", pair="XBTUSD", interval="1")["result"]
    rows = result["XXBTZUSD"]
    assert [row[0] for row in rows] == [1789999980, 1790000040, 1790000100]
    assert rows[0][1:5] == ["61250.0", "61250.0", "61240.0", "61240.0"]
    assert rows[1][1:] == ["61240.0", "61240.0", "61240.0", "61240.0", "0.0", "0.00000000", 0]
    assert result["last"] == 1790000040
    assert len(desk.public("OHLC", pair="XBTUSD", since="1790000040")["result"]["XXBTZUSD"]) == 1


def test_the_tape_can_be_paged() -> None:
    desk = Desk()
    for number in range(5):
        desk.venue.clock.advance(SECOND)
        desk.control.price("BTC/USD", Decimal(61000 + number), volume=Decimal("0.5"), side="buy")
    first = desk.public("Trades", pair="XBTUSD", since="0", count="3")["result"]
    assert [row[0] for row in first["XXBTZUSD"]] == ["61250.00000", "61000.00000", "61001.00000"]
    assert first["XXBTZUSD"][1][1:6] == ["0.50000000", 1790000001, "b", "m", ""]
    assert first["last"] == str(START + 2 * SECOND)
    rest = desk.public("Trades", pair="XBTUSD", since=first["last"])["result"]
    assert [row[0] for row in rest["XXBTZUSD"]] == ["61002.00000", "61003.00000", "61004.00000"]


def test_the_book_shows_quotes_and_client_orders() -> None:
    desk = Desk()
    desk.buy("60000.0", "0.01")
    book = desk.public("Depth", pair="XBTUSD", count="2")["result"]["XXBTZUSD"]
    assert book == {
        "asks": [["61250.10000", "1.000", 1790000000]],
        "bids": [["61250.00000", "1.000", 1790000000], ["60000.00000", "0.010", 1790000000]],
    }


def test_what_a_key_may_do() -> None:
    desk = Desk()
    info = desk.result("GetApiKeyInfo")
    assert info["permissions"] == sorted(PERMISSIONS)
    documented = wire.decode(
        '{"apiKeyName":"grid","apiKey":"x","nonce":"1790000001000000000","nonceWindow":0,"permissions":["query-funds"],'
        '"iban":"AA00 XXXX XXXX XXXX","validUntil":"0","queryFrom":"0","queryTo":"0","createdTime":"1770000000",'
        '"modifiedTime":"1770000000","ipAllowlist":[],"lastUsed":"1790000000"}'
    )
    assert shape(info) == shape(documented)


def test_a_token_for_the_sockets() -> None:
    result = Desk().result("GetWebSocketsToken")
    assert result["expires"] == 900
    assert len(result["token"]) == len("Zk3v0Qm7x1PpR8sT2uWyAbCdEfGhIjKlMnOpQrStUvW")


def test_the_dead_mans_switch() -> None:
    desk = Desk()
    desk.buy()
    armed = desk.result("CancelAllOrdersAfter", {"timeout": 60})
    assert armed == {"currentTime": "2026-09-21T14:13:20Z", "triggerTime": "2026-09-21T14:14:20Z"}
    desk.control.advance(Decimal(59))
    assert len(desk.result("OpenOrders")["open"]) == 1
    desk.control.advance(Decimal(1))
    [order] = desk.result("ClosedOrders")["closed"].values()
    assert order["reason"] == "CancelAllOrdersAfter Timeout"
    assert desk.result("CancelAllOrdersAfter", {"timeout": 0})["triggerTime"] == "0"
