"""Whatever stands in the files: they open, repaired or not, or there is one sentence; never another exception.

Each damage is tried in a process of its own, since a library that crashed would take the test with it.
"""

import multiprocessing
import random
import shutil
from pathlib import Path

import pytest

from adapters.journal.journal import Journal
from adapters.journal.repair import log_of
from tests.simulation.test_disk import message
from trading.ports import DatabaseUnusable

FINE, UNUSABLE, OTHER = 0, 1, 2


def written(path: Path) -> Path:
    """A copy of a journal and its log as a crash leaves them."""
    chance, journal = random.Random(1), Journal.open(path, 1)
    for number in range(1, 25):
        journal.write([message(chance, number) for _ in range(3)])
    copy = path.with_name("copy.duckdb")
    shutil.copyfile(path, copy)
    shutil.copyfile(log_of(path), log_of(copy))
    journal.close()
    return copy


def damage(path: Path, chance: random.Random) -> None:
    """One flipped bit, a hole of zeros, foreign bytes, or an end that is missing."""
    data = bytearray(path.read_bytes())
    place = chance.randrange(len(data))
    match chance.choice(("flip", "zeros", "bytes", "cut")):
        case "flip":
            data[place] ^= 1 << chance.randrange(8)
        case "zeros":
            end = min(place + chance.randrange(1, 5_000), len(data))
            data[place:end] = bytes(end - place)
        case "bytes":
            data[place:place] = chance.randbytes(chance.randrange(1, 60))
        case _:
            del data[place:]
    path.write_bytes(data)


def use(path: Path) -> None:
    """Open, load, write, close; the exit code says how that went."""
    try:
        journal = Journal.open(path, 2)
        journal.load_core(1)
        journal.write([message(random.Random(2), 99)])
        journal.settle()
        journal.close()
    except DatabaseUnusable as error:
        raise SystemExit(UNUSABLE if str(error) else OTHER) from None
    except BaseException:  # noqa: BLE001 - the exit code tells
        raise SystemExit(OTHER) from None
    raise SystemExit(FINE)


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_file_opens_or_is_told(seed: int, tmp_path: Path) -> None:
    chance, path = random.Random(seed), written(tmp_path / "grid.duckdb")
    damage(path if seed % 2 else log_of(path), chance)
    process = multiprocessing.get_context("spawn").Process(target=use, args=(path,))
    process.start()
    process.join(60)
    assert process.exitcode in (FINE, UNUSABLE)
