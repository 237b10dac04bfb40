"""Mailboxes: typed, unbounded for facts, conflating for values of which only the newest counts.

A mailbox belongs to the supervisor and outlives a crashed actor. Posting never blocks and never raises
in the sender; a mailbox that grows beyond its limit fails its receiver instead (docs/design.md, "The shape").
"""

import math
from collections.abc import Hashable
from typing import Generic, TypeVar

import trio

from messages.counted import counted

Message = TypeVar("Message")


class MailboxOverflow(Exception):
    """The receiver did not keep up; it counts as failed."""


class Mailbox(Generic[Message]):
    """One actor's mailbox. Many senders, one receiver."""

    def __init__(self, name: str, limit: int = 100_000, *, lossy: bool = False) -> None:
        """Beyond `limit` the receiver fails; a `lossy` one only loses what is too much, which is counted."""
        self.name = name
        self._limit = limit
        self._lossy = lossy
        self._send, self._receive = trio.open_memory_channel[Message | None](math.inf)
        self._newest: dict[Hashable, Message] = {}
        self._facts = 0
        self._overflowed = False
        self.dropped = 0

    def __bool__(self) -> bool:
        """It is there, empty or not: `if mailbox` asks whether there is one."""
        return True

    def __len__(self) -> int:
        return self._facts + len(self._newest)

    def post(self, message: Message) -> None:
        """Leave a message that must not be lost."""
        if self._facts >= self._limit:
            self._overflowed = not self._lossy
            self.dropped += 1
            return
        self._facts += 1
        self._send.send_nowait(message)

    def post_newest(self, key: Hashable, message: Message, *, wake: bool = True) -> None:
        """Leave a message that replaces a waiting one with the same key.

        Without `wake` it waits for the receiver to come for something else.
        """
        if wake and not self._newest and not self._facts:
            self._send.send_nowait(None)
        self._newest[key] = message

    def put_back_newest(self, key: Hashable, message: Message) -> None:
        """A receiver that ends leaves the newest value to its successor, unless a newer one waits."""
        if key not in self._newest:
            self.post_newest(key, message)

    async def receive(self) -> list[Message]:
        """Wait for mail and take all of it: the newest values first, then the rest in order of arrival.

        Raises `MailboxOverflow` once the limit was exceeded; the mail stays lost, the next call goes on.
        """
        first = await self._receive.receive()
        return self._take(first)

    def receive_nowait(self) -> list[Message]:
        """Take what waits, perhaps nothing. Raises like `receive`."""
        try:
            first = self._receive.receive_nowait()
        except trio.WouldBlock:
            return self._take(None)
        return self._take(first)

    def _take(self, first: Message | None) -> list[Message]:
        batch: list[Message] = list(self._newest.values())
        self._newest.clear()
        self._facts = 0
        if first is not None:
            batch.append(first)
        while True:
            try:
                message = self._receive.receive_nowait()
            except trio.WouldBlock:
                break
            if message is not None:
                batch.append(message)
        if self._overflowed:
            self._overflowed = False
            raise MailboxOverflow(f"mailbox of {self.name}: more than {counted(self._limit, 'message')} waited")
        return batch
