"""No damaged backup is whole: whatever byte is changed, wherever it is cut, whatever is added."""

import gzip
import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from adapters.journal.backing_up import save
from adapters.journal.integrity import BLOCK, SEAL, examine, whole_blocks
from adapters.journal.journal import Journal
from adapters.journal.restoring import read_all
from tests.adapters.journal.samples import NOW, commit, place
from trading.ports import DatabaseUnusable

OLD = Path(__file__).parent / "formats" / "3.duckdb.gz"
Damage = Callable[[bytes, random.Random], bytes]


@pytest.fixture(scope="module")
def backups(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """With a seal, and without."""
    folder = tmp_path_factory.mktemp("backups")
    with closing(Journal.open(folder / "grid.duckdb", NOW)) as journal:
        journal.write([commit(number, place(f"order-{number}")) for number in range(1, 200)])
        journal.settle()
        save(journal.snapshot(), folder / "backup")
    return {"sealed": (folder / "backup").read_bytes(), "old": gzip.decompress(OLD.read_bytes())}


def flipped(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: -chance.choice([1, 7, 4096, BLOCK, chance.randrange(1, len(content))])]


def longer(content: bytes, chance: random.Random) -> bytes:
    return content + chance.choice([b"\n", b"\0" * SEAL, b"\0" * BLOCK, content, chance.randbytes(500)])


def zeroed(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) // 512 - 1) * 512
    if not any(content[at : at + 512]):
        return flipped(content, chance)
    return content[:at] + bytes(512) + content[at + 512 :]


@pytest.mark.parametrize("kind", ["sealed", "old"])
@pytest.mark.parametrize("damage", [flipped, cut, longer, zeroed])
def test_no_damaged_one_is_whole(backups: dict[str, bytes], kind: str, damage: Damage, tmp_path: Path) -> None:
    chance = random.Random(f"{kind} {damage.__name__}")
    file = tmp_path / "backup"
    for _ in range(12):
        damaged = damage(backups[kind], chance)
        if kind == "old" and damage is cut and len(damaged) % BLOCK == len(backups[kind]) % BLOCK:
            continue  # whole blocks less: what is missing is noticed where it is read, see `test_restoring`
        file.write_bytes(damaged)
        with pytest.raises(DatabaseUnusable, match=r"^the backup .*: (take another|.* or take another backup)"):
            read_all(file)


@pytest.mark.parametrize(("kind", "proved"), [("sealed", True), ("old", False)])
def test_a_whole_one_is(backups: dict[str, bytes], kind: str, proved: bool, tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(backups[kind])
    assert examine(tmp_path / "backup") is read_all(tmp_path / "backup") is proved


def test_the_seal_is_none_of_the_database(backups: dict[str, bytes]) -> None:
    assert len(backups["sealed"]) - whole_blocks(len(backups["sealed"])) == SEAL
    assert [whole_blocks(size) for size in (0, 5000, 12_288, 12_289)] == [0, 5000, 12_288, 12_288]


def test_a_backup_that_is_used_as_a_database_is_backed_up_and_whole(backups: dict[str, bytes], tmp_path: Path) -> None:
    """Somebody may move one into the database's place by hand; DuckDB writes over the seal."""
    database = tmp_path / "grid.duckdb"
    database.write_bytes(backups["sealed"])
    for number in range(200, 203):
        with closing(Journal.open(database, NOW)) as journal:
            journal.write([commit(number, place(f"order-{number}"))])
            save(journal.snapshot(), tmp_path / f"again-{number}")
        assert read_all(tmp_path / f"again-{number}")
