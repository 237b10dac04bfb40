"""Modules that have moved: the former name goes on working, and is the same module.

A name that moves gets a file of one line in its old place, and a row in docs/extending.md and CHANGELOG.md.
"""

import sys
from importlib import import_module
from pkgutil import walk_packages


def forward(former: str, name: str) -> None:
    """Let `former` and all that is below it mean `name`, imported once. To be called by the module `former` itself."""
    module = import_module(name)
    sys.modules[former] = module
    for below in walk_packages(getattr(module, "__path__", ()), f"{name}."):
        if not below.name.endswith(".__main__"):
            sys.modules[former + below.name.removeprefix(name)] = import_module(below.name)
