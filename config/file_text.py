"""The bytes of a configuration file as text, or in words why they are none."""

import os
from pathlib import Path

from config.problems import Problem, shown, why

ALLOWED = "a readable TOML file in UTF-8"
LARGEST = 1_000_000
"""Bytes; nobody writes a longer configuration by hand, and a device never ends."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "ZIP", b"\x28\xb5\x2f\xfd": "Zstandard"}


def text_of(path: Path) -> str | Problem:
    """Read the file. Blocks for the time of a small read."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        return Problem(str(path), "", why(error), ALLOWED, _hint(error))
    except ValueError:
        return Problem(repr(str(path)), "", "a path with a zero character", ALLOWED)
    return decoded(content, str(path))


def _hint(error: OSError) -> str:
    """What to type. A container's user owns nothing outside of it: the file's group is what its owner can give away."""
    if not isinstance(error, PermissionError):
        return ""
    return f"Let this user's group read it: sudo chgrp {os.getegid()} FILE, sudo chmod 0640 FILE"


def decoded(content: bytes, source: str) -> str | Problem:
    """The text of these bytes; a byte order mark is left out, line ends stay as they are."""
    found = _no_text(content)
    if found:
        return Problem(source, "", found, ALLOWED)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Problem(source, "", _stranger(content, error.start), ALLOWED, "Save the file as UTF-8")
    if "\r" in text and "\n" not in text:
        return Problem(source, "", "lines that end in CR alone", "lines that end in LF or CR LF")
    return text


def _no_text(content: bytes) -> str:
    if len(content) > LARGEST:
        return f"more than {LARGEST} bytes"
    for magic, name in _PACKED.items():
        if content.startswith(magic):
            return f"a compressed file ({name})"
    zero = content.find(b"\0")
    if content.startswith(_UTF16) or (zero >= 0 and 2 * content.count(b"\0") >= len(content) - 1):
        return "UTF-16 text"
    if zero >= 0:
        return f"no text: a zero byte in {_at(content, zero)}"
    return ""


def _stranger(content: bytes, start: int) -> str:
    """A byte that is not UTF-8, and the letter that it probably is."""
    letter = content[start : start + 1].decode("cp1252", "replace")
    meant = f" ({shown(letter)} in Latin-1 or Windows-1252)" if letter.isprintable() and letter != "\ufffd" else ""
    return f"bytes that are not UTF-8 in {_at(content, start)}: 0x{content[start]:02X}{meant}"


def _at(content: bytes, index: int) -> str:
    line = content.count(b"\n", 0, index) + 1
    column = index - content.rfind(b"\n", 0, index)
    return f"line {line}, byte {column}"
