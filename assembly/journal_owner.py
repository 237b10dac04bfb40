"""One journal, one world: whose the file is, and what happens when it belongs to another.

A journal belongs to an exchange, to real or simulated orders, and to one account. Files of older versions did not say
so; what they hold tells it, and they are moved over once.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from msgspec import Struct
from msgspec.structs import replace

from actors.persistence import JournalPort
from adapters.journal.moving import glance, move_aside
from config import PAPER, Config, ConfigError
from config.schema import dry_run_file
from messages.journal import Owner

OpenJournal = Callable[[Path, int], JournalPort]

_KEY = "persistence.database"


class Owned(Struct, frozen=True):
    """An open journal that belongs to this configuration."""

    journal: JournalPort
    owner: Owner
    is_new: bool = False
    """Whether the journal does not say so yet: the owner is the first thing to be written."""
    told: tuple[str, ...] = ()
    """What was done with a file of an older version, in sentences for its user."""


def open_owned(config: Config, source: str, open_journal: OpenJournal, now: int) -> Owned:
    """Open the configuration's journal. Blocks. `now` is nanoseconds UTC.

    Raises `ConfigError` for one of another world, which is left as it is, and `DatabaseUnusable`.
    """
    told = _set_play_money_aside(config, source, open_journal, now) if config.exchange.adapter != PAPER else ()
    journal = open_journal(config.database, now)
    if not config.simulated and journal.owner is None and journal.load_account()[0] is not None:
        # The first look could not read a damaged log; now it is repaired.
        journal.close()
        told += _set_play_money_aside(config, source, open_journal, now)
        journal = open_journal(config.database, now)
    try:
        claimed = _claim(journal, config, source)
    except BaseException:
        journal.close()
        raise
    return replace(claimed, told=told + claimed.told)


def fingerprint(config: Config) -> str:
    """Tells API keys apart without showing them; empty without a key."""
    key = config.exchange.api_public_key
    return hashlib.sha256(key.reveal().encode()).hexdigest()[:16] if key else ""


def with_account(owner: Owner, account: str, key: str, config: Config, source: str) -> Owner:
    """The owner once the exchange has named its account (empty: it does not) and the key is known.

    One key belongs to one account, so the key that is known proves its account; another key must be of the same
    account. Raises `ConfigError` for another account.
    """
    first = not owner.account and not owner.key
    if first or (key and key == owner.key) or (account and account == owner.account):
        return replace(owner, account=account or owner.account, key=key or owner.key)
    allowed = "a key of the account that the database belongs to, or another file in [persistence] database"
    if account and owner.account:
        found = f"a key of the account {account}, while {config.database} belongs to the account {owner.account}"
    elif account:
        found = f"another key than the one by which alone {config.database} knows its account until now"
        allowed = f"that key for one start, from which the account is known and any key of it is taken; or {allowed}"
    else:
        found = f"another key than the one that {config.database} knows, and {owner.exchange} does not name its account"
    raise ConfigError.at(source, "exchange.api_public_key", found, allowed)


def refuse_another_world(
    found: Owner | None, *, used: bool, play_money: bool, config: Config, source: str, path: Path | None = None
) -> None:
    """Raises `ConfigError` for a journal that belongs to another exchange, or is simulated where the other is real.

    `found` is whose it is as far as it says; a `used` one that does not is judged by whether it holds `play_money`.
    `path` is that of a backup; else it is the configured database.
    """
    wanted = Owner(config.exchange.adapter, config.simulated)
    if found is not None:
        refused = (found.exchange, found.simulated) != (wanted.exchange, wanted.simulated)
    else:
        refused = used and config.simulated and not play_money
    if not refused:
        return
    there = "a real account (it holds orders and no simulated account)" if found is None else _world(found)
    raise ConfigError.at(
        source,
        _KEY,
        f"{path or config.database}, which belongs to {there}, while {_world(wanted)} {_verb(wanted)} configured",
        "a database of the same exchange, real or simulated as it was begun, or the name of a new file",
    )


def refuse_taken_place(live: Path, aside: Path, source: str) -> NoReturn:
    """Raises `ConfigError`: the old dry run in `live` cannot become `aside`, which exists."""
    raise ConfigError.at(
        source,
        _KEY,
        f"{live}, which holds a dry run of an earlier version, and {aside.name} is there already",
        f"move {live.name} away, or move {aside.name} away so that the old dry run can take its place",
    )


def _claim(journal: JournalPort, config: Config, source: str) -> Owned:
    wanted = Owner(config.exchange.adapter, config.simulated)
    found = journal.owner
    used = not journal.fresh and bool(journal.pasts())
    play_money = used and journal.load_account()[0] is not None
    refuse_another_world(found, used=used, play_money=play_money, config=config, source=source)
    if found is not None:
        return Owned(journal, found)
    told = f"{config.database} is of an earlier version; from now on it belongs to {_world(wanted)}"
    return Owned(journal, wanted, True, (told,) if used else ())


def _world(owner: Owner) -> str:
    if owner.exchange == PAPER:
        return f'the adapter "{PAPER}"'
    return f'{"a dry run of" if owner.simulated else "real orders on"} "{owner.exchange}"'


def _verb(owner: Owner) -> str:
    return "is" if owner.exchange == PAPER or owner.simulated else "are"


def _set_play_money_aside(config: Config, source: str, open_journal: OpenJournal, now: int) -> tuple[str, ...]:
    """Earlier versions kept a dry run in the live file; what holds a simulated account becomes the dry run's file.

    Each step may be the last one before a crash: the file is made whole and closed before it gets its new name.
    """
    live = Path(config.persistence.database)
    aside = dry_run_file(live)
    seen = glance(live)
    if seen is None or seen.owned or not seen.play_money:
        return ()
    if aside.exists() and not aside.samefile(live):
        if config.simulated:
            return ()  # the dry run has its own file already; the old one does no harm
        refuse_taken_place(live, aside, source)
    journal = open_journal(live, now)
    try:
        journal.checkpoint()
    finally:
        journal.close()
    try:
        move_aside(live, aside)
    except FileExistsError:
        refuse_taken_place(live, aside, source)
    begins = "" if config.simulated else f", and {live.name} starts empty: open orders of this program are found by ids"
    return (f"{live} held a dry run of an earlier version: it is now {aside.name}{begins}",)
