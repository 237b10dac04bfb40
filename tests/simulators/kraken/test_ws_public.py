"""Subscriptions on the public WebSocket."""

from decimal import Decimal

from simulators.kraken import wire
from tests.simulators.kraken.desk import Desk, Socket, shape


def test_the_documented_ticker() -> None:
    desk = Desk()
    socket = Socket(desk, private=False)
    ack, snapshot = socket.ask("subscribe", 7, channel="ticker", symbol=["BTC/USD"], event_trigger="bbo", snapshot=True)
    assert ack["req_id"] == 7
    assert (ack["result"]["channel"], ack["result"]["symbol"], ack["result"]["snapshot"]) == ("ticker", "BTC/USD", True)
    documented = wire.decode(
        '{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":61250.0,"bid_qty":2.11,"ask":61250.1,'
        '"ask_qty":1.2,"last":61250.0,"volume":2210.7,"vwap":60888.9,"low":59880.1,"high":61800.0,"change":812.5,'
        '"change_pct":1.34,"timestamp":"2026-09-21T14:13:20.551204Z"}]}'
    )
    assert shape(snapshot) == shape(documented)
    desk.control.price("BTC/USD", Decimal("61862.5"))
    [update] = socket.heard
    row = update["data"][0]
    assert update["type"] == "update"
    assert (row["bid"], row["ask"], row["change"]) == (Decimal("61862.5"), Decimal("61862.6"), Decimal("612.5"))
    assert str(row["change_pct"]) == "1.00"


def test_the_trigger_says_whether_quotes_or_trades_count() -> None:
    desk = Desk()
    by_quote, by_trade = Socket(desk, private=False), Socket(desk, private=False)
    by_quote.ask("subscribe", channel="ticker", symbol=["BTC/USD"], event_trigger="bbo")
    by_trade.ask("subscribe", channel="ticker", symbol=["BTC/USD"])
    desk.control.quote("BTC/USD", Decimal("61249.0"), Decimal("61251.0"))
    assert (len(by_quote.heard), len(by_trade.heard)) == (1, 0)
    desk.control.price("BTC/USD", Decimal("61250.0"), bid=Decimal("61249.0"), ask=Decimal("61251.0"))
    assert (len(by_quote.heard), len(by_trade.heard)) == (1, 1)


def test_one_ack_per_symbol_and_part_of_the_list_can_fail() -> None:
    socket = Socket(Desk(), private=False)
    frames = socket.ask("subscribe", 8, channel="ticker", symbol=["BTC/USD", "XBT/EUR", "ETH/USD"])
    acks = [frame for frame in frames if "method" in frame]
    assert [(ack["req_id"], ack["success"]) for ack in acks] == [(8, True), (8, False), (8, True)]
    assert acks[1] == {
        "method": "subscribe",
        "req_id": 8,
        "error": "Currency pair not supported XBT/EUR",
        "success": False,
        "symbol": "XBT/EUR",
    }
    # Nothing was ever traded in ETH/USD, so there is no snapshot of it.
    assert [frame["channel"] for frame in frames if "channel" in frame] == ["ticker"]


def test_bad_channels_and_requests() -> None:
    socket = Socket(Desk(), private=False)
    [refused] = socket.ask("subscribe", 9, channel="tickers", symbol=["BTC/USD"])
    assert refused == {"method": "subscribe", "req_id": 9, "error": "Subscription name invalid", "success": False}
    assert socket.ask("subscribe", channel="ticker")[0]["error"] == "EGeneral:Invalid arguments:symbol"
    assert socket.ask("add_order")[0]["error"] == "EGeneral:Unknown method"
    assert socket.ask("ping", 1) == [{"method": "pong", "req_id": 1}]


def test_trades_with_and_without_snapshot() -> None:
    desk = Desk()
    socket, other = Socket(desk, private=False), Socket(desk, private=False)
    assert len(socket.ask("subscribe", channel="trade", symbol=["BTC/USD"])) == 1
    _, snapshot = other.ask("subscribe", channel="trade", symbol=["BTC/USD"], snapshot=True)
    assert len(snapshot["data"]) == 1
    desk.control.price("BTC/USD", Decimal("61250.0"), volume=Decimal("0.0005"), side="sell")
    [update] = socket.heard
    [row] = update["data"]
    assert row == {
        "symbol": "BTC/USD",
        "side": "sell",
        "price": 61250,
        "qty": Decimal("0.0005"),
        "ord_type": "market",
        "trade_id": row["trade_id"],
        "timestamp": "2026-09-21T14:13:20.000000Z",
    }
    socket.ask("unsubscribe", channel="trade", symbol=["BTC/USD"])
    desk.control.price("BTC/USD", Decimal("61251.0"))
    assert len(socket.heard) == 1
    assert not socket.session.subscribed()


def test_instruments_are_an_object_and_status_changes_are_pushed() -> None:
    desk = Desk()
    socket = Socket(desk, private=False)
    _, snapshot = socket.ask("subscribe", channel="instrument")
    pair = next(row for row in snapshot["data"]["pairs"] if row["symbol"] == "BTC/USD")
    assert pair == wire.decode(
        '{"symbol":"BTC/USD","base":"BTC","quote":"USD","status":"online","qty_precision":8,"qty_increment":1e-08,'
        '"qty_min":0.00005,"price_precision":1,"price_increment":0.1,"tick_size":0.1,"cost_precision":5,"cost_min":0.5,'
        '"marginable":false,"has_index":true}'
    )
    assert not any(row["symbol"] == "AAPLx/USD" for row in snapshot["data"]["pairs"])
    desk.control.pair_status("BTC/USD", "post_only")
    desk.control.pair_status("AAPLx/USD", "post_only")
    [update] = socket.heard
    assert [(row["symbol"], row["status"]) for row in update["data"]["pairs"]] == [("BTC/USD", "post_only")]
    assert update["data"]["assets"] == []
