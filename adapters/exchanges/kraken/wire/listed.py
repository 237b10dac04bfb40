"""What Kraken lists: pairs, fees, last prices. Only rows that were asked for are decoded, field by field.

Absent and null are the same, and unknown fields do not matter: one odd row affects nothing but itself.
"""

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from adapters.exchanges.kraken.wire.names import TOKENIZED, PairName, common_asset
from adapters.exchanges.kraken.wire.values import WireError, check_number
from messages.money import ONE, ZERO, Pair

Value = TypeVar("Value")

Rows = dict[str, Raw]
"""Rows by their names, not decoded yet."""

HUNDRED = Decimal(100)
ONLINE = "online"
_MOST_DECIMALS = 18
"""As many as the journal keeps."""
_EMPTY = (b"null", b'""')
_SHOWN = 40


class ListedRow:
    """The fields of one object. Raises `WireError` for what is none."""

    def __init__(self, content: bytes | Raw, what: str) -> None:
        """`what` names the row in errors."""
        self._what = what
        try:
            self._fields = msgspec.json.decode(content, type=Rows)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise WireError(f"{what} is no object") from None

    def optional(self, name: str, kind: type[Value]) -> Value | None:
        """The field, or None where it is absent, null or empty. Raises `WireError`, naming the field."""
        raw = bytes(self._fields.get(name, b""))
        if not raw or raw in _EMPTY:
            return None
        try:
            value = msgspec.json.decode(raw, type=kind, strict=kind is not int)
            if isinstance(value, Decimal):
                check_number(name, value)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError):
            shown = raw[:_SHOWN].decode("utf-8", "replace")
            raise WireError(f"{self._what}: {name} is {shown}") from None
        return value

    def required(self, name: str, kind: type[Value]) -> Value:
        """The field. Raises `WireError`, naming the field."""
        value = self.optional(name, kind)
        if value is None:
            raise WireError(f"{self._what}: {name} is missing")
        return value

    def decimals(self, name: str) -> int | None:
        """A number of decimal places. Raises `WireError`."""
        found = self.optional(name, int)
        if found is not None and not 0 <= found <= _MOST_DECIMALS:
            raise WireError(f"{self._what}: {name} is {found}")
        return found


def pair_name_of(pair_id: str, content: Raw) -> PairName | None:
    """The spellings of a row of AssetPairs; None for a row that does not say which pair it is."""
    try:
        row = ListedRow(content, pair_id)
        symbol = _symbol(row)
        altname = row.optional("altname", str) or pair_id
        tokenized = row.optional("aclass_base", str) == TOKENIZED
    except WireError:
        return None
    return PairName(pair_id, altname, symbol, tokenized) if symbol else None


def pair_names(rows: Mapping[str, Raw]) -> list[PairName]:
    """The spellings of all pairs that say what they are."""
    return [name for pair_id, row in rows.items() if (name := pair_name_of(pair_id, row)) is not None]


def _symbol(row: ListedRow) -> str:
    """`BASE/QUOTE` in common spelling; empty where the row does not state it."""
    base, quote = row.optional("base", str), row.optional("quote", str)
    if not (base and quote):
        base, _, quote = (row.optional("wsname", str) or "").partition("/")
    return f"{common_asset(base)}/{common_asset(quote)}" if base and quote else ""


def pair_rules(symbol: str, content: Raw) -> Pair:
    """The trading rules under the common spelling; what Kraken leaves out follows from the rest.

    Raises `WireError`, naming the missing field.
    """
    row = ListedRow(content, f"AssetPairs of {symbol}")
    tick, decimals = row.optional("tick_size", Decimal), row.decimals("pair_decimals")
    if tick is None or tick <= 0:
        if decimals is None:
            raise WireError(f"AssetPairs of {symbol}: pair_decimals is missing")
        tick = ONE.scaleb(-decimals)
    places = max(0, -int(tick.as_tuple().exponent)) if decimals is None else decimals
    lot = row.decimals("lot_decimals")
    if lot is None:
        raise WireError(f"AssetPairs of {symbol}: lot_decimals is missing")
    cost = row.decimals("cost_decimals")
    return Pair(
        symbol=symbol,
        tick_size=tick,
        lot_decimals=lot,
        cost_decimals=places if cost is None else cost,
        min_volume=max(row.optional("ordermin", Decimal) or ZERO, ZERO),
        min_cost=max(row.optional("costmin", Decimal) or ZERO, ZERO),
    )


def pair_status(symbol: str, content: Raw) -> str:
    """The pair's state. Raises `WireError`."""
    return ListedRow(content, f"AssetPairs of {symbol}").optional("status", str) or ONLINE


def fee_rows(content: ListedRow, name: str) -> Rows:
    """`fees` or `fees_maker` of TradeVolume, by pair. Raises `WireError`."""
    return content.optional(name, Rows) or {}


def fee_rate(content: Raw, symbol: str) -> Decimal | None:
    """A rate as a fraction; None where the row does not say. Raises `WireError`."""
    percent = ListedRow(content, f"TradeVolume of {symbol}").optional("fee", Decimal)
    if percent is None:
        return None
    if percent >= HUNDRED:
        raise WireError(f"TradeVolume of {symbol}: fee is {percent}")
    return max(percent, ZERO) / HUNDRED


def last_price(content: Raw, symbol: str) -> Decimal | None:
    """Price of the last trade in a row of Ticker; None when there is none. Raises `WireError`.

    Where that lies far outside of bid and ask, the nearer one of those: a misprint is not where the market is.
    """
    last, bid, ask = (_first_price(content, symbol, name) for name in ("c", "b", "a"))
    if last is None or (bid and ask and bid > ask):
        return last
    if ask is not None and last > ask * _NEAR:
        return ask
    return bid if bid is not None and last * _NEAR < bid else last


def bid_and_ask(content: Raw, symbol: str) -> tuple[Decimal, Decimal] | None:
    """Best bid and ask of a Ticker row, quote per base; None where one is missing or they cross. Raises `WireError`."""
    bid, ask = (_first_price(content, symbol, name) for name in ("b", "a"))
    return (bid, ask) if bid is not None and ask is not None and bid <= ask else None


_NEAR = Decimal("1.05")


def _first_price(content: Raw, symbol: str, name: str) -> Decimal | None:
    """The price in a list of price and volume."""
    told = ListedRow(content, f"Ticker of {symbol}").optional(name, list[Raw])
    if not told or bytes(told[0]) in _EMPTY:
        return None
    price = ListedRow(b'{"c":' + bytes(told[0]) + b"}", f"Ticker of {symbol}").required("c", Decimal)
    return price if price > 0 else None


class Instrument(Struct, frozen=True):
    """What the instrument channel says of one pair."""

    status: str
    rules: tuple[bytes, ...]
    """Literal texts, to see whether one has changed; the values are read where they are stated for REST."""


_RULES = ("price_increment", "price_precision", "qty_increment", "qty_precision", "qty_min", "cost_min")


def instruments(content: Raw) -> dict[str, Instrument]:
    """The pairs in a frame of the instrument channel, by symbol. Raises `WireError`."""
    told: dict[str, Instrument] = {}
    for raw in ListedRow(content, "instrument").optional("pairs", list[Raw]) or []:
        with suppress(WireError):  # an odd row does no harm: facts are read over REST as well
            row = ListedRow(raw, "instrument")
            if symbol := row.optional("symbol", str):
                rules = tuple(bytes(row.optional(name, Raw) or b"") for name in _RULES)
                told[symbol] = Instrument(row.optional("status", str) or ONLINE, rules)
    return told
