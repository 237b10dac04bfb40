"""Is another process alive that uses the same API key?

Kraken does not list sessions, and a quiet market shows no orders. What another process cannot hide is its nonces: each
call raises the highest nonce of the key. So every `BEAT_SECONDS` one call is made with the lowest nonce that is still
ours, one above our last; Kraken refuses it exactly if another process has called since. Then a call by the clock shows
ourselves to the other one. Both learn of each other within two beats, without any further right and without an order.

Another key of the same account has nonces of its own, and nothing that an account may do without an order leaves a
trace that another key could see. Such an instance shows when it places an order. Therefore one that finds orders of
which nothing proves that they are its own takes none over by itself.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import trio
from msgspec import Raw, Struct

from adapters.exchanges.kraken.limits.turns import Urgency
from adapters.exchanges.kraken.transport.rest_client import PrivateRest
from adapters.exchanges.kraken.wire.error_texts import KrakenError
from adapters.exchanges.kraken.wire.names import PairTable
from adapters.exchanges.kraken.wire.rest_results import OpenOrders, order_facts
from messages.account import KeyShared, OrderFacts, OrderInDoubt
from messages.ids import Nanos, VenueOrderId, userref_of
from trading.ports import ExchangeUnavailable

BEAT_SECONDS = 20.0
"""Two calls each: a third of what Kraken's lowest tier allows for ever."""
PROOF_SECONDS = 25.0
"""More than a beat: a process that lives has called within it."""
_QUIET_BEATS = 3
_KEY_IN_USE = "another process uses this API key"
_MOVES = "another process has placed or changed orders of this userref just now"
_TEXT = (
    "Kraken was asked with this API key by another process: a second instance of this program, or another program "
    "with the same key"
)


class Beats(Struct):
    """What a watch has reported; it outlives a restarted watch, which has to end what the one before began."""

    quiet: int = _QUIET_BEATS
    """Beats without company, since the last one with it."""


async def watch_company(
    rest: PrivateRest, now: Callable[[], Nanos], tell: Callable[[KeyShared], None], beats: Beats
) -> None:
    """Beat until cancelled; report when another process shows, and when it has not for a while.

    `now` is nanoseconds UTC. What is not known now is asked again with the next beat.
    """
    while True:
        await trio.sleep(BEAT_SECONDS)
        try:
            beats.quiet = beats.quiet + 1 if await _alone(rest) else 0
            if beats.quiet == 0:
                tell(KeyShared(shared=True, text=_TEXT, time=now()))
            elif beats.quiet == _QUIET_BEATS:
                tell(KeyShared(shared=False, text="", time=now()))
            await rest.call("GetApiKeyInfo", Raw, urgency=Urgency.BACKGROUND)
        except (KrakenError, ExchangeUnavailable):
            continue


async def orders_in_doubt(
    rest: PrivateRest,
    names: PairTable,
    symbols: Mapping[int, str],
    waits: Callable[[int, int], None],
    *,
    adopt: bool,
    sleep: Callable[[float], Awaitable[None]] = trio.sleep,
) -> tuple[OrderInDoubt, ...]:
    """Open orders of these userrefs and pairs that another process may look after: they may not be taken over.

    What shows within `PROOF_SECONDS` speaks for another process: the key's nonces, an order that is new or changed.
    Without `adopt` it is enough that no order was ever placed with this key from beside this database: these are of
    another key, another folder, or another life. It waits only where there are such orders, after calling `waits`.
    Raises `ExchangeUnavailable`, `BotStateError`, `DatabaseUnusable`.
    """
    before = await _shown(rest, names, symbols)
    if not before:
        return ()
    waits(len(before), round(PROOF_SECONDS))
    await sleep(PROOF_SECONDS)
    try:
        alone = await _alone(rest)
    except KrakenError as error:
        raise ExchangeUnavailable(f"Kraken does not answer whether a second instance runs: {error.text}") from None
    if not alone:
        # The other one must learn of us, too: refused calls leave no trace, and its own may have hidden earlier ones.
        with suppress(KrakenError):
            await rest.call("GetApiKeyInfo", Raw)
        return tuple(OrderInDoubt(order, _KEY_IN_USE) for order in before.values())
    after = await _shown(rest, names, symbols)
    moved = {userref_of(order.order_id) for key, order in after.items() if _touched(before.get(key), order)}
    trusted = adopt or await rest.has_traded()
    return tuple(
        OrderInDoubt(order, _MOVES if userref_of(order.order_id) in moved else "")
        for order in after.values()
        if not trusted or userref_of(order.order_id) in moved
    )


async def _shown(rest: PrivateRest, names: PairTable, symbols: Mapping[int, str]) -> dict[VenueOrderId, OrderFacts]:
    """Open orders of these userrefs on their pairs, by Kraken's id."""
    answer = await rest.read("OpenOrders", OpenOrders)
    facts = {
        exchange_id: order_facts(exchange_id, order, names, frozenset())
        for exchange_id, order in answer.open.items()
        if userref_of(order.cl_ord_id or "") in symbols
    }
    return {key: order for key, order in facts.items() if symbols[userref_of(order.order_id) or 0] == order.symbol}


def _touched(before: OrderFacts | None, after: OrderFacts) -> bool:
    """Placed or amended since; fills and closures are the market's or the owner's."""
    return before is None or (before.price, before.volume) != (after.price, after.volume)


async def _alone(rest: PrivateRest) -> bool:
    """Asked twice before another process is suspected: one refusal may be an accident, a higher nonce refuses both."""
    return await rest.undisturbed() or await rest.undisturbed()
