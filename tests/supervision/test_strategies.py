"""Strategies of one run: a core that fails halts its strategy and no other."""

from decimal import Decimal
from pathlib import Path

import pytest
import trio

import supervisor
from assembly import registry
from assembly.cores import permission
from config import StrategyConfig, parse
from messages.mailboxes import CoreEvent
from messages.market import Tick
from messages.status import Status
from tests.embedded import until
from tests.process import running
from trading.strategies.core import Core, Output
from trading.strategies.settings import GridSettings


class BrokenCore:
    """A core with a bug: it divides by zero on the 30th tick."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._ticks = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._core, name)

    def handle(self, event: CoreEvent) -> list[Output]:
        self._ticks += isinstance(event, Tick)
        if self._ticks >= 30:
            raise ZeroDivisionError
        return self._core.handle(event)


@pytest.mark.parametrize(("on_core_failure", "left"), [("keep", 4), ("cancel", 0)])
async def test_a_core_that_raises_halts_its_strategy_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_core_failure: str, left: int
) -> None:
    make = registry.strategy

    def broken(kind: str) -> registry.MakeCore:
        def make_core(settings: GridSettings, saved: str | None) -> Core:
            core = make(kind)(settings, saved)
            return BrokenCore(core) if kind == "cDCA" else core  # type: ignore[return-value]

        return make_core

    path = running.configuration(tmp_path, speed="100")
    text = path.read_text().replace('"trial.duckdb"', f'"{tmp_path / "trial.duckdb"}"')
    config = parse(text + f'on_core_failure = "{on_core_failure}"\n', "trial.toml", {}, registry.known())
    monkeypatch.setattr(registry, "strategy", broken)

    def only_one_halted(status: Status) -> bool:
        phases = {s.kind: s.phase for s in status.strategies}
        return phases == {"GridHODL": "trading", "GridSell": "trading", "SWING": "trading", "cDCA": "halted"}

    async with trio.open_nursery() as nursery:
        handle = await nursery.start(supervisor.run, config)
        status = await until(handle, only_one_halted)
        assert status.state == "RUNNING"
        filled = sum(s.buys_filled for s in status.strategies)
        await until(handle, lambda status: sum(s.buys_filled for s in status.strategies) > filled)
        assert only_one_halted(handle.status())
        nursery.cancel_scope.cancel()
    database = tmp_path / "trial.duckdb"
    of_the_halted = [o for o in running.open_orders(database) if o[0] == 1004]
    filled_of_it = [f for f in running.fills(database) if f[0] == 1004]
    assert len(of_the_halted) + (len(filled_of_it) if left else 0) == left


@pytest.mark.parametrize(
    ("kind", "stated", "simulated", "may"),
    [
        ("Own", None, False, None),
        ("Own", None, True, True),
        ("Own", True, False, True),
        ("Own", False, True, False),
        ("SWING", True, False, True),
        ("SWING", False, False, False),
        ("SWING", None, True, True),
        ("GridHODL", None, False, False),
    ],
)
def test_who_may_sell_base_that_no_strategy_bought(
    kind: str, stated: bool | None, simulated: bool, may: bool | None
) -> None:
    one, amount = Decimal(1), Decimal("0.02")
    strategy = StrategyConfig("s", kind, "BTC", "USD", 7, one, amount, one, sell_existing_base=stated)
    assert permission(strategy, simulated=simulated) is may
