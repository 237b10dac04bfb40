"""What must be true after any crash: no order twice, no orphan, no fill without its answer, no drift.

The exchange's own books decide; journal and status page are held against them.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

import duckdb
from msgspec import Struct

from simulators.kraken import Sandbox
from simulators.kraken.model.orders import Order
from tests.crash.life import Shown
from tests.crash.script import FEE, MONEY
from tests.oracle import ids
from tests.oracle import terms as rules
from tests.oracle.terms import Terms

USERREF = 1001
LOT = Fraction(1, 10**8)
_COST = Decimal("0.00001")
"""Kraken states costs of this pair with five decimals."""

What = Literal["duplicate", "orphan", "lost fill", "drift", "stuck", "rule"]
WHATS: tuple[What, ...] = get_args(What)
"""`rule`: an order that the oracle of all judges (`tests.oracle`) does not ask for."""

Row = tuple[str, Decimal, Decimal, Decimal]
"""Side, price, volume, filled."""


class Problem(Struct, frozen=True):
    """Something that must not be."""

    what: What
    text: str


class Picture(Struct, frozen=True):
    """Exchange and program at rest, without anything that differs from run to run."""

    orders: tuple[Row, ...]
    money: tuple[tuple[str, Decimal], ...]
    investment: Decimal
    quote_free: Decimal
    base_free: Decimal
    owned: Decimal
    surplus: Decimal
    buys_filled: int
    sells_filled: int
    fees: Decimal
    cash_flow: Decimal


def all_orders(kraken: Sandbox) -> list[Order]:
    """Every order that the venue ever accepted."""
    account = next(iter(kraken.venue.accounts))
    return list(kraken.venue.orders.of_account(account, time.time_ns() + 10**12))


def agree(kraken: Sandbox, shown: Shown, forgotten: Counter[str]) -> bool:
    """Whether the program at rest shows exactly what is open at the venue, newest price and fills included.

    `forgotten` fills per side were in a journal that is gone.
    """
    if shown.phase != "trading" or any(order.phase != "open" for order in shown.open_orders):
        return False
    (market,) = (market for market in kraken.venue.markets.values() if market.last is not None)
    if shown.last_price != market.tape[-1].price:
        return False
    ours = sorted((order.order_id, order.price, order.volume, order.filled) for order in shown.open_orders)
    theirs = sorted((o.request.cl_ord_id or "", o.price, o.volume, o.filled) for o in kraken.control.open_orders())
    closed = filled_of(kraken) - forgotten
    return ours == theirs and (shown.buys_filled, shown.sells_filled) == (closed["buy"], closed["sell"])


def filled_of(kraken: Sandbox) -> Counter[str]:
    """How many orders of each side were filled."""
    return Counter(order.side for order in all_orders(kraken) if order.status == "closed")


def picture(kraken: Sandbox, shown: Shown) -> Picture:
    """The state to compare."""
    account = next(iter(kraken.venue.accounts.values()))
    return Picture(
        orders=tuple(sorted((o.side, o.price, o.volume, o.filled) for o in kraken.control.open_orders())),
        money=tuple(sorted((row, amount) for row, amount in account.rows.items())),
        investment=shown.investment,
        quote_free=shown.quote_free,
        base_free=shown.base_free,
        owned=shown.owned,
        surplus=shown.surplus,
        buys_filled=shown.buys_filled,
        sells_filled=shown.sells_filled,
        fees=shown.fees,
        cash_flow=shown.cash_flow,
    )


def differences(found: Picture, wanted: Picture, *fields: str) -> list[str]:
    """One line per field (default: all) that is not as in the run without a crash."""
    return [
        f"{name}: {getattr(found, name)} instead of {getattr(wanted, name)}"
        for name in fields or Picture.__struct_fields__
        if getattr(found, name) != getattr(wanted, name)
    ]


def books(kraken: Sandbox, kind: str, database: Path) -> list[Problem]:
    """Everything that the venue's and the journal's books must fulfil once the program has stopped."""
    return [
        *orders_at(kraken, kind),
        *_journal_differs(all_orders(kraken), database),
        *_drift(kraken, database),
    ]


def orders_at(kraken: Sandbox, kind: str) -> list[Problem]:
    """What the venue's books alone must fulfil."""
    orders = all_orders(kraken)
    return [*_placed_twice(orders), *(_unanswered(orders) if kind != "cDCA" else [])]


def _lineage(database: Path) -> str:
    with duckdb.connect(str(database), read_only=True) as connection:
        (row,) = connection.execute("SELECT lineage FROM meta").fetchall()
    return str(row[0])


def _traded(kraken: Sandbox) -> list[Fraction]:
    """Every price of the session."""
    return [Fraction(trade.price) for market in kraken.venue.markets.values() for trade in market.tape]


def against_rules(orders: Sequence[Order], kind: str, lineage: str, tickers: Sequence[Fraction]) -> list[Problem]:
    """Orders that nothing asks for, or not at this price or of this volume; any trade may have been the ticker."""
    known, parents = ids.Ids(USERREF, lineage), {order.txid: order for order in orders}
    for order in orders:
        if order.status == "closed":
            known.filled(order.txid)
    found = []
    for order in orders:
        name = f"{order.side} {order.txid} of {order.volume} at {order.price}"
        cause = known.cause(order.request.cl_ord_id or "")
        if cause is None:
            found.append(Problem("rule", f"nothing that happened asks for {name}"))
        elif order.price not in (due := _due(cause, order, parents, kind, tickers)):
            found.append(Problem("rule", f"{name}, a {cause.kind} order: due are {[float(one) for one in due]}"))
        elif order.side == "buy" and order.volume != rules.buy_volume(_terms(kind), Fraction(order.price)):
            found.append(Problem("rule", f"{name} is not worth an amount"))
    return found


def _due(
    cause: ids.Cause, order: Order, parents: Mapping[str, Order], kind: str, tickers: Sequence[Fraction]
) -> set[Fraction]:
    """Prices at which an order of this cause may stand."""
    terms, bought = _terms(kind), [Fraction(one.price) for one in parents.values() if one.side == "buy"]
    match cause.kind:
        case "counter" if order.side == parents[cause.parent].side:
            return set()
        case "counter" if order.side == "sell":
            price = Fraction(parents[cause.parent].price)
            return {rules.sell_price(terms, price, ticker) for ticker in (None, *tickers)} if terms.sells else set()
        case "counter":
            price = Fraction(parents[cause.parent].price)
            return {rules.buy_price(terms, price, ticker) for ticker in (price, *tickers)}
        case "ladder":
            return {rules.buy_price(terms, last, ticker) for last in (None, *bought) for ticker in tickers}
        case "surplus":
            return {rules.sell_price(terms, price, ticker) for price in bought for ticker in (None, *tickers)}
        case _:
            return {rules.extra_price(terms, ticker, price) for ticker in tickers for price in (Fraction(0), *bought)}


def _terms(kind: str) -> Terms:
    """As the session configures it."""
    return Terms(kind, Fraction(100), Fraction("0.01"), 3, Fraction(550), Fraction(FEE), Fraction("0.1"), LOT)


def _placed_twice(orders: Sequence[Order]) -> list[Problem]:
    names = Counter(order.request.cl_ord_id for order in orders)
    found = [Problem("duplicate", f"{count} orders have the id {name}") for name, count in names.items() if count > 1]
    answers = {order.txid: _answers(order, orders) for order in orders}
    return found + [
        Problem("duplicate", f"order {txid} was answered by {[order.txid for order in alive]}")
        for txid, alive in answers.items()
        if len(alive) > 1
    ]


def _unanswered(orders: Sequence[Order]) -> list[Problem]:
    filled = (order for order in orders if order.side == "buy" and order.status == "closed")
    return [Problem("lost fill", f"buy {o.txid} at {o.price} has no sell") for o in filled if not _answers(o, orders)]


def _answers(order: Order, orders: Sequence[Order]) -> list[Order]:
    """Counter-orders that are open or were executed, if only in part: nobody here cancels one."""
    names = set(ids.answers_to(USERREF, order.txid))
    return [o for o in orders if o.request.cl_ord_id in names and (o.is_open or o.filled)]


def _journal_differs(orders: Sequence[Order], database: Path) -> list[Problem]:
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute("SELECT order_id, status, filled, cost, fee FROM orders").fetchall()
        executed = connection.execute(
            "SELECT order_id, sum(volume), sum(cost), sum(fee) FROM fills GROUP BY ALL"
        ).fetchall()
    found = []
    status = {order_id: state for order_id, state, *_ in rows}
    books = {order_id: tuple(amounts) for order_id, _, *amounts in rows}
    fills = {order_id: tuple(amounts) for order_id, *amounts in executed}
    for order in orders:
        name = order.request.cl_ord_id or ""
        if name not in books:
            found.append(Problem("orphan", f"the journal does not know order {name}"))
            continue
        theirs = (order.filled, order.cost.quantize(_COST, ROUND_HALF_UP), order.fee)
        if books[name] != theirs or fills.get(name, (0, 0, 0)) != theirs:
            shown = [" ".join(f"{amount.normalize():f}" for amount in row) for row in (books[name], theirs)]
            found.append(Problem("drift", f"order {name}: {shown[0]} instead of {shown[1]} (filled, cost, fee)"))
        if order.is_open and status[name] != "open":
            found.append(Problem("orphan", f"the journal has the open order {name} as {status[name]}"))
    still_open = {order.request.cl_ord_id for order in orders if order.is_open}
    found += [
        Problem("drift", f"the journal has order {name} as {state}, the venue does not have it open")
        for name, state in status.items()
        if state in ("requested", "open", "canceling") and name not in still_open
    ]
    return found


def _drift(kraken: Sandbox, database: Path) -> list[Problem]:
    """Bought minus sold is what the account has more than at first."""
    with duckdb.connect(str(database), read_only=True) as connection:
        sums = connection.execute(
            "SELECT o.side, sum(f.volume), sum(f.cost), sum(f.fee) FROM fills f JOIN orders o USING (order_id) "
            "GROUP BY ALL"
        ).fetchall()
    signs = {"buy": 1, "sell": -1}
    base = sum((signs[side] * volume for side, volume, *_ in sums), Decimal(0))
    account = next(iter(kraken.venue.accounts.values()))
    grown = account.rows["XXBT"] - MONEY["XXBT"]
    if base != grown:
        return [Problem("drift", f"the journal has {base} BTC more than at first, the account {grown}")]
    return []
