"""Whole histories: the same twice, right under every mishap, and a judge that finds what is wrong.

The long forms are `python -m tests.simulation --seeds 0..200 --days 1` and `--failed-once`.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from messages.ids import client_order_id
from messages.orders import Filled
from tests.simulation.disk import MemoryJournal
from tests.simulation.failed_once import FAILED_ONCE, SHORT
from tests.simulation.history import Failed, Plan, play
from trading.order_desk import OrderDesk
from trading.strategies import ladder, rules

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(
    "plan", [plan for plan in FAILED_ONCE if plan.days <= SHORT], ids=lambda plan: f"seed {plan.seed}"
)
def test_a_seed_that_failed_once(plan: Plan) -> None:
    outcome = play(plan)
    assert outcome.checks > 0
    assert outcome.orders > 0
    assert outcome.faults > 50


def test_nothing_goes_wrong_without_mishaps() -> None:
    outcome = play(Plan(5, 0.15, 0, surroundings=False))
    assert (outcome.lives, outcome.faults) == (1, 0)
    assert outcome.fills > 4
    assert outcome.checks > 1


def test_one_seed_is_one_history_in_every_process() -> None:
    code = (
        "import logging; logging.disable(logging.CRITICAL)\n"
        "from tests.simulation.history import Plan, play\n"
        "print(play(Plan(3, 0.03, 30.0, surroundings=False)).digest)\n"
    )
    digests = []
    for number in ("0", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": number}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        digests.append(done.stdout.strip())
    outcome = play(Plan(3, 0.03, 30.0, surroundings=False))
    assert digests == [outcome.digest] * 2
    assert outcome.digest != play(Plan(4, 0.03, 30.0, surroundings=False)).digest


def test_the_judge_finds_a_fill_that_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    on_event = OrderDesk.on_event

    def deaf(self: OrderDesk, event: object) -> object:
        heard = not (isinstance(event, Filled) and event.filled > Decimal("0.0001"))
        return on_event(self, event) if heard else OrderDesk.balances(self)  # type: ignore[arg-type]

    monkeypatch.setattr(OrderDesk, "on_event", deaf)
    with pytest.raises(Failed, match="not at rest"):
        play(Plan(5, 0.15, 0, surroundings=False))


def test_the_judge_finds_a_sell_at_the_wrong_price(monkeypatch: pytest.MonkeyPatch) -> None:
    price = rules.sell_price
    monkeypatch.setattr(rules, "sell_price", lambda settings, bought, ticker: price(settings, bought, None) - 1)
    with pytest.raises(Failed, match="due for"):
        play(Plan(5, 0.15, 0, surroundings=False))


def test_the_judge_finds_ids_that_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(range(10**6))
    monkeypatch.setattr(ladder, "client_order_id", lambda userref, cause: client_order_id(userref, f"{next(drawn)}"))
    with pytest.raises(Failed):
        play(Plan(5, 0.15, 0, surroundings=False))


def test_the_judge_finds_a_journal_that_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    write = MemoryJournal.write

    def forgetful(self: MemoryJournal, messages: list[object]) -> None:
        write(self, [message for message in messages if "Filled" not in repr(message)])  # type: ignore[misc]

    monkeypatch.setattr(MemoryJournal, "write", forgetful)
    with pytest.raises(Failed, match="in the journal"):
        play(Plan(5, 0.15, 0, surroundings=False))
