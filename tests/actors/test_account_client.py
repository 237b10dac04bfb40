"""The paper exchange waits for its own answers, whatever else lies in its mailbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors.account_client import AccountClient
from actors.mailbox import Mailbox
from actors.persistence import run_persistence
from adapters.journal.journal import Journal
from messages.journal import AccountLoaded, AccountSaved, Close, Committed, CoreLoaded, LoadAccount, SaveAccount
from messages.mailboxes import PaperMail, PersistenceMail


class Boxes:
    def __init__(self) -> None:
        self.persistence: Mailbox[PersistenceMail] = Mailbox("persistence")
        self.paper: Mailbox[PaperMail] = Mailbox("paper")

    def client(self) -> AccountClient:
        return AccountClient(self.persistence, self.paper)

    def reply(self, address: str, answer: Committed | CoreLoaded | AccountSaved | AccountLoaded) -> None:
        assert address == "paper"
        assert isinstance(answer, AccountSaved | AccountLoaded)
        self.paper.post(answer)


@pytest.fixture
def boxes() -> Boxes:
    return Boxes()


@asynccontextmanager
async def serving(boxes: Boxes, path: Path) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        await nursery.start(run_persistence, partial(Journal.open, path, 1), boxes.persistence, boxes.reply)
        with trio.fail_after(20):
            yield
        boxes.persistence.post(Close())


async def test_an_account_is_loaded_as_it_was_saved(boxes: Boxes, tmp_path: Path) -> None:
    async with serving(boxes, tmp_path / "grid.duckdb"):
        client = boxes.client()
        assert await client.load() == (None, {})
        await client.save("account 1", {"A": "a1", "B": "b1"})
        await client.save("account 2", {"A": "a2"})
    async with serving(boxes, tmp_path / "grid.duckdb"):
        assert await boxes.client().load() == ("account 2", {"A": "a2", "B": "b1"})


async def test_saves_of_several_tasks_are_all_acknowledged(boxes: Boxes, tmp_path: Path) -> None:
    async with serving(boxes, tmp_path / "grid.duckdb"):
        client = boxes.client()
        await client.load()
        async with trio.open_nursery() as nursery:
            for number in range(10):
                nursery.start_soon(client.save, f"account {number}", {f"order {number}": "{}"})
        assert len((await client.load())[1]) == 10


async def test_answers_to_an_earlier_client_are_not_taken_for_ones_own(boxes: Boxes, nursery: trio.Nursery) -> None:
    saved = trio.Event()

    async def work() -> None:
        client = boxes.client()
        assert await client.load() == ("new", {})
        await client.save("newer", {})
        saved.set()

    for stale in (AccountSaved(1), AccountLoaded("new", {})):
        boxes.paper.post(stale)
    nursery.start_soon(work)
    await wait_all_tasks_blocked()
    assert boxes.persistence.receive_nowait() == [LoadAccount(), SaveAccount(1, "newer", {})]
    boxes.paper.post(AccountLoaded("new", {}))
    await wait_all_tasks_blocked()
    assert not saved.is_set()
    boxes.paper.post(AccountSaved(1))
    with trio.fail_after(1):
        await saved.wait()
