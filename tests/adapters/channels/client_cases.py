"""What every HTTP client of the channels must do, as cases for one: `python -m tests.adapters.channels.client_cases`.

Run as a program it tries asks, in an environment that has it: the tests of httpx run the same cases in process.
"""

from collections.abc import Awaitable, Callable

import pytest
import trio

from adapters.channels import http_answers as answers
from adapters.channels.http import http_client
from adapters.channels.http_answers import LARGEST_ANSWER, Answer, Post
from tests.adapters.channels.stand_in import GARBAGE, HANGS, HANGS_UP, OK, Reply, refused_port, service
from trading.ports import ChannelError

SECRET = "planted-in-the-path"
SHORT = 0.3
"""Instead of the seconds that a service really gets."""


async def reason(post: Post, url: str) -> str:
    """Why it fails; everything that the exception could show holds no secret."""
    with pytest.raises(ChannelError) as caught:
        await post(url, b"{}", {})
    error = caught.value
    assert SECRET not in f"{error} {error!r} {error.__cause__!r}"
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return str(error)


async def an_exchange_is_exact(post: Post) -> None:
    async with service(Reply(201, "späß".encode(), [("Retry-After", "7")])) as found:
        sent = '{"text": "🏷️ »"}'.encode()
        answer = await post(f"{found.url}/a/{SECRET}?b=c", sent, {"X-Mine": "yes", "Content-Type": "application/json"})
        assert answer == Answer(201, "späß".encode(), "7")
        (request,) = found.requests
        assert (request.method, request.path, request.body) == ("POST", f"/a/{SECRET}?b=c", sent)
        assert (request.headers["x-mine"], request.headers["content-type"]) == ("yes", "application/json")
        assert request.headers["host"] == f"127.0.0.1:{found.port}"


async def every_status_is_an_answer(post: Post) -> None:
    for status in (204, 302, 400, 401, 429, 500, 503):
        body = b"" if status == 204 else b"why"
        async with service(Reply(status, body, [("Location", "/elsewhere")])) as found:
            assert await post(found.url, b"{}", {}) == Answer(status, body)
            assert len(found.requests) == 1  # no redirect is followed, nothing is repeated


async def no_answer_is_not_waited_for(post: Post) -> None:
    answers.ANSWER_SECONDS, before = SHORT, answers.ANSWER_SECONDS
    try:
        async with service(HANGS) as found:
            with trio.fail_after(5):
                assert await reason(post, f"{found.url}/{SECRET}") == f"no answer within {SHORT:g} s"
    finally:
        answers.ANSWER_SECONDS = before


async def a_late_answer_is_an_answer(post: Post) -> None:
    async with service(Reply(seconds=0.4)) as found:
        assert (await post(found.url, b"{}", {})).status == 200


async def garbage_is_no_answer(post: Post) -> None:
    async with service(GARBAGE) as found:
        assert await reason(post, f"{found.url}/{SECRET}") == "an answer that is not HTTP"


async def a_connection_that_ends_is_no_answer(post: Post) -> None:
    async with service(HANGS_UP, OK) as found:
        assert (await reason(post, f"{found.url}/{SECRET}")).startswith(("no answer", "an answer that is not HTTP"))


async def a_refused_connection_says_so(post: Post) -> None:
    assert (
        await reason(post, f"http://127.0.0.1:{await refused_port()}/{SECRET}") == "no connection: Connection refused"
    )


async def a_server_without_encryption_is_not_spoken_to(post: Post) -> None:
    async with service(GARBAGE) as found:
        said = await reason(post, f"https://127.0.0.1:{found.port}/{SECRET}")
        assert said.startswith(("no encrypted connection", "no answer"))
        assert found.requests == []


async def an_endless_answer_is_cut_off(post: Post) -> None:
    async with service(Reply(body=b"x" * (LARGEST_ANSWER + 1))) as found:
        assert await reason(post, f"{found.url}/{SECRET}") == f"an answer of more than {LARGEST_ANSWER} bytes"


CASES: list[Callable[[Post], Awaitable[None]]] = [
    an_exchange_is_exact,
    every_status_is_an_answer,
    no_answer_is_not_waited_for,
    a_late_answer_is_an_answer,
    garbage_is_no_answer,
    a_connection_that_ends_is_no_answer,
    a_refused_connection_says_so,
    a_server_without_encryption_is_not_spoken_to,
    an_endless_answer_is_cut_off,
]


async def _all() -> None:
    post = http_client("asks", "notifier.telegram.client", "grid.toml")
    for case in CASES:
        with trio.fail_after(20):
            await case(post)
        print(case.__name__)


if __name__ == "__main__":
    trio.run(_all)
