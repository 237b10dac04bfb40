"""GridHODL: sells what brings the amount back and keeps the rest, so that base accumulates."""

from decimal import Decimal

from trading.strategies.rules import volume_for_amount
from trading.strategies.settings import GridSettings, Variant


def sell_volume(settings: GridSettings, price: Decimal, executed: Decimal) -> Decimal:
    """Base whose sale at `price` brings back the strategy's amount after both fees, whatever the buy executed."""
    return volume_for_amount(settings, price)


GRID_HODL = Variant(kind="GridHODL", sell_volume=sell_volume, sells_accumulated_base=False)
