"""Bytes that are no text are named in words, with the place."""

import os
from pathlib import Path

import pytest

from config.file_text import LARGEST, decoded, text_of
from config.problems import Problem
from tests.config.texts import VALID


def found(content: bytes) -> str:
    problem = decoded(content, "grid.toml")
    assert isinstance(problem, Problem)
    return problem.found


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (VALID.encode("utf-16"), "UTF-16 text"),
        (VALID.encode("utf-16-le"), "UTF-16 text"),
        (VALID.encode("utf-16-be"), "UTF-16 text"),
        (b"[bot]\nname = \x00\n", "no text: a zero byte in line 2, byte 8"),
        (b"[bot]\nname = 'caf\xe9'", 'bytes that are not UTF-8 in line 2, byte 12: 0xE9 ("é" in Latin-1'),
        (b"\xff", 'bytes that are not UTF-8 in line 1, byte 1: 0xFF ("ÿ" in Latin-1'),
        (b"\x81", "bytes that are not UTF-8 in line 1, byte 1: 0x81"),
        (b"\x1f\x8b\x08\x00", "a compressed file (gzip)"),
        (b"PK\x03\x04rest", "a compressed file (ZIP)"),
        (b"[bot]\rname = 1\r", "lines that end in CR alone"),
        (b"#" * (LARGEST + 1), f"more than {LARGEST} bytes"),
    ],
)
def test_bytes_that_are_no_text(content: bytes, words: str) -> None:
    assert found(content).startswith(words)
    assert found(content).isprintable()


@pytest.mark.parametrize("content", [VALID.encode(), VALID.encode("utf-8-sig"), VALID.replace("\n", "\r\n").encode()])
def test_marks_and_line_ends_of_other_systems_do_not_matter(content: bytes) -> None:
    text = decoded(content, "grid.toml")
    assert isinstance(text, str)
    assert text.replace("\r\n", "\n") == VALID


def test_a_device_without_an_end_is_not_read_for_ever() -> None:
    problem = text_of(Path("/dev/zero"))
    assert isinstance(problem, Problem)


@pytest.mark.parametrize(
    ("name", "words"), [("absent.toml", "does not exist"), (".", "a directory, as Docker makes one")]
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, words: str) -> None:
    problem = text_of(tmp_path / name)
    assert isinstance(problem, Problem)
    assert words in problem.found


def test_a_file_of_somebody_else_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text(VALID)

    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    problem = text_of(path)
    assert isinstance(problem, Problem)
    assert f"permission denied for user {os.geteuid()}: the file has mode 0" in problem.found
    assert problem.hint == f"Let this user's group read it: sudo chgrp {os.getegid()} FILE, sudo chmod 0640 FILE"
