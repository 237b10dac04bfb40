"""Every interleaving within bounds is right, and a program that is wrong on purpose is found by its shortest path."""

import pytest

from tests.explorer.__main__ import bounds, explored, main
from tests.explorer.scenes import SCENES
from tests.explorer.steps import Steps
from tests.explorer.world import Scene
from tests.explorer.wrongs import WRONGS

AT_LEAST = (14_000, 21_000, 28_000, 32_000, 12_000, 10_000, 19_000, 42_000, 18_000, 7_000)
"""States of each scene, a little below what they are: with fewer the search has lost something."""

STARTS = "The program starts, reads its journal and connects."
ATTACHES = "The grid attaches and decides."
WRITTEN = "What was decided is written to the journal."
ASKED = "The order desk is asked to place buy 1."
OPEN = "Buy 1 arrives and rests at the exchange."


@pytest.mark.parametrize(
    ("scene", "least"),
    list(zip(SCENES, AT_LEAST, strict=True)),
    ids=[f"{scene.name}: {bounds(scene)}" for scene in SCENES],
)
def test_every_interleaving_within_bounds_is_right(scene: Scene, least: int) -> None:
    found, story = explored(Steps(scene))
    assert not story, "\n".join(story)
    assert found.complete
    assert found.states > least
    assert found.ends > found.states / 100


SCENARIOS = {
    "resends-early": [
        STARTS,
        ATTACHES,
        WRITTEN,
        ASKED,
        OPEN,
        "No answer yet: the program sends buy 1 once more.",
        OPEN,
        "Wrong: two live orders for one cause, both buys.",
    ],
    "believes-the-snapshot": [
        STARTS,
        ATTACHES,
        WRITTEN,
        ASKED,
        "The connection breaks; the program reconnects.",
        OPEN,
        "The grid is told that what the snapshot does not show never arrived.",
        OPEN,
        "Wrong: two live orders for one cause, both buys.",
    ],
    "sends-before-the-commit": [
        STARTS,
        ATTACHES,
        "The order desk is asked to place buy 1, before that is in the journal.",
        OPEN,
        "The program is killed.",
        STARTS,
        "Wrong: an order is open that the journal does not know.",
    ],
    "ignores-history": [
        STARTS,
        ATTACHES,
        WRITTEN,
        ASKED,
        OPEN,
        "Buy 1 is filled.",
        "The program hears that buy 1 is open.",
        "The program hears that buy 1 is filled.",
        WRITTEN,
        "The order desk is asked to place the sell for buy 1.",
        "The sell for buy 1 arrives and rests at the exchange.",
        "The machine fails; the journal comes back without its last commit.",
        STARTS,
        "Wrong: an order is open that the journal does not know.",
    ],
    "never-asks": [
        STARTS,
        ATTACHES,
        "The connection breaks; the program reconnects.",
        "Wrong: from here on no good end can be reached.",
    ],
    "forgets-a-fill": [
        STARTS,
        ATTACHES,
        WRITTEN,
        ASKED,
        OPEN,
        "Buy 1 is filled.",
        "The connection breaks; the program reconnects.",
        "The grid is told what became of its orders, and decides.",
        "Wrong: a strategy counts on an order that the venue does not have.",
    ],
}
"""Where there is only one shortest path."""


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_wrong_program_is_found_by_its_shortest_path(name: str) -> None:
    _, story = explored(WRONGS[name].rules(WRONGS[name].scene))
    assert story == SCENARIOS[name]


OTHERS = {
    "answers-twice": (
        15,
        "The program hears that buy 1 is filled, and will hear it once more.",
        "The order desk is asked to place the sell for buy 1 and to place the sell for buy 1, attempt 2.",
        "Wrong: a fill is answered by more than it brought.",
    ),
    "believes-a-closure": (
        23,
        "The account owner cancels buy 1.",
        "The connection breaks; the program reconnects.",
        "The grid is told what a view of the past shows: its orders never arrived.",
        "The program is killed.",
        "The grid is told what became of its orders, and decides.",
        "The order desk is asked to place buy 2.",
        "Wrong: an order is open that no strategy knows.",
    ),
    "cancel-is-done": (
        17,
        "The market rises.",
        "Buy 1 is filled.",
        "The order desk is asked to cancel buy 1 and to place buy 2.",
        "Wrong: the strategies own another amount of base than the account has.",
    ),
    "frees-funds": (
        11,
        "The order desk is asked to place grid 1's buy 1.",
        "The order desk is asked to place grid 2's buy 1.",
        "The request for grid 2's buy 1 arrives.",
        "Wrong: the desk has admitted orders of more than the account has.",
    ),
}
"""Number of sentences, and some of them in their order: several paths are equally short."""


@pytest.mark.parametrize("name", OTHERS)
def test_a_wrong_program_is_found_by_one_of_the_shortest_paths(name: str) -> None:
    _, story = explored(WRONGS[name].rules(WRONGS[name].scene))
    length, *said = OTHERS[name]
    assert len(story) == length
    assert [sentence for sentence in story if sentence in said] == said


def test_each_wrong_program_is_tried() -> None:
    assert {*SCENARIOS, *OTHERS} == WRONGS.keys()


def test_the_command_tells_the_path_as_a_numbered_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--break", "never-asks"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "never-asks: An order of which nothing was heard is waited for, for ever."
    assert said[1] == "one order and its counter-order (misfortunes 1, buys 1, sells 1, waits 1)"
    assert said[3:] == [
        f"   {number}. {line}" if number < 4 else f"  {line}" for number, line in enumerate(SCENARIOS["never-asks"], 1)
    ]
