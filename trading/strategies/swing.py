"""SWING: a GridHODL that also sells accumulated and unowned base above the ladder."""

from trading.strategies.grid_hodl import sell_volume
from trading.strategies.settings import Variant

SWING = Variant(kind="SWING", sell_volume=sell_volume, sells_accumulated_base=True)
