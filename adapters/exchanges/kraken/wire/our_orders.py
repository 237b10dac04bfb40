"""Which orders and which money of the account concern this program. Pure.

A client id with our mark is not enough: anybody may write one. An order counts as ours while it is one that a
configured strategy could have placed: its userref, its pair, a limit order without borrowed funds. All else is
external, whatever it looks like.
"""

import re
from collections.abc import Callable, Mapping

from adapters.exchanges.kraken.wire.names import common_asset, common_symbol
from adapters.exchanges.kraken.wire.values import is_other_kind
from messages.ids import ClientOrderId, userref_of

_PAIR = re.compile(r"[A-Za-z0-9.]+/[A-Za-z0-9.]+\Z")


class Ownership:
    """What a configuration trades."""

    def __init__(self, pairs: Mapping[int, str] | None = None, spelled: Callable[[str], str] = common_symbol) -> None:
        """`pairs` are symbols by userref, None: any; `spelled` turns Kraken's names of pairs into symbols."""
        self._pairs = pairs
        self._spelled = spelled
        self._assets = {asset for symbol in (pairs or {}).values() for asset in symbol.split("/")}

    def claims(self, order_id: ClientOrderId, pair: str | None) -> bool:
        """Whether an order of this client id may be ours. An unknown pair speaks for it."""
        userref = userref_of(order_id)
        if userref is None or self._pairs is None:
            return userref is not None
        own = self._pairs.get(userref)
        told = self._spelled(pair or "")
        return own is not None and (told == own or not _PAIR.match(told))

    def symbol_of(self, order_id: ClientOrderId) -> str | None:
        """The pair of an order of ours by its client id alone; None where that is not known."""
        userref = userref_of(order_id)
        return None if userref is None or self._pairs is None else self._pairs.get(userref)

    def is_shared(self, symbol: str) -> bool:
        """Whether several strategies trade this pair."""
        return self._pairs is not None and sum(own == symbol for own in self._pairs.values()) > 1

    def may_claim(self, order_id: str | None, pair: str | None, kind: str | None) -> bool:
        """Whether a row that cannot be read may be about an order of ours; None is a field that is no text.

        Nothing that tells of our orders lacks the client id and is unreadable besides. Without a readable client id the
        pair alone decides: an order of a pair that no strategy trades is external.
        """
        if order_id is None:
            told = self._spelled(pair or "")
            return self._pairs is None or not _PAIR.match(told) or told in self._pairs.values()
        return not is_other_kind(kind) and self.claims(ClientOrderId(order_id), pair)

    def trades(self, asset: str | None) -> bool:
        """Whether a strategy spends this asset, in any of Kraken's spellings; None when unknown."""
        return not asset or self._pairs is None or common_asset(asset) in self._assets

    @property
    def assets(self) -> frozenset[str]:
        """All that are spent; empty when that is not known."""
        return frozenset(self._assets)


EVERY_MARK = Ownership()
"""Whatever has our mark, on any pair."""

UNREADABLE = "it may be one of this program's: cancel it at the exchange or contact support"
"""What to do about an order that cannot be read and is not certainly an external one."""
