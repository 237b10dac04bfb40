"""Plug-ins and programs that use a former name of a module get the very same module."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

FORMER = {
    "adapters.interfaces": "trading.ports",
    "actors.strategies.core": "trading.strategies.core",
    "actors.strategies.settings": "trading.strategies.settings",
    "actors.strategies.grid_base": "trading.strategies.grid_base",
    "supervision.registry": "assembly.registry",
    "supervision.world": "assembly.world",
    "adapters.exchanges.paper.exchange": "simulators.paper.exchange",
    "adapters.exchanges.kraken.sandbox": "simulators.kraken",
    "adapters.exchanges.kraken.sandbox.model.venue": "simulators.kraken.model.venue",
}
ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("former", FORMER)
def test_a_former_name_is_the_same_module(former: str) -> None:
    """In a process of its own: which of the two is imported first must not matter."""
    code = f"import sys, {former}, {FORMER[former]}; assert sys.modules['{former}'] is sys.modules['{FORMER[former]}']"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert import_module(FORMER[former]) is import_module(former)


def test_a_letter_has_its_former_name() -> None:
    code = (
        "from messages.notices import Letter; import messages.letters, messages.notices;"
        "assert Letter is messages.letters.Letter; assert not hasattr(messages.notices, 'Leter')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("command", ["simulators.kraken", "adapters.exchanges.kraken.sandbox"])
def test_the_local_kraken_starts_under_both_names(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", command, "--help"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert "--settings" in done.stdout
