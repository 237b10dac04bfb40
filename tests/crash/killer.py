"""Counts what passes between the venue and the program, and kills the program at its point."""

from collections import Counter

from simulators.kraken import FrameFault, RequestFault, Sandbox
from tests.crash.life import Life
from tests.crash.points import Point, is_step

_LOST, _TAKEN = RequestFault("lose_request"), RequestFault("lose_reply")


class Killer:
    """Watches one life of the program after the other."""

    def __init__(self, kraken: Sandbox) -> None:
        self.steps: list[str] = []
        """What the present life went through."""
        self._asked: Counter[str] = Counter()
        self._sent: Counter[str] = Counter()
        self._point: Point | None = None
        self._life: Life | None = None
        kraken.faults.request_hook = self._request
        kraken.faults.frame_hook = self._frame
        kraken.faults.sent_hook = self._left

    def watch(self, life: Life, point: Point | None) -> None:
        """A new life begins; it ends at `point`."""
        self.steps = []
        self._asked.clear()
        self._sent.clear()
        self._life, self._point = life, point

    def _request(self, moment: str) -> RequestFault | None:
        if not is_step(moment) or self._is_dead():
            return None
        self._asked[moment] += 1
        self.steps.append(moment)
        if self._kill_at(Point(moment, self._asked[moment], "lost")):
            return _LOST
        return _TAKEN if self._kill_at(Point(moment, self._asked[moment], "taken")) else None

    def _frame(self, moment: str) -> FrameFault | None:
        if not is_step(moment) or self._is_dead():
            return None
        self._asked[moment] += 1
        self.steps.append(moment)
        return FrameFault("lose_frame") if self._kill_at(Point(moment, self._asked[moment], "unsent")) else None

    def _left(self, moment: str) -> None:
        if not is_step(moment) or self._is_dead():
            return
        self._sent[moment] += 1
        self._kill_at(Point(moment, self._sent[moment], "sent" if moment.startswith("frame:") else "answered"))

    def _is_dead(self) -> bool:
        return self._life is None or self._life.is_over

    def _kill_at(self, point: Point) -> bool:
        if point != self._point or self._life is None:
            return False
        self._life.kill()
        return True
