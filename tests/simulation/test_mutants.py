"""A sample of wrong programs is found. All of them: `python -m tests.simulation.mutants`."""

import pytest

from tests.mutants.play import play_all
from tests.simulation.mutants import command
from tests.simulation.wrong import ALL

SAMPLE = {
    "counter-sells at 1.5 times their price": "due for",
    "no counter-sell is placed, all wait for funds": "is free for it",
    "max_investment forgets the sells": "investment",
}


@pytest.mark.timeout(180)
def test_a_sample_is_found() -> None:
    chosen = [wrong for wrong in ALL if wrong.name in SAMPLE]
    fates = list(play_all(chosen, lambda wrong: command(wrong, range(1, 4)), 1))
    assert len(fates) == len(SAMPLE)
    for fate in fates:
        assert fate.found, fate
        assert SAMPLE[fate.name] in fate.by, fate
