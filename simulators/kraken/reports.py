"""What the WebSocket channels carry (facts, sections 4.3 to 4.5)."""

from decimal import Decimal

from simulators.kraken.model.accounts import Account
from simulators.kraken.model.catalogue import Pair
from simulators.kraken.model.defaults import FEE_CREDITS
from simulators.kraken.model.events import BalanceEvent, OrderEvent
from simulators.kraken.model.market import NOMINAL_QUANTITY, Market, PublicTrade
from simulators.kraken.model.orders import Order, Trade
from simulators.kraken.model.venue import Venue
from simulators.kraken.wire import Json, average, kept, quantized, rfc3339

_ASSET_STATUS = {
    "enabled": "enabled",
    "deposit_only": "depositonly",
    "withdrawal_only": "withdrawalonly",
    "funding_temporarily_disabled": "fundingtemporarilydisabled",
}
_CATEGORIES = {"margin": "margin-trade", "rollover": "marginrollover", "staking": "staking-rewards"}
"""Where the category of an entry has another name than its type."""
_ZERO = Decimal("0.0")
_PERCENT_DECIMALS = 2


def execution(venue: Venue, event: OrderEvent) -> Json:
    """The report of one change of an order; each kind carries only the fields that the venue sends."""
    return event.order.request.odd.shown(_execution(venue, event))


def _execution(venue: Venue, event: OrderEvent) -> Json:
    order, pair = event.order, venue.pair_of(event.order)
    match event.kind:
        case "pending_new":
            return _identity(order) | _terms(pair, order) | _opening(order, event.time)
        case "trade" if event.trade is not None:
            return _fill(venue, pair, order, event.trade)
        case "canceled" | "expired":
            ending: Json = {"cancel_reason": order.reason, "reason": order.reason} if order.reason else {}
            return _state(event) | _totals(venue, pair, order) | _flags(order) | ending | _identity(order)
        case "amended":
            changed = {
                "cum_qty": kept(order.filled, pair.lot_decimals),
                "reason": "User requested",
                "amended": True,
                "order_qty": kept(order.volume, pair.lot_decimals),
                "limit_price": kept(order.price, pair.pair_decimals),
                "limit_price_type": "static",
            }
            return _state(event) | changed | _identity(order)
        case _:
            return _state(event) | _flags(order) | _identity(order)


def open_order(venue: Venue, order: Order) -> Json:
    """An open order in the snapshot, with rich fields."""
    pair = venue.pair_of(order)
    report = _identity(order) | _terms(pair, order)
    report |= {
        "exec_type": "new" if order.status == "open" else "pending_new",
        "order_status": "partially_filled" if order.filled else "new" if order.status == "open" else "pending_new",
        "timestamp": rfc3339(order.opened),
    }
    if order.filled:
        report |= _totals(venue, pair, order)
    return order.request.odd.shown(report | ({"amended": True} if order.amended else {}))


def past_trade(venue: Venue, trade: Trade) -> Json:
    """A fill in the snapshot."""
    order, pair = venue.orders.get(trade.order), venue.catalogue.known(trade.pair)
    names = _identity(order) if order else {"order_id": trade.order}
    return names | _trade(pair, trade) | {"exec_type": "trade", "order_status": "filled"}


def balances(venue: Venue, account: Account) -> list[Json]:
    """The snapshot: holdings of every asset that can be traded."""
    report = []
    for asset in venue.catalogue.assets.values():
        bound = [row for row in asset.bound_rows if row in account.rows]
        if asset.row not in account.rows and asset.earn_row not in account.rows and not bound:
            continue
        wallets = [{"type": "spot", "id": "main", "balance": _amount(account.rows.get(asset.row), asset.decimals)}]
        earning = account.rows.get(asset.earn_row)
        if earning is not None:
            wallets.append({"type": "earn", "id": "flexible", "balance": _amount(earning, asset.decimals)})
        wallets += [
            {"type": "earn", "id": "bonded", "balance": _amount(account.rows[row], asset.decimals)} for row in bound
        ]
        report.append(
            {
                "asset": asset.symbol,
                "asset_class": asset.aclass,
                "balance": _amount(account.owned(asset), asset.decimals),
                "wallets": wallets,
            }
        )
    return report


def balance_change(venue: Venue, event: BalanceEvent) -> Json:
    """An update: one ledger entry; its balance is the total of the asset."""
    entry, asset = event.entry, venue.catalogue.assets[event.entry.asset]
    subtype = {"subtype": entry.subtype} if entry.subtype else {}
    return subtype | {
        "ledger_id": entry.id,
        "ref_id": entry.refid,
        "timestamp": rfc3339(entry.time),
        "type": entry.kind,
        "asset": asset.symbol,
        "asset_class": asset.aclass,
        "category": _CATEGORIES.get(entry.kind, entry.kind),
        "wallet_type": entry.wallet[0],
        "wallet_id": entry.wallet[1],
        "amount": entry.amount,
        "fee": entry.fee,
        "balance": _amount(entry.total, asset.decimals),
    }


def ticker(market: Market, now: int) -> Json | None:
    """None while nothing is known of the market."""
    if market.last is None or market.bid is None or market.ask is None:
        return None
    pair, day = market.pair, market.window.statistics(now)
    places, last = pair.pair_decimals, market.last
    opening = day.open if day else last
    change = last - opening
    return {
        "symbol": pair.symbol,
        "bid": quantized(market.bid, places),
        "bid_qty": quantized(_shown(market.bid_quantity), pair.lot_decimals),
        "ask": quantized(market.ask, places),
        "ask_qty": quantized(_shown(market.ask_quantity), pair.lot_decimals),
        "last": quantized(last, places),
        "volume": quantized(day.volume if day else _ZERO, pair.lot_decimals),
        "vwap": quantized(day.vwap if day else last, places),
        "low": quantized(day.low if day else last, places),
        "high": quantized(day.high if day else last, places),
        "change": quantized(change, places),
        "change_pct": quantized(change / opening * 100, _PERCENT_DECIMALS),
        "timestamp": rfc3339(now),
    }


def public_trade(pair: Pair, trade: PublicTrade) -> Json:
    return {
        "symbol": pair.symbol,
        "side": trade.side,
        "price": kept(trade.price, pair.pair_decimals),
        "qty": kept(trade.volume, pair.lot_decimals),
        "ord_type": trade.ordertype,
        "trade_id": trade.trade_id,
        "timestamp": rfc3339(trade.time),
    }


def instruments(venue: Venue, *, tokenized: bool) -> Json:
    """The snapshot of assets and pairs."""
    chosen = [pair for pair in venue.catalogue.pairs.values() if tokenized or pair.aclass == "currency"]
    assets = {asset.id: asset for pair in chosen for asset in (pair.base, pair.quote)}
    return {
        "assets": [
            {
                "id": asset.symbol,
                "status": _ASSET_STATUS.get(asset.status, "disabled"),
                "precision": asset.decimals,
                "precision_display": asset.display_decimals,
                "borrowable": False,
                "collateral_value": Decimal("1.0"),
            }
            for asset in assets.values()
        ],
        "pairs": [instrument(venue.markets[pair.id]) for pair in chosen],
    }


def instrument(market: Market) -> Json:
    """One pair with its rules."""
    pair = market.pair
    row: Json = {
        "symbol": pair.symbol,
        "base": pair.base.symbol,
        "quote": pair.quote.symbol,
        "status": market.status,
        "qty_precision": pair.lot_decimals,
        "qty_increment": Decimal(1).scaleb(-pair.lot_decimals),
        "qty_min": pair.ordermin,
        "price_precision": pair.pair_decimals,
        "price_increment": pair.tick_size,
        "tick_size": pair.tick_size,
        "cost_precision": pair.cost_decimals,
        "cost_min": pair.costmin,
        "marginable": False,
        "has_index": pair.has_index,
    }
    return market.odd.shown(row)


def _identity(order: Order) -> Json:
    request = order.request
    if request.cl_ord_id is not None:
        return {"order_id": order.txid, "cl_ord_id": request.cl_ord_id}
    return {"order_id": order.txid, "order_userref": request.userref or 0}


def _terms(pair: Pair, order: Order) -> Json:
    request = order.request
    terms: Json = {
        "symbol": pair.symbol,
        "order_qty": kept(order.volume, pair.lot_decimals),
        "time_in_force": request.tif,
        "side": order.side,
        "order_type": request.ordertype,
    }
    if request.ordertype == "limit":
        terms |= {"limit_price_type": "static", "limit_price": kept(order.price, pair.pair_decimals)}
    if request.tif == "GTD":
        terms["expire_time"] = rfc3339(request.expires)
    return terms | _flags(order)


def _opening(order: Order, time: int) -> Json:
    return {
        "cum_cost": _ZERO,
        "exec_type": "pending_new",
        "stop_price": _ZERO,
        "order_status": "pending_new",
        "fee_usd_equiv": _ZERO,
        "fee_ccy_pref": "fciq",
        "timestamp": rfc3339(time),
    }


def _state(event: OrderEvent) -> Json:
    order_status = {
        "new": "new",
        "filled": "filled",
        "canceled": "canceled",
        "expired": "expired",
        "amended": "partially_filled" if event.order.filled else "new",
    }
    return {
        "timestamp": rfc3339(event.time),
        "order_status": order_status[event.kind],
        "exec_type": event.kind,
    }


def _flags(order: Order) -> Json:
    request = order.request
    return ({"post_only": True} if request.post_only else {}) | ({"margin": True} if request.leverage else {})


def _totals(venue: Venue, pair: Pair, order: Order) -> Json:
    totals: Json = {
        "cum_qty": kept(order.filled, pair.lot_decimals),
        "cum_cost": quantized(order.cost, pair.cost_decimals),
        "avg_price": average(order.average, pair.pair_decimals),
    }
    return totals | ({"fee_usd_equiv": order.fee} if pair.quote.symbol == "USD" else {})


def _trade(pair: Pair, trade: Trade) -> Json:
    return {
        "exec_id": trade.txid,
        "trade_id": trade.trade_id,
        "symbol": pair.symbol,
        "side": trade.side,
        "last_qty": kept(trade.volume, pair.lot_decimals),
        "last_price": kept(trade.price, pair.pair_decimals),
        "liquidity_ind": "m" if trade.maker else "t",
        "cost": quantized(trade.cost, pair.cost_decimals),
        "order_type": trade.ordertype,
        "timestamp": rfc3339(trade.time),
        "fees": [
            {"asset": FEE_CREDITS.symbol, "qty": trade.credits}
            if trade.credits
            else {"asset": pair.quote.symbol, "qty": quantized(trade.fee, pair.cost_decimals)}
        ],
    }


def _fill(venue: Venue, pair: Pair, order: Order, trade: Trade) -> Json:
    state: Json = {"exec_type": "trade", "order_status": "partially_filled"}
    margin = {"margin": True} if trade.leverage else {}
    return _identity(order) | state | _trade(pair, trade) | _totals(venue, pair, order) | margin


def _amount(value: Decimal | None, decimals: int) -> Decimal:
    return quantized(value or Decimal(0), decimals)


def _shown(quantity: Decimal | None) -> Decimal:
    return NOMINAL_QUANTITY if quantity is None else quantity
