"""Kraken's public trades of the past, page by page, from the REST API's Trades (no key)."""

from collections.abc import AsyncGenerator

from msgspec import Struct
from msgspec.structs import replace

from adapters.exchanges.kraken.names import TOKENIZED, PairName, PairTable
from adapters.exchanges.kraken.rest import PublicRest
from adapters.exchanges.kraken.wire.listed import Rows, pair_names
from adapters.exchanges.kraken.wire.rest import TradeRow, Trades
from adapters.exchanges.kraken.wire.values import nanoseconds_of_unix
from adapters.interfaces import ExchangeUnavailable
from config.problems import ConfigError, Problem, did_you_mean, shown

PAGE = 1000
"""Trades per answer, as many as Kraken gives."""
_SYMBOLS_SHOWN = 10


class PastTrade(Struct, frozen=True):
    """One trade; price and volume as the texts that Kraken sent."""

    trade_id: int
    """Rises by one from trade to trade of a pair."""
    time: int
    """Nanoseconds UTC."""
    price: str
    volume: str


async def trade_pages(rest: PublicRest, symbol: str, since: int, after_id: int = 0) -> AsyncGenerator[list[PastTrade]]:
    """The trades from `since` (nanoseconds UTC) on, oldest first, as far as they go; no id up to `after_id`.

    Raises `ConfigError` for an unknown pair and `ExchangeUnavailable`; whoever goes on after that asks from
    the newest trade he has.
    """
    pair = await _pair(rest, symbol)
    newest, cursor = after_id, since
    while True:
        # One nanosecond early and told apart by id: whether `since` itself is included is not documented.
        since_text = str(max(0, cursor - 1))
        answer = await rest.get("Trades", Trades, pair=pair.id, since=since_text, count=str(PAGE), **pair.of_class())
        rows = sorted(_rows(answer), key=lambda row: row.trade_id)
        page = [_past(row) for row in rows if row.trade_id > newest]
        if page:
            newest = page[-1].trade_id
            yield page
        last = _cursor(answer)
        if len(rows) < PAGE or (last <= cursor and not page):
            return
        cursor = max(cursor, last)


async def _pair(rest: PublicRest, symbol: str) -> PairName:
    listed = pair_names(await rest.get("AssetPairs", Rows))
    pair = PairTable(listed).find(symbol)
    if pair is None:
        tokenized = pair_names(await rest.get("AssetPairs", Rows, aclass_base=TOKENIZED))
        named = [replace(name, tokenized=True) for name in tokenized]
        pair = PairTable(named).find(symbol)
        if pair is None:
            symbols = PairTable([*listed, *named]).symbols
            allowed = f"a pair of Kraken, such as {', '.join(symbols[:_SYMBOLS_SHOWN])}"
            problem = Problem("command line", "PAIR", shown(symbol), allowed, did_you_mean(symbol, symbols))
            raise ConfigError((problem,))
    return pair


def _rows(answer: Trades) -> list[TradeRow]:
    return [row for name, rows in answer.items() if name != "last" and isinstance(rows, list) for row in rows]


def _cursor(answer: Trades) -> int:
    last = answer.get("last")
    if not isinstance(last, str | int) or not str(last).isdecimal():
        raise ExchangeUnavailable("Kraken Trades: an answer without its cursor")
    return int(last)


def _past(row: TradeRow) -> PastTrade:
    return PastTrade(row.trade_id, nanoseconds_of_unix(row.time), f"{row.price:f}", f"{row.volume:f}")
