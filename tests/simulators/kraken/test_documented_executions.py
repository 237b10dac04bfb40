"""The executions and balances examples of the facts, reproduced."""

from decimal import Decimal
from typing import Any

from simulators.kraken import wire
from tests.simulators.kraken.desk import Desk, Message, Socket, settings

LIFE: list[dict[str, Any]] = wire.decode("""[
{"channel":"executions","type":"update","sequence":2,"data":[{"order_id":"OQ7KD2-XM4PL-9WTRZA","cl_ord_id":"g1b0042a7",
 "symbol":"BTC/USD","order_qty":0.00250000,"cum_cost":0.0,"time_in_force":"GTC","exec_type":"pending_new","side":"buy",
 "order_type":"limit","limit_price_type":"static","limit_price":60000.0,"stop_price":0.0,"post_only":true,
 "order_status":"pending_new","fee_usd_equiv":0.0,"fee_ccy_pref":"fciq","timestamp":"2026-09-21T14:13:21.118233Z"}]},
{"channel":"executions","type":"update","sequence":3,"data":[{"timestamp":"2026-09-21T14:13:21.118233Z",
 "order_status":"new","exec_type":"new","cl_ord_id":"g1b0042a7","post_only":true,"order_id":"OQ7KD2-XM4PL-9WTRZA"}]},
{"channel":"executions","type":"update","sequence":4,"data":[{"order_id":"OQ7KD2-XM4PL-9WTRZA","cl_ord_id":"g1b0042a7",
 "exec_id":"TD4NV7-KQ2RC-L8XWPA","exec_type":"trade","trade_id":98111100,"symbol":"BTC/USD","side":"buy",
 "last_qty":0.00100000,"last_price":60000.0,"liquidity_ind":"m","cost":60.00000,"order_type":"limit",
 "timestamp":"2026-09-21T14:13:40.551204Z","order_status":"partially_filled","cum_qty":0.00100000,"cum_cost":60.00000,
 "avg_price":60000.0,"fee_usd_equiv":0.24,"fees":[{"asset":"USD","qty":0.24000}]}]},
{"channel":"executions","type":"update","sequence":5,"data":[{"timestamp":"2026-09-21T14:14:15.402911Z",
 "order_status":"canceled","exec_type":"canceled","cum_qty":0.00100000,"cum_cost":60.00000,"fee_usd_equiv":0.24,
 "avg_price":60000.0,"cl_ord_id":"g1b0042a7","post_only":true,"cancel_reason":"User requested",
 "reason":"User requested","order_id":"OQ7KD2-XM4PL-9WTRZA"}]}]
""")
AMENDED: dict[str, Any] = wire.decode("""
{"timestamp":"2026-09-21T14:13:20.000000Z","exec_type":"amended","order_status":"new","cum_qty":0.0,
 "reason":"User requested","amended":true,"order_qty":0.00250000,"limit_price":60010.0,"limit_price_type":"static",
 "cl_ord_id":"g1b0042a7","order_id":"OQ7KD2-XM4PL-9WTRZA"}
""")
HOLDINGS: dict[str, Any] = wire.decode("""
{"channel":"balances","type":"snapshot","sequence":1,"data":[
 {"asset":"BTC","asset_class":"currency","balance":0.0500000000,
  "wallets":[{"type":"spot","id":"main","balance":0.0500000000}]},
 {"asset":"USD","asset_class":"currency","balance":1000.0000,
  "wallets":[{"type":"spot","id":"main","balance":800.0000},{"type":"earn","id":"flexible","balance":200.0000}]}]}
""")
CHANGES: list[dict[str, Any]] = wire.decode("""[
{"channel":"balances","type":"update","sequence":2,"data":[{"ledger_id":"LC9D1F-W3PLX-T6VB2H",
 "ref_id":"TD4NV7-KQ2RC-L8XWPA","timestamp":"2026-09-21T14:13:20.000000Z","type":"trade","asset":"BTC",
 "asset_class":"currency","category":"trade","wallet_type":"spot","wallet_id":"main","amount":0.0010000000,
 "fee":0.0000000000,"balance":0.0510000000}]},
{"channel":"balances","type":"update","sequence":3,"data":[{"ledger_id":"LA2W4M-QZ7TD-KR5N8P",
 "ref_id":"TD4NV7-KQ2RC-L8XWPA","timestamp":"2026-09-21T14:13:20.000000Z","type":"trade","asset":"USD",
 "asset_class":"currency","category":"trade","wallet_type":"spot","wallet_id":"main","amount":-60.0000,"fee":0.2400,
 "balance":939.7600}]}]
""")


def test_the_life_of_one_order() -> None:
    desk = Desk()
    socket = Socket(desk)
    token = desk.token()
    socket.ask("subscribe", channel="executions", snap_orders=True, snap_trades=True, token=token)
    clock = desk.venue.clock
    clock.advance(1_118_233_000)
    order_id = desk.buy(cl_ord_id="g1b0042a7", oflags="post")
    clock.advance(20_551_204_000 - 1_118_233_000)
    desk.control.fill(order_id, Decimal("0.001"))
    clock.advance(55_402_911_000 - 20_551_204_000)
    desk.control.cancel(order_id)
    [trade] = desk.venue.accounts["demo"].trades
    expected = [message | {"data": [message["data"][0] | {"order_id": order_id}]} for message in LIFE]
    expected[2]["data"][0] |= {"exec_id": trade.txid, "trade_id": trade.trade_id}
    assert socket.heard == expected


def test_every_fill_is_partial_and_filled_comes_separately() -> None:
    desk = Desk()
    socket = Socket(desk)
    socket.ask("subscribe", channel="executions", token=desk.token())
    desk.control.fill(desk.buy())
    assert [(report["exec_type"], report["order_status"]) for report in socket.reports()] == [
        ("pending_new", "pending_new"),
        ("new", "new"),
        ("trade", "partially_filled"),
        ("filled", "filled"),
    ]
    assert set(socket.reports()[-1]) == {"order_id", "order_userref", "exec_type", "order_status", "timestamp"}


def test_an_amended_order() -> None:
    desk = Desk()
    socket = Socket(desk)
    socket.ask("subscribe", channel="executions", token=desk.token())
    order_id = desk.buy(cl_ord_id="g1b0042a7")
    desk.control.amend(order_id, price=Decimal("60010.0"))
    assert socket.reports()[-1] == AMENDED | {"order_id": order_id}


def test_the_ack_and_the_snapshot_of_executions() -> None:
    desk = Desk()
    done, partial = desk.buy(cl_ord_id="done"), desk.buy(userref=5)
    desk.control.fill(done)
    desk.control.fill(partial, Decimal("0.001"))
    ack, snapshot = Socket(desk).ask(
        "subscribe", 1, channel="executions", snap_trades=True, ratecounter=True, token=desk.token()
    )
    assert ack == {
        "method": "subscribe",
        "req_id": 1,
        "result": {"channel": "executions", "maxratecount": 125, "snap_orders": True, "snap_trades": True},
        "success": True,
    }
    assert (snapshot["type"], snapshot["sequence"]) == ("snapshot", 1)
    order, *trades = snapshot["data"]
    assert (order["order_id"], order["exec_type"], order["order_status"]) == (partial, "new", "partially_filled")
    assert (order["order_userref"], order["cum_qty"], order["limit_price"]) == (5, Decimal("0.001"), 60000)
    assert [(trade["order_id"], trade["order_status"]) for trade in trades] == [(done, "filled"), (partial, "filled")]
    assert all("cum_qty" not in trade for trade in trades)


def test_an_empty_snapshot_is_sent_all_the_same() -> None:
    desk = Desk()
    _, snapshot = Socket(desk).ask("subscribe", channel="executions", token=desk.token())
    assert snapshot == {"channel": "executions", "type": "snapshot", "sequence": 1, "data": []}


def test_holdings_and_their_changes() -> None:
    rows = {"ZUSD": Decimal(800), "USD.F": Decimal(200), "XXBT": Decimal("0.05")}
    _, snapshot = Socket(desk := Desk(settings(balances=rows))).ask("subscribe", channel="balances", token=desk.token())
    assert snapshot == HOLDINGS
    desk = Desk()
    socket = Socket(desk)
    socket.ask("subscribe", channel="balances", token=desk.token())
    desk.control.fill(desk.buy(), Decimal("0.001"))
    [trade] = desk.venue.accounts["demo"].trades
    names = dict(zip(("BTC", "USD"), trade.ledgers, strict=True))

    def expected(message: Message) -> Message:
        [row] = message["data"]
        return message | {"data": [row | {"ref_id": trade.txid, "ledger_id": names[row["asset"]]}]}

    assert socket.heard == [expected(message) for message in CHANGES]


def test_channels_have_their_own_sequences_and_accounts_their_own_events() -> None:
    desk = Desk()
    socket, stranger = Socket(desk), Socket(desk)
    for channel in ("executions", "balances"):
        socket.ask("subscribe", channel=channel, token=desk.token())
        stranger.ask("subscribe", channel=channel, token=desk.token("other"))
    desk.control.fill(desk.buy())
    numbers = [(frame["channel"], frame["sequence"]) for frame in socket.heard]
    assert numbers == [
        ("executions", 2),
        ("executions", 3),
        ("executions", 4),
        ("balances", 2),
        ("balances", 3),
        ("executions", 5),
    ]
    assert stranger.heard == []


def test_without_order_status_only_the_milestones_are_sent() -> None:
    desk = Desk()
    socket = Socket(desk)
    socket.ask("subscribe", channel="executions", order_status=False, ratecounter=True, token=desk.token())
    desk.control.fill(desk.buy())
    assert [report["exec_type"] for report in socket.reports()] == ["new", "filled"]
    assert socket.reports()[0]["rate_count"] == 1


def test_wire_text_keeps_trailing_zeros() -> None:
    desk = Desk()
    socket = Socket(desk)
    socket.ask("subscribe", channel="executions", token=desk.token())
    desk.buy()
    assert str(socket.reports()[0]["order_qty"]) == "0.00250000"
    assert str(socket.reports()[0]["limit_price"]) == "60000.0"
