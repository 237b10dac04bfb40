"""Breadth first through every state within the bounds: the first way to a wrong one is a shortest one."""

import gc
import time
from collections import deque

from msgspec import Struct, field

from tests.explorer import ends
from tests.explorer.steps import ImpossibleError, Steps
from tests.explorer.venue import wrongs
from tests.explorer.world import Step, World
from trading.ports import UnknownOrderError

What = tuple[str, ...]


class Found(Struct):
    """What a search came to."""

    states: int = 0
    steps: int = 0
    """Transitions that were tried."""
    ends: int = 0
    """Good ends."""
    depth: int = 0
    """Steps to the farthest state."""
    seconds: float = 0.0
    complete: bool = False
    """Whether all states within the bounds were reached."""
    wrong: str = ""
    """What is wrong in the last state of `path`; empty when nothing was found."""
    path: list[tuple[What, World]] = field(default_factory=list)
    """The steps that lead there, each with the world after it."""


class Search:
    """One search."""

    def __init__(self, rules: Steps) -> None:
        self._rules = rules
        self._came: list[tuple[int, What]] = []
        """By number of the state: from which one, by which step."""
        self._depths: list[int] = []
        self._numbers: dict[World, int] = {}
        self._before: list[list[int]] = []
        """From which states it is reached by a step of the program, the network or the venue."""
        self._good: list[int] = []
        self._waiting: deque[World] = deque()
        self.found = Found()

    def run(self, seconds: float = float("inf")) -> Found:
        """Walk. Ends at the first wrong state, at the end of all, or after so much time."""
        gc.disable()  # all that is made here stays, and nothing of it goes in circles
        try:
            return self._run(seconds)
        finally:
            gc.enable()

    def _run(self, seconds: float) -> Found:
        begun = time.perf_counter()
        self._reach(-1, Step((), self._rules.begin(), is_ours=False))
        while self._waiting and not self.found.wrong and time.perf_counter() - begun < seconds:
            self._go_on_from(self._waiting.popleft())
        self.found.complete = not self._waiting and not self.found.wrong
        if self.found.complete:
            self._all_reach_an_end()
        self.found.states, self.found.ends, self.found.depth = len(self._came), len(self._good), max(self._depths)
        self.found.seconds = time.perf_counter() - begun
        return self.found

    def _go_on_from(self, world: World) -> None:
        number = self._numbers[world]
        try:
            for step in self._rules.of(world):
                self.found.steps += 1
                self._reach(number, step)
                if self.found.wrong:
                    return
        except UnknownOrderError:
            self._wrong("an order is open that the journal does not know", number)
        except ImpossibleError as error:
            self._wrong(str(error), number)
            self.found.path.append((error.what, world))

    def _reach(self, before: int, step: Step) -> None:
        world = step.after
        number = self._numbers.get(world)
        if number is None:
            number = self._numbers[world] = len(self._came)
            self._came.append((before, step.what))
            self._depths.append(self._depths[before] + 1 if number else 0)
            self._before.append([])
            self._judge(world, number)
        if step.is_ours:
            self._before[number].append(before)

    def _judge(self, world: World, number: int) -> None:
        """Is it wrong? Is it an end? Else the search goes on from here."""
        told, quiet = ends.is_told(self._rules, world), ends.is_quiet(world)
        if not told:
            self._waiting.append(world)
        wrong = wrongs(world.venue.value, self._rules.rig.asked)
        if not wrong and quiet:
            wrong = ends.wrongs(self._rules, world)
        if wrong:
            self._wrong(wrong, number)
        elif told or quiet:
            self._good.append(number)

    def _wrong(self, wrong: str, number: int) -> None:
        self.found.wrong, self.found.path = wrong, self._path(number)

    def _path(self, number: int) -> list[tuple[What, World]]:
        worlds, path = list(self._numbers), []
        while number > 0:
            after = worlds[number]
            number, what = self._came[number]
            path.append((what, after))
        return path[::-1]

    def _all_reach_an_end(self) -> None:
        """From each state a good end is reached by steps of the program, the network and the venue alone."""
        reached = set(self._good)
        waiting = list(reached)
        while waiting:
            for before in self._before[waiting.pop()]:
                if before >= 0 and before not in reached:
                    reached.add(before)
                    waiting.append(before)
        stuck = next((number for number in range(len(self._came)) if number not in reached), None)
        if stuck is not None:
            self._wrong("from here on no good end can be reached", stuck)
