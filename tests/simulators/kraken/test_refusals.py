"""The error catalogue, as far as the local venue knows it."""

import json
from decimal import Decimal

import pytest
from msgspec.structs import replace

from simulators.kraken import DEMO_KEY, DEMO_PRIVATE, Behaviour, KeySettings
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.rates import TIERS
from simulators.kraken.settings import PERMISSIONS
from simulators.kraken.web import HttpRequest
from tests.simulators.kraken.desk import FORM, JSON, Desk, settings


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"pair": "XBT/USD"}, "EQuery:Unknown asset pair"),
        ({"pair": "AAPLxUSD"}, "EQuery:Unknown asset pair"),
        ({"price": ""}, "EGeneral:Invalid arguments:price"),
        ({"type": "long"}, "EGeneral:Invalid arguments:type"),
        ({"ordertype": "stop-loss"}, "EGeneral:Invalid arguments:ordertype"),
        ({"oflags": "fcib"}, "EGeneral:Invalid arguments:oflags"),
        ({"volume": "1e-05"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "0"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "0.123456789"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "0.00004999"}, "EGeneral:Invalid arguments:volume minimum not met"),
        ({"price": "60000.01"}, "EOrder:Invalid price:BTC/USD price can only be specified up to 1 decimals."),
        ({"price": "-1"}, "EOrder:Invalid price"),
        ({"price": "100.0"}, "EOrder:Cost minimum not met"),
        ({"volume": "1"}, "EOrder:Insufficient funds"),
        ({"type": "sell", "volume": "0.0501"}, "EOrder:Insufficient funds"),
        ({"cl_ord_id": "a", "userref": 1}, "EGeneral:Invalid arguments"),
        ({"cl_ord_id": "nineteen-characters"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"cl_ord_id": "GRID"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"userref": 1 << 31}, "EGeneral:Invalid arguments:userref"),
        ({"deadline": "2026-09-21T14:13:20Z"}, "EService:Deadline elapsed"),
        ({"deadline": "2026-09-21T14:14:21Z"}, "EGeneral:Invalid arguments:deadline"),
        ({"deadline": "soon"}, "EGeneral:Invalid arguments:deadline"),
        ({"timeinforce": "GTD", "expiretm": "+4"}, "EGeneral:Invalid arguments:expiretm"),
        ({"timeinforce": "IOC", "oflags": "post"}, "EGeneral:Invalid arguments"),
        ({"ordertype": "market", "price": "", "oflags": "post"}, "EGeneral:Invalid arguments"),
        ({"close[ordertype]": "limit"}, "EGeneral:Invalid arguments:close[ordertype]"),
        ({"validate": "True"}, "EGeneral:Invalid arguments"),
    ],
)
def test_orders_that_are_refused(fields: dict[str, object], text: str) -> None:
    desk = Desk()
    assert desk.refusal(**fields) == text
    assert not desk.venue.orders.open
    assert desk.result("BalanceEx")["ZUSD"]["hold_trade"] == "0.0000"


def test_the_tick_is_checked_after_the_decimals() -> None:
    chosen = settings()
    pairs = tuple(
        replace(pair, tick_size=Decimal("0.5")) if pair.symbol == "BTC/USD" else pair for pair in chosen.pairs
    )
    assert Desk(replace(chosen, pairs=pairs)).refusal(price="60000.3") == "EOrder:Tick size check failed"


def test_the_documented_texts_can_be_chosen() -> None:
    desk = Desk(settings(Behaviour(minimum_text="documented", excess_volume_decimals="cut", strict_deadline=True)))
    assert desk.refusal(volume="0.00001") == "EOrder:Order minimum not met"
    assert desk.refusal(deadline="2026-09-21T14:13:21.9Z") == "EGeneral:Invalid arguments:deadline"
    txid = desk.buy(volume="0.002500009")
    assert desk.result("QueryOrders", {"txid": txid})[txid]["vol"] == "0.00250000"


@pytest.mark.parametrize(
    ("status", "plain", "post_only"),
    [
        ("maintenance", "EService:Unavailable", "EService:Unavailable"),
        ("cancel_only", "EService:Market in cancel_only mode", "EService:Market in cancel_only mode"),
        ("post_only", "EService:Market in post_only mode", None),
    ],
)
def test_what_the_system_status_forbids(status: str, plain: str, post_only: str | None) -> None:
    desk = Desk()
    before = desk.buy()
    desk.control.system_status(status)  # type: ignore[arg-type]
    assert desk.public("SystemStatus")["result"]["status"] == status
    assert desk.refusal() == plain
    if post_only is None:
        desk.buy(oflags="post")
    else:
        assert desk.refusal(oflags="post") == post_only
    canceled = desk.private("CancelOrder", {"txid": before})
    assert canceled == ({"error": [plain]} if status == "maintenance" else {"error": [], "result": {"count": 1}})


def test_what_a_pairs_status_forbids() -> None:
    desk = Desk()
    desk.control.pair_status("BTC/USD", "limit_only")
    assert desk.refusal(ordertype="market", price="") == "EService:Market in limit_only mode"
    desk.buy()
    desk.control.pair_status("BTC/USD", "cancel_only")
    assert desk.refusal() == "EService:Market in cancel_only mode"
    assert desk.public("AssetPairs", pair="XBTUSD")["result"]["XXBTZUSD"]["status"] == "cancel_only"


def test_cancelling_what_is_closed_differs_from_what_never_was() -> None:
    desk = Desk()
    txid = desk.buy(cl_ord_id="once")
    desk.result("CancelOrder", {"cl_ord_id": "once"})
    assert desk.private("CancelOrder", {"txid": txid}) == {"error": ["EOrder:Unknown order"]}
    assert desk.private("CancelOrder", {"cl_ord_id": "once"}) == {"error": ["EOrder:Unknown order"]}
    assert desk.private("CancelOrder", {"txid": "OAAAAA-BBBBB-CCCCCC"}) == {"error": ["EOrder:Invalid order"]}
    assert desk.private("CancelOrder", {"txid": "no"}) == {"error": ["EOrder:Invalid order"]}
    assert desk.private("CancelOrder") == {"error": ["EGeneral:Invalid arguments"]}
    assert desk.private("CancelOrder", {"txid": txid}, key="other") == {"error": ["EOrder:Invalid order"]}


def test_query_orders_without_and_with_unknown_ids() -> None:
    desk = Desk()
    assert desk.private("QueryOrders") == {"error": ["EGeneral:Invalid arguments"]}
    assert desk.private("QueryOrders", {"cl_ord_id": "a"}) == {"error": ["EGeneral:Invalid arguments"]}
    assert desk.private("QueryOrders", {"txid": "OAAAAA-BBBBB-CCCCCC"}) == {"error": [], "result": {}}
    assert desk.private("QueryOrders", {"txid": ",".join(["OAAAAA-BBBBB-CCCCCC"] * 51)})["error"]


def test_too_many_open_orders_on_a_pair() -> None:
    desk = Desk(settings(tier="starter", balances={"ZUSD": Decimal(100000)}))
    for _ in range(TIERS["starter"].open_orders):
        desk.control.advance(Decimal(1))
        desk.buy(volume="0.0001")
    assert desk.refusal() == "EOrder:Orders limit exceeded"


def test_the_engine_counts_per_pair_what_was_added_and_canceled_young() -> None:
    desk = Desk()
    for _ in range(13):
        desk.result("CancelOrder", {"txid": desk.buy()})
    counters = desk.venue.accounts["demo"].counters(desk.venue.clock.now())
    assert counters == {"XXBTZUSD": 13 * (1 + 8)}
    txid = desk.buy()
    # 118 + 8 would exceed 125.
    assert desk.private("CancelOrder", {"txid": txid}) == {"error": ["EOrder:Rate limit exceeded"]}
    assert desk.result("CancelAll") == {"count": 1}
    assert desk.refusal() == "EOrder:Rate limit exceeded"
    desk.control.advance(Decimal(5))
    desk.buy()


def test_a_failed_validation_is_charged_too_and_a_batch_costs_half() -> None:
    desk = Desk()
    counter = desk.venue.accounts["demo"].counter("XXBTZUSD")
    desk.refusal(volume="0.00001")
    assert counter.value(desk.venue.clock.now()) == 1
    order = {"type": "buy", "ordertype": "limit", "price": "60000.0", "volume": "0.001"}
    result = desk.private_json("AddOrderBatch", {"pair": "XBTUSD", "orders": [order] * 3})["result"]
    assert counter.value(desk.venue.clock.now()) == Decimal("2.5")
    desk.control.advance(Decimal(7))
    counter_before = counter.value(desk.venue.clock.now())
    assert counter_before == 0
    names = [row["txid"] for row in result["orders"]]
    assert desk.private_json("CancelOrderBatch", {"orders": names})["result"] == {"count": 3}
    assert counter.value(desk.venue.clock.now()) == 3 * 6


def test_a_batch_is_refused_as_a_whole_when_one_order_is_invalid() -> None:
    desk = Desk()
    order = {"type": "buy", "ordertype": "limit", "price": "60000.0", "volume": "0.001"}
    for orders in ([order], [order] * 16, [order, order | {"price": "60000.55"}], [order | {"cl_ord_id": "a"}] * 2):
        assert desk.private_json("AddOrderBatch", {"pair": "XBTUSD", "orders": orders})["error"]
    assert not desk.venue.orders.open


def test_rest_calls_are_counted_but_not_placing_and_cancelling() -> None:
    desk = Desk()
    for _ in range(30):
        desk.result("CancelOrder", {"txid": desk.buy()})
        desk.control.advance(Decimal(10))
    for _ in range(5):
        desk.result("Ledgers")
    assert desk.private("Balance") == {"error": ["EAPI:Rate limit exceeded"]}
    assert desk.result("Balance", key="other")
    desk.buy()
    desk.control.advance(Decimal(4))
    desk.result("Balance")


def test_keys_signatures_and_permissions() -> None:
    key = KeySettings(DEMO_KEY, DEMO_PRIVATE, permissions=PERMISSIONS - {"close-trades", "query-funds"})
    desk = Desk(settings(keys=(key,)))
    assert desk.private("Balance") == {"error": ["EGeneral:Permission denied"]}
    assert desk.private("Balance", key="nobody") == {"error": ["EAPI:Invalid key"]}
    assert desk.signed("Balance", b"nonce=5", FORM, "6") == {"error": ["EAPI:Invalid signature"]}
    assert desk.private("Blance") == {"error": ["EGeneral:Unknown method"]}
    assert desk.private_json("AddOrderBatch", {}) == {"error": ["EGeneral:Permission denied"]}
    # Cancelling needs one of the two rights only.
    assert desk.result("CancelOrder", {"txid": desk.buy()}) == {"count": 1}


def test_query_orders_shows_only_what_the_key_may_see() -> None:
    key = KeySettings(DEMO_KEY, DEMO_PRIVATE, permissions=PERMISSIONS - {"query-closed-trades"})
    desk = Desk(settings(keys=(key,)))
    closed, still_open = desk.buy(), desk.buy()
    desk.control.cancel(closed)
    assert list(desk.result("QueryOrders", {"txid": f"{closed},{still_open}"})) == [still_open]


def nonced(desk: Desk, nonce: int, kind: str = FORM) -> list[str]:
    body = f"nonce={nonce}" if kind == FORM else json.dumps({"nonce": nonce})
    errors: list[str] = desk.signed("Balance", body.encode(), kind, str(nonce))["error"]
    return errors


def test_nonces_must_rise() -> None:
    desk = Desk()
    assert nonced(desk, 10) == []
    for nonce in (10, 9, 0, 1 << 64):
        assert nonced(desk, nonce) == ["EAPI:Invalid nonce"]
    assert nonced(desk, 11, JSON) == []
    assert desk.signed("Balance", b"a=1", FORM, "") == {"error": ["EAPI:Invalid nonce"]}


def test_a_nonce_window_forgives_late_arrivals() -> None:
    desk = Desk(settings(keys=(KeySettings(DEMO_KEY, DEMO_PRIVATE, nonce_window=5),)))
    assert [nonced(desk, nonce) for nonce in (10, 6, 12)] == [[], [], []]
    assert nonced(desk, 7) == ["EAPI:Invalid nonce"]
    assert nonced(desk, 12) == ["EAPI:Invalid nonce"]


def test_many_bad_nonces_lock_the_key_out_for_a_quarter_of_an_hour() -> None:
    desk = Desk(settings(Behaviour(lockout_after=3)))
    assert nonced(desk, 10) == []
    assert [nonced(desk, 1) for _ in range(3)] == [["EAPI:Invalid nonce"]] * 3
    assert nonced(desk, 11) == ["EGeneral:Temporary lockout"]
    desk.venue.clock.advance(15 * 60 * SECOND)
    assert nonced(desk, 11) == []


def test_post_on_public_and_get_on_private_endpoints_answer_405() -> None:
    desk = Desk()
    for method, path in (("POST", "/0/public/Time"), ("GET", "/0/private/Balance")):
        entry = desk.log.open("rest", path, "", {}, 0)
        request = HttpRequest(method, path, "", {}, b"")
        assert desk.api.answer(request, entry).status == 405
        assert entry.outcome == "HTTP 405"
