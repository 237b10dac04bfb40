"""The results of a sweep as Parquet: parts while it runs, so that it can go on, and one file in the end."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import duckdb
from msgspec import Struct

from backtesting.data.trade_files import write_parquet
from backtesting.sweep.grid import Axis, Cell
from backtesting.sweep.search import Outcome, SweepRow
from config import ConfigError
from config.problems import shown
from messages.money import EXACT

_NUMBER = "DECIMAL(38, 12)"
_PLACES = Decimal("1e-12")
_FIELDS = Outcome.__struct_fields__
_PARTS = ("first", "later")


class SweepFile(Struct):
    """Rows on disk; a sweep with the same fingerprint goes on from them."""

    target: Path
    axes: tuple[Axis, ...]
    fingerprint: str

    def load(self) -> dict[Cell, SweepRow]:
        """What an earlier run has left. Blocks; raises `ConfigError` for results of another sweep."""
        found: dict[Cell, SweepRow] = {}
        for file in self._files():
            try:
                with duckdb.connect(":memory:") as connection:
                    names = ", ".join(f'"{name}"' for name in self._names())
                    rows = connection.execute(f"SELECT {names} FROM read_parquet(?)", [str(file)]).fetchall()  # noqa: S608
            except duckdb.Error:
                raise self._other(file) from None
            for values in rows:
                if values[0] != self.fingerprint:
                    raise self._other(file)
                row = self._row(values)
                found[row.cell] = row
        return found

    def add(self, rows: Sequence[SweepRow], number: int) -> None:
        """Write part `number`; durable when this returns. Blocks."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write(rows, self._folder / f"{number:08}.parquet")

    def finish(self, rows: Sequence[SweepRow]) -> None:
        """All rows into the one file; the parts go. Blocks."""
        self._write(sorted(rows, key=lambda row: row.cell), self.target)
        if self._folder.exists():
            for file in self._folder.glob("*"):
                file.unlink()
            self._folder.rmdir()

    @property
    def _folder(self) -> Path:
        return self.target.with_name(f"{self.target.name}.parts")

    def _files(self) -> list[Path]:
        first = [self.target] if self.target.exists() else []
        return first + sorted(self._folder.glob("*.parquet"))

    def _names(self) -> list[str]:
        outcomes = [f"{part}_{field}" for part in _PARTS for field in _FIELDS]
        return ["sweep", *(axis.name for axis in self.axes), "problem", *outcomes]

    def _write(self, rows: Sequence[SweepRow], target: Path) -> None:
        numbers = [*(axis.name for axis in self.axes), *self._names()[len(self.axes) + 2 :]]
        kinds = {"sweep": "VARCHAR", "problem": "VARCHAR", **dict.fromkeys(numbers, _NUMBER)}
        columns = ", ".join(f"'{_escaped(name)}': '{kinds[name]}'" for name in self._names())
        lines = [[self.fingerprint, *map(_text, row.cell), row.problem, *_numbers(row)] for row in rows]
        write_parquet(lines, f"{{{columns}}}", target)

    def _row(self, values: Sequence[object]) -> SweepRow:
        width = len(self.axes)
        cell = tuple(Decimal(str(value)).normalize() for value in values[1 : width + 1])
        problem, rest = values[width + 1], values[width + 2 :]
        outcomes = [_outcome(rest[: len(_FIELDS)]), _outcome(rest[len(_FIELDS) :])]
        return SweepRow(cell, str(problem or ""), *outcomes)

    def _other(self, file: Path) -> ConfigError:
        found = f"{shown(str(file))}, results of another sweep"
        return ConfigError.at("command line", "--results", found, "a new file, or the one of the same sweep")


def _numbers(row: SweepRow) -> list[str]:
    return [_text(getattr(part, field)) if part else "" for part in (row.first, row.later) for field in _FIELDS]


def _text(value: Decimal | int | None) -> str:
    if value is None:
        return ""
    return f"{Decimal(value).quantize(_PLACES, ROUND_HALF_EVEN, EXACT):f}"


def _outcome(values: Sequence[object]) -> Outcome | None:
    if values[0] is None:
        return None
    numbers = {
        name: None if value is None else Decimal(str(value)) for name, value in zip(_FIELDS, values, strict=True)
    }
    return Outcome(**{**numbers, "cycles": int(numbers["cycles"] or 0)})  # type: ignore[arg-type]


def _escaped(name: str) -> str:
    return name.replace("'", "''")
