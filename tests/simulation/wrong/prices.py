"""Wrong prices and volumes."""

from tests.mutants.edits import Wrong, one
from tests.simulation.wrong.places import EVENTS, RULES, SELL_PRICE, UPKEEP

PRICES: tuple[Wrong, ...] = (
    one(
        "counter-sells at 1.5 times their price",
        RULES,
        SELL_PRICE,
        "    price = bought_at * settings.step * Decimal('1.5')\n",
    ),
    one(
        "counter-sells at ten times their price",
        RULES,
        SELL_PRICE,
        "    price = bought_at * settings.step * 10\n",
    ),
    one(
        "counter-sells at their buy's price",
        RULES,
        SELL_PRICE,
        "    price = bought_at\n",
    ),
    one(
        "counter-sells one tick too high",
        RULES,
        "    return lifted(settings, floor_price(settings.pair, price), bought_at, None)\n",
        "    return lifted(settings, price_above(settings.pair, price), bought_at, None)\n",
    ),
    one(
        "sells are never lifted",
        RULES,
        "    if ticker is not None and price < ticker:\n        return lifted(",
        "    if False:\n        return lifted(",
    ),
    one(
        "sells are lifted to the ticker only",
        RULES,
        "floor_price(settings.pair, ticker * settings.step), price_above",
        "floor_price(settings.pair, ticker), price_above",
    ),
    one(
        "a break-even that forgets one fee",
        "trading/strategies/settings.py",
        "EXACT.subtract(ONE, EXACT.multiply(self.fee, 2))",
        "EXACT.subtract(ONE, self.fee)",
    ),
    one(
        "counter-buys at half their price",
        EVENTS,
        "rules.buy_price(settings, sell.price,",
        "rules.buy_price(settings, sell.price / 2,",
    ),
    one(
        "buys two intervals apart",
        RULES,
        "price = divide(ticker if last is None else last, settings.step)",
        "price = divide(ticker if last is None else last, settings.two_steps)",
    ),
    one("buys above the ticker", RULES, "    if price > ticker:\n        price = divide(ticker, settings.step)\n", ""),
    one(
        "the ladder hangs from its highest buy",
        UPKEEP,
        "buys[-1].price if buys else None, ladder.ticker",
        "buys[0].price if buys else None, ladder.ticker",
    ),
    one(
        "buys of nine tenths of an amount",
        RULES,
        "divide(settings.amount, price))",
        "divide(settings.amount, price) * 9 / 10)",
    ),
    one(
        "a GridHODL sells what it bought",
        "trading/strategies/grid_hodl.py",
        "    return volume_for_amount(settings, price)\n",
        "    return executed\n",
    ),
    one(
        "a GridSell sells an amount",
        "trading/strategies/grid_sell.py",
        "    return executed\n",
        "    return settings.amount / price\n",
    ),
    one(
        "sells forget the fees",
        RULES,
        "divide(settings.amount, price * settings.kept)",
        "divide(settings.amount, price)",
    ),
    one(
        "the extra sell one interval above",
        RULES,
        "    price = ticker * settings.two_steps\n    if",
        "    price = ticker * settings.step\n    if",
    ),
)
