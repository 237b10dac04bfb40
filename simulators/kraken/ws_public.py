"""The public WebSocket: ticker, trade, instrument (facts, sections 4.2 and 4.3)."""

from decimal import Decimal

from simulators.kraken import reports
from simulators.kraken.fields import Fields
from simulators.kraken.model.catalogue import Pair
from simulators.kraken.model.errors import INVALID_ARGUMENTS, UNKNOWN_METHOD, Refused
from simulators.kraken.model.events import Event, MarketEvent, PairEvent
from simulators.kraken.model.venue import Venue
from simulators.kraken.request_log import Entry
from simulators.kraken.sockets import Frame, accepted, refused
from simulators.kraken.wire import Json

BAD_CHANNEL = "Subscription name invalid"
SNAPSHOT_TRADES = 50
_TRIGGERS = {"trades": "trades", "bbo": "bbo"}


class PublicSession:
    """Subscriptions of one public connection."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._tickers: dict[str, str] = {}
        """Event trigger by pair id."""
        self._quotes: dict[str, tuple[Decimal | None, Decimal | None]] = {}
        self._trades: set[str] = set()
        self._instruments: bool | None = None
        """None: not subscribed; else whether tokenized assets are wanted."""

    def answer(self, message: Json, entry: Entry) -> list[Frame]:
        entry.outcome = "ok"
        try:
            return self._answer(message)
        except Refused as refusal:
            entry.outcome = refusal.text
            return [Frame(refused(message, refusal.text))]

    def _answer(self, message: Json) -> list[Frame]:
        method = message["method"]
        if method == "ping":
            return [Frame(pong(message, self._venue))]
        if method not in ("subscribe", "unsubscribe"):
            raise Refused(UNKNOWN_METHOD)
        params = message.get("params")
        fields = Fields(params if isinstance(params, dict) else {}, strings=False)
        match fields.values.get("channel"):
            case "instrument":
                return self._instrument(message, fields)
            case "ticker" | "trade" as channel:
                frames = []
                for symbol in fields.names("symbol"):
                    frames += self._symbol(message, fields, channel, symbol)
                if not frames:
                    raise Refused(f"{INVALID_ARGUMENTS}:symbol")
                return frames
            case _:
                raise Refused(BAD_CHANNEL)

    def subscribed(self) -> bool:
        return bool(self._tickers or self._trades or self._instruments is not None)

    def close(self) -> None:
        """Nothing to give back."""

    def hear(self, event: Event) -> list[Frame]:
        match event:
            case MarketEvent():
                return self._market(event)
            case PairEvent():
                market = self._venue.markets[event.pair]
                if self._instruments is None or (market.pair.aclass == "tokenized_asset" and not self._instruments):
                    return []
                data = {"assets": [], "pairs": [reports.instrument(market)]}
                return [Frame({"channel": "instrument", "type": "update", "data": data}, "instrument")]
            case _:
                return []

    def _symbol(self, message: Json, fields: Fields, channel: str, symbol: str) -> list[Frame]:
        pair = self._venue.catalogue.by_symbol(symbol)
        if pair is None:
            answer = refused(message, f"Currency pair not supported {symbol}")
            return [Frame(answer | {"symbol": symbol})]
        snapshot = fields.flag("snapshot", default=channel == "ticker")
        result: Json = {"channel": channel, "symbol": symbol}
        if message["method"] == "unsubscribe":
            self._tickers.pop(pair.id, None) if channel == "ticker" else self._trades.discard(pair.id)
            return [Frame(accepted(message, result))]
        result["snapshot"] = snapshot
        if channel == "ticker":
            result["event_trigger"] = self._tickers[pair.id] = fields.choice("event_trigger", _TRIGGERS, "trades")
        else:
            self._trades.add(pair.id)
        return [Frame(accepted(message, result)), *(self._snapshot(channel, pair) if snapshot else [])]

    def _snapshot(self, channel: str, pair: Pair) -> list[Frame]:
        market = self._venue.markets[pair.id]
        if channel == "trade":
            rows = [reports.public_trade(pair, trade) for trade in market.tape[-SNAPSHOT_TRADES:]]
            return [Frame({"channel": "trade", "type": "snapshot", "data": rows}, "trade")]
        self._quotes[pair.id] = (market.bid, market.ask)
        view = reports.ticker(market, self._venue.clock.now())
        return [Frame({"channel": "ticker", "type": "snapshot", "data": [view]}, "ticker")] if view else []

    def _instrument(self, message: Json, fields: Fields) -> list[Frame]:
        if message["method"] == "unsubscribe":
            self._instruments = None
            return [Frame(accepted(message, {"channel": "instrument"}))]
        snapshot = fields.flag("snapshot", default=True)
        self._instruments = fields.flag("include_tokenized_assets")
        frames = [Frame(accepted(message, {"channel": "instrument", "snapshot": snapshot}))]
        if snapshot:
            data = reports.instruments(self._venue, tokenized=self._instruments)
            frames.append(Frame({"channel": "instrument", "type": "snapshot", "data": data}, "instrument"))
        return frames

    def _market(self, event: MarketEvent) -> list[Frame]:
        frames = []
        market = self._venue.markets[event.pair]
        if event.trades and event.pair in self._trades:
            rows = [reports.public_trade(market.pair, trade) for trade in event.trades]
            frames.append(Frame({"channel": "trade", "type": "update", "data": rows}, "trade"))
        quote = (market.bid, market.ask)
        moved = self._quotes.get(event.pair) != quote
        trigger = self._tickers.get(event.pair)
        if (trigger == "trades" and event.trades) or (trigger == "bbo" and moved):
            self._quotes[event.pair] = quote
            view = reports.ticker(market, self._venue.clock.now())
            if view:
                frames.append(Frame({"channel": "ticker", "type": "update", "data": [view]}, "ticker"))
        return frames


def pong(message: Json, venue: Venue) -> Json:
    """The answer to an application ping; it has no `success`."""
    return {"method": "pong"} | ({"req_id": message["req_id"]} if "req_id" in message else {})
