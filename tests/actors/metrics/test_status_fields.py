"""docs/status.md names every field of `/status`, and no other."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from actors.metrics.status_page import post_report, status_json
from messages.conditions import Condition, Conditions
from messages.status import ActorReport
from tests.actors.reports import CHANNELS, HODL, START, new_board

PAGE = Path(__file__).parents[3] / "docs" / "status.md"


def fields(value: object, name: str) -> Iterator[str]:
    """The names of all that is no object itself."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from fields(inner, f"{name}.{key}" if name else key)
        case list():
            assert value, f"{name}: an empty list hides its fields"
            for inner in value:
                yield from fields(inner, f"{name}[]")
        case _:
            yield name


def test_the_page_explains_every_field_and_no_other() -> None:
    mailbox, board = new_board(channels=CHANNELS)
    post_report(mailbox, HODL)
    post_report(mailbox, ActorReport("notifier", 1, 2, 3))
    post_report(mailbox, Conditions("account", (Condition(0, "lockout", "locked out", START),)))
    shown = set(fields(json.loads(status_json(board.snapshot())), ""))
    explained = re.findall(r"^\| `([^`]+)` \| \S", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted(shown)
