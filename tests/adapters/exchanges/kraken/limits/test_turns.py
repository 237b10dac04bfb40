"""Who asks next, and how long everybody waits."""

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from adapters.exchanges.kraken.limits.budget import Counter
from adapters.exchanges.kraken.limits.turns import Turns, Urgency


class Asker:
    """Questions that take a second each, in the order of their turns."""

    def __init__(self, maximum: float = 15.0, decay: float = 0.5) -> None:
        self.turns = Turns(Counter(maximum, decay))
        self.asked: list[tuple[str, float]] = []

    async def ask(self, name: str, urgency: Urgency, cost: float = 1.0, seconds: float = 1.0) -> None:
        async with self.turns.turn(cost, urgency):
            self.asked.append((name, trio.current_time()))
            await trio.sleep(seconds)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


async def test_one_at_a_time_and_the_most_urgent_first(autojump_clock: MockClock) -> None:
    asker = Asker()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(asker.ask, "first", Urgency.BACKGROUND)
        await wait_all_tasks_blocked()
        for name, urgency in (
            ("history", Urgency.BACKGROUND),
            ("usual", Urgency.USUAL),
            ("fate", Urgency.FATE),
            ("later fate", Urgency.FATE),
            ("order", Urgency.ORDER),
        ):
            nursery.start_soon(asker.ask, name, urgency)
            await wait_all_tasks_blocked()
    assert asker.names == ["first", "order", "fate", "later fate", "usual", "history"]
    assert [time for _, time in asker.asked] == [0, 1, 2, 3, 4, 5]


async def test_who_waits_for_the_budget_is_overtaken_by_what_is_more_urgent(autojump_clock: MockClock) -> None:
    """40 pages of history take minutes; a question about a fill is asked at once."""
    asker = Asker()
    async with trio.open_nursery() as nursery:
        for page in range(40):
            nursery.start_soon(asker.ask, f"page {page}", Urgency.BACKGROUND, 4.0, 0.1)
        await trio.sleep(60)
        nursery.start_soon(asker.ask, "fate", Urgency.FATE, 4.0, 0.1)
        await trio.sleep(0.2)
        assert asker.asked[-1][0] == "fate"
        assert asker.asked[-1][1] - 60 < 0.1
        nursery.cancel_scope.cancel()


async def test_orders_wait_for_no_budget(autojump_clock: MockClock) -> None:
    asker = Asker(decay=0.01)
    async with trio.open_nursery() as nursery:
        for number in range(16):
            nursery.start_soon(asker.ask, f"question {number}", Urgency.USUAL, 1.0, 0.0)
        await wait_all_tasks_blocked()
        nursery.start_soon(asker.ask, "order", Urgency.ORDER, 0.0, 0.0)
        await wait_all_tasks_blocked()
        assert asker.asked[-1] == ("order", 0.0)
        assert len(asker.asked) == 16
        nursery.cancel_scope.cancel()


async def test_who_gives_up_leaves_the_queue(autojump_clock: MockClock) -> None:
    asker = Asker()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(asker.ask, "first", Urgency.USUAL)
        await wait_all_tasks_blocked()
        with trio.move_on_after(0.5):
            await asker.ask("gives up", Urgency.FATE)
        nursery.start_soon(asker.ask, "second", Urgency.USUAL)
    assert asker.names == ["first", "second"]
