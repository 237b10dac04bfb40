"""Former name of `trading.strategies`."""

from former_names import forward
from trading.strategies import *  # noqa: F403 - for type checkers

forward(__name__, "trading.strategies")
