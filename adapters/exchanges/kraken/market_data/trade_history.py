"""Kraken's public trades of the past, page by page, from the REST API's Trades (no key)."""

import logging
from collections.abc import AsyncGenerator

from msgspec import Struct
from msgspec.structs import replace

from adapters.exchanges.kraken.transport.rest_client import PublicRest
from adapters.exchanges.kraken.wire.listed import Rows, pair_names
from adapters.exchanges.kraken.wire.names import TOKENIZED, PairName, PairTable
from adapters.exchanges.kraken.wire.rest_results import TradeRow, Trades, trade_rows, trades_cursor
from adapters.exchanges.kraken.wire.rows import Unread
from adapters.exchanges.kraken.wire.values import WireError, nanoseconds_of_unix
from config.problems import ConfigError, Problem, same_pair, shown
from messages.counted import counted
from trading.ports import ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

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
        read = _read(answer)
        rows = sorted((row for row in read if isinstance(row, TradeRow)), key=lambda row: row.trade_id)
        page = [_past(row) for row in rows if row.trade_id > newest]
        if page:
            newest = page[-1].trade_id
            yield page
        last = _cursor(answer)
        if len(read) < PAGE or (last <= cursor and not page):
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
            problem = Problem("command line", "PAIR", shown(symbol), allowed, same_pair(symbol, symbols))
            raise ConfigError((problem,))
    return pair


def _read(answer: Trades) -> list[TradeRow | Unread]:
    """Raises `ExchangeUnavailable` for what are no rows; single rows that cannot be read are logged and left out."""
    try:
        rows = trade_rows(answer)
    except WireError as error:
        raise ExchangeUnavailable(f"Kraken {error}") from None
    odd = [row.error for row in rows if isinstance(row, Unread)]
    if odd:
        logger.warning("Kraken Trades: left out %s that cannot be read; first: %s", counted(len(odd), "row"), odd[0])
    return rows


def _cursor(answer: Trades) -> int:
    last = trades_cursor(answer)
    if not last.isdecimal():
        raise ExchangeUnavailable("Kraken Trades: an answer without its cursor")
    return int(last)


def _past(row: TradeRow) -> PastTrade:
    return PastTrade(row.trade_id, nanoseconds_of_unix(row.time), f"{row.price:f}", f"{row.volume:f}")
