"""One row of recorded prices, round by round, until there is no more news.

A simulation in lock-step gives a row of prices only when all that follows from the one before is done:

1. The exchange says what the price filled; the desk books it, then every strategy's funds.
2. All strategies take the price, what happened and their funds, and decide.
3. Once the last has answered, all is applied in the order of the configuration, and `Rounds.next` says how it goes on:
   the exchange speaks again (1), the strategies are asked again (2), or the row is over.

Pure. The order-manager drives it by mail, the back-test by calls; the paper exchange does what it is told.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal

from messages.orders import Command, Submit
from trading.order_desk import Effects, OrderDesk

Next = Literal["repeat", "ask", "over"]
"""After a round: commands reached the exchange, whose events come first; only the desk had news; there was none."""


class Rounds:
    """Who has still to answer for the row, what was decided, and what follows once all have."""

    def __init__(self, desk: OrderDesk, order: Sequence[int]) -> None:
        """`order`: the userrefs as they are configured."""
        self._desk = desk
        self._order = tuple(order)
        self._row: int | None = None
        self._waiting_for: set[int] = set()
        self._kept: list[Submit] = []
        self._dissolved = False
        self._commanded = False
        """Whether the exchange has events of a command that no `repeat` has fetched yet."""
        self._only_told = False
        """Whether the round brought news of the desk and no command."""

    def ask(self, row: int) -> None:
        """A round begins: every strategy has to answer."""
        self._row = row
        self._waiting_for = set(self._order)

    def waits_for(self, strategy: int) -> int | None:
        """The row that this strategy, if it restarts, still has to answer for."""
        return self._row if strategy in self._waiting_for else None

    def keep(self, submit: Submit) -> bool:
        """Keep what was decided for the end of the round, also between two; False once there is none to wait for."""
        if self._dissolved and self._row is None:
            return False
        self._kept.append(submit)
        return True

    def answered(self, strategy: int, row: int) -> bool:
        """Whether this was the last answer for the row."""
        if row != self._row:
            return False
        self._waiting_for.discard(strategy)
        return not self._waiting_for

    def apply(self) -> Iterator[Effects]:
        """End the round: what each strategy decided as one decision, in their order, then all funds.

        Each is to be carried out before the next is asked for.
        """
        self._row = None
        told = commanded = False
        steps: list[Callable[[], Effects]] = [partial(self._desk.submit, submit) for submit in self._decided()]
        steps.append(self._desk.balances)
        for step in steps:
            effects = step()
            told |= bool(effects.deliver)
            commanded |= bool(effects.place or effects.cancel)
            yield effects
        self._only_told = told and not commanded

    def commanded(self) -> None:
        """To be called for whatever is sent, in a round or not: the exchange will have to speak again."""
        self._commanded = True

    def next(self) -> Next:
        """How it goes on, once `apply` has been carried out."""
        if self._only_told:
            return "ask"
        commanded, self._commanded = self._commanded, False
        return "repeat" if commanded else "over"

    def dissolve(self) -> Iterator[Effects]:
        """The program stops: apply what was decided, and keep nothing from now on."""
        self._dissolved = True
        return self.apply()

    def _decided(self) -> list[Submit]:
        if not self._kept:
            return self._kept
        kept, self._kept = self._kept, []
        if len(kept) == 1 and kept[0].commands:
            return kept
        decided: dict[int, list[Command]] = {strategy: [] for strategy in self._order}
        for submit in kept:
            decided[submit.strategy].extend(submit.commands)
        return [Submit(strategy, tuple(commands)) for strategy, commands in decided.items() if commands]
