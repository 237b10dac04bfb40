"""GridSell: sells exactly what was bought, so that quote accumulates."""

from decimal import Decimal

from trading.strategies.settings import GridSettings, Variant


def sell_volume(settings: GridSettings, price: Decimal, executed: Decimal) -> Decimal:
    """The executed volume of the buy."""
    return executed


GRID_SELL = Variant(kind="GridSell", sell_volume=sell_volume, sells_accumulated_base=False, sells_all=True)
