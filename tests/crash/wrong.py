"""Wrong programs that the judge of the crashes has to find; each names the crashes in which it shows."""

from tests.mutants.edits import Edit, Wrong, one
from tests.simulation.wrong.places import EVENTS

DESK = "trading/order_desk.py"
STATE = "trading/strategies/state.py"
RECOVERY = "trading/strategies/recovery.py"
LOADED = "        return _renewed(msgspec.json.decode(text, type=GridState))\n"
"""Where a life reads what the one before it has left."""

TO_LOOK_UP = (
    "        return [order.place.order_id for order in attach.orders if order.place.order_id not in self._orders]\n"
)


def _loaded(what: str) -> str:
    return (
        f"        state = _renewed(msgspec.json.decode(text, type=GridState))\n        {what}\n        return state\n"
    )


def _at(*points: str, kind: str = "GridHODL", lost: bool = False) -> tuple[str, ...]:
    return ("--kinds", kind, *(("--lost", "1") if lost else ()), "--at", *points)


FATES = (
    one(
        "what became of an order is not asked",
        DESK,
        TO_LOOK_UP,
        "        return []\n",
        *_at("frame:executions#8/unsent", "frame:executions#6/unsent"),
    ),
    Wrong(
        "an order whose fate is unknown is sent again",
        (
            Edit(
                DESK,
                TO_LOOK_UP,
                "        return []\n",
            ),
            Edit(DESK, "        if not live.accepted and not live.canceling", "        if not live.canceling"),
        ),
        _at("frame:executions#8/unsent", "frame:executions#6/unsent"),
    ),
    one(
        "another id at a retry after the crash",
        DESK,
        "                self._place(place, effects, decided_earlier=True)\n",
        "                other = place.order_id[:-1] + ('0' if place.order_id[-1] != '0' else '1')\n"
        "                again = msgspec.structs.replace(place, order_id=other)\n"
        "                self._place(again, effects, decided_earlier=True)\n",
        *_at("ws:add_order#2/lost"),
    ),
    one(
        "a decision that never left is not sent",
        DESK,
        "                self._place(place, effects, decided_earlier=True)\n",
        "                gone = Canceled(place.order_id, '', ZERO, ZERO, ZERO, 'by hand', place.time)\n"
        "                self._pass_on(gone, effects)\n",
        *_at("ws:add_order#1/lost", "ws:add_order#1/lost"),
    ),
    one(
        "a pending cancel is lost",
        DESK,
        "        if live.canceling and place.order_id in self._orders:\n",
        "        if False:\n",
        *_at("ws:batch_cancel#1/lost"),
    ),
)
STATES = (
    one("surplus is dropped at a start", STATE, LOADED, _loaded("state.surplus = ZERO"), *_at("ws:add_order#7/taken")),
    one(
        "ids are counted from the beginning at a start",
        STATE,
        LOADED,
        _loaded("state.counter = 0"),
        *_at("ws:add_order#4/answered"),
    ),
    one(
        "open orders are forgotten at a start",
        STATE,
        LOADED,
        _loaded("state.orders.clear()"),
        *_at("journal:write#10/after"),
    ),
    one(
        "what was filled in part is counted again",
        STATE,
        LOADED,
        _loaded("for order in state.orders.values(): order.filled = order.cost = order.fee = ZERO"),
        *_at("journal:write#19/after", "journal:write#3/after", "journal:write#3/after", "journal:write#3/after"),
    ),
    one(
        "gains of former lives are forgotten",
        STATE,
        LOADED,
        _loaded("state.fees = state.cash_flow = ZERO"),
        *_at("journal:write#16/after"),
    ),
)
FILLS = (
    Wrong(
        "a fill counts twice",
        (
            Edit(EVENTS, "    if event.filled <= order.filled:\n        return\n", ""),
            Edit(
                EVENTS,
                "event.filled - order.filled, event.cost - order.cost, event.fee - order.fee",
                "event.filled, event.cost, event.fee",
            ),
        ),
        _at("ws:add_order#7/answered"),
    ),
    one(
        "fills of the downtime stay out of the journal",
        DESK,
        "        effects.record.append(Record(strategy, event))\n",
        "        if not (isinstance(event, Filled) and '@' in event.fill_id):\n"
        "            effects.record.append(Record(strategy, event))\n",
        *_at("frame:executions#8/unsent", "frame:executions#6/unsent"),
    ),
    one(
        "fills of the downtime are answered with no sell",
        EVENTS,
        "        counter_sell(ladder, order, time)\n",
        "        if ladder.synced:\n            counter_sell(ladder, order, time)\n",
        *_at("frame:executions#8/unsent", "frame:executions#6/unsent"),
    ),
    one(
        "counter-orders of the downtime stand at half their price",
        EVENTS,
        "    price = rules.sell_price(settings, buy.price, ladder.ticker_since(time))\n",
        "    price = rules.sell_price(settings, buy.price if ladder.synced else buy.price / 2, None)\n",
        *_at("frame:executions#8/unsent", "frame:executions#6/unsent"),
    ),
)
LOST = (
    one(
        "recovery ignores closed orders",
        RECOVERY,
        '        if facts.status == "filled"\n',
        "        if False\n",
        *_at("frame:executions#2/unsent", lost=True),
    ),
    one(
        "recovery adopts nothing",
        RECOVERY,
        "    if is_new or adopt:\n        strangers",
        "    if adopt:\n        strangers",
        *_at("journal:write#2/after", lost=True),
    ),
)
STOPS = (
    one(
        "buys stay at the stop after a crash",
        "trading/strategies/grid_base.py",
        '        if stop.on_stop != "keep":\n',
        '        if stop.on_stop == "cancel-all":\n',
        *_at("journal:write#10/after"),
    ),
)

ALL: tuple[Wrong, ...] = (*FATES, *STATES, *FILLS, *LOST, *STOPS)
