"""The program's state follows from the phases of its strategies and from what the policy decided.

No code sets it by hand. INITIALIZING lasts until each strategy that is not halted has traded once.
"""

from collections.abc import Mapping

from messages.status import Phase, ProgramState

TRANSITIONS: Mapping[ProgramState, frozenset[ProgramState]] = {
    "INITIALIZING": frozenset({"RUNNING", "SHUTDOWN_REQUESTED", "ERROR"}),
    "RUNNING": frozenset({"ERROR", "SHUTDOWN_REQUESTED"}),
    "ERROR": frozenset({"RUNNING", "SHUTDOWN_REQUESTED"}),
    "SHUTDOWN_REQUESTED": frozenset(),
}


class ForbiddenTransition(Exception):
    """A state was derived that cannot follow the one before: a bug."""


class StateMachine:
    """Phases in, program state out."""

    def __init__(self, strategies: tuple[int, ...]) -> None:
        self._phases: dict[int, Phase] = dict.fromkeys(strategies, "syncing")
        self._reasons: dict[int, str] = {}
        self._failed = ""
        self._stopping = ""
        self.state: ProgramState = "INITIALIZING"

    def phase_of(self, strategy: int) -> Phase:
        """The newest phase of one strategy."""
        return self._phases[strategy]

    def told(self) -> dict[int, tuple[Phase, str]]:
        """Phase and reason of each strategy."""
        return {strategy: (phase, self._reasons.get(strategy, "")) for strategy, phase in self._phases.items()}

    @property
    def own_reason(self) -> str:
        """Why the program itself failed or stops, strategies aside; empty while it does neither."""
        return self._failed or self._stopping

    @property
    def reason(self) -> str:
        """Why the state is what it is; empty while all is well."""
        if self._stopping or self._failed:
            return self.own_reason
        return "; ".join(reason for strategy, reason in self._reasons.items() if self._phases[strategy] == "halted")

    def phase(self, strategy: int, phase: Phase, reason: str) -> bool:
        """A strategy changed its phase. Returns whether the program's state changed."""
        self._phases[strategy] = phase
        self._reasons[strategy] = reason
        return self._derive()

    def fail(self, reason: str) -> bool:
        """The policy gave up. Returns whether the state changed."""
        self._failed = self._failed or reason
        return self._derive()

    def stop(self, reason: str) -> bool:
        """The program is asked to stop. Returns whether the state changed."""
        self._stopping = self._stopping or reason
        return self._derive()

    def _derive(self) -> bool:
        before, after = self.state, self._derived()
        if after == before:
            return False
        if after not in TRANSITIONS[before]:
            raise ForbiddenTransition(f"{before} -> {after}")
        self.state = after
        return True

    def _derived(self) -> ProgramState:
        if self._stopping:
            return "SHUTDOWN_REQUESTED"
        phases = set(self._phases.values())
        if self._failed or phases == {"halted"}:
            return "ERROR"
        if self.state in ("INITIALIZING", "ERROR"):
            return "RUNNING" if phases <= {"trading", "halted"} else self.state
        return "RUNNING"
