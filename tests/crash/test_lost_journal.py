"""A journal that is deleted, restored from an older copy, or damaged at its end: the exchange knows the rest."""

import random
import shutil
from collections.abc import Callable
from decimal import Decimal

import pytest

from messages.ids import client_order_id
from simulators.kraken.model import trading
from simulators.kraken.model.orders import OrderRequest
from tests.crash import verdict
from tests.crash.conftest import ReferenceOf
from tests.crash.script import STAGES, SYMBOL
from tests.crash.session import Reference, Session, opened, steps_after_loss, with_crashes
from tests.process.running import KINDS

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


async def played(session: Session, reference: Reference, first: int, last: int) -> Decimal:
    """Go through these stages; returns the price at which trades go on."""
    price = Decimal(0)
    for index in range(first, last + 1):
        price = session.move(index)
        await session.reaches(price, reference.pictures[index])
    return price


@pytest.mark.parametrize("kind", KINDS)
async def test_with_the_database_deleted_orders_and_unanswered_fills_are_found_by_their_ids(
    kind: str, reference_of: ReferenceOf
) -> None:
    reference = await reference_of(kind)
    async with opened(kind) as session:
        await session.play_without_journal(reference)
        assert session.problems(lost=True) == []
        assert "not known: surplus" in session.told()


async def test_a_crash_while_orders_are_found_by_their_ids_changes_nothing(reference_of: ReferenceOf) -> None:
    reference = await reference_of("GridSell")
    points = random.Random(3).sample(await steps_after_loss("GridSell", reference), 3)
    outcomes = [await with_crashes("GridSell", [point], reference, lost=True) for point in points]
    assert [(outcome.plan, outcome.problems) for outcome in outcomes if outcome.problems] == []
    assert any(outcome.reached for outcome in outcomes)


async def test_an_older_copy_of_the_database_learns_all_that_happened_since(reference_of: ReferenceOf) -> None:
    reference = await reference_of("SWING")
    async with opened("SWING") as session:
        session.live()
        await played(session, reference, 0, 1)
        session.kill()
        backup = shutil.copytree(
            session.folder, session.folder / "backup", ignore=shutil.ignore_patterns("backup", "*.sock")
        )
        session.live()
        price = await played(session, reference, 2, 7)
        session.kill()
        for path in session.folder.glob("trial.duckdb*"):
            if path.suffix != ".nonce":
                path.unlink()
        for path in backup.glob("trial.duckdb*"):
            if path.suffix != ".nonce":
                shutil.copy(path, session.folder)
        session.live()
        await session.reaches(price, reference.pictures[7])
        await played(session, reference, 8, len(STAGES) - 1)
        await session.stop()
        assert session.problems() == []


def cut(log: bytes) -> bytes:
    return log[: len(log) * 6 // 10]


def zeroed(log: bytes) -> bytes:
    return cut(log) + bytes(len(log) - len(cut(log)))


def flipped(log: bytes) -> bytes:
    place = len(log) * 6 // 10
    return log[:place] + bytes([log[place] ^ 0x10]) + log[place + 1 :]


@pytest.mark.parametrize("damage", [cut, zeroed, flipped])
async def test_a_log_that_is_damaged_at_its_end_is_cut_and_made_good_by_the_exchange(
    damage: Callable[[bytes], bytes], reference_of: ReferenceOf
) -> None:
    reference = await reference_of("GridSell")
    async with opened("GridSell") as session:
        session.live()
        price = await played(session, reference, 0, 7)
        session.kill()
        log = session.folder / "trial.duckdb.wal"
        log.write_bytes(damage(log.read_bytes()))
        session.live()
        await session.reaches(price, reference.pictures[7])
        await played(session, reference, 8, len(STAGES) - 1)
        await session.stop()
        assert session.problems() == []
        assert damage is cut or "was damaged" in session.told()
        assert "taken over" in session.told()


def stranger(session: Session) -> str:
    """Somebody else sells under our userref; returns the exchange id."""
    venue = session.kraken.venue
    name = client_order_id(verdict.USERREF, "somebody else")
    request = OrderRequest("sell", "limit", Decimal("0.002"), Decimal("60000.0"), cl_ord_id=name)
    pair = venue.catalogue.by_symbol(SYMBOL)
    assert pair is not None
    account = next(iter(venue.accounts.values()))
    order = trading.add(venue, account, pair, request, deadline=None, nearest_deadline=0)
    assert order is not None
    return order.txid


async def test_a_second_instance_is_told_and_nothing_is_touched(reference_of: ReferenceOf) -> None:
    reference = await reference_of("GridSell")
    async with opened("GridSell") as session:
        session.live()
        await played(session, reference, 0, 1)
        session.kill()
        txid = stranger(session)
        before = [order.txid for order in session.kraken.control.open_orders()]
        session.live()
        assert await session.ended() == 2
        assert txid in session.told()
        assert "is a second instance running?" in session.told()
        assert "--adopt" in session.told()
        assert [order.txid for order in session.kraken.control.open_orders()] == before


async def test_with_adopt_the_order_of_another_instance_is_taken_over(reference_of: ReferenceOf) -> None:
    reference = await reference_of("GridSell")
    async with opened("GridSell") as session:
        session.live()
        await played(session, reference, 0, 1)
        session.kill()
        txid = stranger(session)
        session.live("--adopt")
        await session.at_rest()
        assert txid in [order.txid for order in session.kraken.control.open_orders()]
        session.kraken.control.price(SYMBOL, Decimal("60000.0"))
        await session.at_rest()
        assert session.kraken.control.order(txid).status == "closed"
        await session.stop()
        # What is known of it since then is in the journal like every other order.
        assert session.problems() == []
