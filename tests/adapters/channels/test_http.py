import logging
from collections.abc import Awaitable, Callable

import pytest

from adapters.channels.http import http_client, post
from adapters.channels.http_answers import Post
from config import ConfigError
from tests.adapters.channels.client_cases import CASES, SECRET
from tests.adapters.channels.stand_in import service


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
async def test_httpx(case: Callable[[Post], Awaitable[None]]) -> None:
    await case(http_client("httpx", "notifier.telegram.client", "grid.toml"))


async def test_no_library_logs_an_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for library in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, library)  # the command line, of which other tests run parts, makes them quiet
    async with service() as found:
        await post(f"{found.url}/{SECRET}", b"{}", {"X-Key": SECRET})
    assert caplog.records, "httpcore logs at this level, so that this test can fail"
    assert SECRET not in caplog.text


def test_asks_must_be_installed_to_be_used() -> None:
    pytest.importorskip("httpx")
    with pytest.raises(ConfigError) as caught:
        http_client("asks", "notifier.ops.client", "grid.toml")
    (problem,) = caught.value.problems
    assert (problem.source, problem.key) == ("grid.toml", "notifier.ops.client")
    assert problem.found.startswith('"asks", which is not installed')
    assert "docs/notifications.md" in problem.allowed
