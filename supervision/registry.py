"""Former name of `assembly.registry`."""

from assembly.registry import *  # noqa: F403 - for type checkers
from former_names import forward

forward(__name__, "assembly.registry")
