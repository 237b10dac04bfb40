"""Real market data that some tests read; it is not part of the repository."""

import os
from pathlib import Path

import pytest

VARIABLE = "GRID_TEST_DATA"
_BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[2] / "shared" / "data"


def market_data(name: str) -> Path:
    """The file of this name in the data folder; the test is skipped where there is none."""
    folder = Path(os.environ.get(VARIABLE) or _BESIDE_THE_REPOSITORY)
    if not (folder / name).is_file():
        pytest.skip(f"no market data: {name} is not in {folder}; set {VARIABLE} to the folder that holds it")
    return folder / name
