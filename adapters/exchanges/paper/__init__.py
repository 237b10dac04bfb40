"""Former name of `simulators.paper`."""

from former_names import forward
from simulators.paper import *  # noqa: F403 - for type checkers

forward(__name__, "simulators.paper")
