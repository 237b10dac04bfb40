"""`--check` says what a start would refuse because of the journal, and changes no file."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from adapters.journal.journal import Journal
from assembly import registry
from assembly.journal_check import check_journal
from assembly.journal_owner import open_owned
from assembly.pasts import refuse_changed_pasts
from config import Config, ConfigError, parse
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.journal import Commit, Owner, Record, SaveAccount
from messages.money import ZERO
from messages.orders import Canceled, Place
from tests.adapters.journal.samples import in_use
from tests.assembly.test_journal_owner import KEYS, NOW, TEXT
from tests.supervision.old_journal import old
from trading.ports import DatabaseUnusable
from trading.strategies import state as states
from trading.strategies.state import GridState, OwnOrder

Make = Callable[..., Config]
BUY = OwnOrder(ClientOrderId("g1"), "buy", Decimal(100), Decimal(2), "ladder", "c", VenueOrderId(""), 0, Nanos(5))
LEFT = states.save(
    GridState(amount=Decimal(1), interval=Decimal("0.01"), orders={BUY.order_id: BUY}, owned=Decimal("0.5"))
)


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


def live_journal(config: Config, *, owner: Owner | None = None, symbol: str = "BTC/USD") -> None:
    journal = Journal.open(config.database, NOW)
    journal.write([owner or Owner(config.exchange.adapter, config.simulated)])
    journal.write([Commit(1001, 1, "btc", "GridHODL", 5, LEFT, (), (), symbol=symbol)])
    if config.simulated:
        journal.write([SaveAccount(1, "{}", {})])
    journal.close()


def start_refuses(config: Config) -> str:
    """What the start says of the same file."""
    try:
        owned = open_owned(config, "c.toml", Journal.open, NOW)
        try:
            refuse_changed_pasts(owned.journal.pasts(), config, "c.toml")
        finally:
            owned.journal.close()
    except ConfigError as error:
        return str(error)
    return ""


def check_refuses(config: Config) -> str:
    before = {path: path.read_bytes() for path in config.database.parent.iterdir()}
    with pytest.raises(ConfigError) as refused:
        check_journal(config, "c.toml")
    assert {path: path.read_bytes() for path in config.database.parent.iterdir()} == before
    return str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        ('base_currency = "BTC"', 'base_currency = "ETH"'),
        ('quote_currency = "USD"', 'quote_currency = "EUR"'),
        ('kind = "GridHODL"', 'kind = "cDCA"'),
    ],
)
def test_another_pair_or_kind_under_a_userref_with_a_past(make: Make, changes: tuple[str, str]) -> None:
    live_journal(make())
    words = check_refuses(make(changes=changes))
    assert words == start_refuses(make(changes=changes))
    assert "userref 1001" in words
    assert "0.5 BTC that it bought" in words


@pytest.mark.parametrize("owner", [Owner("binance", False), Owner("kraken", True)])
def test_a_journal_of_another_world(make: Make, owner: Owner) -> None:
    live_journal(make(), owner=owner)
    words = check_refuses(make())
    assert words == start_refuses(make())
    assert "belongs to" in words


def test_an_old_dry_run_whose_place_is_taken(make: Make) -> None:
    config = make()
    old(config.database, play_money=True)
    make(dry_run=True).database.write_bytes(b"x")
    words = check_refuses(config)
    assert words == start_refuses(config)


def test_a_sound_journal_is_told_with_what_no_strategy_covers(make: Make) -> None:
    live_journal(make())
    told = check_journal(make(), "c.toml")
    assert told == [f"database: {make().database}"]
    told = check_journal(make(changes=("userref = 1001", "userref = 1002")), "c.toml")
    assert told[1].startswith("not covered: btc (userref 1001, BTC/USD): 1 open order (buy 2 at 100 USD)")


def test_what_the_last_stop_cancelled_is_not_open_any_more(make: Make) -> None:
    live_journal(make())
    journal = Journal.open(make().database, NOW)
    placed = Place(1001, ClientOrderId("g1"), "BTC/USD", "buy", Decimal(100), Decimal(2), True, "ladder", "c", Nanos(5))
    state = LEFT.replace('"owned":"0.5"', '"owned":"0"')
    journal.write([Commit(1001, 2, "btc", "GridHODL", 6, state, (), (placed,), symbol="BTC/USD")])
    journal.write(
        [
            Record(
                1001,
                Canceled(
                    order_id=ClientOrderId("g1"),
                    exchange_id=VenueOrderId("O1"),
                    filled=ZERO,
                    cost=ZERO,
                    fee=ZERO,
                    reason="requested",
                    time=Nanos(7),
                ),
            )
        ]
    )
    journal.close()
    assert len(check_journal(make(changes=("userref = 1001", "userref = 1002")), "c.toml")) == 1


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_missing_file_is_told_and_not_made(make: Make, dry_run: bool) -> None:
    config = make(dry_run=dry_run)
    told = check_journal(config, "c.toml")
    assert told[1:] == ["it does not exist yet; the start makes it"]
    assert told[0].endswith(" (of the dry run alone)") == dry_run
    assert not list(config.database.parent.iterdir())


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_old_dry_run_in_the_live_file_is_told(make: Make, dry_run: bool) -> None:
    config = make(dry_run=dry_run)
    old(Path(config.persistence.database), play_money=True)
    before = Path(config.persistence.database).read_bytes()
    assert (
        "holds a dry run of an earlier version: the start makes grid.dry-run.duckdb of it"
        in check_journal(config, "c.toml")[-1]
    )
    assert Path(config.persistence.database).read_bytes() == before


def test_a_file_in_use_is_told_and_the_check_goes_on(make: Make) -> None:
    live_journal(make())
    with in_use(make().database):
        told = check_journal(make(), "c.toml")
    assert "not checked against the configuration: " in told[1]
    assert "is in use by process" in told[1]


def test_a_file_of_another_program_is_refused_as_the_start_does(make: Make) -> None:
    with duckdb.connect(make().database) as connection:
        connection.execute("CREATE TABLE cats (name TEXT)")
    with pytest.raises(DatabaseUnusable, match="belongs to another program"):
        check_journal(make(), "c.toml")
