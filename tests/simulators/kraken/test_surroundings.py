"""Rules, listings, rights, fees, keys and rows that change while clients are connected."""

from decimal import Decimal
from typing import Any

import pytest

from simulators.kraken import DEMO_KEY, DEMO_PRIVATE, KeySettings, Sandbox, open_sandbox
from simulators.kraken.model.errors import Refused
from tests.simulators.kraken.desk import Desk, Message, Socket
from tests.simulators.kraken.test_control_port import control

BTC, USD = "BTC/USD", "ZUSD"
SELL = {"pair": "XBTUSD", "type": "sell", "ordertype": "limit", "price": "70000.0", "volume": "0.01"}


def pair_row(desk: Desk) -> Message:
    row: Message = desk.public("AssetPairs", pair="XBTUSD")["result"]["XXBTZUSD"]
    return row


def executions(desk: Desk) -> tuple[Socket, list[Message]]:
    """A socket that hears executions and balances, and the snapshot of open orders."""
    socket = Socket(desk)
    answers = [frame for name in ("executions", "balances") for frame in subscribe(socket, name)]
    [snapshot] = [frame["data"] for frame in answers if frame.get("channel") == "executions"]
    return socket, snapshot


def subscribe(socket: Socket, channel: str) -> list[Message]:
    return socket.ask("subscribe", channel=channel, token=socket.desk.token())


def balance_updates(socket: Socket) -> list[Message]:
    return [row for frame in socket.heard if frame["channel"] == "balances" for row in frame["data"]]


def test_a_coarser_tick_is_told_and_enforced_while_old_orders_keep_their_price() -> None:
    desk = Desk()
    public = Socket(desk, private=False)
    public.ask("subscribe", channel="instrument", snapshot=False)
    old = desk.buy("60000.7", "0.00123456")
    desk.control.rules(BTC, pair_decimals=0, lot_decimals=4, ordermin=Decimal("0.002"), costmin=Decimal(90))
    [update] = public.heard[-1]["data"]["pairs"]
    assert (update["price_increment"], update["qty_precision"], update["qty_min"]) == (1, 4, Decimal("0.002"))
    row = pair_row(desk)
    assert (row["tick_size"], row["lot_decimals"], row["ordermin"], row["costmin"]) == ("1", 4, "0.002", "90")
    assert desk.refusal(price="60000.5", volume="0.0025").endswith("up to 0 decimals.")
    assert desk.refusal(price="60000", volume="0.00251").endswith("volume")
    assert desk.refusal(price="60000", volume="0.0019").endswith("volume minimum not met")
    assert desk.refusal(price="40000", volume="0.002") == "EOrder:Cost minimum not met"
    shown = desk.result("OpenOrders")["open"][old]
    assert (shown["descr"]["price"], shown["vol"]) == ("60000.7", "0.00123456")
    assert executions(desk)[1][0]["limit_price"] == Decimal("60000.7")


def test_a_tick_of_five_has_no_decimals() -> None:
    desk = Desk()
    desk.control.rules(BTC, tick_size=Decimal(5))
    assert (pair_row(desk)["tick_size"], pair_row(desk)["pair_decimals"]) == ("5", 0)
    assert desk.refusal(price="60003") == "EOrder:Tick size check failed"
    market = desk.venue.markets["XXBTZUSD"]
    assert (market.bid, market.ask) == (Decimal(61250), Decimal(61255))


def test_a_misprint_is_on_the_tape_and_fills_nothing() -> None:
    desk = Desk()
    public = Socket(desk, private=False)
    public.ask("subscribe", channel="ticker", symbol=[BTC], snapshot=False)
    txid = desk.result("AddOrder", SELL)["txid"][0]
    desk.control.misprint(BTC, Decimal(612500))
    [row] = public.heard[-1]["data"]
    assert (row["last"], row["bid"], row["ask"]) == (Decimal("612500.0"), Decimal("61250.0"), Decimal("61250.1"))
    assert desk.result("OpenOrders")["open"][txid]["vol_exec"] == "0.00000000"


def test_a_delisted_pair_is_gone_until_it_is_listed_again() -> None:
    desk = Desk()
    public, (private, _) = Socket(desk, private=False), executions(desk)
    public.ask("subscribe", channel="instrument", snapshot=False)
    txid = desk.buy()
    desk.control.delist(BTC)
    assert public.heard[-1]["data"]["pairs"][0]["status"] == "delisted"
    assert (private.reports()[-1]["exec_type"], private.reports()[-1]["reason"]) == ("canceled", "Market closed")
    assert "XXBTZUSD" not in desk.public("AssetPairs")["result"]
    assert desk.public("AssetPairs", pair="XBTUSD")["error"] == ["EQuery:Unknown asset pair"]
    assert desk.refusal() == "EQuery:Unknown asset pair"
    [answer] = public.ask("subscribe", channel="ticker", symbol=[BTC])
    assert (answer["success"], answer["error"]) == (False, "Currency pair not supported BTC/USD")
    [_, snapshot] = public.ask("subscribe", channel="instrument")
    assert BTC not in {pair["symbol"] for pair in snapshot["data"]["pairs"]}
    assert desk.result("QueryOrders", {"txid": txid})[txid]["reason"] == "Market closed"
    desk.control.relist(BTC)
    assert desk.buy()
    with pytest.raises(LookupError):
        desk.control.relist(BTC)


def test_a_restricted_pair_refuses_orders_and_allows_cancels() -> None:
    desk = Desk()
    txid = desk.buy()
    desk.control.restrict(BTC)
    assert desk.refusal() == "EAccount:Invalid permissions:BTC trading restricted for US:WA."
    assert desk.result("CancelOrder", {"txid": txid})["count"] == 1
    desk.control.unrestrict(BTC)
    assert desk.buy()


def test_the_fee_tier_changes() -> None:
    desk = Desk()
    desk.control.fees(Decimal("0.10"), Decimal("0.20"))
    assert desk.result("TradeVolume", {"pair": "XBTUSD"})["fees_maker"]["XXBTZUSD"]["fee"] == "0.1000"
    desk.control.fees(volume_30d=Decimal(2500))
    assert desk.result("TradeVolume", {"pair": "XBTUSD"})["fees_maker"]["XXBTZUSD"]["fee"] == "0.3000"
    with pytest.raises(ValueError, match="together"):
        desk.control.fees(Decimal(1))


def test_fees_paid_with_credits_leave_the_quote_alone() -> None:
    desk = Desk()
    socket, _ = executions(desk)
    desk.control.move("FEE", Decimal(100), "credit")
    desk.control.fees(fee_credits=True)
    txid = desk.buy("60000.0", "0.00100000")
    desk.control.fill(txid)
    balances = desk.result("Balance")
    assert (balances["ZUSD"], balances["KFEE"]) == ("940.0000", "76.00")
    [fill] = [report for report in socket.reports() if report["exec_type"] == "trade"]
    assert fill["fees"] == [{"asset": "FEE", "qty": Decimal("24.00")}]


def test_a_margin_order_holds_and_moves_no_coin() -> None:
    desk = Desk()
    socket, _ = executions(desk)
    txid = desk.control.place(BTC, "sell", Decimal("70000.0"), Decimal("0.5"), leverage=2)
    assert all(report["margin"] is True for report in socket.reports())
    assert executions(desk)[1][0]["margin"] is True
    row = desk.result("OpenOrders")["open"][txid]
    assert (row["margin"], row["descr"]["leverage"]) == (True, "2:1")
    assert desk.result("BalanceEx")["XXBT"]["hold_trade"] == "0.0000000000"
    before = desk.result("Balance")
    desk.control.fill(txid)
    after = desk.result("Balance")
    assert (after["XXBT"], before["XXBT"]) == ("0.0500000000", "0.0500000000")
    assert Decimal(before[USD]) - Decimal(after[USD]) == Decimal("140.0000")
    [entry] = desk.result("Ledgers")["ledger"].values()
    assert (entry["type"], entry["amount"], entry["fee"]) == ("margin", "0.0000", "140.0000")
    assert desk.result("TradesHistory", {"type": "no position"})["trades"] == {}
    [trade] = desk.result("TradesHistory")["trades"].values()
    assert trade["leverage"] == "2"
    assert balance_updates(socket)[-1]["category"] == "margin-trade"


@pytest.mark.parametrize("suffix", [".B", ".S", ".M", ".P"])
def test_staked_coins_are_owned_but_cannot_be_spent(suffix: str) -> None:
    desk = Desk()
    socket, _ = executions(desk)
    desk.control.stake("BTC", Decimal("0.04"), suffix)
    desk.control.move("BTC", Decimal("0.001"), "staking", suffix=suffix)
    rows = desk.result("Balance")
    assert (rows["XXBT"], rows[f"XBT{suffix}"]) == ("0.0100000000", "0.0410000000")
    assert desk.refusal(type="sell", price="70000.0", volume="0.02") == "EOrder:Insufficient funds"
    [out, back, reward] = balance_updates(socket)
    assert (out["subtype"], out["wallet_type"], out["amount"]) == ("spottostaking", "spot", Decimal("-0.04"))
    assert (back["subtype"], back["wallet_type"], back["wallet_id"]) == ("stakingfromspot", "earn", "bonded")
    assert (reward["type"], reward["category"], reward["balance"]) == ("staking", "staking-rewards", Decimal("0.051"))
    [row] = [row for row in subscribe(Socket(desk), "balances")[-1]["data"] if row["asset"] == "BTC"]
    assert (row["balance"], [wallet["type"] for wallet in row["wallets"]]) == (Decimal("0.051"), ["spot", "earn"])
    assert {row["asset"] for row in desk.result("Ledgers")["ledger"].values()} == {"XXBT", f"XBT{suffix}"}
    desk.control.stake("BTC", Decimal("-0.04"), suffix)
    assert desk.result("Balance")["XXBT"] == "0.0500000000"


def test_a_conversion_has_two_entries() -> None:
    desk = Desk()
    desk.control.convert("BTC", Decimal("0.01"), "USD", Decimal(600))
    assert {row["type"] for row in desk.result("Ledgers")["ledger"].values()} == {"conversion"}
    assert (desk.result("Balance")["XXBT"], desk.result("Balance")[USD]) == ("0.0400000000", "1600.0000")


def test_odd_orders_of_others() -> None:
    desk = Desk()
    socket, _ = executions(desk)
    with_null = desk.control.place(BTC, "buy", Decimal(50000), Decimal("0.001"), changes={"cl_ord_id": None})
    bare = desk.control.place(BTC, "buy", Decimal(50000), Decimal("0.001"), without=["vol", "order_qty"])
    desk.control.place(BTC, "buy", Decimal(50000), Decimal("0.001"), userref=1001)
    desk.control.place(BTC, "buy", None, Decimal("0.001"))
    rows = desk.result("OpenOrders")["open"]
    assert (rows[with_null]["cl_ord_id"], "vol" in rows[bare]) == (None, False)
    by_order: dict[str, Message] = {}
    for report in socket.reports():
        by_order.setdefault(report["order_id"], report)
    assert (by_order[with_null]["cl_ord_id"], "order_qty" in by_order[bare]) == (None, False)
    assert [report["order_type"] for report in by_order.values()] == ["limit", "limit", "limit", "market"]
    assert [row["userref"] for row in rows.values()] == [None, None, 1001]


def test_an_odd_row_in_the_list_of_pairs() -> None:
    desk = Desk()
    desk.control.odd_pair("DOGE/USD", without=["lot_decimals", "qty_precision"], changes={"ordermin": None, "new": 1})
    row = desk.public("AssetPairs", pair="DOGE/USD")["result"]["XDGUSD"]
    assert ("lot_decimals" in row, row["ordermin"], row["new"]) == (False, None, 1)
    desk.control.odd_pair("DOGE/USD")
    assert desk.public("AssetPairs", pair="DOGE/USD")["result"]["XDGUSD"]["lot_decimals"] == 8


def test_keys_of_one_account_share_its_number() -> None:
    desk = Desk()
    desk.control.add_key(KeySettings("second", DEMO_PRIVATE))
    numbers = [desk.result("GetApiKeyInfo", key=key)["iban"] for key in (DEMO_KEY, "second", "other")]
    assert numbers[0] == numbers[1] != numbers[2]
    desk.control.permissions("second", frozenset({"query-funds"}))
    assert desk.private("OpenOrders", key="second")["error"] == ["EGeneral:Permission denied"]
    desk.control.remove_key("second")
    assert desk.private("Balance", key="second")["error"] == ["EAPI:Invalid key"]
    with pytest.raises(ValueError, match="exists"):
        desk.control.add_key(KeySettings(DEMO_KEY, DEMO_PRIVATE))


def test_a_restriction_is_of_one_account() -> None:
    desk = Desk()
    desk.control.restrict(BTC, "EAccount:Invalid permissions", account="other")
    with pytest.raises(Refused, match="Invalid permissions"):
        desk.control.place(BTC, "buy", Decimal(50000), Decimal("0.001"), account="other")
    assert desk.buy()


async def test_all_of_it_over_the_control_port() -> None:
    async with control() as port:
        await port("rules", symbol=BTC, tick_size="0.5")
        await port("restrict", symbol=BTC)
        await port("unrestrict", symbol=BTC)
        await port("fees", maker="0.1", taker="0.2")
        await port("move", asset="USD", amount=5, kind="credit")
        await port("stake", asset="BTC", amount="0.5", suffix=".B")
        await port("convert", sold="BTC", amount="0.1", bought="USD", brought=6000)
        await port("add_key", key={"public": "k2", "private": "a2V5"})
        await port("permissions", public="k2", permissions=["query-funds"])
        await port("remove_key", public="k2")
        await port("odd_pair", symbol=BTC, without=["costmin"])
        txid = await port("place", symbol=BTC, side="buy", price=50000, volume="0.1", changes={"cl_ord_id": None})
        await port("delist", symbol=BTC)
        await port("relist", symbol=BTC)
        account: Any = port.kraken.control.state()["accounts"]["demo"]
        assert account["balances"]["XBT.B"] == "0.5"
        assert port.kraken.control.order(txid).reason == "Market closed"


async def test_a_sandbox_offers_the_same_by_name() -> None:
    async with open_sandbox() as kraken:
        sandbox: Sandbox = kraken
        sandbox.control.delist("SOL/USD", "Delisted")
        with pytest.raises(LookupError, match="no pair SOL/USD"):
            sandbox.control.price("SOL/USD", Decimal(150))
