"""A sample of wrong programs is found. All of them: `python -m tests.faults.mutants`."""

import pytest

from tests.faults.cases import table
from tests.faults.mutants import command
from tests.faults.wrong import ALL
from tests.mutants.play import play_all

SAMPLE = {
    "what had no answer is sent again unasked": "filled before its fate is known",
    "foreign orders are cancelled": "orders of others",
}


@pytest.mark.timeout(180)
def test_a_sample_is_found() -> None:
    chosen = [wrong for wrong in ALL if wrong.name in SAMPLE]
    fates = list(play_all(chosen, command, 1))
    assert len(fates) == len(SAMPLE)
    for fate in fates:
        assert fate.found, fate
        assert SAMPLE[fate.name] in fate.by, fate


@pytest.mark.parametrize("wrong", ALL, ids=lambda wrong: wrong.name)
def test_the_cases_that_it_names_exist(wrong: object) -> None:
    names = [case.name for case in table()]
    assert any(all(word in name for word in getattr(wrong, "words", ())) for name in names)
