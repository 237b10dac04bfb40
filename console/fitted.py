"""Sentences that fit the terminal which shows them."""

import shutil
import textwrap
from typing import TextIO

NARROWEST = 40
"""Columns; in a narrower terminal lines are broken by it."""
_INDENT = "    "


def fitted(text: str, stream: TextIO | None) -> str:
    """`text` as `stream` should get it: broken between words where a terminal shows it, further lines indented.

    A file or a pipe gets it unchanged, one sentence a line; so does a stream that was closed before the start (`None`).
    Nothing is cut: a path stays whole.
    """
    if stream is None or not stream.isatty():
        return text
    width = max(shutil.get_terminal_size().columns, NARROWEST)
    return "\n".join(_broken(line, width) for line in text.split("\n"))


def _broken(line: str, width: int) -> str:
    return textwrap.fill(
        line,
        width,
        subsequent_indent=_INDENT,
        expand_tabs=False,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )
