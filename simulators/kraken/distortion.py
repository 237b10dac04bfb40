"""How a connection or a message can be damaged on its way."""

from typing import Literal

import trio

Direction = Literal["both", "in", "out"]
"""As the venue sees it: `in` is what clients send."""


class GatedStream(trio.abc.Stream):
    """A stream that can fall silent, so that not even pings are answered, as when a cable is cut.

    Silent in one direction only it is half-open.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._speaks = True
        self._hears = trio.Event()
        self._hears.set()

    def silence(self, direction: Direction = "both") -> None:
        """From now on what is sent is lost, what is received is not looked at, or both."""
        if direction != "in":
            self._speaks = False
        if direction != "out" and self._hears.is_set():
            self._hears = trio.Event()

    def restore(self) -> None:
        self._speaks = True
        self._hears.set()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self._speaks:
            await self._stream.send_all(data)
        else:
            await trio.lowlevel.checkpoint()

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._stream.receive_some(max_bytes)
        await self._hears.wait()
        return data

    async def aclose(self) -> None:
        self.restore()
        await self._stream.aclose()

    async def cut(self) -> None:
        """Close without a goodbye."""
        self.restore()
        await trio.aclose_forcefully(self._stream)


def cut_in_the_middle(text: str) -> str:
    """What is left when a message is truncated."""
    return text[: len(text) // 2]


def blown_up(text: str, size: int) -> str:
    """Copy of a JSON object with a padding field that makes it `size` bytes long."""
    return f'{text[:-1]},"padding":"{"x" * (size - len(text))}"}}'
