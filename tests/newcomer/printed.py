"""The commands that the pages print: each line of a shell block is one, with its continuations."""

import re
from pathlib import Path
from typing import NamedTuple

SHELLS = ("sh", "bash", "shell", "console")
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL
)
_HERE = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")


class Command(NamedTuple):
    """One command as it is printed."""

    page: str
    """Path of the page, from the root."""
    line: int
    text: str
    """Without the comment lines around it; its continued lines are kept."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def pages(root: Path, tracked: list[str]) -> list[str]:
    """The pages whose commands are meant to be typed: of the root, of `docs/`, and of the local Kraken."""
    there = [name for name in tracked if name.endswith(".md") and (root / name).is_file()]
    return sorted(name for name in there if "/" not in name or name.startswith(("docs/", "simulators/")))


def commands(page: str, text: str) -> list[Command]:
    """All commands of a page's shell blocks, in their order. Raises ValueError for a block whose end is missing."""
    if len(re.findall(r"^ *```", text, re.MULTILINE)) % 2:
        raise ValueError(f"{page}: a block has no end")
    found = []
    for block in _FENCE.finditer(text):
        if block["language"] in SHELLS:
            first = text.count("\n", 0, block.start("text")) + 1
            lines = [line.removeprefix(block["indent"]) for line in block["text"].splitlines()]
            found += [Command(page, first + index, command) for index, command in _joined(lines)]
    return found


def _joined(lines: list[str]) -> list[tuple[int, str]]:
    """Index of the first line, and command."""
    found: list[tuple[int, str]] = []
    index = 0
    while index < len(lines):
        first, index = index, _end(lines, index)
        text = "\n".join(lines[first:index]).strip()
        if text and not text.startswith("#"):
            found.append((first, text))
    return found


def _end(lines: list[str], index: int) -> int:
    """Where the next command begins: after continued lines, or after the end of a document given in place."""
    if here := _HERE.search(lines[index]):
        while index + 1 < len(lines) and lines[index].strip() != here[2]:
            index += 1
    else:
        while index + 1 < len(lines) and lines[index].endswith("\\"):
            index += 1
    return index + 1
