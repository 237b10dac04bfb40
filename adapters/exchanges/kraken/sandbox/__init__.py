"""Former name of `simulators.kraken`."""

from former_names import forward
from simulators.kraken import *  # noqa: F403 - for type checkers

forward(__name__, "simulators.kraken")
