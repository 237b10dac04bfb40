"""Base that is left over: forgotten, sold twice, or another's."""

from tests.mutants.edits import Wrong, one
from tests.simulation.wrong.places import EVENTS, LADDER, UPKEEP, WHY

SURPLUS: tuple[Wrong, ...] = (
    one(
        "surplus is forgotten",
        EVENTS,
        "        if order.filled and ladder.variant.sell_volume is not None:\n",
        "        if False:\n",
    ),
    one(
        "surplus is never sold",
        UPKEEP,
        "    if not ladder.state.surplus or ladder.surplus_retry.must_wait(ladder.now):\n        return\n",
        "    return\n",
    ),
    one(
        "a surplus that is worth an amount is told to be too small",
        WHY,
        "    reason = upkeep.surplus_waits_for(ladder)\n",
        '    reason = ""\n',
    ),
    one("surplus is sold twice", EVENTS, "        ladder.state.surplus -= order.volume\n", ""),
    one(
        "surplus goes at the lowest of its prices",
        EVENTS,
        "            ladder.state.surplus_price = max(ladder.state.surplus_price, order.price)\n",
        "            ladder.state.surplus_price = order.price\n",
    ),
    one(
        "a SWING makes no extra sell",
        UPKEEP,
        "    if not ladder.variant.sells_accumulated_base or ticker is None or",
        "    return\n    if not ladder.variant.sells_accumulated_base or ticker is None or",
    ),
    one(
        "an extra sell beside other sells",
        UPKEEP,
        "    if ladder.sells() or ladder.sell_is_due() or ladder.pending():\n",
        "    if ladder.pending():\n",
    ),
    one(
        "a SWING sells base that it may not",
        LADDER,
        "        return self.variant.sells_accumulated_base and self.settings.sell_existing_base\n",
        "        return self.variant.sells_accumulated_base\n",
    ),
)
