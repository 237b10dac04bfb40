"""What a background task says, as an async iterator that ends with the task's failure."""

import math
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

import trio

Item = TypeVar("Item")


class Feed(Generic[Item]):
    """Many items in order, then one failure, which every later reader meets too."""

    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[Item](math.inf)
        self.failure: Exception | None = None
        self.ended = trio.Event()

    def post(self, item: Item) -> None:
        """Say something; after the end nothing is heard any more."""
        if self.failure is None:
            self._send.send_nowait(item)

    def fail(self, failure: Exception) -> None:
        """End with this; only the first failure counts."""
        if self.failure is None:
            self.failure = failure
            self._send.close()
            self.ended.set()

    def check(self) -> None:
        """Raise the failure if there is one."""
        if self.failure is not None:
            raise self.failure

    def __aiter__(self) -> AsyncIterator[Item]:
        return self

    async def __anext__(self) -> Item:
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            self.check()
            raise
