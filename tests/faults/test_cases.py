"""A part of the table of faults, the strategies in turn; `python -m tests.faults` plays it all with each strategy."""

from pathlib import Path

import pytest
import trio.testing

from tests.faults.cases import table
from tests.faults.course import Case, play
from tests.faults.world import KINDS

CASES = table()
PLAYED = CASES[::4]
"""Every fourth, so that each kind of fault is among them; the rest would take minutes."""


@pytest.mark.parametrize(
    ("case", "kind"),
    [pytest.param(case, KINDS[index % 4], id=f"{case.name} {KINDS[index % 4]}") for index, case in enumerate(PLAYED)],
)
async def test_the_orders_are_right_after(
    case: Case, kind: str, tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    outcome = await play(case, kind, tmp_path)
    assert 0 <= outcome.seconds <= case.within


def test_no_case_has_the_name_of_another() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
