"""What makes no sense although each value alone is allowed.

The checks read whatever fields were valid, so that they speak in the same report as wrong types and
unknown keys; a field that is missing from `values` has been complained about already.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from config.addresses import exposed_as_plain_text, secure_address
from config.pair_checks import fees_eat
from config.problems import Problem, closest, did_you_mean, one_of, place, shown
from config.schema import GRIDS, PAPER, PRICE_FILE_SUFFIXES, SWING, SYNTHETIC, Known, is_price_file
from messages.money import EXACT, ONE, ZERO

Kind = TypeVar("Kind")
_HOST = re.compile(r"[A-Za-z0-9._-]+\Z|[0-9A-Fa-f:.%a-z]*:[0-9A-Fa-f:.%a-z]*:[0-9A-Fa-f:.%a-z]*\Z")
"""A name, an IPv4 address or, with two colons, an IPv6 address."""
_NONE: Mapping[str, object] = {}


def problems_of(values: Mapping[str, object], known: Known, source: str) -> list[Problem]:
    """Everything that is wrong between the fields."""
    return [
        *_exchange(values, known, source),
        *_paper(values, known, source),
        *_addresses(values, source),
        *_supervisor(_table(values, "supervisor"), source),
        *_strategies(values, known, source),
    ]


def _exchange(values: Mapping[str, object], known: Known, source: str) -> Iterator[Problem]:
    exchange = _table(values, "exchange")
    adapter = _get(exchange, "adapter", str)
    if adapter is None:
        return
    if adapter not in known.exchanges:
        allowed = one_of(sorted(known.exchanges))
        yield Problem(source, "exchange.adapter", shown(adapter), allowed, did_you_mean(adapter, known.exchanges))
    if PAPER in (adapter, closest(adapter, known.exchanges)):
        return
    bot = _table(values, "bot")
    if "dry_run" in bot and bot["dry_run"] is None:
        allowed = f"true (simulated orders) or false (real money); it must be stated for {shown(adapter)}"
        yield Problem(source, "bot.dry_run", "nothing", allowed)
    keys = ("api_public_key", "api_secret_key")
    missing = [key for key in keys if key in exchange and exchange[key] is None]
    if len(missing) == 1 and all(key in exchange for key in keys):
        yield Problem(source, f"exchange.{missing[0]}", "nothing, although the other key is given", "both keys or none")


def _paper(values: Mapping[str, object], known: Known, source: str) -> Iterator[Problem]:
    exchange = _table(values, "exchange")
    paper = _table(exchange, "paper")
    key = "exchange.paper"
    if _simulated(values) and paper.get("balances") == {}:
        yield Problem(source, f"{key}.balances", "nothing", "what the simulated account holds: { USD = 1000 }")
    prices = _get(paper, "prices", str)
    if prices is None:
        return
    names = [SYNTHETIC, *sorted(known.exchanges - {PAPER})]
    if prices not in names and not is_price_file(prices):
        allowed = f"{one_of(names)}, or a file that ends in {', '.join(PRICE_FILE_SUFFIXES)}"
        yield Problem(source, f"{key}.prices", shown(prices), allowed, did_you_mean(prices, names))
    elif not is_price_file(prices):
        for name in ("price_column", "time_column", "time_unit"):
            if paper.get(name) is not None:
                yield Problem(source, f"{key}.{name}", shown(paper[name]), "nothing, unless prices is a file")
    if prices != SYNTHETIC and paper.get("start_price") is not None:
        found, allowed = shown(paper["start_price"]), f'nothing, unless prices is "{SYNTHETIC}"'
        yield Problem(source, f"{key}.start_price", found, allowed)


def _addresses(values: Mapping[str, object], source: str) -> Iterator[Problem]:
    exchange = _table(values, "exchange")
    for key in ("rest_url", "ws_url", "ws_auth_url"):
        url = _get(exchange, key, str) or ""
        if exchange.get("adapter") != PAPER and exposed_as_plain_text(url):
            yield Problem(source, f"exchange.{key}", shown(url), secure_address(url))
    host = _get(_table(values, "metrics"), "host", str)
    if host is not None and not _HOST.match(host):
        allowed = 'the name or the address of an interface alone, for instance "127.0.0.1"; the port has its own key'
        yield Problem(source, "metrics.host", shown(host), allowed)


def _supervisor(supervisor: Mapping[str, object], source: str) -> Iterator[Problem]:
    first, cap = (_get(supervisor, key, Decimal) for key in ("backoff_seconds", "backoff_cap_seconds"))
    if first is not None and cap is not None and cap < first:
        yield Problem(source, "supervisor.backoff_cap_seconds", shown(cap), f"backoff_seconds ({first}) or more")


def _strategies(values: Mapping[str, object], known: Known, source: str) -> Iterator[Problem]:
    items = values.get("strategy")
    if not isinstance(items, list):
        return
    if not items:
        yield Problem(source, "strategy", "no strategy", "at least one [[strategy]] table")
    tables = [item if isinstance(item, dict) else _NONE for item in items]
    account_fee = _get(_table(_table(values, "exchange"), "paper"), "maker_fee", Decimal)
    for index, table in enumerate(tables):
        fee = _get(table, "fee", Decimal)
        if "fee" in table and fee is None and _simulated(values):
            fee = account_fee
        yield from _strategy(table, index, fee, known, source)
        yield from _existing_base(table, index, source, simulated=_simulated(values))
    yield from _duplicates(tables, "name", source)
    yield from _duplicates(tables, "userref", source)


def _strategy(
    table: Mapping[str, object], index: int, fee: Decimal | None, known: Known, source: str
) -> Iterator[Problem]:
    name = _get(table, "name", str) or ""

    def problem(key: str, found: str, allowed: str, hint: str = "") -> Problem:
        return Problem(source, f"strategy[{index}].{key}", found, allowed, hint, name)

    kind = _get(table, "kind", str)
    if kind is not None and kind not in known.kinds:
        yield problem("kind", shown(kind), one_of(sorted(known.kinds)), did_you_mean(kind, known.kinds))
    base, quote = (_get(table, key, str) for key in ("base_currency", "quote_currency"))
    if base is not None and quote is not None and base.casefold() == quote.casefold():
        yield problem("quote_currency", shown(quote), "another currency than base_currency")
    amount, limit = (_get(table, key, Decimal) for key in ("amount_per_grid", "max_investment"))
    if amount is not None and limit is not None and EXACT.multiply(amount, ONE + (fee or ZERO)) >= limit:
        with_fee = f" with a fee of {fee:f}" if fee else ""
        yield problem(
            "max_investment",
            f"{limit:f}",
            f"more than amount_per_grid ({amount:f}){with_fee}, or nothing is ever bought",
        )
    interval = _get(table, "interval", Decimal)
    if interval is not None and fee is not None and kind is not None:
        wrong = fees_eat(kind, interval, fee)
        if wrong:
            yield problem("interval", *wrong)


def _existing_base(table: Mapping[str, object], index: int, source: str, *, simulated: bool) -> Iterator[Problem]:
    """What may be sold of the account's own base is said by its owner, never assumed."""
    kind, stated = _get(table, "kind", str), table.get("sell_existing_base")
    name = _get(table, "name", str) or ""
    key = f"strategy[{index}].sell_existing_base"
    base = _get(table, "base_currency", str) or "base"
    if kind == SWING and "sell_existing_base" in table and stated is None and not simulated:
        allowed = (
            f"true (its extra sell may take {base} that the account holds already)"
            f" or false (only {base} that it bought itself)"
        )
        yield Problem(source, key, "nothing", f"{allowed}; it must be stated for SWING with real money", "", name)
    elif kind in GRIDS and kind != SWING and isinstance(stated, bool):
        found = f"{shown(stated)} for {kind}"
        yield Problem(source, key, found, "nothing: only SWING can sell base that it did not buy", "", name)


def _duplicates(tables: Sequence[Mapping[str, object]], key: str, source: str) -> Iterator[Problem]:
    first: dict[object, int] = {}
    for index, table in enumerate(tables):
        value = table.get(key)
        if value is None:
            continue
        earlier = first.setdefault(value, index)
        if earlier != index:
            found = f"{shown(value)}, as in {place(f'strategy[{earlier}]')}"
            name = _get(table, "name", str) or ""
            yield Problem(source, f"strategy[{index}].{key}", found, f"another {key} for every strategy", "", name)


def _simulated(values: Mapping[str, object]) -> bool:
    return _table(values, "exchange").get("adapter") == PAPER or _table(values, "bot").get("dry_run") is True


def _table(values: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = values.get(key)
    return value if isinstance(value, dict) else _NONE


def _get(values: Mapping[str, object], key: str, kind: type[Kind]) -> Kind | None:
    value = values.get(key)
    return value if isinstance(value, kind) else None
