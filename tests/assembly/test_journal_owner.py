"""One journal, one world: another one is refused and left as it is, and old files are moved over once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.journal.journal import Journal
from assembly import registry
from assembly.journal_owner import Owned, fingerprint, open_owned, with_account
from config import Config, ConfigError, parse
from messages.journal import Commit, Owner, SaveAccount
from tests.supervision.old_journal import old

NOW = 1_700_000_000_000_000_000
TEXT = """
[bot]
dry_run = {dry_run}
[exchange]
adapter = "{adapter}"
{keys}
[exchange.paper]
balances = {{ USD = 1000 }}
[persistence]
database = "{database}"
[[strategy]]
name = "btc"
kind = "GridHODL"
base_currency = "BTC"
quote_currency = "USD"
userref = 1001
amount_per_grid = 10
interval = 0.02
max_investment = 100
"""
KEYS = 'api_public_key = "public"\napi_secret_key = "c2VjcmV0"'

Make = Callable[..., Config]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def configured(*, dry_run: bool = False, adapter: str = "kraken", name: str = "grid.duckdb") -> Config:
        text = TEXT.format(
            dry_run=str(dry_run).lower(), adapter=adapter, database=tmp_path / name, keys=KEYS * (adapter == "kraken")
        )
        return parse(text, "c.toml", {}, registry.known())

    return configured


def opened(config: Config) -> Owned:
    """Open the journal as the program does, which writes down whose it is."""
    owned = open_owned(config, "c.toml", Journal.open, NOW)
    if owned.is_new:
        owned.journal.write([owned.owner])
    return owned


def used(config: Config) -> None:
    """A journal in use."""
    owned = opened(config)
    owned.journal.write([Commit(1001, 1, "btc", "GridHODL", 5, "{}", (), (), symbol="BTC/USD")])
    if config.simulated:
        owned.journal.write([SaveAccount(1, "{}", {})])
    owned.journal.close()


def lineage_of(path: Path) -> str:
    journal = Journal.open(path, NOW)
    journal.close()
    return journal.lineage


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("grid.duckdb", "grid.dry-run.duckdb"),
        ("grid", "grid.dry-run.duckdb"),
        ("grid.v2.db", "grid.v2.db.dry-run.duckdb"),
    ],
)
def test_a_dry_run_has_its_own_file_beside_the_live_one(make: Make, name: str, expected: str) -> None:
    assert make(dry_run=True, name=name).database.name == expected
    assert make(dry_run=False, name=name).database.name == name
    assert make(dry_run=True, adapter="paper", name=name).database.name == name


def test_a_dry_run_and_then_a_live_run_share_nothing(make: Make, tmp_path: Path) -> None:
    used(make(dry_run=True))
    assert [path.name for path in tmp_path.iterdir()] == ["grid.dry-run.duckdb"]
    live = opened(make())
    assert live.journal.pasts() == []
    assert live.owner == Owner("kraken", simulated=False)
    live.journal.close()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({}, {"adapter": "paper"}),
        ({"adapter": "paper"}, {}),
        ({"dry_run": True}, {"name": "grid.dry-run.duckdb"}),
        ({"dry_run": True}, {"name": "grid.dry-run.duckdb", "adapter": "paper"}),
    ],
)
def test_the_file_of_another_world_is_refused_and_left_alone(
    make: Make, first: dict[str, object], then: dict[str, object]
) -> None:
    used(make(**first))
    before = lineage_of(make(**first).database)
    with pytest.raises(ConfigError) as refused:
        opened(make(**then))
    words = str(refused.value)
    assert "persistence.database" in words
    assert str(make(**first).database) in words
    assert "belongs to" in words
    assert lineage_of(make(**first).database) == before
    opened(make(**first)).journal.close()


def test_an_old_live_file_is_claimed_once_and_told(make: Make, tmp_path: Path) -> None:
    old(tmp_path / "grid.duckdb", play_money=False)
    owned = opened(make())
    assert owned.journal.lineage == "the-lineage"
    assert "earlier version" in owned.told[0]
    (past,) = owned.journal.pasts()
    assert (past.symbol, len(past.orders)) == ("BTC/USD", 2)
    owned.journal.close()
    again = opened(make())
    assert again.told == ()
    again.journal.close()


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_old_file_with_play_money_becomes_the_dry_runs(make: Make, tmp_path: Path, *, dry_run: bool) -> None:
    old(tmp_path / "grid.duckdb", play_money=True)
    owned = opened(make(dry_run=dry_run))
    assert "held a dry run of an earlier version" in owned.told[0]
    assert (owned.journal.lineage == "the-lineage") == dry_run
    owned.journal.close()
    assert lineage_of(tmp_path / "grid.dry-run.duckdb") == "the-lineage"
    assert (tmp_path / "grid.duckdb").exists() != dry_run
    again = opened(make(dry_run=dry_run))
    assert again.told == ()
    again.journal.close()


def test_an_old_dry_run_never_overwrites_a_new_one(make: Make, tmp_path: Path) -> None:
    used(make(dry_run=True))
    taken = lineage_of(tmp_path / "grid.dry-run.duckdb")
    old(tmp_path / "grid.duckdb", play_money=True)
    with pytest.raises(ConfigError, match="is there already"):
        opened(make())
    assert lineage_of(tmp_path / "grid.dry-run.duckdb") == taken
    assert lineage_of(tmp_path / "grid.duckdb") == "the-lineage"
    opened(make(dry_run=True)).journal.close()


def test_an_old_real_file_is_not_given_to_the_paper_exchange(make: Make, tmp_path: Path) -> None:
    old(tmp_path / "grid.duckdb", play_money=False)
    with pytest.raises(ConfigError, match="a real account"):
        opened(make(adapter="paper"))


def test_another_key_of_the_same_account_is_taken_and_remembered(make: Make) -> None:
    config = make()
    first = with_account(Owner("kraken", simulated=False), "AA11", "key-1", config, "c.toml")
    assert first == Owner("kraken", simulated=False, account="AA11", key="key-1")
    second = with_account(first, "AA11", "key-2", config, "c.toml")
    assert second == replace(first, key="key-2")
    # The account cannot be asked for now, but the key is known.
    assert with_account(second, "", "key-2", config, "c.toml") == second
    # An account that was not known before is remembered.
    assert with_account(replace(first, account=""), "AA11", "key-1", config, "c.toml") == first


@pytest.mark.parametrize(("account", "key"), [("BB22", "key-2"), ("", "key-2")])
def test_another_account_is_refused(make: Make, account: str, key: str) -> None:
    known = Owner("kraken", simulated=False, account="AA11", key="key-1")
    with pytest.raises(ConfigError, match=r"exchange\.api_public_key"):
        with_account(known, account, key, make(), "c.toml")


def test_a_key_that_alone_could_prove_the_account_is_asked_for_once(make: Make) -> None:
    """Kraken tells its account for the first time, together with a new key: nothing proves that it is ours."""
    known = Owner("kraken", simulated=False, account="", key="key-1")
    with pytest.raises(ConfigError) as refused:
        with_account(known, "AA11", "key-2", make(), "c.toml")
    (problem,) = refused.value.problems
    assert "does not name its account" not in problem.found
    assert "that key for one start, from which the account is known and any key of it is taken" in problem.allowed
    learnt = with_account(known, "AA11", "key-1", make(), "c.toml")
    assert with_account(learnt, "AA11", "key-2", make(), "c.toml").key == "key-2"


def test_a_fingerprint_shows_no_key(make: Make) -> None:
    assert fingerprint(make(adapter="paper")) == ""
    assert len(fingerprint(make())) == 16
    assert "public" not in fingerprint(make())
