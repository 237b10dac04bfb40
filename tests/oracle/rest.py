"""What must be there of one strategy once all is quiet, what must not, and which reason an absent order must have.

At rest prices stand still, nothing is on its way and everything works. The set is exact: every filled buy has one sell
that is open or was filled, or a sell that waits for a reason which is true of the venue's books; a ladder has its `n`
buys, or as many as money, `max_investment` and the pair's rules allow, which is the reason that must be named. So
must a true one of a surplus that no sell offers.

What is left open: which buys stand in a hole that the owner's hand made (upkeep fills from below), and how much of the
account's base is the strategy's where several share it and the owner amended an order.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from msgspec import Struct

from tests.oracle import terms as rules
from tests.oracle.terms import Terms

WAITS = re.compile(r"sell of ([\d.]+) \S+ at ([\d.]+) \S+ waits: (.*)")
SURPLUS = re.compile(r"surplus of ([\d.]+) \S+ from partly filled buys waits: (.*)")
FEWER = re.compile(r"fewer than (\d+) buys?: (.*)")
ZERO = Fraction(0)


class Row(Struct, frozen=True):
    """One open order at the venue."""

    side: str
    price: Fraction
    volume: Fraction
    kind: str
    outdated: bool = False
    """Whether it was placed under another amount or interval."""
    expected: Fraction | None = None
    """Of a buy: its volume by the rules of its day."""


class Quiet(Struct, frozen=True):
    """One strategy at rest: the venue's facts, and what the program says."""

    orders: Sequence[Row]
    price: Fraction
    """Of the last trade."""
    quote_free: Fraction
    base_free: Fraction
    """Of the account, and not another strategy's."""
    own_base: Fraction
    """Bought, not sold and not offered."""
    surplus: Fraction
    surplus_price: Fraction
    highest: Fraction
    waiting: Sequence[str]
    told_surplus: Fraction
    told_investment: Fraction
    told_highest: Fraction
    remembered: int
    unsure: bool = False
    """Whether its owner amended an order of it."""


def broken(terms: Terms, quiet: Quiet) -> list[str]:
    """Everything that is not as the rules say."""
    buys = sorted((row for row in quiet.orders if row.side == "buy"), key=lambda row: -row.price)
    sells = [row for row in quiet.orders if row.side == "sell"]
    return [
        *_ladder(terms, buys, quiet),
        *_reason(terms, buys, quiet),
        *_sells(terms, buys, sells, quiet),
        *_waiting(terms, quiet),
        *_told(quiet),
    ]


def _ladder(terms: Terms, buys: list[Row], quiet: Quiet) -> list[str]:
    found = []
    if len(buys) > terms.buys:
        found.append(f"{len(buys)} buys where {terms.buys} are wanted")
    if buys and buys[0].price >= quiet.price:
        found.append(f"a buy at {_s(buys[0].price)} is not below the market at {_s(quiet.price)}")
    if buys and quiet.price > rules.shift_above(terms, buys[0].price):
        found.append(f"the ladder below {_s(buys[0].price)} did not follow the market to {_s(quiet.price)}")
    for higher, lower in pairwise(buys):
        if rules.too_near(terms, higher.price, lower.price):
            found.append(f"buys at {_s(higher.price)} and {_s(lower.price)} are too near")
    for row in buys:
        if row.volume != (rules.buy_volume(terms, row.price) if row.expected is None else row.expected):
            found.append(f"a buy at {_s(row.price)} has the volume {_s(row.volume)}")
        if row.outdated:
            found.append(f"a buy at {_s(row.price)} is left of another amount or interval")
    return found


def due_reasons(
    terms: Terms, lowest: Fraction | None, ticker: Fraction, quote_free: Fraction, invested: Fraction
) -> set[str]:
    """Why no buy below the `lowest` one is possible; empty when it is possible and therefore missing."""
    price = rules.buy_price(terms, lowest, ticker)
    volume = rules.buy_volume(terms, price)
    found = set()
    if not rules.may_invest(terms, invested):
        found.add("max_investment")
    if quote_free <= terms.need:
        found.add("funds")
    if rules.too_small(terms, price, volume):
        found.add("minimum")
    if terms.fees_eat:
        found.add("fee")
    if rules.no_gain(terms, price) or not volume or (lowest and rules.too_near(terms, lowest, price)):
        found.add("too coarse")
    return found


def _reason(terms: Terms, buys: list[Row], quiet: Quiet) -> list[str]:
    named = [match[2] for text in quiet.waiting if (match := FEWER.match(text))]
    if len(buys) >= terms.buys:
        return [f"{len(buys)} buys are open, and /status says {named}"] if named else []
    invested, lowest = rules.invested(quiet.orders), buys[-1].price if buys else None
    due = due_reasons(terms, lowest, quiet.price, quiet.quote_free, invested)
    if not named:
        return [f"only {len(buys)} of {terms.buys} buys, and no reason"]
    if not any(reason in named[0] for reason in due):
        figures = f"invested {_s(invested)} of {_s(terms.max_investment)}, free {_s(quiet.quote_free)}"
        return [f"only {len(buys)} of {terms.buys} buys for {named[0]!r}; true are {sorted(due)}: {figures}"]
    return []


def _sells(terms: Terms, buys: list[Row], sells: list[Row], quiet: Quiet) -> list[str]:
    found = ["cDCA sells"] if sells and not terms.sells else []
    found += [
        f"a sell at {_s(row.price)} is not above the market at {_s(quiet.price)}"
        for row in sells
        if row.price <= quiet.price
    ]
    if terms.sells and not quiet.unsure:
        found += _surplus(terms, quiet)
    idle = terms.kind == "SWING" and not sells and len(buys) == terms.buys and not quiet.remembered
    base = quiet.base_free if terms.existing_base else min(quiet.base_free, quiet.own_base)
    if idle and base * quiet.price > terms.need and not quiet.unsure:
        found.append(f"a SWING holds {_s(base)} and offers nothing")
    return found


def _surplus(terms: Terms, quiet: Quiet) -> list[str]:
    """One that could be offered is; else the reason is named, and true.

    A SWING that may sell base of nobody sells all that is due of it or nothing: how much there is of such base it does
    not know at once after a start. An extra sell may have taken what the partly filled buys brought.
    """
    price = rules.sell_price(terms, quiet.surplus_price, quiet.price)
    wanted = rules.volume_for_amount(terms, price, quiet.surplus)
    ours = wanted if terms.existing_base else min(wanted, rules.down(max(quiet.own_base, ZERO), terms.lot))
    due = set()
    if quiet.surplus * price < terms.amount:
        due.add("not worth")
    elif rules.too_small(terms, price, wanted):
        due.add("below the minimum")
    elif ours > quiet.base_free:
        due |= {"funds", "sold by another order"} if terms.existing_base else {"funds"}
    elif not ours or rules.too_small(terms, price, ours):
        due.add("sold by another order")
    named = [match[2] for text in quiet.waiting if (match := SURPLUS.match(text))]
    if not quiet.surplus:
        return [f"there is no surplus, and /status says {named}"] if named else []
    if not due:
        return [f"a surplus of {_s(quiet.surplus)} is not offered"]
    if not any(reason in " ".join(named) for reason in due):
        return [f"a surplus of {_s(quiet.surplus)} waits for {named}; true are {sorted(due)}"]
    return []


def _waiting(terms: Terms, quiet: Quiet) -> list[str]:
    """Sells that wait have a reason, and it is true."""
    rows = [match for text in quiet.waiting if (match := WAITS.match(text))]
    found = []
    if len(rows) != quiet.remembered:
        found.append(f"{quiet.remembered} sells wait, /status names {len(rows)}")
    for row in rows:
        volume, price, reason = Fraction(row[1]), Fraction(row[2]), row[3]
        most = quiet.base_free if terms.existing_base else min(quiet.base_free, quiet.own_base)
        if "below the minimum" in reason and rules.too_small(terms, price, volume):
            continue
        if volume <= most:
            found.append(f"{row[0]}, but {_s(most)} is free for it")
    return found


def _told(quiet: Quiet) -> list[str]:
    found = []
    if quiet.told_investment != (invested := rules.invested(quiet.orders)):
        found.append(f"told an investment of {_s(quiet.told_investment)}, it is {_s(invested)}")
    if not quiet.unsure and quiet.told_surplus != quiet.surplus:
        found.append(f"told a surplus of {_s(quiet.told_surplus)}, it is {_s(quiet.surplus)}")
    if not quiet.unsure and quiet.told_highest != quiet.highest:
        found.append(f"the highest buy is kept as {_s(quiet.told_highest)}, it was {_s(quiet.highest)}")
    return found


def _s(value: Fraction) -> str:
    return f"{rules.shown(value):f}"
