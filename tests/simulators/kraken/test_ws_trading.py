"""Trading requests on the private WebSocket."""

from decimal import Decimal
from typing import Any

import pytest

from simulators.kraken import DEMO_KEY, DEMO_PRIVATE, KeySettings
from simulators.kraken.settings import PERMISSIONS
from tests.simulators.kraken.desk import Desk, Message, Socket, settings

ORDER: dict[str, Any] = {
    "order_type": "limit",
    "side": "buy",
    "order_qty": Decimal("0.00250000"),
    "symbol": "BTC/USD",
    "limit_price": Decimal("60000.0"),
    "post_only": True,
    "time_in_force": "gtc",
    "cl_ord_id": "g1b0042a7",
    "deadline": "2026-09-21T14:13:26.000Z",
}


class Trader(Socket):
    """A socket with a token."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.token = desk.token()

    def trade(self, method: str, **params: object) -> list[Message]:
        return self.ask(method, 42, token=self.token, **params)

    def add(self, **changes: object) -> Message:
        [answer] = self.trade("add_order", **{k: v for k, v in (ORDER | changes).items() if v is not None})
        return answer


def test_the_documented_order() -> None:
    trader = Trader(Desk())
    answer = trader.add()
    assert answer == {
        "method": "add_order",
        "req_id": 42,
        "result": {"order_id": answer["result"]["order_id"], "cl_ord_id": "g1b0042a7"},
        "success": True,
    }
    [order] = trader.desk.control.open_orders()
    assert (order.price, order.volume, order.request.post_only) == (Decimal("60000.0"), Decimal("0.0025"), True)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"order_qty": Decimal(5)}, "EOrder:Insufficient funds"),
        ({"order_qty": Decimal("0.00001")}, "EGeneral:Invalid arguments:volume minimum not met"),
        ({"order_qty": "0.0025"}, "EGeneral:Invalid arguments:order_qty"),
        ({"symbol": "XBT/USD"}, "EQuery:Unknown asset pair"),
        ({"order_userref": 1}, "EGeneral:Invalid arguments"),
        ({"time_in_force": "GTC"}, "EGeneral:Invalid arguments:time_in_force"),
        ({"stp_type": "cancel-newest"}, "EGeneral:Invalid arguments:stp_type"),
        ({"deadline": "2026-09-21T14:13:20Z"}, "EService:Deadline elapsed"),
        ({"triggers": {"price": 1}}, "EGeneral:Invalid arguments:triggers"),
        ({"margin": True}, "EGeneral:Invalid arguments"),
    ],
)
def test_refusals_are_one_string_with_success_false(changes: dict[str, object], text: str) -> None:
    trader = Trader(Desk())
    assert trader.add(**changes) == {"method": "add_order", "req_id": 42, "error": text, "success": False}
    assert not trader.desk.venue.orders.open


def test_a_client_id_counts_across_transports() -> None:
    trader = Trader(Desk())
    trader.desk.buy(cl_ord_id="g1b0042a7")
    assert trader.add()["error"] == "EGeneral:Invalid arguments:cl_ord_id not unique"


def test_userref_and_plain_results() -> None:
    trader = Trader(Desk())
    assert trader.add(cl_ord_id=None, order_userref=-3)["result"]["order_userref"] == -3
    assert set(trader.add(cl_ord_id=None)["result"]) == {"order_id"}
    assert trader.add(validate=True)["result"] == {}
    assert len(trader.desk.venue.orders.open) == 2


def test_one_answer_per_canceled_order_all_with_one_req_id() -> None:
    trader = Trader(Desk())
    first = trader.add()["result"]["order_id"]
    second = trader.add(cl_ord_id="b")["result"]["order_id"]
    trader.add(cl_ord_id=None, order_userref=3)
    trader.desk.control.cancel(second)
    answers = trader.trade("cancel_order", order_id=[first, second], cl_ord_id=["nobody"], order_userref=[3])
    assert [answer["req_id"] for answer in answers] == [42] * 4
    assert answers[0]["result"] == {"order_id": first, "cl_ord_id": "g1b0042a7"}
    assert [answer.get("error") for answer in answers] == [None, "EOrder:Unknown order", "EOrder:Unknown order", None]
    assert trader.trade("cancel_order")[0]["error"] == "EGeneral:Invalid arguments"


def test_batches() -> None:
    trader = Trader(Desk())
    order = {name: value for name, value in ORDER.items() if name not in ("symbol", "deadline")}
    orders = [order, order | {"cl_ord_id": "b"}, order | {"cl_ord_id": "c", "order_qty": Decimal(5)}]
    [answer] = trader.trade("batch_add", symbol="BTC/USD", orders=orders)
    good, also_good, poor = answer["result"]
    assert (good["cl_ord_id"], also_good["cl_ord_id"]) == ("g1b0042a7", "b")
    assert poor == {"error": "EOrder:Insufficient funds"}
    [refused] = trader.trade("batch_add", symbol="BTC/USD", orders=[order, order | {"cl_ord_id": "B"}])
    assert refused["error"] == "EGeneral:Invalid arguments:cl_ord_id"
    [canceled] = trader.trade("batch_cancel", orders=[good["order_id"]], cl_ord_id=["b", "nobody"])
    assert canceled["result"] == {"count": 2}
    assert trader.trade("batch_cancel", orders=[])[0]["error"] == "EGeneral:Invalid arguments"


def test_cancel_all_and_the_dead_mans_switch() -> None:
    trader = Trader(Desk())
    for name in ("a", "b", "c"):
        trader.add(cl_ord_id=name)
    assert trader.trade("cancel_all")[0]["result"] == {"count": 3}
    assert trader.trade("cancel_all_orders_after", timeout=60)[0]["result"] == {
        "currentTime": "2026-09-21T14:13:20Z",
        "triggerTime": "2026-09-21T14:14:20Z",
    }


def test_a_token_lives_fifteen_minutes_or_as_long_as_its_subscription() -> None:
    desk = Desk()
    idle, busy = Trader(desk), Trader(desk)
    busy.trade("subscribe", channel="executions")
    desk.control.advance(Decimal(900))
    assert idle.trade("cancel_all")[0]["error"] == "ESession:Invalid session"
    assert busy.trade("cancel_all")[0]["success"]
    busy.session.close()
    assert busy.trade("cancel_all")[0]["error"] == "ESession:Invalid session"
    assert idle.ask("cancel_all")[0]["error"] == "ESession:Invalid session"


def test_rights_count_on_the_socket_too() -> None:
    rights = PERMISSIONS - {"modify-trades", "query-open-trades"}
    trader = Trader(Desk(settings(keys=(KeySettings(DEMO_KEY, DEMO_PRIVATE, permissions=rights),))))
    assert trader.add()["error"] == "EGeneral:Permission denied"
    assert trader.trade("subscribe", channel="executions")[0]["error"] == "EGeneral:Permission denied"
    assert trader.trade("cancel_all")[0]["result"] == {"count": 0}


def test_pings_and_nonsense() -> None:
    trader = Trader(Desk())
    assert trader.ask("ping", 101) == [{"method": "pong", "req_id": 101}]
    assert trader.trade("dance")[0]["error"] == "EGeneral:Unknown method"
    assert trader.trade("subscribe", channel="ticker")[0]["error"] == "Subscription name invalid"
    assert trader.trade("unsubscribe", channel="executions")[0]["error"] == "Subscription name invalid"
    trader.trade("subscribe", channel="executions")
    assert trader.trade("unsubscribe", channel="executions")[0]["success"]
    trader.add()
    assert trader.heard == []


@pytest.mark.parametrize(("seconds", "success"), [(4, True), (5, False)])
def test_without_a_deadline_an_order_has_five_seconds_from_its_arrival(seconds: int, success: bool) -> None:
    desk = Desk()
    trader = Trader(desk)
    params = {name: value for name, value in ORDER.items() if name != "deadline"} | {"token": trader.token}
    entry = desk.log.open("ws", "add_order", "", {}, desk.venue.clock.now())
    desk.control.advance(Decimal(seconds))
    [frame] = trader.session.answer({"method": "add_order", "params": params}, entry)
    assert frame.payload["success"] == success
    assert entry.outcome == ("ok" if success else "EService:Deadline elapsed")
