"""How the suite is spread over processes: many tests wait for real processes and sockets, which costs no CPU."""

import os

import pytest
from hypothesis import settings

WORKERS_PER_CORE = 1.5

settings.register_profile("suite", deadline=None)  # a busy machine is no failure
settings.load_profile("suite")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Of `-n auto`: while one worker waits, another one computes.

    One that has nothing left takes tests of another one, so that none is busy alone at the end.
    """
    if config.option.dist == "no":
        config.option.dist = "worksteal"
    given = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(given) if given else int(WORKERS_PER_CORE * len(os.sched_getaffinity(0)))
