"""Limits that are not kept, and money that is not spent."""

from tests.mutants.edits import Wrong, one
from tests.simulation.wrong.places import GRID, LADDER, UPKEEP

LIMITS: tuple[Wrong, ...] = (
    one(
        "max_investment is ignored",
        LADDER,
        "return self.settings.max_investment > self.investment() + due + self.settings.amount_with_fee",
        "return True",
    ),
    one(
        "max_investment forgets the sells",
        LADDER,
        "        return self._buys.invested + self._sells.invested\n",
        "        return self._buys.invested\n",
    ),
    one(
        "max_investment is taken for half",
        LADDER,
        "return self.settings.max_investment > self.investment()",
        "return self.settings.max_investment / 2 > self.investment()",
    ),
    one(
        "one buy less than n",
        UPKEEP,
        "    while len(ladder.buys()) < ladder.settings.max_open_buys:\n",
        "    while len(ladder.buys()) < ladder.settings.max_open_buys - 1:\n",
    ),
    one(
        "one buy more than n",
        UPKEEP,
        "    while len(ladder.buys()) < ladder.settings.max_open_buys:\n",
        "    while len(ladder.buys()) <= ladder.settings.max_open_buys:\n",
    ),
    one(
        "an excess buy is never cancelled",
        UPKEEP,
        "    for order in ladder.buys()[ladder.settings.max_open_buys :]:\n        ladder.cancel(order)\n",
        "    return\n",
    ),
    one(
        "the highest of the excess go",
        UPKEEP,
        "    for order in ladder.buys()[ladder.settings.max_open_buys :]:\n",
        "    for order in ladder.buys()[: -ladder.settings.max_open_buys]:\n",
    ),
    one("near buys stay", UPKEEP, "            ladder.cancel(higher)\n", "            pass\n"),
    one(
        "of two near buys the lower one goes",
        UPKEEP,
        "            ladder.cancel(higher)\n",
        "            ladder.cancel(lower)\n",
    ),
    one(
        "buys a whole interval apart count as near",
        "trading/strategies/settings.py",
        "EXACT.divide(self.interval, 2))",
        "EXACT.multiply(self.interval, 2))",
    ),
    one(
        "buys are not post-only",
        LADDER,
        '            post_only=order.side == "buy",\n',
        "            post_only=False,\n",
    ),
    one(
        "buys need twice the funds",
        UPKEEP,
        "ladder.quote_free() > settings.amount_with_fee",
        "ladder.quote_free() > settings.amount_with_fee * 2",
    ),
    one(
        "what waits for funds is never tried again",
        GRID,
        '            ladder.buy_retry.changed("funds")\n',
        "            pass\n",
    ),
)
