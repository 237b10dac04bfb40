"""Former name of `trading.strategies.core`; the package forwards to it."""

from trading.strategies.core import *  # noqa: F403 - for type checkers
