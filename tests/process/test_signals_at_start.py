"""A signal at each moment of the first second and a half: in order, with exit code 0, and nothing is left half done."""

import time
from pathlib import Path

import pytest

from tests.process import running
from tests.process.test_held_up import SIGNALS, wait_until_caught

pytestmark = pytest.mark.process

STEP = 0.06
"""Three signals in turn, so that the same one comes every 0.18 s; start and imports take longer than that."""
MOMENTS = 25
AT_ONCE = 5
"""Moments that one test tries."""


@pytest.mark.parametrize("first", range(0, MOMENTS, AT_ONCE))
def test_a_signal_at_each_moment_of_the_start_stops_in_order(tmp_path: Path, first: int) -> None:
    path = running.configuration(tmp_path, speed="50")
    for moment in range(first, first + AT_ONCE):
        number = SIGNALS[moment % len(SIGNALS)]
        (tmp_path / "log.txt").unlink(missing_ok=True)
        with running.started(tmp_path, path) as process:
            wait_until_caught(process)
            time.sleep(moment * STEP)
            process.send_signal(number)
            assert process.wait(running.PATIENCE) == 0, moment
        log = (tmp_path / "log.txt").read_text()
        assert "Traceback" not in log
        assert number.name in log
        assert "terminated: asked to stop" in log or "stopped before anything was started" in log
        assert not list(tmp_path.glob("*.new-*"))
    database = tmp_path / "trial.duckdb"
    assert not database.exists() or running.placed_twice(database) == []
