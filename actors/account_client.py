"""The paper exchange's way to persistence."""

from typing import assert_never

import trio

from actors.mailbox import Mailbox
from messages.journal import AccountLoaded, AccountSaved, LoadAccount, SaveAccount
from messages.mailboxes import PaperMail, PersistenceMail


class AccountClient:
    """Loads and saves the paper account through persistence's mailbox.

    Call `load` first: it also discards answers that an earlier client did not wait for. While persistence
    is down the calls wait; its mail outlives it.
    """

    def __init__(self, persistence: Mailbox[PersistenceMail], answers: Mailbox[PaperMail]) -> None:
        self._persistence = persistence
        self._answers = answers
        self._number = 0
        # One mailbox, one receiver: a second caller would take away the first one's answer.
        self._turn = trio.Lock()

    async def load(self) -> tuple[str | None, dict[str, str]]:
        """The account, None for a new database, and its orders by exchange id."""
        async with self._turn:
            self._persistence.post(LoadAccount())
            while True:
                for answer in reversed(await self._answers.receive()):
                    match answer:
                        case AccountLoaded():
                            return answer.account, answer.orders
                        case AccountSaved():
                            pass
                        case _:
                            assert_never(answer)

    async def save(self, account: str, orders: dict[str, str]) -> None:
        """Make the account and the orders that changed durable; returns once they are."""
        async with self._turn:
            self._number += 1
            self._persistence.post(SaveAccount(self._number, account, orders))
            while AccountSaved(self._number) not in await self._answers.receive():
                pass
