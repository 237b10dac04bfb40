"""Fills that are answered wrongly, twice or not at all."""

from tests.mutants.edits import Edit, Wrong, one
from tests.simulation.wrong.places import EVENTS, LADDER, NO_COUNTER_BUY, STORM, UPKEEP

ANSWERS: tuple[Wrong, ...] = (
    one(
        "no counter-sell is ever placed",
        EVENTS,
        "    if sell_volume is None or ladder.is_answered(buy.exchange_id):\n        return\n",
        "    return\n",
    ),
    Wrong(
        "no counter-sell is placed, all wait for funds",
        (
            Edit(
                EVENTS,
                '    ladder.place_counter_order("sell", price, volume, due)\n',
                '    ladder.remember(due, "funds")\n',
            ),
            Edit(
                UPKEEP,
                "    if not ladder.state.remembered or ladder.sell_retry.must_wait(ladder.now):\n        return\n",
                "    return\n",
            ),
        ),
    ),
    one(
        "no counter-buy is ever placed",
        EVENTS,
        NO_COUNTER_BUY + "        return\n",
        "    return\n",
    ),
    one("a counter-buy below the last sell, too", EVENTS, "    if not ladder.sells() or len(", "    if len("),
    one(
        "counter-buys beyond n",
        EVENTS,
        NO_COUNTER_BUY,
        "    if not ladder.sells():\n",
    ),
    one(
        "counter-buys beyond max_investment",
        EVENTS,
        "    if not ladder.investment_allows_buy() or ladder.buy_retry.is_barred:\n",
        "    if ladder.buy_retry.is_barred:\n",
    ),
    one(
        "a cDCA sells",
        "trading/strategies/c_dca.py",
        "sell_volume=None",
        "sell_volume=lambda settings, price, executed: executed",
    ),
    one(
        "a partial fill is answered",
        EVENTS,
        "    match after(order.phase, of_booked(event, order.filled, order.volume)):\n",
        '    match "filled" if order.filled else after(order.phase, of_booked(event, order.filled, order.volume)):\n',
    ),
    one(
        "a sell cancelled by hand comes back",
        EVENTS,
        "    due_again = asked_for or event.reason not in FOR_GOOD\n",
        "    due_again = True\n",
    ),
    one("a sell that waits is forgotten", LADDER, "        self.state.remembered[due.parent] = due\n", "", STORM),
    one(
        "a refused sell is forgotten",
        EVENTS,
        "        ladder.remember(due, _reason(event))\n",
        "",
        STORM,
    ),
)
