"""Orders as they should be, and a status, journal or id that is not."""

from tests.mutants.edits import Wrong, one
from tests.simulation.wrong.places import EVENTS, LADDER, REPORT, UPKEEP

TRUTH: tuple[Wrong, ...] = (
    one("fees are told without the last fill", EVENTS, "    state.fees += fee\n", "    state.fees = fee\n"),
    one(
        "the cash flow forgets the fees",
        EVENTS,
        "    state.cash_flow -= sign * order_cost + fee\n",
        "    state.cash_flow -= sign * order_cost\n",
    ),
    one(
        "fewer buys without a reason",
        REPORT,
        "            return f\"fewer than {counted(ladder.settings.max_open_buys, 'buy')}: {reason}\"\n",
        '            return ""\n',
    ),
    one(
        "a wrong reason for fewer buys",
        UPKEEP,
        "        ladder.buy_retry.hindered(MAX_INVESTMENT)\n",
        '        ladder.buy_retry.hindered("funds")\n',
    ),
    one(
        "the investment is told without the sells",
        REPORT,
        "        investment=ladder.investment(),\n",
        "        investment=ladder._buys.invested,\n",
    ),
    one(
        "owned forgets the sells",
        EVENTS,
        "        state.owned = owned_after(order.side, volume, state.owned, ladder.promised_besides(order), own)\n",
        '        state.owned += volume if order.side == "buy" else 0\n',
    ),
    one(
        "holds leave out the fee",
        "messages/money.py",
        "    return ceil_cost(pair, EXACT.multiply(cost(price, volume), ONE + fee))\n",
        "    return ceil_cost(pair, cost(price, volume))\n",
    ),
    one(
        "ids that are drawn",
        LADDER,
        "        cause = ladder_cause(self.settings.lineage, kind, self.state.counter)\n",
        "        cause = ladder_cause(self.settings.lineage, kind, self.state.counter) + str(self.tick_time)\n",
    ),
)
