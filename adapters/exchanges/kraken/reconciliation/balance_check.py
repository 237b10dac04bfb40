"""Whether the account holds what its stream has told: BalanceEx after each resync, and from time to time.

A difference that outlasts the lag of REST is looked up in the ledger. An entry that no order of the account caused (a
deposit, a reward, a conversion, interest) explains it: the new total is taken over. Otherwise something was missed: the
session ends, and the next one begins from new snapshots. The same difference once more is one between two ways of
counting: what the account has less is not spent, and the rest is left alone.
"""

import logging
from collections.abc import Container, Mapping
from decimal import Decimal

import trio
from msgspec import Raw, Struct

from adapters.exchanges.kraken.account.stream import AccountStream
from adapters.exchanges.kraken.limits.budget import REST_HISTORY
from adapters.exchanges.kraken.limits.turns import Urgency
from adapters.exchanges.kraken.transport.rest_client import PrivateRest
from adapters.exchanges.kraken.transport.server_clock import SECOND
from adapters.exchanges.kraken.wire.names import asset_id, common_asset, is_spendable, spendable
from adapters.exchanges.kraken.wire.private_socket import TRADE
from adapters.exchanges.kraken.wire.rest_results import LedgerRow, Ledgers, holdings
from messages.money import ZERO
from trading.ports import BotStateError, ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

FIRST_SECONDS = 15
"""After the begin of a session, whose own questions come first."""
EVERY_SECONDS = 3600
LAG_SECONDS = 65
"""REST is up to a minute behind the stream."""
_SHARE = Decimal("1e-6")
"""Differences below this part of a holding are roundings."""

Differences = dict[str, Decimal]
"""By asset, what REST shows more than the stream."""


class Cause(Struct, frozen=True):
    """A ledger entry that the stream has not reported."""

    entry_id: str
    row: LedgerRow

    @property
    def moved(self) -> Decimal:
        return self.row.amount - self.row.fee

    def __str__(self) -> str:
        kind = "/".join(word for word in (self.row.type, self.row.subtype) if word) or "entry of unknown type"
        fee = f" less a fee of {self.row.fee:f}" if self.row.fee else ""
        return (
            f"{kind} of {self.row.amount:+f} {common_asset(self.row.asset)}{fee} "
            f"(ledger entry {self.entry_id}, refid {self.row.refid or 'none'})"
        )


class DriftCheck:
    """The check of one session. `known` outlives it: the differences that a resync did not remove."""

    def __init__(self, rest: PrivateRest, stream: AccountStream, known: Differences, since: int) -> None:
        """`since` is when the stream began, in nanoseconds UTC: what is older is part of its snapshot."""
        self._rest = rest
        self._stream = stream
        self._known = known
        self._start = since // SECOND - LAG_SECONDS

    async def run(self) -> None:
        """Check for ever. Raises `ExchangeUnavailable` when a resync is due."""
        await trio.sleep(FIRST_SECONDS)
        fresh = True
        while True:
            if found := await self._differences():
                await trio.sleep(LAG_SECONDS)
                again = await self._differences()
                lasting = {asset: more for asset, more in again.items() if found.get(asset) == more}
                await self._judge(lasting, fresh=fresh)
            fresh = False
            await trio.sleep(EVERY_SECONDS)

    async def _differences(self) -> Differences:
        """What cannot be asked for, or cannot be read, is no difference."""
        try:
            rows = holdings(await self._rest.read("BalanceEx", dict[str, Raw], urgency=Urgency.BACKGROUND))
        except ExchangeUnavailable as error:
            logger.info("the balances cannot be checked: %s", error)
            return {}
        shown = spendable({name: amount for name, amount in rows.items() if amount is not None})
        for name in (name for name, amount in rows.items() if amount is None and is_spendable(name)):
            shown.pop(common_asset(name), None)
        return differences(shown, self._stream.totals)

    async def _judge(self, lasting: Differences, *, fresh: bool) -> None:
        """`fresh`: the snapshots are new, so that a difference which was known before them is for good."""
        missed: list[str] = []
        for asset, more in sorted(lasting.items()):
            causes = await self._causes(asset, more)
            told = "".join(f", by {cause}" for cause in causes)
            if causes and not any(cause.row.type == TRADE for cause in causes):
                logger.warning("other activity of the account: %s %s%s; taken over", f"{more:+f}", asset, told)
                self._stream.adopt(asset, more, booked=True)
            elif self._known.get(asset) == more or (fresh and asset in self._known):
                self._known[asset] = more
                self._live_with(asset, more)
            else:
                self._known[asset] = more
                missed.append(f"{more:+f} {asset}{told}")
        if missed:
            raise ExchangeUnavailable(f"the account differs from its stream by {', '.join(missed)}")

    def _live_with(self, asset: str, more: Decimal) -> None:
        """A resync did not change it."""
        if more < 0:
            logger.warning(
                "Kraken's balances show %s %s less than its stream, also after a resync: that amount is not spent",
                f"{-more:f}",
                asset,
            )
            self._stream.adopt(asset, more, booked=False)
        else:
            logger.info("Kraken's balances show %s %s more than its stream, also after a resync", f"{more:f}", asset)

    async def _causes(self, asset: str, more: Decimal) -> list[Cause]:
        """The ledger entries that made the difference; none where that is unknown or the key may not ask."""
        try:
            answer = await self._rest.read(
                "Ledgers",
                Ledgers,
                REST_HISTORY,
                urgency=Urgency.BACKGROUND,
                asset=asset_id(asset),
                start=str(self._start),
            )
        except (ExchangeUnavailable, BotStateError) as error:
            logger.info("the ledger cannot be asked for the cause: %s", error)
            return []
        return explained(answer.readable(), asset, more, self._stream.told)


def explained(rows: Mapping[str, LedgerRow], asset: str, more: Decimal, told: Container[str]) -> list[Cause]:
    """The newest unreported entries that together moved this amount of the asset; empty if there are none."""
    untold = [
        Cause(entry_id, row)
        for entry_id, row in rows.items()
        if row.refid not in told and is_spendable(row.asset) and common_asset(row.asset) == asset
    ]
    untold.sort(key=lambda cause: cause.row.time, reverse=True)
    moved = ZERO
    for count, cause in enumerate(untold, 1):
        moved += cause.moved
        if moved == more:
            return untold[:count]
    return []


def differences(shown: Mapping[str, Decimal], told: Mapping[str, Decimal]) -> Differences:
    """Differences in balance, REST minus stream, of the assets that both know."""
    both = shown.keys() & told.keys()
    return {asset: more for asset in both if abs(more := shown[asset] - told[asset]) > abs(shown[asset]) * _SHARE}
