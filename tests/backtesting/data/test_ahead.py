"""Pieces that are read ahead."""

import sys
from threading import Event, current_thread

import numpy as np
import pytest

from backtesting.data import ahead
from backtesting.tape import ArrayTape, Chunk
from messages.money import ONE

ROWS = 1000


class Watched(ArrayTape):
    """Notes what is read, and by whom."""

    def __init__(self) -> None:
        numbers = np.arange(1, ROWS + 1, dtype=np.int64)
        super().__init__("BTC/USD", ONE, numbers * 10, numbers)
        self.read_by: list[tuple[int, int, str]] = []

    def read(self, start: int, stop: int) -> Chunk:
        self.read_by.append((start, stop, current_thread().name))
        return super().read(start, stop)


@pytest.mark.parametrize(
    ("begin", "end", "rows", "every", "pieces"),
    [
        (0, ROWS, 400, 1, [(0, 400), (400, 800), (800, 1000)]),
        (0, ROWS, 400, 150, [(0, 300), (300, 600), (600, 900), (900, 1000)]),
        (7, 20, 400, 1, [(7, 20)]),
        (0, 30, 10, 25, [(0, 25), (25, 30)]),
        (5, 5, 400, 1, []),
    ],
)
def test_all_rows_come_once_in_whole_multiples(
    begin: int, end: int, rows: int, every: int, pieces: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "CHUNK_ROWS", rows)
    tape = Watched()
    found = list(ahead.chunks(tape, begin, end, every))
    assert [(chunk.start, chunk.start + len(chunk.prices)) for chunk in found] == pieces
    assert [int(price) for chunk in found for price in chunk.prices] == list(range(begin + 1, end + 1))
    assert [(start, stop) for start, stop, _ in tape.read_by] == pieces
    assert all(name.startswith("price-reader") for _, _, name in tape.read_by)


def test_the_next_piece_is_read_while_one_is_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "CHUNK_ROWS", 400)
    second = Event()

    class Telling(Watched):
        def read(self, start: int, stop: int) -> Chunk:
            if start == 400:
                second.set()
            return super().read(start, stop)

    pieces = ahead.chunks(Telling(), 0, ROWS, 1)
    assert next(pieces).start == 0
    assert second.wait(10)
    assert [piece.start for piece in pieces] == [400, 800]


def test_what_the_tape_raises_comes_out_and_threads_are_as_patient_as_before() -> None:
    class Damaged(Watched):
        def read(self, start: int, stop: int) -> Chunk:
            raise ValueError("damaged")

    patience = sys.getswitchinterval()
    with pytest.raises(ValueError, match="damaged"):
        next(ahead.chunks(Damaged(), 0, ROWS, 1))
    assert sys.getswitchinterval() == patience
    pieces = ahead.chunks(Watched(), 0, ROWS, 1)
    next(pieces)
    assert sys.getswitchinterval() == pytest.approx(ahead.SWITCH_SECONDS)
    list(pieces)
    assert sys.getswitchinterval() == patience
