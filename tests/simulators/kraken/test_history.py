from decimal import Decimal

from simulators.kraken import Behaviour
from tests.simulators.kraken.desk import Desk, settings

LARGE = {"ZUSD": Decimal("1000000.0000"), "XXBT": Decimal(100)}


def with_closed_orders(count: int) -> tuple[Desk, list[str]]:
    """A desk and its closed orders, newest first, closed ten seconds apart."""
    desk = Desk(settings(balances=LARGE))
    names = []
    for _ in range(count):
        names.append(desk.buy("60000.0", "0.001"))
        desk.control.advance(Decimal(5))
        desk.control.fill(names[-1])
        desk.control.advance(Decimal(5))
    return desk, names[::-1]


def test_pages_of_fifty_newest_first() -> None:
    desk, names = with_closed_orders(120)
    pages = [desk.result("ClosedOrders", {"ofs": offset}) for offset in (0, 50, 100, 150)]
    assert [list(page["closed"]) for page in pages] == [names[:50], names[50:100], names[100:], []]
    assert {page["count"] for page in pages} == {120}
    trades = desk.result("TradesHistory", {"ofs": 100, "without_count": "true"})
    assert [trade["ordertxid"] for trade in trades["trades"].values()] == names[100:]
    assert "count" not in trades
    assert len(desk.result("Ledgers")["ledger"]) == 50


def test_start_is_exclusive_and_end_inclusive_by_the_chosen_time() -> None:
    desk, names = with_closed_orders(3)
    # Opened at 0, 10, 20 and closed at 5, 15, 25 seconds.
    begin = 1_790_000_000

    def closed(**fields: object) -> list[str]:
        return list(desk.result("ClosedOrders", fields)["closed"])

    assert closed(start=begin + 5, end=begin + 25, closetime="close") == names[:2]
    assert closed(start=begin, end=begin + 20, closetime="open") == names[:2]
    assert closed(start=begin + 5, end=begin + 10) == [names[1]]
    assert closed(start=names[2], closetime="open") == names[:2]
    assert len(desk.result("TradesHistory", {"start": begin + 5, "end": begin + 15})["trades"]) == 1


def test_the_fills_of_one_taker_are_one_row_unless_asked_otherwise() -> None:
    desk = Desk(settings(balances=LARGE))
    desk.control.quote("BTC/USD", Decimal("59000.0"), Decimal("63000.0"))
    sell = {"pair": "XBTUSD", "type": "sell", "ordertype": "limit", "volume": "0.1"}
    for price in ("61000.0", "62000.0"):
        desk.result("AddOrder", sell | {"price": price}, key="other")
    desk.buy("62000.0", "0.2")
    [row] = desk.result("TradesHistory")["trades"].values()
    assert (row["vol"], row["cost"], row["price"]) == ("0.20000000", "12300.00000", "61500.00000")
    rows = desk.result("TradesHistory", {"consolidate_taker": "false"})["trades"].values()
    assert [row["price"] for row in rows] == ["62000.00000", "61000.00000"]
    makers = desk.result("TradesHistory", key="other")["trades"].values()
    assert len(makers) == 2


def test_the_rest_views_can_lag_behind_the_stream() -> None:
    desk = Desk(settings(Behaviour(rest_lag=Decimal(4)), balances=LARGE))
    txid = desk.buy()
    assert desk.result("QueryOrders", {"txid": txid}) == {}
    assert desk.result("OpenOrders") == {"open": {}}
    desk.control.advance(Decimal(4))
    assert list(desk.result("OpenOrders")["open"]) == [txid]
    desk.control.fill(txid)
    assert desk.result("QueryOrders", {"txid": txid})[txid]["status"] == "open"
    assert desk.result("TradesHistory")["count"] == 0
    desk.control.advance(Decimal(4))
    assert desk.result("QueryOrders", {"txid": txid})[txid]["status"] == "closed"
    assert desk.result("TradesHistory")["count"] == 1
