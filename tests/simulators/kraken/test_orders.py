"""Client ids, post-only, self-trades, times in force, fills: orders through REST."""

from decimal import Decimal

import pytest

from simulators.kraken import Behaviour
from tests.simulators.kraken.desk import Desk, Socket, settings

RICH = {"ZUSD": Decimal("100000.0000"), "XXBT": Decimal("2.0000000000")}


def rich(behaviour: Behaviour | None = None) -> Desk:
    return Desk(settings(behaviour, balances=dict(RICH)))


def view(desk: Desk, txid: str) -> dict[str, object]:
    found: dict[str, object] = desk.result("QueryOrders", {"txid": txid, "trades": "true"})[txid]
    return found


@pytest.mark.parametrize(
    "name",
    ["6d1b345e-2821-40e2-ad83-4ecb18a06876", "da8e4ad59b78481c93e589746b0cf91f", "g1b0042a7", "a_b-0123456789abcd"],
)
def test_the_three_forms_of_client_ids(name: str) -> None:
    desk = Desk()
    txid = desk.buy(cl_ord_id=name)
    assert list(desk.result("OpenOrders", {"cl_ord_id": name})["open"]) == [txid]
    assert desk.result("OpenOrders", {"cl_ord_id": "other"})["open"] == {}


def test_a_client_id_is_unique_among_open_orders_only() -> None:
    desk = rich()
    first = desk.buy(cl_ord_id="a")
    assert desk.refusal(cl_ord_id="a") == "EGeneral:Invalid arguments:cl_ord_id not unique"
    desk.control.fill("a")
    second = desk.buy(cl_ord_id="a")
    assert first != second
    desk.control.cancel("a")
    history = desk.result("ClosedOrders", {"cl_ord_id": "a"})
    assert list(history["closed"]) == [second, first]


def test_two_accounts_may_use_the_same_client_id() -> None:
    desk = rich()
    desk.buy(cl_ord_id="a")
    order = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "60000.0", "volume": "1"}
    assert desk.result("AddOrder", order | {"cl_ord_id": "a"}, key="other")["txid"]


def test_userrefs_need_not_be_unique_and_cancel_together() -> None:
    desk = rich()
    for _ in range(3):
        desk.buy(userref=7)
    desk.buy(userref=8)
    assert len(desk.result("OpenOrders", {"userref": 7})["open"]) == 3
    assert desk.result("CancelOrder", {"txid": 7}) == {"count": 3}
    assert desk.private("CancelOrder", {"txid": 7}) == {"error": ["EOrder:Unknown order"]}


def test_a_crossing_post_only_order_is_accepted_and_then_canceled() -> None:
    desk = rich()
    stream = Socket(desk)
    stream.ask("subscribe", channel="executions", token=desk.token())
    txid = desk.buy("61250.1", oflags="post")
    closed = view(desk, txid)
    assert (closed["status"], closed["reason"], closed["vol_exec"]) == ("canceled", "Post only order", "0.00000000")
    assert [report["exec_type"] for report in stream.reports()] == ["pending_new", "new", "canceled"]
    assert stream.reports()[-1]["reason"] == "Post only order"
    # Such a cancellation costs what a cancel costs.
    assert desk.venue.accounts["demo"].counters(desk.venue.clock.now()) == {"XXBTZUSD": 9}


def test_or_it_is_refused_at_once_or_in_turns() -> None:
    desk = rich(Behaviour(post_only="refuse"))
    assert desk.refusal(price="61250.1", oflags="post") == "EOrder:Post only order"
    desk = rich(Behaviour(post_only="alternate", new_before_cancellation=False, post_only_penalty=False))
    stream = Socket(desk)
    stream.ask("subscribe", channel="executions", token=desk.token())
    desk.buy("61250.1", oflags="post")
    assert desk.refusal(price="61250.1", oflags="post") == "EOrder:Post only order"
    assert [report["exec_type"] for report in stream.reports()] == ["pending_new", "canceled"]
    assert desk.venue.accounts["demo"].counters(desk.venue.clock.now()) == {"XXBTZUSD": 2}


def test_a_post_only_order_at_the_best_bid_rests() -> None:
    desk = rich()
    assert view(desk, desk.buy("61250.0", oflags="post"))["status"] == "open"
    sell = {"pair": "XBTUSD", "type": "sell", "ordertype": "limit", "price": "61250.1", "volume": "0.01"}
    txid = desk.result("AddOrder", sell | {"oflags": "post"})["txid"][0]
    assert view(desk, txid)["status"] == "open"


def test_a_taker_meets_the_quote_and_pays_the_taker_fee() -> None:
    desk = rich()
    order = view(desk, desk.buy("61300.0", "0.01"))
    assert (order["status"], order["price"], order["cost"]) == ("closed", "61250.1", "612.50100")
    assert order["fee"] == "4.90000"
    assert desk.result("Balance") == {"ZUSD": "99382.5990", "XXBT": "2.0100000000"}


def test_a_market_order_takes_what_there_is() -> None:
    desk = rich()
    desk.control.depth("BTC/USD", ask=Decimal("0.5"))
    order = {"pair": "XBTUSD", "type": "buy", "ordertype": "market", "volume": "0.75"}
    txid = desk.result("AddOrder", order)["txid"][0]
    assert (view(desk, txid)["status"], view(desk, txid)["vol_exec"]) == ("canceled", "0.50000000")
    assert desk.result("BalanceEx")["ZUSD"]["hold_trade"] == "0.0000"


@pytest.mark.parametrize(
    ("tif", "status", "filled"),
    [("GTC", "open", "0.50000000"), ("IOC", "canceled", "0.50000000"), ("FOK", "canceled", "0.00000000")],
)
def test_times_in_force_on_a_thin_book(tif: str, status: str, filled: str) -> None:
    desk = rich()
    desk.control.depth("BTC/USD", ask=Decimal("0.5"))
    order = view(desk, desk.buy("61250.1", "0.75", timeinforce=tif))
    assert (order["status"], order["vol_exec"]) == (status, filled)


def test_a_good_till_date_order_expires() -> None:
    desk = rich()
    stream = Socket(desk)
    stream.ask("subscribe", channel="executions", token=desk.token())
    txid = desk.buy(timeinforce="GTD", expiretm="+60")
    assert view(desk, txid)["expiretm"] == 1790000060
    desk.control.advance(Decimal(60))
    assert view(desk, txid)["status"] == "expired"
    assert [report["exec_type"] for report in stream.reports()] == ["pending_new", "new", "expired"]


@pytest.mark.parametrize(
    ("mode", "resting", "incoming"),
    [
        ("cancel-newest", "open", "canceled"),
        ("cancel-oldest", "canceled", "open"),
        ("cancel-both", "canceled", "canceled"),
    ],
)
def test_nobody_trades_with_himself(mode: str, resting: str, incoming: str) -> None:
    desk = rich()
    desk.control.quote("BTC/USD", Decimal("60000.0"), Decimal("62000.0"))
    old = desk.buy("61000.0", "0.1")
    sell = {"pair": "XBTUSD", "type": "sell", "ordertype": "limit", "price": "61000.0", "volume": "0.1"}
    new = desk.result("AddOrder", sell | {"stptype": mode})["txid"][0]
    assert (view(desk, old)["status"], view(desk, new)["status"]) == (resting, incoming)
    reasons = {view(desk, txid).get("reason") for txid in (old, new)} - {None}
    assert reasons == {"Cannot trade with self"}


def test_two_accounts_trade_with_each_other_at_the_resting_price() -> None:
    desk = rich()
    desk.control.quote("BTC/USD", Decimal("60000.0"), Decimal("62000.0"))
    maker = desk.buy("61000.0", "0.1")
    sell = {"pair": "XBTUSD", "type": "sell", "ordertype": "limit", "price": "60500.0", "volume": "0.3"}
    taker = desk.result("AddOrder", sell, key="other")["txid"][0]
    assert view(desk, maker)["status"] == "closed"
    other = desk.result("QueryOrders", {"txid": taker}, key="other")[taker]
    assert (other["status"], other["vol_exec"], other["price"]) == ("open", "0.10000000", "61000.0")
    mine, theirs = desk.venue.accounts["demo"].trades[-1], desk.venue.accounts["other"].trades[-1]
    assert (mine.maker, theirs.maker, mine.trade_id) == (True, False, theirs.trade_id)


def test_a_price_fills_the_best_orders_first_and_as_far_as_its_volume_goes() -> None:
    desk = rich()
    low, high = desk.buy("60000.0", "0.1"), desk.buy("60500.0", "0.1")
    desk.control.price("BTC/USD", Decimal("59000.0"), volume=Decimal("0.15"))
    assert view(desk, high)["status"] == "closed"
    assert (view(desk, low)["status"], view(desk, low)["vol_exec"]) == ("open", "0.05000000")
    desk.control.price("BTC/USD", Decimal("60000.0"), side="buy")
    assert view(desk, low)["vol_exec"] == "0.05000000"
    desk.control.price("BTC/USD", Decimal("60000.0"))
    assert view(desk, low)["status"] == "closed"


def test_a_price_at_the_limit_can_be_made_too_little() -> None:
    desk = rich(Behaviour(fill_rule="through"))
    txid = desk.buy("60000.0")
    desk.control.price("BTC/USD", Decimal("60000.0"))
    assert view(desk, txid)["status"] == "open"
    desk.control.price("BTC/USD", Decimal("59999.9"))
    assert view(desk, txid)["price"] == "60000.0"


def test_nothing_fills_until_the_system_is_online_again() -> None:
    desk = rich()
    txid = desk.buy("60000.0")
    desk.control.system_status("post_only")
    desk.control.price("BTC/USD", Decimal("59000.0"))
    assert view(desk, txid)["status"] == "open"
    desk.control.system_status("online")
    assert view(desk, txid)["status"] == "closed"


def test_the_row_that_earns_is_spent_after_the_plain_one() -> None:
    desk = Desk(settings(balances={"ZUSD": Decimal(100), "USD.F": Decimal(900), "04.S": Decimal(1)}))
    txid = desk.buy("60000.0", "0.01")
    shown = desk.result("BalanceEx")
    assert shown["ZUSD"] == {"balance": "100.0000", "hold_trade": "604.8000"}
    assert shown["USD.F"] == {"balance": "900.0000", "hold_trade": "0.0000"}
    desk.control.fill(txid)
    assert desk.result("Balance") == {
        "ZUSD": "0.0000",
        "USD.F": "397.6000",
        "04.S": "1.0000000000",
        "XXBT": "0.0100000000",
    }


def test_tokenized_assets_have_their_own_class_and_row() -> None:
    desk = Desk(settings(balances={"ZUSD": Decimal(1000), "AAPLx.T": Decimal(2)}))
    desk.control.price("AAPLx/USD", Decimal("200.00"))
    order = {"pair": "AAPLxUSD", "asset_class": "tokenized_asset", "ordertype": "limit", "price": "210.00"}
    txid = desk.result("AddOrder", order | {"type": "sell", "volume": "1"})["txid"][0]
    desk.control.price("AAPLx/USD", Decimal("211.00"))
    assert view(desk, txid)["status"] == "closed"
    assert desk.result("Balance")["AAPLx.T"] == "1.0000000000"
    assert desk.public("Ticker", pair="AAPLxUSD") == {"error": [], "result": {}}
    assert desk.public("Ticker", pair="AAPLxUSD", asset_class="tokenized_asset")["result"]["AAPLxUSD"]


def test_deposits_and_withdrawals_by_hand() -> None:
    desk = Desk()
    desk.control.deposit("BTC", Decimal("0.25"))
    desk.control.withdraw("ZUSD", Decimal(1))
    assert desk.result("Balance") == {"ZUSD": "999.0000", "XXBT": "0.3000000000"}
    kinds = [entry["type"] for entry in desk.result("Ledgers")["ledger"].values()]
    assert kinds == ["withdrawal", "deposit"]


def test_an_order_amended_by_hand_keeps_its_id_and_holds_anew() -> None:
    desk = rich()
    txid = desk.buy("60000.0", "0.01", oflags="post")
    desk.control.amend(txid, price=Decimal("59000.0"), volume=Decimal("0.02"))
    order = view(desk, txid)
    assert (order["vol"], order["misc"]) == ("0.02000000", "amended")
    assert desk.result("BalanceEx")["ZUSD"]["hold_trade"] == "1184.7200"


def test_the_hand_reaches_open_orders_only() -> None:
    desk = rich()
    txid = desk.buy("60000.0", "0.01", cl_ord_id="a")
    desk.control.fill("a", Decimal("0.004"))
    with pytest.raises(ValueError, match="more than"):
        desk.control.amend("a", volume=Decimal("0.004"))
    with pytest.raises(ValueError, match="left"):
        desk.control.fill("a", Decimal("0.007"))
    desk.control.cancel("a")
    for act in (desk.control.cancel, desk.control.amend):
        with pytest.raises(LookupError, match="canceled"):
            act(txid)
    with pytest.raises(LookupError, match="no order"):
        desk.control.cancel("a")
