"""Orders that the exchange has and the state does not know: after a damaged, restored or deleted journal.

Ids show what an order is. A counter-order's id follows from the exchange id of the fill that it answers, that of a
ladder order from the journal's lineage and a counter. What follows from the state was placed by a part of the
journal that is lost, and is taken over; a fill whose counter-order's id exists nowhere was not answered yet. An order
that does not follow comes from a second instance, unless there is no state at all or the user says so (`--adopt`).
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from messages.account import OrderFacts, OrdersFound
from messages.ids import NO_VENUE_ID, ClientOrderId, VenueOrderId, client_order_id, counter_cause, ladder_cause
from messages.money import ZERO, divide, floor_price
from messages.notices import OrdersRecovered
from messages.orders import OrderKind, Place
from trading.strategies.core import Recovery
from trading.strategies.ladder import Ladder
from trading.strategies.state import OwnOrder

ATTEMPTS = 20
"""How many attempts at one counter-order are recognised beyond the last one that is known."""
AHEAD = 1_000
"""How many ladder orders beyond the counter are recognised: far more than the end of a log holds."""
KINDS: tuple[OrderKind, ...] = ("ladder", "surplus", "extra")
UNKNOWN = (
    "surplus of partly filled buys, sells that wait for funds, older highest buy price, older gains, "
    "buys of some sells: what these offer counts as yours"
)


class _Origin(Struct, frozen=True):
    kind: OrderKind
    cause: str
    parent: VenueOrderId = NO_VENUE_ID
    attempt: int = 0
    counter: int = 0


def recover(ladder: Ladder, found: OrdersFound, *, is_new: bool, adopt: bool) -> Recovery:
    """Take over what is ours. The resync that follows reports what happened to these orders.

    `is_new`: there is no state of this strategy. Without that and `adopt` nothing is taken over that does not follow
    from the state.
    """
    orders = {facts.order_id: facts for facts in found.orders if facts.order_id not in ladder.state.orders}
    recovery = Recovery()
    closed = 0
    for facts, origin in _explained(ladder, orders, found.orders, is_new=is_new):
        del orders[facts.order_id]
        ladder.state.counter = max(ladder.state.counter, origin.counter)
        if facts.status == "open" or facts.filled or origin.parent:
            # A closed counter-order without a fill must be known too, lest its id be used again.
            recovery.adopted.append(_take_over(ladder, facts, origin, bought_earlier=is_new))
            closed += facts.status != "open"
    if is_new or adopt:
        strangers = [facts for facts in orders.values() if facts.status == "open"]
        late = _unanswered(ladder, orders, found.orders)
        if not is_new:
            # Up to its newest fill the state has decided itself which fills need no answer.
            late = [facts for facts in late if _is_news(ladder, facts)]
        for facts in strangers + late:
            recovery.adopted.append(_adopt(ladder, facts))
        closed += len(late)
        _note_highest_buy(ladder, found.orders)
    else:
        recovery.unexplained = [facts for facts in orders.values() if facts.status == "open"]
    if recovery.adopted and not recovery.unexplained:
        settings = ladder.settings
        opened = len(recovery.adopted) - closed
        unknown = UNKNOWN if is_new else ""
        recovery.notices.append(
            OrdersRecovered(settings.name, settings.pair.symbol, opened, closed, found.since, unknown)
        )
    return recovery


def _explained(
    ladder: Ladder, orders: dict[ClientOrderId, OrderFacts], everything: Sequence[OrderFacts], *, is_new: bool
) -> Iterable[tuple[OrderFacts, _Origin]]:
    """Those of `orders` whose ids follow from the state, and from orders that do."""
    origins = _ladder_origins(ladder)
    for parent, first in _parents(ladder):
        origins |= _counter_origins(ladder, parent, first)
    for facts in everything:
        if is_new or facts.order_id in ladder.state.orders:
            origins |= _counter_origins(ladder, facts.exchange_id, 0)
    waiting = dict(orders)
    while explained := [order_id for order_id in waiting if order_id in origins]:
        for order_id in explained:
            facts, origin = waiting.pop(order_id), origins[order_id]
            origins |= _counter_origins(ladder, facts.exchange_id, 0)
            if origin.parent:
                origins |= _counter_origins(ladder, origin.parent, origin.attempt + 1)
            if facts.status == "open" or not is_new:
                yield facts, origins[order_id]


def _ladder_origins(ladder: Ladder) -> dict[ClientOrderId, _Origin]:
    settings, counter = ladder.settings, ladder.state.counter
    numbers = range(counter + 1, counter + 1 + AHEAD)
    causes = ((kind, n, ladder_cause(settings.lineage, kind, n)) for kind in KINDS for n in numbers)
    return {client_order_id(settings.userref, cause): _Origin(kind, cause, counter=n) for kind, n, cause in causes}


def _counter_origins(ladder: Ladder, parent: VenueOrderId, first: int) -> dict[ClientOrderId, _Origin]:
    causes = ((attempt, counter_cause(parent, attempt)) for attempt in range(first, first + ATTEMPTS))
    userref = ladder.settings.userref
    return {client_order_id(userref, cause): _Origin("counter", cause, parent, attempt) for attempt, cause in causes}


def _parents(ladder: Ladder) -> list[tuple[VenueOrderId, int]]:
    """Orders of the state that may have been answered, and the first attempt that it does not know."""
    state = ladder.state
    return [
        *((order.exchange_id, 0) for order in state.orders.values() if order.exchange_id),
        *((order.parent, order.attempt + 1) for order in state.orders.values() if order.parent),
        *((sell.parent, sell.attempt) for sell in state.remembered.values()),
    ]


def _unanswered(
    ladder: Ladder, orders: dict[ClientOrderId, OrderFacts], everything: Sequence[OrderFacts]
) -> list[OrderFacts]:
    """Filled orders without a counter-order. One that may rightly have none, as a sell, counts only if it filled while
    the program was down: later than the newest order that is open."""
    ids = {facts.order_id for facts in everything}
    buys_are_sold = ladder.variant.sell_volume is not None
    last_sign_of_life = max((facts.time for facts in everything if facts.status == "open"), default=None)
    return [
        facts
        for facts in orders.values()
        if facts.status == "filled"
        and not ids & _counter_origins(ladder, facts.exchange_id, 0).keys()
        and (
            (facts.side == "buy" and buys_are_sold)
            or (last_sign_of_life is not None and facts.time > last_sign_of_life)
        )
    ]


def _is_news(ladder: Ladder, facts: OrderFacts) -> bool:
    return facts.time > ladder.state.fill_time and facts.exchange_id not in ladder.state.remembered


def _adopt(ladder: Ladder, facts: OrderFacts) -> Place:
    """An order of unknown origin. What a sell of which no buy is known offers is the account owner's base."""
    cause = f"adopted/{facts.exchange_id}"
    origin = _Origin("ladder", cause) if facts.side == "buy" else _Origin("counter", cause, VenueOrderId(cause))
    return _take_over(ladder, facts, origin, placed=ZERO if facts.side == "sell" else None)


def _take_over(
    ladder: Ladder,
    facts: OrderFacts,
    origin: _Origin,
    *,
    bought_earlier: bool = False,
    placed: Decimal | None = None,
) -> Place:
    """As if it had just been asked for: the resync reports its acceptance and its fills.

    `bought_earlier`: the fill that a sell offers is not reported again; an extra sell of existing base offers none.
    `placed`: see `OwnOrder`.
    """
    order = OwnOrder(
        order_id=facts.order_id,
        side=facts.side,
        price=facts.price,
        volume=facts.volume,
        kind=origin.kind,
        cause=origin.cause,
        parent=origin.parent,
        attempt=origin.attempt,
        time=facts.time,
        placed=placed,
    )
    if facts.status == "canceled" and origin.kind == "counter":
        # It did rest: a cancel that nobody is known to have asked for was its owner's, no question of a crashed run.
        order.phase, order.exchange_id = "open", facts.exchange_id
    ladder.add(order)
    ladder.state.remembered.pop(origin.parent, None)
    if bought_earlier and order.side == "sell" and not (origin.kind == "extra" and ladder.sells_unowned):
        ladder.state.owned += order.volume
    return ladder.request(order)


def _note_highest_buy(ladder: Ladder, orders: Sequence[OrderFacts]) -> None:
    """From fills, and from sells that stand one interval above theirs."""
    settings = ladder.settings
    bought = [facts.price for facts in orders if facts.side == "buy" and facts.status == "filled"]
    sold = [
        floor_price(settings.pair, divide(facts.price, settings.step))
        for facts in orders
        if facts.side == "sell" and facts.status == "open"
    ]
    ladder.state.highest_buy = max([ladder.state.highest_buy, *bought, *sold], default=ZERO)
