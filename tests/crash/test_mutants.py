"""One wrong program is found. All of them: `python -m tests.crash.mutants`."""

import pytest

from tests.crash.mutants import command
from tests.crash.wrong import ALL
from tests.mutants.play import play_all

SAMPLE = {"fills of the downtime stay out of the journal": "drift"}


@pytest.mark.process
@pytest.mark.timeout(180)
def test_a_sample_is_found() -> None:
    chosen = [wrong for wrong in ALL if wrong.name in SAMPLE]
    fates = list(play_all(chosen, command, 1))
    assert len(fates) == len(SAMPLE)
    for fate in fates:
        assert fate.found, fate
        assert SAMPLE[fate.name] in fate.by, fate
