"""Former name of `trading.ports`."""

from former_names import forward
from trading.ports import *  # noqa: F403 - for type checkers

forward(__name__, "trading.ports")
