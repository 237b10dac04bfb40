"""cDCA: buys down the ladder and never sells; a rising price lifts the ladder behind it."""

from trading.strategies.settings import Variant

C_DCA = Variant(kind="cDCA", sell_volume=None, sells_accumulated_base=False)
