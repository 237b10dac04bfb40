"""How the suite is spread over processes: many tests wait for real processes and sockets, which costs no CPU."""

import os
import signal
import sys

import pytest
from hypothesis import settings

WORKERS_PER_CORE = 2.5

settings.register_profile("suite", deadline=None)  # a busy machine is no failure
settings.load_profile("suite")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Hundreds of programs are started: each module is compiled once, not by each of them.

    Under `nohup` a hang-up is ignored, and programs that tests start would inherit that.
    Where the environment wants no bytecode beside the source, it lies in pytest's cache.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        sys.pycache_prefix = os.environ.setdefault(
            "PYTHONPYCACHEPREFIX", str(config.rootpath / ".pytest_cache/bytecode")
        )
        sys.dont_write_bytecode = False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Of `-n auto`: while one worker waits, another one computes.

    One that has nothing left takes tests of another one, so that none is busy alone at the end.
    """
    if config.option.dist == "no":
        config.option.dist = "worksteal"
    given = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(given) if given else int(WORKERS_PER_CORE * len(os.sched_getaffinity(0)))
