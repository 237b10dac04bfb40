"""Events are made by name: what is easily exchanged passes no type checker."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from messages.orders import Accepted, Filled
from tests.trading.strategies.harness import D

ROOT = Path(__file__).parents[2]
MESSAGES = """
from decimal import Decimal
from messages.orders import Accepted, Filled
by_name = Accepted(order_id="g000rs0abcdefghijk", exchange_id="OQCLML-BW3P3-BUCMWZ", time=1_790_000_000_000_000_000)
exchanged = Accepted("OQCLML-BW3P3-BUCMWZ", "g000rs0abcdefghijk", 1_790_000_000_000_000_000)
cost_for_volume = Filled("g000rs0abcdefghijk", "O", "T1", Decimal(60000), Decimal("0.0025"), Decimal(0), 5)
"""


def test_a_type_checker_refuses_events_without_names(tmp_path: Path) -> None:
    source = tmp_path / "exchanged.py"
    source.write_text(MESSAGES)
    checked = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path / 'cache'}", str(source)]
    done = subprocess.run(checked, cwd=ROOT, capture_output=True, text=True, check=False)
    refused = {int(line.split(":")[1]) for line in done.stdout.splitlines() if line.startswith(str(source))}
    assert refused == {5, 6}, done.stdout


def test_a_plug_in_of_an_earlier_version_may_still_leave_the_names_out() -> None:
    by_name = Accepted(order_id="g", exchange_id="O", time=1)
    assert Accepted("g", "O", 1) == by_name  # type: ignore[call-arg]
    assert msgspec.json.decode(msgspec.json.encode(by_name), type=Accepted) == by_name
    assert msgspec.structs.replace(by_name, time=2).time == 2
    with pytest.raises(TypeError):
        Filled("g", "O", "T", D(1), D(1), D(0))  # type: ignore[call-arg]
