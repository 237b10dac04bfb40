"""Former name of `trading.strategies.grid_base`; the package forwards to it."""

from trading.strategies.grid_base import *  # noqa: F403 - for type checkers
