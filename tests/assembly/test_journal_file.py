"""The journal of one run is opened first, is the same file ever after, and learns its owner once."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from assembly.journal_file import JournalFile
from assembly.world import World
from config import Config, ConfigError
from tests.config.texts import VALID, read
from trading.ports import DatabaseUnusable

NOW = 1_700_000_000_000_000_000


@pytest.fixture
def config(tmp_path: Path) -> Config:
    found = read(VALID)
    return replace(found, persistence=replace(found.persistence, database=str(tmp_path / "grid.duckdb")))


def file_of(config: Config) -> JournalFile:
    return JournalFile(config, "c.toml", World(wall=lambda: NOW))


def test_the_file_of_the_start_is_handed_out_once_and_opened_again_later(config: Config) -> None:
    file = file_of(config)
    owned, pasts = file.open_first()
    assert pasts == []
    assert file.open_again() is owned.journal
    owned.journal.close()
    again = file.open_again()
    assert again is not owned.journal
    assert again.lineage == owned.journal.lineage
    again.close()


def test_another_file_in_its_place_is_not_written(config: Config) -> None:
    file = file_of(config)
    file.open_first()
    file.open_again().close()
    for path in config.database.parent.iterdir():
        path.unlink()
    with pytest.raises(DatabaseUnusable):
        file.open_again()
    file_of(config).open_first()[0].journal.close()
    with pytest.raises(DatabaseUnusable):
        file.open_again()


def test_a_look_makes_no_file_and_holds_none(config: Config) -> None:
    file_of(config).look()
    assert not config.database.exists()
    file_of(config).open_first()[0].journal.close()
    file_of(config).look()
    file_of(config).look()


def test_the_account_is_news_once_and_another_one_is_refused(config: Config) -> None:
    file = file_of(config)
    assert file.news() is None
    file.belongs_to("AA11")
    owner = file.news()
    assert owner is not None
    assert owner.account == "AA11"
    assert file.news() is None
    file.belongs_to("AA11")
    assert file.news() is None
    file.owner = replace(owner, key="another")
    with pytest.raises(ConfigError, match="AA11"):
        file.belongs_to("BB22")


def test_a_file_that_nobody_asked_for_is_closed_at_the_end(config: Config) -> None:
    file = file_of(config)
    owned, _ = file.open_first()
    file.close()
    file.close()
    again = file.open_again()
    assert again is not owned.journal
    file.close()
    assert again.pasts() == []  # whoever has it closes it
    again.close()
