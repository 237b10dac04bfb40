"""SWING: a GridHODL that also sells accumulated and unowned base above the ladder."""

from actors.strategies.grid_hodl import sell_volume
from actors.strategies.settings import Variant

SWING = Variant(kind="SWING", sell_volume=sell_volume, sells_accumulated_base=True)
