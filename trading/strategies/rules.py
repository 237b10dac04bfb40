"""The grid's prices and volumes, one function per rule. Prices and volumes are truncated down.

Only a sell that would lose money that way is rounded up, to the lowest tick above break-even.
"""

from decimal import Decimal

from messages.money import ceil_price, cost, divide, floor_price, floor_volume, price_above
from trading.strategies.settings import GridSettings

SHIFT_MARGIN = Decimal("1.001")
"""A shift waits for a tenth of a percent beyond two intervals, so that a touch does not rebuild the ladder."""


def buy_price(settings: GridSettings, last: Decimal | None, ticker: Decimal) -> Decimal:
    """One interval below `last` (lowest open buy or filled sell), but never above the ticker."""
    price = divide(ticker if last is None else last, settings.step)
    if price > ticker:
        price = divide(ticker, settings.step)
    return floor_price(settings.pair, price)


def buy_volume(settings: GridSettings, price: Decimal) -> Decimal:
    """What `amount` buys at the truncated price; nothing where the price is truncated to zero."""
    if not price:
        return price
    return floor_volume(settings.pair, divide(settings.amount, price))


def sell_price(settings: GridSettings, bought_at: Decimal, ticker: Decimal | None) -> Decimal:
    """One interval above the buy, or above the ticker where the market has already passed that."""
    price = bought_at * settings.step
    if ticker is not None and price < ticker:
        return lifted(settings, price, bought_at, ticker)
    return lifted(settings, floor_price(settings.pair, price), bought_at, None)


def lifted(settings: GridSettings, price: Decimal, bought_at: Decimal, ticker: Decimal | None) -> Decimal:
    """A sell price that is due, on the pair's ticks, above break-even and above a market that has passed it.

    Where truncation would bring a loss, it is the lowest tick that does not. `bought_at` is 0 where it is not known.
    """
    if ticker is not None and price < ticker:
        price = max(floor_price(settings.pair, ticker * settings.step), price_above(settings.pair, ticker))
    return max(ceil_price(settings.pair, price), lowest_sell_price(settings, bought_at))


def lowest_sell_price(settings: GridSettings, bought_at: Decimal) -> Decimal:
    """The lowest tick above break-even: what is sold there brings back the buy and the fees of both sides."""
    if not bought_at or settings.kept <= 0:
        return bought_at
    return price_above(settings.pair, divide(bought_at, settings.kept))


def tick_is_too_coarse(settings: GridSettings, bought_at: Decimal) -> bool:
    """Whether no tick within two intervals above a buy brings a gain."""
    return lowest_sell_price(settings, bought_at) > bought_at * settings.two_steps


def volume_for_amount(settings: GridSettings, price: Decimal) -> Decimal:
    """Base whose sale at `price` brings back `amount` after the fees of both sides."""
    return divide(settings.amount, price * settings.kept)


def shift_threshold(settings: GridSettings, highest_buy: Decimal) -> Decimal:
    """The ladder is rebuilt when the ticker is above this price."""
    return highest_buy * settings.two_steps * SHIFT_MARGIN


def extra_sell_price(settings: GridSettings, ticker: Decimal, highest_buy: Decimal) -> Decimal:
    """Two intervals above the ticker, or above the highest buy ever where that would sell below it."""
    price = ticker * settings.two_steps
    if price < highest_buy:
        price = highest_buy * settings.two_steps
    return max(floor_price(settings.pair, price), price_above(settings.pair, ticker))


def too_near(settings: GridSettings, higher: Decimal, lower: Decimal) -> bool:
    """Whether two buys are nearer to each other than half an interval."""
    return higher < lower * settings.half_step


def invested(price: Decimal, volume: Decimal) -> Decimal:
    """An order's share of the investment: full volume, whatever part is filled."""
    return cost(price, volume)
