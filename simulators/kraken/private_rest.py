"""The private REST endpoints that only look (facts, sections 2.5 to 2.9 and 2.14)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from simulators.kraken.fields import Fields
from simulators.kraken.model import history
from simulators.kraken.model.accounts import Account, ApiKey
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.errors import INVALID_ARGUMENTS, Refused
from simulators.kraken.model.fees import LADDER, standing
from simulators.kraken.model.ids import is_well_formed
from simulators.kraken.model.orders import Order
from simulators.kraken.model.tokens import LIFE_SECONDS
from simulators.kraken.model.venue import Venue
from simulators.kraken.views import ledger_view, order_view, trade_view
from simulators.kraken.wire import Json, fixed

CLOSE_TIMES: Mapping[str, history.CloseTime] = {"open": "open", "close": "close", "both": "both"}
QUERY_MOST = 50
_UNKNOWN_ROW_DECIMALS = 10
_PERCENT_DECIMALS = 4


def balance(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    return {row: fixed(amount, _decimals(venue, row)) for row, amount in key.account.rows.items()}


def balance_ex(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    """The hold stands on the plain row, even when the earning row has the funds."""
    account, result = key.account, {}
    rows = dict.fromkeys(account.rows) | {
        asset.row: None for asset in venue.catalogue.assets.values() if account.held(asset)
    }
    for row in rows:
        asset, places = venue.catalogue.of_row(row), _decimals(venue, row)
        held = account.held(asset) if asset is not None and row == asset.row else Decimal(0)
        owned = account.rows.get(row, Decimal(0))
        result[row] = {"balance": fixed(owned, places), "hold_trade": fixed(held, places)}
    return result


def trade_volume(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    volume = fixed(key.account.volume, 4)
    result: Json = {
        "currency": "ZUSD",
        "volume": volume,
        "asset_class": "currency",
        "inputs": {"domain_spot_volume_30d": volume},
        "fees": None,
        "fees_maker": None,
    }
    pairs = [venue.catalogue.pair(name) for name in fields.names("pair")]
    with_ladder = fields.flag("fee_schedule")
    if pairs:
        spelling = venue.behaviour.fee_names
        result["fees"] = {pair.id: _fee_view(key.account, "taker", spelling) for pair in pairs}
        result["fees_maker"] = {pair.id: _fee_view(key.account, "maker", spelling) for pair in pairs}
    if with_ladder:
        ladder = [[f"{step.volume}", f"{step.rates.maker}", f"{step.rates.taker}"] for step in LADDER]
        result["schedules"] = {pair.id: ladder for pair in pairs}
    return result


def open_orders(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    orders = [order for order in _chosen(venue, key, fields) if order.is_open]
    return {"open": _order_views(venue, orders, fields)}


def closed_orders(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    closetime = fields.choice("closetime", CLOSE_TIMES, "both")
    orders = [order for order in _chosen(venue, key, fields) if not order.is_open]
    chosen, count = history.closed_orders(orders, _page(venue, fields), closetime)
    return _counted({"closed": _order_views(venue, chosen, fields)}, count, fields)


def query_orders(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    """Unknown ids are left out."""
    wanted = fields.names("txid")
    if not wanted or len(wanted) > QUERY_MOST:
        raise Refused(INVALID_ARGUMENTS)
    if not all(is_well_formed(txid) for txid in wanted):
        raise Refused(f"{INVALID_ARGUMENTS}:txid")
    names = set(wanted)
    rights = key.settings.permissions
    orders = [
        order
        for order in _chosen(venue, key, fields)
        if order.txid in names and ("query-open-trades" if order.is_open else "query-closed-trades") in rights
    ]
    return _order_views(venue, orders, fields)


def trades_history(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    until = history.lagging(venue)
    known = [trade for trade in key.account.trades if trade.time <= until]
    kind = fields.text("type") or "all"
    if kind != "all":
        known = [trade for trade in known if bool(trade.leverage) == (kind != "no position")]
    rows = history.consolidated(known) if fields.flag("consolidate_taker", default=True) else known
    chosen, count = history.page_of(rows, lambda trade: trade.time, _page(venue, fields))
    with_ledgers = fields.flag("ledgers")
    views = {trade.txid: trade_view(venue, trade, ledgers=with_ledgers) for trade in chosen}
    return _counted({"trades": views}, count, fields)


def ledgers(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    kind = fields.text("type") or "all"
    rows = {venue.catalogue.asset(name).id for name in fields.names("asset")}
    entries = [
        entry for entry in key.account.entries if kind in ("all", entry.kind) and (not rows or entry.asset in rows)
    ]
    chosen, count = history.page_of(entries, lambda entry: entry.time, _page(venue, fields))
    return _counted({"ledger": {entry.id: ledger_view(venue, entry) for entry in chosen}}, count, fields)


def get_websockets_token(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    token = venue.mint.token()
    venue.tokens.issue(token, key, venue.clock.now())
    return {"token": token, "expires": LIFE_SECONDS}


def get_api_key_info(venue: Venue, key: ApiKey, fields: Fields) -> Json:
    created = str(key.created // SECOND)
    values: Json = {
        "apiKeyName": key.settings.name,
        "apiKey": key.settings.public,
        "nonce": str(key.nonce),
        "nonceWindow": key.settings.nonce_window,
        "permissions": sorted(key.settings.permissions),
        "iban": key.account.iban,
        "validUntil": "0",
        "queryFrom": "0",
        "queryTo": "0",
        "createdTime": created,
        "modifiedTime": created,
        "ipAllowlist": [],
        "lastUsed": str(key.last_used // SECOND),
    }
    if venue.behaviour.key_info_names == "camel":
        return values
    values["nonceWindow"] = str(key.settings.nonce_window)
    return {_snake(name): value for name, value in values.items()}


def _snake(name: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name)


def _decimals(venue: Venue, row: str) -> int:
    asset = venue.catalogue.of_row(row)
    return asset.decimals if asset else _UNKNOWN_ROW_DECIMALS


def _fee_view(account: Account, role: str, spelling: str) -> Json:
    """What the account pays as `maker` or `taker`, and what comes next."""
    reached, following = standing(account.volume)
    ladder = [step.rates.maker if role == "maker" else step.rates.taker for step in LADDER]
    own = account.rates.maker if role == "maker" else account.rates.taker
    fixed_rates = account.has_fixed_rates
    later = None if following is None or fixed_rates else following

    def percent(value: Decimal) -> str:
        return fixed(value, _PERCENT_DECIMALS)

    view: Json = {
        "fee": percent(own),
        "minfee": percent(own if fixed_rates else ladder[-1]),
        "maxfee": percent(own if fixed_rates else ladder[0]),
        "nextfee": percent(later.rates.maker if role == "maker" else later.rates.taker) if later else None,
        "tiervolume": percent(Decimal(0) if fixed_rates else reached.volume),
        "nextvolume": percent(later.volume) if later else None,
    }
    if spelling == "wire":
        return view
    starts = ("min", "max", "next", "tier")
    return {
        next((f"{start}_{name.removeprefix(start)}" for start in starts if name.startswith(start)), name): value
        for name, value in view.items()
    }


def _chosen(venue: Venue, key: ApiKey, fields: Fields) -> Iterable[Order]:
    """The account's orders as the lagging view shows them, filtered by reference or client id."""
    userref, cl_ord_id = fields.integer("userref"), fields.text("cl_ord_id")
    for order in venue.orders.of_account(key.account.name, history.lagging(venue)):
        request = order.request
        if userref in (None, request.userref) and cl_ord_id in (None, request.cl_ord_id):
            yield order


def _order_views(venue: Venue, orders: Iterable[Order], fields: Fields) -> Json:
    with_trades = fields.flag("trades")
    return {order.txid: order_view(venue, order, trades=with_trades) for order in orders}


def _counted(result: Json, count: int, fields: Fields) -> Json:
    return result if fields.flag("without_count") else result | {"count": count}


def _page(venue: Venue, fields: Fields) -> history.Page:
    offset = fields.integer("ofs") or 0
    if offset < 0:
        raise Refused(f"{INVALID_ARGUMENTS}:ofs")
    return history.Page(history.Span(_border(venue, fields, "start"), _border(venue, fields, "end")), offset)


def _border(venue: Venue, fields: Fields, name: str) -> int | None:
    """A UNIX time, or an order id that stands for its opening time."""
    value = fields.values.get(name)
    if isinstance(value, str) and is_well_formed(value):
        return history.time_of_id(venue, value)
    return fields.unix_time(name, venue.clock.now())
