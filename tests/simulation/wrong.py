"""Wrong programs: each is one small edit, and the judge that has to find it (`tests.simulation.mutants`)."""

from typing import Literal

from msgspec import Struct

RULES = "actors/strategies/rules.py"
EVENTS = "actors/strategies/order_events.py"
UPKEEP = "actors/strategies/upkeep.py"
LADDER = "actors/strategies/ladder.py"
LEDGER = "actors/ledger.py"
GRID = "actors/strategies/grid_base.py"
REPORT = "actors/strategies/report.py"

SELL_PRICE = "    price = bought_at * settings.step\n"
NO_COUNTER_BUY = "    if not ladder.sells() or len(ladder.buys()) >= settings.max_open_buys:\n"
SHIFT = "return highest_buy * settings.two_steps * SHIFT_MARGIN"
LATE_SHIFT = "return highest_buy * settings.two_steps * settings.two_steps * SHIFT_MARGIN"
EXCESS = "    for order in ladder.buys()[ladder.settings.max_open_buys :]:\n"
INVESTED = "return self.settings.max_investment > self.investment()"

Weather = Literal["clear", "storm", "faults", "crash"]


class Edit(Struct, frozen=True):
    """In one file, every occurrence of a text."""

    file: str
    old: str
    new: str


class Wrong(Struct, frozen=True):
    """One wrong program."""

    name: str
    edits: tuple[Edit, ...]
    weather: Weather = "clear"
    """Who judges: a history in clear weather or in a storm, the faults, the crashes."""
    words: tuple[str, ...] = ()
    """Of the faults' cases or the crashes' options."""


def _one(name: str, file: str, old: str, new: str, weather: Weather = "clear", *words: str) -> Wrong:
    return Wrong(name, (Edit(file, old, new),), weather, words)


PRICES = (
    _one(
        "counter-sells at 1.5 times their price",
        RULES,
        SELL_PRICE,
        "    price = bought_at * settings.step * Decimal('1.5')\n",
    ),
    _one(
        "counter-sells at ten times their price",
        RULES,
        SELL_PRICE,
        "    price = bought_at * settings.step * 10\n",
    ),
    _one(
        "counter-sells at their buy's price",
        RULES,
        SELL_PRICE,
        "    price = bought_at\n",
    ),
    _one(
        "counter-sells one tick too high",
        RULES,
        "    return lifted(settings, floor_price(settings.pair, price), bought_at, None)\n",
        "    return lifted(settings, price_above(settings.pair, price), bought_at, None)\n",
    ),
    _one(
        "sells are never lifted",
        RULES,
        "    if ticker is not None and price < ticker:\n        return lifted(",
        "    if False:\n        return lifted(",
    ),
    _one(
        "sells are lifted to the ticker only",
        RULES,
        "floor_price(settings.pair, ticker * settings.step), price_above",
        "floor_price(settings.pair, ticker), price_above",
    ),
    _one(
        "a break-even that forgets one fee",
        "actors/strategies/settings.py",
        "EXACT.subtract(ONE, EXACT.multiply(self.fee, 2))",
        "EXACT.subtract(ONE, self.fee)",
    ),
    _one(
        "counter-buys at half their price",
        EVENTS,
        "rules.buy_price(settings, sell.price,",
        "rules.buy_price(settings, sell.price / 2,",
    ),
    _one(
        "buys two intervals apart",
        RULES,
        "price = divide(ticker if last is None else last, settings.step)",
        "price = divide(ticker if last is None else last, settings.two_steps)",
    ),
    _one("buys above the ticker", RULES, "    if price > ticker:\n        price = divide(ticker, settings.step)\n", ""),
    _one(
        "the ladder hangs from its highest buy",
        UPKEEP,
        "buys[-1].price if buys else None, ladder.ticker",
        "buys[0].price if buys else None, ladder.ticker",
    ),
    _one(
        "buys of nine tenths of an amount",
        RULES,
        "divide(settings.amount, price))",
        "divide(settings.amount, price) * 9 / 10)",
    ),
    _one(
        "a GridHODL sells what it bought",
        "actors/strategies/grid_hodl.py",
        "    return volume_for_amount(settings, price)\n",
        "    return executed\n",
    ),
    _one(
        "a GridSell sells an amount",
        "actors/strategies/grid_sell.py",
        "    return executed\n",
        "    return settings.amount / price\n",
    ),
    _one(
        "sells forget the fees",
        RULES,
        "divide(settings.amount, price * settings.kept)",
        "divide(settings.amount, price)",
    ),
    _one(
        "the extra sell one interval above",
        RULES,
        "    price = ticker * settings.two_steps\n    if",
        "    price = ticker * settings.step\n    if",
    ),
)
ANSWERS = (
    _one("no counter-sell is ever placed", EVENTS, "    if sell_volume is None:\n        return\n", "    return\n"),
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
                "    if not ladder.state.remembered or ladder.now < ladder.retry_sells_at:\n        return\n",
                "    return\n",
            ),
        ),
    ),
    _one(
        "no counter-buy is ever placed",
        EVENTS,
        NO_COUNTER_BUY + "        return\n",
        "    return\n",
    ),
    _one("a counter-buy below the last sell, too", EVENTS, "    if not ladder.sells() or len(", "    if len("),
    _one(
        "counter-buys beyond n",
        EVENTS,
        NO_COUNTER_BUY,
        "    if not ladder.sells():\n",
    ),
    _one(
        "counter-buys beyond max_investment",
        EVENTS,
        "    if not ladder.investment_allows_buy() or ladder.rules_barred:\n",
        "    if ladder.rules_barred:\n",
    ),
    _one(
        "a cDCA sells",
        "actors/strategies/c_dca.py",
        "sell_volume=None",
        "sell_volume=lambda settings, price, executed: executed",
    ),
    _one(
        "a partial fill is answered",
        EVENTS,
        "            if order.filled >= order.volume:\n"
        "                _complete(ladder, order, event.time)\n"
        "        case Canceled",
        "            if order.filled:\n                _complete(ladder, order, event.time)\n        case Canceled",
    ),
    _one(
        "a sell cancelled by hand comes back",
        EVENTS,
        "    due_again = asked_for or event.reason not in FOR_GOOD\n",
        "    due_again = True\n",
    ),
    _one("a sell that waits is forgotten", LADDER, "        self.state.remembered[due.parent] = due\n", "", "storm"),
    _one(
        "a refused sell is forgotten",
        EVENTS,
        "        ladder.remember(due, event.text if by_rules else event.reason)\n",
        "",
        "storm",
    ),
)
LIMITS = (
    _one(
        "max_investment is ignored",
        LADDER,
        "return self.settings.max_investment > self.investment() + self.settings.amount_with_fee",
        "return True",
    ),
    _one(
        "max_investment forgets the sells",
        LADDER,
        "        return self._buys.invested + self._sells.invested\n",
        "        return self._buys.invested\n",
    ),
    _one(
        "max_investment is taken for half",
        LADDER,
        "return self.settings.max_investment > self.investment()",
        "return self.settings.max_investment / 2 > self.investment()",
    ),
    _one(
        "one buy less than n",
        UPKEEP,
        "    while len(ladder.buys()) < ladder.settings.max_open_buys:\n",
        "    while len(ladder.buys()) < ladder.settings.max_open_buys - 1:\n",
    ),
    _one(
        "one buy more than n",
        UPKEEP,
        "    while len(ladder.buys()) < ladder.settings.max_open_buys:\n",
        "    while len(ladder.buys()) <= ladder.settings.max_open_buys:\n",
    ),
    _one(
        "an excess buy is never cancelled",
        UPKEEP,
        "    for order in ladder.buys()[ladder.settings.max_open_buys :]:\n        ladder.cancel(order)\n",
        "    return\n",
    ),
    _one(
        "the highest of the excess go",
        UPKEEP,
        "    for order in ladder.buys()[ladder.settings.max_open_buys :]:\n",
        "    for order in ladder.buys()[: -ladder.settings.max_open_buys]:\n",
    ),
    _one("near buys stay", UPKEEP, "            ladder.cancel(higher)\n", "            pass\n"),
    _one(
        "of two near buys the lower one goes",
        UPKEEP,
        "            ladder.cancel(higher)\n",
        "            ladder.cancel(lower)\n",
    ),
    _one(
        "buys a whole interval apart count as near",
        "actors/strategies/settings.py",
        "EXACT.divide(self.interval, 2))",
        "EXACT.multiply(self.interval, 2))",
    ),
    _one(
        "buys are not post-only",
        LADDER,
        '            post_only=order.side == "buy",\n',
        "            post_only=False,\n",
    ),
    _one(
        "buys need twice the funds",
        UPKEEP,
        "ladder.quote_free() > settings.amount_with_fee",
        "ladder.quote_free() > settings.amount_with_fee * 2",
    ),
    _one(
        "what waits for funds is never tried again",
        GRID,
        "            ladder.buys_may_retry = True\n",
        "            pass\n",
    ),
)
LADDERS = (
    _one(
        "a shift at one interval",
        RULES,
        SHIFT,
        "return highest_buy * settings.step * SHIFT_MARGIN",
    ),
    _one(
        "a shift at four intervals",
        RULES,
        SHIFT,
        LATE_SHIFT,
    ),
    _one(
        "a shift leaves the lowest buy",
        UPKEEP,
        "    cancel_all_buys(ladder)\n    return True\n",
        "    for order in ladder.buys()[:-1]:\n        ladder.cancel(order)\n    return False\n",
    ),
    _one(
        "a shift takes the sells as well",
        UPKEEP,
        "    cancel_all_buys(ladder)\n    return True\n",
        "    cancel_all_buys(ladder)\n"
        "    for order in ladder.sells():\n        ladder.cancel(order)\n    return True\n",
    ),
    _one(
        "a misprint moves the ladder",
        GRID,
        "        if self._ladder.doubts(trade.price, trade.time):\n",
        "        if False:\n",
    ),
    _one(
        "a changed amount or interval leaves the ladder",
        GRID,
        "            cancel_all_buys(self._ladder)\n",
        "            pass\n",
    ),
    _one(
        "foreign orders are cancelled, too",
        "adapters/exchanges/kraken/session.py",
        "        now: list[str] = []\n",
        "        now: list[str] = []\n"
        "        for known in self._stream.orders.open_orders():\n"
        "            if not known.order_id:\n"
        "                rest, txid = self._account.rest, known.exchange_id\n"
        "                self._nursery.start_soon(lambda x=txid: rest.call('CancelOrder', dict, 0.0, txid=x))\n",
    ),
    _one(
        "coarser rules are not followed",
        LADDER,
        "        self.settings = msgspec.structs.replace(self.settings, pair=pair, fee=fee)\n",
        "        pass\n",
    ),
    _one(
        "the highest buy is not kept",
        EVENTS,
        "        ladder.state.highest_buy = max(ladder.state.highest_buy, order.price)\n",
        "",
    ),
    _one("a lower buy lowers the highest", EVENTS, "max(ladder.state.highest_buy, order.price)", "order.price"),
)
SURPLUS = (
    _one(
        "surplus is forgotten",
        EVENTS,
        "        if order.filled and ladder.variant.sell_volume is not None:\n",
        "        if False:\n",
    ),
    _one("surplus is never sold", UPKEEP, "    if not state.surplus:\n        return\n", "    return\n"),
    _one("surplus is sold twice", EVENTS, "        ladder.state.surplus -= order.volume\n", ""),
    _one(
        "surplus goes at the lowest of its prices",
        EVENTS,
        "            ladder.state.surplus_price = max(ladder.state.surplus_price, order.price)\n",
        "            ladder.state.surplus_price = order.price\n",
    ),
    _one(
        "a SWING makes no extra sell",
        UPKEEP,
        "    if not ladder.variant.sells_accumulated_base or ticker is None or",
        "    return\n    if not ladder.variant.sells_accumulated_base or ticker is None or",
    ),
    _one(
        "an extra sell beside other sells",
        UPKEEP,
        "    if ladder.sells() or ladder.sell_is_due() or ladder.pending():\n",
        "    if ladder.pending():\n",
    ),
    _one(
        "a SWING sells base that it may not",
        LADDER,
        "        return self.variant.sells_accumulated_base and self.settings.sell_existing_base\n",
        "        return self.variant.sells_accumulated_base\n",
    ),
)
TRUTH = (
    _one("fees are told without the last fill", EVENTS, "    state.fees += fee\n", "    state.fees = fee\n"),
    _one(
        "the cash flow forgets the fees",
        EVENTS,
        "    state.cash_flow -= sign * order_cost + fee\n",
        "    state.cash_flow -= sign * order_cost\n",
    ),
    _one(
        "fewer buys without a reason",
        REPORT,
        '        reasons.append(f"fewer than',
        '        (lambda text: None)(f"fewer than',
    ),
    _one(
        "a wrong reason for fewer buys",
        UPKEEP,
        '        ladder.blocked = "max_investment"\n',
        '        ladder.blocked = "funds"\n',
    ),
    _one(
        "the investment is told without the sells",
        REPORT,
        "        investment=ladder.investment(),\n",
        "        investment=ladder._buys.invested,\n",
    ),
    _one(
        "owned forgets the sells",
        EVENTS,
        "        state.owned = owned_after(order.side, volume, state.owned, ladder.promised_besides(order))\n",
        '        state.owned += volume if order.side == "buy" else 0\n',
    ),
    _one(
        "holds leave out the fee",
        "messages/money.py",
        "    return ceil_cost(pair, EXACT.multiply(cost(price, volume), ONE + fee))\n",
        "    return ceil_cost(pair, cost(price, volume))\n",
    ),
    _one(
        "ids that are drawn",
        LADDER,
        "        cause = ladder_cause(self.settings.lineage, kind, self.state.counter)\n",
        "        cause = ladder_cause(self.settings.lineage, kind, self.state.counter) + str(self.tick_time)\n",
    ),
)
JUDGED_ELSEWHERE = (
    _one(
        "counter-sells at 1.5 times their price (faults)",
        RULES,
        SELL_PRICE,
        "    price = bought_at * settings.step * Decimal('1.5')\n",
        "faults",
        "lost",
    ),
    _one(
        "no counter-buy is ever placed (faults)",
        EVENTS,
        NO_COUNTER_BUY + "        return\n",
        "    return\n",
        "faults",
        "lost",
    ),
    _one(
        "near buys stay (faults)", UPKEEP, "            ladder.cancel(higher)\n", "            pass\n", "faults", "lost"
    ),
    _one("a shift at four intervals (faults)", RULES, SHIFT, LATE_SHIFT, "faults", "lost"),
)

ALL: tuple[Wrong, ...] = (*PRICES, *ANSWERS, *LIMITS, *LADDERS, *SURPLUS, *TRUTH, *JUDGED_ELSEWHERE)
