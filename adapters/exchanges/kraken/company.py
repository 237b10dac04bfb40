"""Is another process alive that uses the same API key?

Kraken names nobody's sessions, and a quiet market shows no orders. What another process cannot hide is its nonces: each
call raises the highest nonce of the key. So every `BEAT_SECONDS` one call is made with the lowest nonce that is still
ours, one above our last; Kraken refuses it exactly if somebody else has called since. Then a call by the clock shows
ourselves to the other one. Both learn of each other within two beats, without any further right and without an order.

Another key of the same account has nonces of its own: such an instance shows only when it places an order.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import trio
from msgspec import Raw

from adapters.exchanges.kraken.errors import KrakenError
from adapters.exchanges.kraken.names import PairTable
from adapters.exchanges.kraken.rest import PrivateRest
from adapters.exchanges.kraken.turns import Urgency
from adapters.exchanges.kraken.wire.rest import OpenOrders, order_facts
from adapters.interfaces import ExchangeUnavailable
from messages.account import KeyShared, OrderFacts
from messages.ids import userref_of

BEAT_SECONDS = 20.0
"""Two calls each: a third of what Kraken's lowest tier allows for ever."""
PROOF_SECONDS = 25.0
"""More than a beat: a process that lives has called within it."""
_QUIET_BEATS = 3
_TEXT = (
    "Kraken was asked with this API key by another process: a second instance of this program, or another program "
    "with the same key"
)


async def watch_company(rest: PrivateRest, now: Callable[[], int], tell: Callable[[KeyShared], None]) -> None:
    """Beat until cancelled and tell when another process shows, and when it has not for a while.

    `now` is nanoseconds UTC. What cannot be told now is asked again with the next beat.
    """
    quiet = _QUIET_BEATS
    while True:
        await trio.sleep(BEAT_SECONDS)
        try:
            quiet = quiet + 1 if await _alone(rest) else 0
            if quiet == 0:
                tell(KeyShared(shared=True, text=_TEXT, time=now()))
            elif quiet == _QUIET_BEATS:
                tell(KeyShared(shared=False, text="", time=now()))
            await rest.call("GetApiKeyInfo", Raw, urgency=Urgency.BACKGROUND)
        except (KrakenError, ExchangeUnavailable):
            continue


async def order_of_another(
    rest: PrivateRest,
    names: PairTable,
    symbols: Mapping[int, str],
    waits: Callable[[int, int], None],
    sleep: Callable[[float], Awaitable[None]] = trio.sleep,
) -> OrderFacts | None:
    """An open order of one of these userrefs and pairs, if another process is alive that may have placed it.

    Waits for the proof only where there are such orders: `PROOF_SECONDS`, after `waits` was told. Raises
    `ExchangeUnavailable`, `BotStateError`.
    """
    shown = await rest.read("OpenOrders", OpenOrders)
    facts = [
        order_facts(exchange_id, order, names, frozenset())
        for exchange_id, order in shown.open.items()
        if userref_of(order.cl_ord_id or "") in symbols
    ]
    ours = [order for order in facts if symbols[userref_of(order.order_id) or 0] == order.symbol]
    if not ours:
        return None
    waits(len(ours), round(PROOF_SECONDS))
    await sleep(PROOF_SECONDS)
    try:
        if await _alone(rest):
            return None
    except KrakenError as error:
        raise ExchangeUnavailable(f"Kraken does not tell whether a second instance lives: {error.text}") from None
    # The other one must learn of us, too: refused calls leave no trace, and its own may have hidden earlier ones.
    with suppress(KrakenError):
        await rest.call("GetApiKeyInfo", Raw)
    return ours[0]


async def _alone(rest: PrivateRest) -> bool:
    """Asked twice before somebody is suspected: one refusal may be an accident, a higher nonce refuses both."""
    return await rest.undisturbed() or await rest.undisturbed()
