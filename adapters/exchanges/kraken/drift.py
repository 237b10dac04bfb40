"""Whether the account holds what its stream has told: BalanceEx after each resync, and from time to time.

A difference that outlasts the lag of REST means that something was missed: the session ends, and the next one begins
from new snapshots. The same difference once more is none of ours; it is logged and left alone.
"""

import logging
from collections.abc import Mapping
from decimal import Decimal

import trio

from adapters.exchanges.kraken.names import spendable
from adapters.exchanges.kraken.rest import PrivateRest
from adapters.exchanges.kraken.stream import AccountStream
from adapters.exchanges.kraken.turns import Urgency
from adapters.exchanges.kraken.wire.rest import Holding
from adapters.interfaces import ExchangeUnavailable

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


class DriftCheck:
    """The check of one session. `known` outlives it: the differences that a resync did not remove."""

    def __init__(self, rest: PrivateRest, stream: AccountStream, known: Differences) -> None:
        self._rest = rest
        self._stream = stream
        self._known = known

    async def run(self) -> None:
        """Check for ever. Raises `ExchangeUnavailable` when a resync is due."""
        await trio.sleep(FIRST_SECONDS)
        while True:
            if found := await self._differences():
                await trio.sleep(LAG_SECONDS)
                again = await self._differences()
                self._judge({asset: more for asset, more in again.items() if found.get(asset) == more})
            await trio.sleep(EVERY_SECONDS)

    async def _differences(self) -> Differences:
        """What cannot be asked for is no difference."""
        try:
            rows = await self._rest.read("BalanceEx", dict[str, Holding], urgency=Urgency.BACKGROUND)
        except ExchangeUnavailable as error:
            logger.info("the balances cannot be checked: %s", error)
            return {}
        shown = spendable({name: row.balance for name, row in rows.items()})
        return differences(shown, self._stream.totals)

    def _judge(self, lasting: Differences) -> None:
        news = {asset: more for asset, more in lasting.items() if self._known.get(asset) != more}
        if not news:
            return
        self._known.update(news)
        text = ", ".join(f"{more:+f} {asset}" for asset, more in sorted(news.items()))
        raise ExchangeUnavailable(f"the account differs from what its stream told by {text}")


def differences(shown: Mapping[str, Decimal], told: Mapping[str, Decimal]) -> Differences:
    """Of the assets that both sides know."""
    both = shown.keys() & told.keys()
    return {asset: more for asset in both if abs(more := shown[asset] - told[asset]) > abs(shown[asset]) * _SHARE}
