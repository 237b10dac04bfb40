"""Former name of `simulators.paper.exchange`."""

from former_names import forward
from simulators.paper.exchange import *  # noqa: F403 - for type checkers

forward(__name__, "simulators.paper.exchange")
