"""The public REST endpoints (facts, sections 2.1 to 2.4)."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from simulators.kraken.fields import Fields
from simulators.kraken.model.catalogue import Asset, Pair
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.errors import INVALID_ARGUMENTS, Refused
from simulators.kraken.model.market import DAY, NOMINAL_QUANTITY, Market, Statistics, candles
from simulators.kraken.model.venue import Venue
from simulators.kraken.wire import Json, fixed, rfc1123, rfc3339, seconds

INTERVALS = frozenset({1, 5, 15, 30, 60, 240, 1440, 10080, 21600})
TRADES_MOST = 1000
DEPTH_MOST = 500
_PRICE_DECIMALS = 5
_QUOTE_VOLUME_DECIMALS = 3
_NANOSECONDS_FROM = 10**14
"""A `since` from here on counts nanoseconds, below it seconds."""


def system_status(venue: Venue, fields: Fields) -> Json:
    return {"status": venue.system, "timestamp": rfc3339(venue.clock.now(), 0)}


def server_time(venue: Venue, fields: Fields) -> Json:
    now = venue.clock.now()
    return {"unixtime": now // SECOND, "rfc1123": rfc1123(now)}


def assets(venue: Venue, fields: Fields) -> Json:
    aclass = fields.text("aclass") or "currency"
    names = fields.names("asset")
    chosen = [venue.catalogue.asset(name) for name in names] if names else venue.catalogue.assets.values()
    return {asset.id: _asset_view(asset) for asset in chosen if asset.aclass == aclass}


def asset_pairs(venue: Venue, fields: Fields) -> Json:
    aclass = fields.text("aclass_base") or "currency"
    names = fields.names("pair")
    chosen = [venue.catalogue.pair(name) for name in names] if names else venue.catalogue.pairs.values()
    return {pair.id: _pair_view(venue.markets[pair.id]) for pair in chosen if pair.aclass == aclass}


def ticker(venue: Venue, fields: Fields) -> Json:
    names = fields.names("pair")
    aclass = fields.text("asset_class") or "currency"
    chosen = [venue.catalogue.pair(name) for name in names] if names else venue.catalogue.pairs.values()
    markets = (venue.markets[pair.id] for pair in chosen if pair.aclass == aclass)
    return {market.pair.id: _ticker_view(market, venue.clock.now()) for market in markets if market.last is not None}


def depth(venue: Venue, fields: Fields) -> Json:
    pair = _pair(venue, fields)
    count = min(fields.integer("count") or 100, DEPTH_MOST)
    now = venue.clock.now() // SECOND
    market, resting = venue.markets[pair.id], venue.orders.resting(pair.id)

    def side(name: str, quote: Decimal | None, quantity: Decimal | None) -> list[list[object]]:
        levels: dict[Decimal, Decimal] = {}
        if quote is not None and quantity != 0:
            levels[quote] = NOMINAL_QUANTITY if quantity is None else quantity
        for order in resting:
            if order.side == name:
                levels[order.price] = levels.get(order.price, Decimal(0)) + order.remaining
        best_first = sorted(levels.items(), reverse=name == "buy")[:count]
        return [[_price(pair, price), fixed(volume, _QUOTE_VOLUME_DECIMALS), now] for price, volume in best_first]

    bids = side("buy", market.bid, market.bid_quantity)
    return {pair.id: {"asks": side("sell", market.ask, market.ask_quantity), "bids": bids}}


def ohlc(venue: Venue, fields: Fields) -> Json:
    pair = _pair(venue, fields)
    minutes = fields.integer("interval")
    if minutes is None:
        minutes = 1
    if minutes not in INTERVALS:
        raise Refused(INVALID_ARGUMENTS)
    rows = candles(venue.markets[pair.id], minutes, venue.clock.now())
    last = rows[-2].start // SECOND if len(rows) > 1 else 0
    since = (fields.integer("since") or 0) * SECOND
    places = pair.pair_decimals
    shown = [row for row in rows[:-1] if row.start > since] + rows[-1:]
    return {
        pair.id: [
            [
                row.start // SECOND,
                *(fixed(price, places) for price in (row.open, row.high, row.low, row.close)),
                fixed(row.vwap, places) if row.trades else "0.0",
                fixed(row.volume, pair.lot_decimals),
                row.trades,
            ]
            for row in shown
        ],
        "last": last,
    }


def trades(venue: Venue, fields: Fields) -> Json:
    pair = _pair(venue, fields)
    count = fields.integer("count")
    if count is None:
        count = TRADES_MOST
    if not 1 <= count <= TRADES_MOST:
        raise Refused(INVALID_ARGUMENTS)
    market = venue.markets[pair.id]
    since = fields.integer("since")
    if since is None:
        rows = market.tape[-count:]
    else:
        rows = market.trades_after(since if since >= _NANOSECONDS_FROM else since * SECOND)[:count]
    last = rows[-1].time if rows else since or 0
    return {
        pair.id: [
            [
                _price(pair, row.price),
                fixed(row.volume, pair.lot_decimals),
                seconds(row.time, 7),
                row.side[0],
                row.ordertype[0],
                "",
                row.trade_id,
            ]
            for row in rows
        ],
        "last": str(last),
    }


ENDPOINTS: Mapping[str, Callable[[Venue, Fields], Json]] = {
    "SystemStatus": system_status,
    "Time": server_time,
    "Assets": assets,
    "AssetPairs": asset_pairs,
    "Ticker": ticker,
    "Depth": depth,
    "OHLC": ohlc,
    "Trades": trades,
}


def _pair(venue: Venue, fields: Fields) -> Pair:
    pair = venue.catalogue.pair(fields.text("pair") or "")
    if pair.aclass != (fields.text("asset_class") or "currency"):
        return venue.catalogue.pair("")
    return pair


def _asset_view(asset: Asset) -> Json:
    return {
        "aclass": asset.aclass,
        "altname": asset.altname,
        "decimals": asset.decimals,
        "display_decimals": asset.display_decimals,
        "collateral_value": Decimal("1.0"),
        "status": asset.status,
    }


def _pair_view(market: Market) -> Json:
    pair = market.pair
    row: Json = {
        "altname": pair.altname,
        "wsname": pair.wsname,
        "aclass_base": pair.base.aclass,
        "base": pair.base.id,
        "aclass_quote": pair.quote.aclass,
        "quote": pair.quote.id,
        "execution_venue": "international",
        "lot": "unit",
        "cost_decimals": pair.cost_decimals,
        "pair_decimals": pair.pair_decimals,
        "lot_decimals": pair.lot_decimals,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [],
        "fees_maker": [],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": f"{pair.ordermin:f}",
        "costmin": f"{pair.costmin:f}",
        "tick_size": f"{pair.tick_size:f}",
        "status": market.status,
    }
    return market.odd.shown(row)


def _ticker_view(market: Market, now: int) -> Json:
    pair = market.pair
    last = market.last or Decimal(0)
    nothing = Statistics(Decimal(0), Decimal(0), 0, Decimal(0), Decimal(0), last)
    today = market.statistics_since(now // DAY * DAY) or nothing
    day = market.window.statistics(now) or nothing
    last_volume = market.tape[-1].volume if market.tape else Decimal(0)

    def quote(price: Decimal | None, quantity: Decimal | None) -> list[str]:
        shown = NOMINAL_QUANTITY if quantity is None else quantity
        return [_price(pair, price or Decimal(0)), f"{int(shown)}", fixed(shown, _QUOTE_VOLUME_DECIMALS)]

    return {
        "a": quote(market.ask, market.ask_quantity),
        "b": quote(market.bid, market.bid_quantity),
        "c": [_price(pair, last), fixed(last_volume, pair.lot_decimals)],
        "v": [fixed(stretch.volume, pair.lot_decimals) for stretch in (today, day)],
        "p": [_price(pair, stretch.vwap) for stretch in (today, day)],
        "t": [today.trades, day.trades],
        "l": [_price(pair, stretch.low) for stretch in (today, day)],
        "h": [_price(pair, stretch.high) for stretch in (today, day)],
        "o": _price(pair, today.open),
    }


def _price(pair: Pair, price: Decimal) -> str:
    """Padded to 5 decimals or more, whatever the pair's decimals say."""
    return fixed(price, max(_PRICE_DECIMALS, pair.pair_decimals))
