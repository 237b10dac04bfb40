"""The session without a crash, played once per strategy in a run of the suite, by whichever process needs it first."""

import os
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from tests.crash.session import Reference, without_crash

ReferenceOf = Callable[[str], Awaitable[Reference]]


@pytest.fixture(scope="session")
def reference_of(tmp_path_factory: pytest.TempPathFactory) -> ReferenceOf:
    """Of a kind of strategy: what the session without a crash goes through."""
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    async def reference(kind: str) -> Reference:
        path = folder / f"without-a-crash-{kind}.msgpack"
        if not path.exists():
            new = path.with_suffix(f".{os.getpid()}")
            new.write_bytes(msgspec.msgpack.encode(await without_crash(kind)))
            new.replace(path)
        return msgspec.msgpack.decode(path.read_bytes(), type=Reference)

    return reference
