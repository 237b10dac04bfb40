"""Ladders that move wrongly, or stay where they are."""

from tests.mutants.edits import Wrong, one
from tests.simulation.wrong.places import EVENTS, GRID, LADDER, LATE_SHIFT, RULES, SHIFT, UPKEEP

LADDERS: tuple[Wrong, ...] = (
    one(
        "a shift at one interval",
        RULES,
        SHIFT,
        "return highest_buy * settings.step * SHIFT_MARGIN",
    ),
    one(
        "a shift at four intervals",
        RULES,
        SHIFT,
        LATE_SHIFT,
    ),
    one(
        "a shift leaves the lowest buy",
        UPKEEP,
        "    cancel_all_buys(ladder)\n    return True\n",
        "    for order in ladder.buys()[:-1]:\n        ladder.cancel(order)\n    return False\n",
    ),
    one(
        "a shift takes the sells as well",
        UPKEEP,
        "    cancel_all_buys(ladder)\n    return True\n",
        "    cancel_all_buys(ladder)\n"
        "    for order in ladder.sells():\n        ladder.cancel(order)\n    return True\n",
    ),
    one(
        "a misprint moves the ladder",
        GRID,
        "        if self._ladder.doubts(trade.price, trade.time):\n",
        "        if False:\n",
    ),
    one(
        "a changed amount or interval leaves the ladder",
        GRID,
        "            cancel_all_buys(self._ladder)\n",
        "            pass\n",
    ),
    one(
        "foreign orders are cancelled, too",
        "adapters/exchanges/kraken/session.py",
        "        now: list[ClientOrderId] = []\n",
        "        now: list[ClientOrderId] = []\n"
        "        for known in self._stream.orders.open_orders():\n"
        "            if not known.order_id:\n"
        "                rest, txid = self._account.rest, known.exchange_id\n"
        "                self._nursery.start_soon(lambda x=txid: rest.call('CancelOrder', dict, 0.0, txid=x))\n",
    ),
    one(
        "coarser rules are not followed",
        LADDER,
        "        self.settings = msgspec.structs.replace(self.settings, pair=pair, fee=fee)\n",
        "        pass\n",
    ),
    one(
        "the highest buy is not kept",
        EVENTS,
        "        ladder.state.highest_buy = max(ladder.state.highest_buy, order.price)\n",
        "",
    ),
    one("a lower buy lowers the highest", EVENTS, "max(ladder.state.highest_buy, order.price)", "order.price"),
)
