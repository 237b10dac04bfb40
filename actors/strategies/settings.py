"""Former name of `trading.strategies.settings`; the package forwards to it."""

from trading.strategies.settings import *  # noqa: F403 - for type checkers
