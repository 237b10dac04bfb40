"""What `restore --check` says of a backup: whole, whose, how old, what it holds, what restoring would mean."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from adapters.journal.backing_up import save
from adapters.journal.journal import Journal
from assembly import registry
from assembly.backup_check import check_backup
from config import Config, ConfigError, parse
from messages.journal import Commit, Owner, SaveAccount
from tests.adapters.journal.samples import place
from tests.assembly.test_journal_check import LEFT
from tests.assembly.test_journal_owner import KEYS, NOW, TEXT
from trading.ports import DatabaseUnusable

Make = Callable[..., Config]
MINUTE = 60 * 10**9


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def configured(*, adapter: str = "kraken", dry_run: bool = False, changes: tuple[str, str] = ("", "")) -> Config:
        text = TEXT.format(
            dry_run=str(dry_run).lower(),
            adapter=adapter,
            database=tmp_path / "grid.duckdb",
            keys=KEYS * (adapter == "kraken"),
        )
        return parse(text.replace(*changes), "c.toml", {}, registry.known())

    return configured


def backup_of(config: Config, target: Path, *, account: str = "", key: str = "", age: int = MINUTE) -> Path:
    with closing(Journal.open(config.database, NOW)) as journal:
        journal.write([Owner(config.exchange.adapter, config.simulated, account, key)])
        if config.simulated:
            journal.write([SaveAccount(1, "{}", {})])
        journal.write([Commit(1001, 1, "btc", "GridHODL", NOW - age, LEFT, (), (place(),), symbol="BTC/USD")])
        save(journal.snapshot(), target)
    return target


@pytest.mark.parametrize(
    ("adapter", "dry_run", "world", "meaning"),
    [
        ("kraken", False, 'real orders on "kraken", account ABC', "each fill is answered once"),
        ("kraken", True, 'a dry run of "kraken"', "what was traded since is lost with it"),
        ("paper", False, 'the adapter "paper"', "what was traded since is lost with it"),
    ],
)
def test_it_says_whose_it_is_and_what_restoring_means(
    make: Make, tmp_path: Path, adapter: str, dry_run: bool, world: str, meaning: str
) -> None:
    config = make(adapter=adapter, dry_run=dry_run)
    backup = backup_of(config, tmp_path / "backup", account="" if config.simulated else "ABC")
    before = backup.read_bytes()
    found = check_backup(backup, config, "c.toml", NOW)
    told = found.sentences
    assert told[0] == f"{backup}: whole, byte for byte what was backed up, of {world}; 1 order, 0 fills"
    assert told[2] == "btc (userref 1001, BTC/USD): 1 open order (buy 2 at 100 USD), 0.5 BTC that it bought"
    assert found.meaning.endswith(meaning)
    assert backup.read_bytes() == before


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (0, "less than a minute"),
        (-MINUTE, "less than a minute"),
        (5 * MINUTE, "5 minutes"),
        (3 * 60 * MINUTE, "3 hours"),
        (90 * 24 * 60 * MINUTE, "90 days"),
    ],
)
def test_it_says_how_old_it_is(make: Make, tmp_path: Path, age: int, words: str) -> None:
    config = make()
    told = check_backup(backup_of(config, tmp_path / "backup", age=age), config, "c.toml", NOW).sentences
    assert told[1].startswith("its newest entry is of 2023-")
    assert told[1].endswith(f" UTC, {words} ago")


def test_a_backup_of_another_world_is_refused(make: Make, tmp_path: Path) -> None:
    backup = backup_of(make(dry_run=True), tmp_path / "backup")
    with pytest.raises(ConfigError, match=rf"{backup}, which belongs to a dry run of"):
        check_backup(backup, make(), "c.toml", NOW)


def test_one_of_another_pair_is_refused(make: Make, tmp_path: Path) -> None:
    backup = backup_of(make(), tmp_path / "backup")
    other = make(changes=('base_currency = "BTC"', 'base_currency = "ETH"'))
    with pytest.raises(ConfigError, match="base_currency"):
        check_backup(backup, other, "c.toml", NOW)


def test_what_is_not_configured_any_more_is_named(make: Make, tmp_path: Path) -> None:
    backup = backup_of(make(), tmp_path / "backup")
    told = check_backup(backup, make(changes=("userref = 1001", "userref = 7")), "c.toml", NOW).sentences
    assert any(sentence.startswith("not configured: btc (userref 1001, BTC/USD): 1 open order") for sentence in told)


@pytest.mark.parametrize(("key", "told"), [("", False), ("another", True)])
def test_another_key_is_told(make: Make, tmp_path: Path, key: str, told: bool) -> None:
    config = make()
    sentences = check_backup(backup_of(config, tmp_path / "backup", key=key), config, "c.toml", NOW).sentences
    assert any("another API key" in sentence for sentence in sentences) is told


def test_an_empty_one_says_so(make: Make, tmp_path: Path) -> None:
    config = make()
    with closing(Journal.open(config.database, NOW)) as journal:
        save(journal.snapshot(), tmp_path / "backup")
    assert "it holds no order yet" in check_backup(tmp_path / "backup", config, "c.toml", NOW).sentences


def test_a_missing_one_is_told(make: Make, tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="there is no backup"):
        check_backup(tmp_path / "backup", make(), "c.toml", NOW)


@pytest.mark.parametrize(("adapter", "told"), [("kraken", True), ("paper", False)])
def test_how_old_it_is_goes_by_the_clock_of_its_account(make: Make, tmp_path: Path, adapter: str, told: bool) -> None:
    """That of simulated prices runs ahead."""
    config = make(adapter=adapter)
    said = check_backup(backup_of(config, tmp_path / "backup", age=2 * MINUTE), config, "c.toml", NOW).sentences
    assert any(sentence.endswith("UTC, 2 minutes ago") for sentence in said) == told
    assert any(sentence.endswith(" UTC") for sentence in said) != told
