"""Wrong programs that the table of faults has to find; each names the cases in which it shows."""

from tests.mutants.edits import Edit, Wrong, one
from tests.simulation.wrong.places import EVENTS, LATE_SHIFT, NO_COUNTER_BUY, RULES, SELL_PRICE, SHIFT

REQUESTS = "adapters/exchanges/kraken/order_entry/requests.py"
ANSWERS = "adapters/exchanges/kraken/order_entry/answers.py"
STREAM = "adapters/exchanges/kraken/account/stream.py"
ORDERS = "adapters/exchanges/kraken/account/order_view.py"
SESSION = "adapters/exchanges/kraken/session.py"
ERRORS = "adapters/exchanges/kraken/wire/error_texts.py"
DESK = "trading/order_desk.py"

FATES = (
    one(
        "what had no answer is sent again unasked",
        REQUESTS,
        "fate = await fate_of(order.order_id, self._stream, self.cancel_by_id)",
        "fate = 'never'",
        "filled before its fate is known",
    ),
    one(
        "a retry has another id",
        ANSWERS,
        "        self._outbox.put(batch)\n        self._withdraw_canceled(batch.orders)\n",
        "        orders = tuple(replace(o, order_id=o.order_id[:-4] + str(self._clock.now())[-13:-9]) "
        "for o in batch.orders)\n"
        "        self._outbox.put(replace(batch, orders=orders))\n",
        "add: lost request @ fill",
    ),
    one(
        "an unclear error is a refusal",
        ERRORS,
        '"ambiguous"),\n',
        '"refused"),\n',
        "but done",
    ),
    one(
        "what nobody has heard of is a refusal",
        ERRORS,
        'tight.startswith(prefix)), "ambiguous")',
        'tight.startswith(prefix)), "refused")',
        "ENever:Heard of, but done",
    ),
    one(
        "an order that was lost is given up",
        REQUESTS,
        "        if pending.batch.attempt < ATTEMPTS:\n",
        "        if False:\n",
        "add: lost request @ start",
    ),
    one(
        "an order may arrive long after its deadline",
        REQUESTS,
        "self._clock.now() + int(DEADLINE_SECONDS * SECOND)",
        "self._clock.now() + int(60 * SECOND)",
        "add: request long after its deadline",
    ),
    one(
        "orders beside a refused one are dropped",
        ANSWERS,
        "        if batch.rest:\n            self.again(replace(batch, orders=batch.rest, rest=()))\n",
        "        pass\n",
        "refused: EGeneral:Invalid arguments @ shift",
    ),
    one(
        "a refused order is forgotten",
        EVENTS,
        "        ladder.remember(due, _reason(event))\n",
        "",
        "refused: EAPI:Bad request",
    ),
)
CANCELS = (
    one(
        "a cancel that was put off is forgotten",
        REQUESTS,
        "            self._cancel_again(batch)\n            return\n",
        "            return\n",
        "cancel: rate limit",
    ),
    one(
        "a cancel without an answer is taken for done",
        REQUESTS,
        "        left = [order_id for order_id in batch.cancels if not self._is_over(order_id)]\n",
        "        left = []\n        return\n",
        "cancel: lost request",
    ),
    one(
        "foreign orders are cancelled",
        SESSION,
        "        now: list[ClientOrderId] = []\n",
        "        now: list[ClientOrderId] = [o.order_id for o in self._stream.orders.open_orders() if o.order_id]\n"
        "        for known in self._stream.orders.open_orders():\n"
        "            if not known.order_id:\n"
        "                rest, txid = self._account.rest, known.exchange_id\n"
        "                self._nursery.start_soon(lambda x=txid: rest.call('CancelOrder', dict, 0.0, txid=x))\n",
        "other's",
        "@ fill",
    ),
)
STREAMS = (
    Wrong(
        "what is lost on the stream is never missed",
        (
            Edit(
                STREAM,
                "        if frame.sequence != expected or (expected == 1) != (frame.type == wire.SNAPSHOT):\n",
                "        if False:\n",
            ),
            Edit(
                ORDERS, "                if known.facts.filled < known.facts.volume:\n", "                if False:\n"
            ),
            Edit(STREAM, "        if self._totals and (fill_id := ", "        if False and (fill_id := "),
        ),
        ("frame: lose_frame executions @ fill",),
    ),
    one(
        "a fill of the time without a connection is ignored",
        DESK,
        "        return [order.place.order_id for order in attach.orders "
        "if order.place.order_id not in self._orders]\n",
        "        return []\n",
        "refused: private, 30 s",
    ),
    Wrong(
        "a fill that is told twice counts twice",
        (
            Edit(
                ORDERS,
                '        if report.exec_id in known.fills or known.facts.status == "filled":\n            return []\n',
                "",
            ),
            Edit(STREAM, "        if frame.sequence != expected or", "        if frame.sequence > expected or"),
            Edit(EVENTS, "    if event.filled <= order.filled:\n        return\n", ""),
            Edit(
                EVENTS,
                "event.filled - order.filled, event.cost - order.cost, event.fee - order.fee",
                "event.filled, event.cost, event.fee",
            ),
            Edit(
                EVENTS,
                "    ladder.forget(order)\n    ladder.out.append(\n        OrderFilled(",
                "    ladder.out.append(\n        OrderFilled(",
            ),
        ),
        ("frame: every execution doubled",),
    ),
    one(
        "silence is not noticed",
        "adapters/exchanges/kraken/transport/websockets.py",
        "SILENCE_SECONDS = 6.0",
        "SILENCE_SECONDS = 6000.0",
        "silent",
    ),
    one(
        "nobody is told of a closed pair",
        "actors/venue_watch.py",
        "                self._outlets.notifier.post(halted)\n",
        "                pass\n",
        "pair cancel_only for 10 min",
    ),
    one(
        "fees are told without the last fill",
        EVENTS,
        "    state.fees += fee\n",
        "    state.fees = fee\n",
        "add: lost reply @ fill",
    ),
)
RULES_BROKEN = (
    one(
        "counter-sells at 1.5 times their price",
        RULES,
        SELL_PRICE,
        "    price = bought_at * settings.step * Decimal('1.5')\n",
        "add: lost reply @",
    ),
    one(
        "no counter-buy is ever placed",
        EVENTS,
        NO_COUNTER_BUY + "        return\n",
        "    return\n",
        "little may be invested",
    ),
    one("a shift at four intervals", RULES, SHIFT, LATE_SHIFT, "add: lost reply @"),
)

ALL: tuple[Wrong, ...] = (*FATES, *CANCELS, *STREAMS, *RULES_BROKEN)
