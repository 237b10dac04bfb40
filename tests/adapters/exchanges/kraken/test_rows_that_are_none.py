"""Rows that are no object at all, in any list of the venue: left out, counted, and no neighbour's trouble."""

import json
import logging
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from trio.testing import MockClock

from adapters.exchanges.kraken.wire import listed, socket
from adapters.exchanges.kraken.wire import private_socket as trading
from adapters.exchanges.kraken.wire import rest_results as rest
from adapters.exchanges.kraken.wire.names import PairTable
from adapters.exchanges.kraken.wire.our_orders import Ownership
from adapters.exchanges.kraken.wire.private_socket import Holding, LedgerEntry, Report
from messages.ids import VenueOrderId, client_order_id
from messages.orders import Accepted
from tests.adapters.exchanges.kraken.support import (
    RestTable,
    acknowledged,
    make_account,
    opened,
    opening,
    order_id,
    place,
    private_rest,
)
from trading.ports import ExchangeUnavailable

OURS = client_order_id(1001, "ours")
STAMP = "2026-09-21T14:13:29.881700Z"
NO_ROW = st.sampled_from([None, True, False, 0, -7, 3.5, "", "row", "null"]) | st.text(max_size=5) | st.integers()
FEE = {"asset": "USD", "qty": 0.1}
WALLET = {"id": "main", "type": "spot", "balance": 1}
ORDER = {"status": "open", "vol": "1", "cl_ord_id": OURS, "descr": {"pair": "XBTUSD", "type": "buy", "price": "100"}}
OWN = Ownership({1001: "BTC/USD"})


def raw(value: object) -> Raw:
    return Raw(json.dumps(value).encode())


def _orders(kind: type[rest.OrderRows], name: str) -> Callable[[Mapping[str, object]], object]:
    def read(rows: Mapping[str, object]) -> object:
        return sorted(rest.decode(raw({name: rows}), kind, "it", OWN).readable())

    return read


LISTS: dict[str, tuple[Callable[[list[Any]], object], list[object]]] = {
    "executions": (
        lambda rows: [row.order_id for row in trading.read_reports(raw(rows)) if isinstance(row, Report)],
        [{"order_id": f"O{n}", "exec_type": "new", "timestamp": STAMP} for n in range(3)],
    ),
    "balances snapshot": (
        lambda rows: [row.asset for row in trading.read_holdings(raw(rows)) if isinstance(row, Holding)],
        [{"asset": asset, "balance": 1} for asset in ("USD", "BTC")],
    ),
    "balances": (
        lambda rows: [row.asset for row in trading.read_entries(raw(rows)) if isinstance(row, LedgerEntry)],
        [{"asset": asset, "balance": 1} for asset in ("USD", "BTC")],
    ),
    "fees of a fill": (
        lambda rows: [fee.asset for fee in _report(fees=rows).fees],
        [FEE, FEE],
    ),
    "wallets": (lambda rows: _holding(rows).locked, [WALLET, {**WALLET, "id": "bonded"}]),
    "public trades": (
        lambda rows: [number for number, _ in socket.read_trades(raw(rows))[0]],
        [{"symbol": "BTC/USD", "price": 5, "trade_id": n, "timestamp": STAMP} for n in range(3)],
    ),
    "system": (lambda rows: socket.read_system(raw(rows)), [{"system": "maintenance"}, {"system": "online"}]),
    "instruments": (
        lambda rows: sorted(listed.instruments(raw({"pairs": rows}))),
        [{"symbol": symbol} for symbol in ("BTC/USD", "ETH/USD")],
    ),
    "trades over REST": (
        lambda rows: rest.last_trade(rest.decode(raw({"P": rows, "last": "7"}), rest.Trades, "it")),  # a dict type
        [["5", "1", 1790000000.5, "b", "l", "", n] for n in range(3)],
    ),
}

TABLES: dict[str, tuple[Callable[[dict[str, Any]], object], dict[str, object]]] = {
    "open orders": (_orders(rest.OpenOrders, "open"), {"O1": ORDER, "O2": ORDER}),
    "closed orders": (_orders(rest.ClosedOrders, "closed"), {"O1": ORDER, "O2": ORDER}),
    "asked orders": (
        lambda rows: sorted(rest.orders_of({VenueOrderId(key): raw(row) for key, row in rows.items()})),
        {"O1": ORDER},
    ),
    "ledger": (
        lambda rows: sorted(rest.decode(raw({"ledger": rows}), rest.Ledgers, "it").readable()),
        {"L1": {"asset": "USD", "amount": "1", "time": 5}},
    ),
    "balances over REST": (
        lambda rows: {
            name: amount
            for name, amount in rest.holdings({key: raw(row) for key, row in rows.items()}).items()
            if amount is not None
        },
        {"ZUSD": {"balance": "1"}},
    ),
    "pairs": (
        lambda rows: PairTable(listed.pair_names({key: raw(row) for key, row in rows.items()})).symbols,
        {"XXBTZUSD": {"altname": "XBTUSD", "base": "XXBT", "quote": "ZUSD"}},
    ),
}


def _report(**more: object) -> Report:
    (row,) = trading.read_reports(raw([{"order_id": "O1", "exec_type": "trade", "timestamp": STAMP, **more}]))
    assert isinstance(row, Report)
    return row


def _holding(wallets: list[object]) -> Holding:
    (row,) = trading.read_holdings(raw([{"asset": "USD", "balance": 5, "wallets": wallets}]))
    assert isinstance(row, Holding)
    return row


@pytest.mark.parametrize("name", LISTS)
@given(data=st.data())
def test_the_other_rows_of_a_list_are_read_as_ever(name: str, data: st.DataObject) -> None:
    read, rows = LISTS[name]
    mixed = list(rows)
    for odd in data.draw(st.lists(NO_ROW, min_size=1, max_size=4)):
        mixed.insert(data.draw(st.integers(0, len(mixed))), odd)
    assert read(mixed) == read(rows)


@pytest.mark.parametrize("name", TABLES)
@given(odd=st.dictionaries(st.sampled_from(["ODD", "O9", "L9", "XETHZUSD"]), NO_ROW, min_size=1))
def test_the_other_rows_of_a_table_are_read_as_ever(name: str, odd: dict[str, object]) -> None:
    read, rows = TABLES[name]
    assert read({**odd, **rows}) == read(rows)
    assert read({**rows, **odd}) == read(rows)


@given(st.lists(NO_ROW, min_size=1, max_size=3))
def test_an_answer_that_is_none_leaves_the_fate_of_its_order_alone_open(odd: list[object]) -> None:
    told = trading.read_placed(trading.ADD_BATCH, raw([{"order_id": "O1"}, *odd]))
    assert [row.order_id for row in told] == ["O1", *[None] * len(odd)]
    assert all("no usable answer" in (row.error or "") for row in told[1:])
    added = rest.decode(raw({"orders": [{"txid": ["O1"]}, *odd]}), rest.AddedBatch, "it").readable()
    assert [row.order_id for row in added] == ["O1", *[None] * len(odd)]


ODD: list[Any] = [None, 7, "row", True]


async def test_a_session_lives_through_such_rows_of_every_channel(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    holdings = [{"asset": "USD", "balance": "1000.0000"}, *ODD, {"asset": "BTC", "balance": "0.05"}]
    with caplog.at_level(logging.WARNING):
        async with opened(orders=ODD, holdings=holdings) as rig:
            assert (await rig.session.snapshot()).balances == {"USD": Decimal(1000), "BTC": Decimal("0.05")}
            request = await rig.placed(place(1))
            await acknowledged(rig.far, request, 1)
            await rig.far.channel("executions", *ODD, opening(1), *ODD)
            assert isinstance((await rig.events(1))[0], Accepted)
            await rig.far.channel("balances", *ODD)
            assert await rig.quiet(20)
    (told,) = [text for text in caplog.messages if "that cannot be read" in text]
    assert told.startswith("left out 8 rows about other activity")


async def test_history_that_hides_a_row_proves_no_absence(autojump_clock: MockClock) -> None:
    """A row that says nothing may be any order: the one that is asked for must not be sent again."""
    rest_table = RestTable(ClosedOrders={"closed": {"OX": None}, "count": 1}, OpenOrders={"open": {}})
    account = make_account(rest_table)
    async with opened(account=account) as rig, trio.open_nursery() as nursery:

        async def answers() -> None:
            while True:
                question = await rig.far.heard()
                await rig.far.answer(question, error="EOrder:Unknown order")

        nursery.start_soon(answers)
        with pytest.raises(ExchangeUnavailable, match="cannot be read"), trio.fail_after(300):
            await rig.session.lookup([order_id(1)])
        nursery.cancel_scope.cancel()


async def test_unread_rows_of_answers_are_told_once(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    account = private_rest(RestTable(OpenOrders={"open": {"OX": None, "OY": 7}}))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await account.read("OpenOrders", rest.OpenOrders)
    (told,) = [text for text in caplog.messages if "left out" in text]
    assert "2 rows" in told
    assert "OpenOrders OX" in told
