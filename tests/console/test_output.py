import fcntl
import io
import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from console.output import LineWriter, QueuedStream, _writer, lasted, queued_output

SMALL = 4096


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe whose reader is the test: read end, write end."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def stream_of(descriptor: int, encoding: str = "utf-8") -> QueuedStream:
    target = io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False), encoding=encoding)
    return QueuedStream(target, LineWriter(_writer(target), lines=100))


def test_a_reader_that_stops_reading_holds_up_nobody(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, SMALL)
    stream = stream_of(writer)
    began = time.monotonic()
    for number in range(1000):
        print(f"line {number} {'.' * 100}", file=stream)
    stream.end()
    assert time.monotonic() - began < 5
    assert stream.writer.dropped > 800
    os.close(reader)  # lets the writing thread go
    stream.writer.flush(10)  # before somebody else is given the number of its descriptor


def test_what_was_dropped_is_told_where_it_is_missing(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, SMALL)
    stream = stream_of(writer)
    for number in range(1000):
        print(f"line {number} {'.' * 100}", file=stream)
    dropped = stream.writer.dropped
    got = bytearray()

    def read() -> None:
        while not got.endswith(b"afterwards\n"):
            got.extend(os.read(reader, 65536))

    thread = threading.Thread(target=read)
    thread.start()
    stream.writer.flush(10)
    print("afterwards", file=stream)
    thread.join(10)
    stream.end()
    told = 0
    for line in got.decode().splitlines():
        if not line.startswith("line") and line != "afterwards":
            told += int(line.split()[0].replace(",", ""))
    assert line == "afterwards"
    assert told == dropped
    assert got.count(b"line ") == 1000 - dropped


def test_a_reader_that_goes_away_harms_nobody(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    stream = stream_of(writer)
    os.close(reader)
    print("into the void", file=stream)
    stream.writer.flush()
    print("and again", file=stream)
    stream.end()
    assert stream.writer.dropped == 2


def test_a_target_that_fails_for_a_while_is_told_how_much_it_missed() -> None:
    got: list[bytes] = []
    full = threading.Event()
    full.set()

    def write(data: bytes) -> None:
        if full.is_set():
            raise OSError(28, "No space left on device")
        got.append(data)

    writer = LineWriter(write)
    for _ in range(3):
        writer.put(b"lost\n")
    writer.flush()
    full.clear()
    writer.put(b"kept\n")
    writer.close()
    assert got == [b"3 lines dropped: the reader took none for less than a second\nkept\n"]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "koi8-r"])
def test_signs_that_an_encoding_lacks_are_escaped(pipe: tuple[int, int], encoding: str) -> None:
    reader, writer = pipe
    stream = stream_of(writer, encoding)
    print("Größe 🚀 \udcff", file=stream)
    stream.end()
    line = os.read(reader, 1000)
    assert line.decode(encoding).endswith("\\U0001f680 \\udcff\n")


def test_a_non_blocking_descriptor_gets_everything(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.set_blocking(writer, False)
    stream = stream_of(writer)
    text = "x" * 300_000
    stream.put_line(text)
    got = bytearray()
    while not got.endswith(b"\n"):
        got += os.read(reader, 65536)
    stream.end()
    assert got.decode() == text + "\n"


def test_lines_stay_whole_whatever_pieces_they_come_in() -> None:
    got: list[bytes] = []
    stream = QueuedStream(io.StringIO(), LineWriter(got.append))
    for piece in ("a", "b\nc", "", "\n", "d\ne\n", "f"):
        stream.write(piece)
    stream.end()
    assert got == [b"ab\n", b"c\n", b"d\n", b"e\n", b"f"]


def test_stdout_and_stderr_are_replaced_and_given_back(capsys: pytest.CaptureFixture[str]) -> None:
    former = sys.stdout, sys.stderr
    with queued_output() as stderr:
        assert sys.stderr is stderr
        print("out")
        print("err", file=sys.stderr)
    assert (sys.stdout, sys.stderr) == former
    assert capsys.readouterr() == ("out\n", "err\n")


def test_a_program_without_streams_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with queued_output():
        print("to nobody")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "less than a second"), (0.99, "less than a second"), (1.0, "1 s"), (1.5, "2 s"), (4321.2, "4,321 s")],
)
def test_no_span_is_called_0_s(seconds: float, words: str) -> None:
    assert lasted(seconds) == words
