"""The guard over any history of the four grids: it never halts one of them, and counts what they count."""

from decimal import Decimal

import pytest
from hypothesis import settings as run_settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from messages.account import LiveOrder, OrdersFound
from messages.ids import Nanos
from messages.mailboxes import CoreEvent
from messages.money import Pair
from messages.notices import LadderStatus
from messages.orders import Deferred
from messages.status import Phase, StrategyReport
from tests.depth import examples
from tests.trading.strategies.test_grid_machine import GridMachine
from trading import books as accounts
from trading.books import Books
from trading.guard import Bounds, GuardedCore
from trading.strategies.c_dca import C_DCA
from trading.strategies.core import Band, Output, Recovery
from trading.strategies.grid_base import GridCore
from trading.strategies.grid_hodl import GRID_HODL
from trading.strategies.grid_sell import GRID_SELL
from trading.strategies.settings import Variant
from trading.strategies.swing import SWING


class Heard:
    """A core that has decided already: the guard hears what it said."""

    def __init__(self, core: GridCore) -> None:
        self.core = core
        self.said: list[Output] = []

    def handle(self, event: CoreEvent) -> list[Output]:
        return self.said

    def wake(self, time: Nanos) -> list[Output]:
        return self.said

    def put_off(self, event: Deferred) -> list[Output]:
        return self.said

    def change_rules(self, pair: Pair, fee: Decimal) -> list[Output]:
        return self.said

    def recover(self, found: OrdersFound, *, adopt: bool) -> Recovery:
        return self.core.recover(found, adopt=adopt)

    @property
    def band(self) -> Band:
        return self.core.band

    @property
    def owned(self) -> Decimal:
        return self.core.owned

    @property
    def sells_unowned(self) -> bool:
        return self.core.sells_unowned

    def live_orders(self) -> tuple[LiveOrder, ...]:
        return self.core.live_orders()

    def save(self) -> str:
        return self.core.save()

    def report(self, phase: Phase, reason: str) -> StrategyReport:
        return self.core.report(phase, reason)

    def ladder(self) -> LadderStatus | None:
        return self.core.ladder()


class GuardedMachine(GridMachine):
    guard: GuardedCore
    kept: str | None = None
    """Books as they were committed last; None before the first start."""

    def _resync(self) -> None:
        books = accounts.load(self.kept) if self.kept is not None else Books()
        config = self.config
        bounds = Bounds(
            config.userref, config.pair, config.max_investment, config.sell_existing_base, config.max_open_buys
        )
        self.heard = Heard(self.core)
        self.guard = GuardedCore(self.heard, bounds, books, is_new=self.kept is None)
        assert self.guard.owned == self.core.owned
        assert self.guard.live_orders() == self.core.live_orders()
        super()._resync()

    def _carry_out(self, event: CoreEvent | Deferred | None, outputs: list[Output]) -> None:
        self.heard.said = outputs
        if event is None and self.config.pair != self.guard._bounds.pair:
            self.guard.change_rules(self.config.pair, self.config.fee)
        elif event is None:
            self.guard.wake(self.account.now)
        elif isinstance(event, Deferred):
            self.guard.put_off(event)
        else:
            self.guard.handle(event)
        self.guard.save()
        self.kept = self.guard.books()
        super()._carry_out(event, outputs)

    @invariant()
    def it_counts_what_the_core_counts(self) -> None:
        state = self.core.state
        assert self.guard._books.owned == state.owned
        assert self.guard._books.orders.keys() == state.orders.keys()
        assert [o.filled for o in self.guard._books.orders.values()] == [o.filled for o in state.orders.values()]


@pytest.mark.parametrize("variant", [GRID_HODL, GRID_SELL, SWING, C_DCA], ids=lambda variant: variant.kind)
def test_no_history_of_a_grid_is_a_false_alarm(variant: Variant) -> None:
    machine = type(f"Guarded{variant.kind}Machine", (GuardedMachine,), {"variant": variant})
    run_state_machine_as_test(
        machine, settings=run_settings(max_examples=examples(15), stateful_step_count=40, deadline=None)
    )
