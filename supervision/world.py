"""Former name of `assembly.world`."""

from assembly.world import *  # noqa: F403 - for type checkers
from former_names import forward

forward(__name__, "assembly.world")
