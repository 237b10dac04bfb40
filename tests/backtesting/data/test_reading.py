"""Files by columns give the rows that the live program reads one by one, and its errors."""

import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtesting.data import reading
from backtesting.data.reading import open_tape
from backtesting.tape import ArrayTape, Tape, price_of
from config import ConfigError
from config.schema import PaperConfig
from simulators.paper.pairs import pair_rules
from simulators.prices.file import PriceFile
from tests.data import market_data
from tests.depth import examples

PAIR = pair_rules("ETH/USD", {}, "trial.toml")
Rows = list[tuple[int, Decimal]]


def config(path: Path, **more: str) -> PaperConfig:
    return msgspec.structs.replace(PaperConfig(prices=str(path)), **more)


def by_columns(settings_: PaperConfig) -> tuple[Rows, Tape]:
    tape = open_tape(settings_, PAIR, "trial.toml", Path(settings_.prices).parent)
    third = tape.rows // 3
    chunks = [tape.read(0, third), tape.read(third, tape.rows)]
    rows = [
        (int(time), price_of(tape.unit, int(price)))
        for chunk in chunks
        for time, price in zip(chunk.times, chunk.prices, strict=True)
    ]
    return rows, tape


def one_by_one(settings_: PaperConfig) -> Rows:
    return [(tick.time, tick.price) for tick in PriceFile(settings_, "trial.toml").each(PAIR)]


def agree(settings_: PaperConfig) -> Tape:
    rows, tape = by_columns(settings_)
    assert rows == one_by_one(settings_)
    return tape


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def parquet(path: Path, select: str) -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


@pytest.mark.parametrize("name", ["gemini-ethusd-trades-20210702.csv.gz", "btcperp-1m-20211231-20220201.csv.gz"])
def test_real_files(name: str) -> None:
    assert agree(config(market_data(name))).rows > 16_000


def test_a_real_file_without_a_header() -> None:
    bars = config(market_data("bitfinex-btcusd-1m-2014.csv.gz"), time_column="1", price_column="3")
    assert agree(bars).rows == 283_787


@pytest.mark.parametrize(
    "lines",
    [
        ["time,price", "1,10", "2,10.5", "2,11.12345678"],
        ["time,price", "1.5,10", "2.123456789,0.00000001"],
        ["time_ms,price", "1625097600000,10", "1625097600000.5,11"],
        ["time_ns,price", "1625097600000000001,10"],
        ["time,price", "2021-07-01 00:00:00,10", "2021-07-01T00:00:00.000000001,11"],
        ["time,price", "2021-07-01 00:00:00+02:00,10", "2021-07-01 00:00:00Z,11"],
        ["time,price", "2021-07-01,10", "2021-07-02,11"],
        ["time,price", "1,1e1", "2,1.123456789012"],
        ["time,price", "1,+10", "2, 11 "],
        ["time;price;x", "1;10;a", "2;11;b"],
    ],
)
def test_many_spellings(lines: list[str], tmp_path: Path) -> None:
    agree(config(write(tmp_path / "a.csv", *lines)))


numbers = st.decimals("0.00000001", "99999999", places=8).map(lambda number: f"{number:f}") | st.sampled_from(
    ["1", "10.5", "1e3", "000.5", "3.1234567891", "123456789", "7."]
)


@settings(max_examples=examples(25), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 10**8), numbers), min_size=1, max_size=8))
def test_any_numbers(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, str]]) -> None:
    path = tmp_path_factory.mktemp("prices") / "a.csv"
    lines, now = ["time,price"], Decimal(1_600_000_000)
    for decimals, step, price in rows:
        now += Decimal(step).scaleb(-decimals)
        lines.append(f"{now:f},{price}")
    agree(config(write(path, *lines)))


@pytest.mark.parametrize(
    "select",
    [
        "SELECT (1700000000 + i)::BIGINT AS time, (1000 + i / 7.0)::DOUBLE AS price FROM range(3000) t(i)",
        "SELECT (1700000000 + i)::BIGINT AS time, (1000 + i * 0.005)::DOUBLE AS price FROM range(3000) t(i)",
        "SELECT (1700000000000 + i)::BIGINT AS ts, (1000 + i)::DECIMAL(12, 3) / 8 AS price FROM range(3000) t(i)",
        "SELECT make_timestamp_ns(1700000000000000000 + i) AS time, 1::DECIMAL(12, 4) AS price FROM range(9) t(i)",
        "SELECT i AS time, (50000.1 + i)::DECIMAL(18, 10) AS price FROM range(9) t(i)",
        "SELECT i AS time, (5.1 + i)::DECIMAL(18, 17) AS price FROM range(3) t(i)",
        "SELECT to_timestamp(1700000000 + i) AS time, (1000 + i)::INTEGER AS price FROM range(9) t(i)",
        "SELECT (1700000000 + i)::DOUBLE AS time, (1000 + i)::VARCHAR AS price FROM range(9) t(i)",
        "SELECT (1700000000 + i)::BIGINT AS time, (1000 + i / 3)::FLOAT AS price FROM range(9) t(i)",
        "SELECT (DATE '2021-07-01' + i::INTEGER) AS time, 5::DECIMAL(38, 20) AS price FROM range(9) t(i)",
    ],
)
def test_parquet_of_many_types(select: str, tmp_path: Path) -> None:
    agree(config(parquet(tmp_path / "a.parquet", select)))


def test_halves_of_a_tick_are_rounded_as_decimals_are(tmp_path: Path) -> None:
    prices = [round(1 + place / 1000, 3) for place in range(1, 4000)]
    values = ", ".join(f"({second}, {price!r}::DOUBLE)" for second, price in enumerate(prices))
    path = parquet(tmp_path / "a.parquet", f"SELECT * FROM (VALUES {values}) AS t(time, price)")  # noqa: S608 - our own
    assert agree(config(path)).unit == Decimal("0.01")


def test_a_large_file_of_texts_is_converted_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_IN_MEMORY", 100)
    lines = ["time,price", *(f"{1_600_000_000 + row},{1000 + row % 7}.{row % 100:02}" for row in range(5_000))]
    tape = agree(config(write(tmp_path / "a.csv", *lines)))
    assert not isinstance(tape, ArrayTape)
    with gzip.open(tmp_path / "b.csv.gz", "wt") as file:
        file.write("time,price\n1,10\n2,11\n3,1e1\n" + "4,9\n" * 200)
    assert isinstance(agree(config(tmp_path / "b.csv.gz")), ArrayTape)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "time,price\n"),
        ("a.csv", ""),
        ("a.csv", "time,price\n1,10\n2,abc\n"),
        ("a.csv", "time,price\n1,10\n2,0\n"),
        ("a.csv", "time,price\n1,10\n2,-5\n"),
        ("a.csv", "time,price\n1,10\n2,nan\n"),
        ("a.csv", "time,price\n1,10\n2,\n"),
        ("a.csv", "time,price\n2,10\n1,11\n"),
        ("a.csv", "time,price\n2,10\n3\n"),
        ("a.csv", "time,price\n2,10\n3,1"),
        ("a.csv", "when,what\n2,10\n"),
        ("a.csv", "1,10\n2,10\n"),
        ("a.parquet", "no parquet"),
    ],
)
def test_errors_are_those_of_the_live_program(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    settings_ = config(tmp_path / name)
    assert message(lambda: by_columns(settings_)) == message(lambda: one_by_one_checked(settings_))


def test_errors_of_rows_deep_in_a_parquet_file(tmp_path: Path) -> None:
    for price in ("NULL", "'NaN'::DOUBLE", "-1.0", "0.0", "0.001", "'Infinity'::DOUBLE"):
        path = parquet(
            tmp_path / "a.parquet",
            f"SELECT i + 1 AS time, CASE WHEN i = 700 THEN {price} ELSE 10.0::DOUBLE END AS price"  # noqa: S608 - our own
            " FROM range(900) t(i)",
        )
        assert "row 701: price" in message(lambda path=path: by_columns(config(path)))  # type: ignore[misc]


def test_no_file_is_one_clear_error(tmp_path: Path) -> None:
    assert "no such file" in message(lambda: by_columns(config(tmp_path / "missing.csv")))


def test_prices_of_too_many_digits(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time,price", "1,100000000000.123456789012")
    assert "too many digits" in message(lambda: by_columns(config(path)))


def one_by_one_checked(settings_: PaperConfig) -> None:
    """As the paper exchange does: an empty file is refused at the start."""
    source = PriceFile(settings_, "trial.toml")
    source._check()
    for _ in source.each(PAIR):
        pass


def message(call: Callable[[], object]) -> str:
    with pytest.raises(ConfigError) as raised:
        call()
    return str(raised.value)


def test_pieces_are_views_of_the_same_rows(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", "SELECT i AS time, (i + 1)::DOUBLE AS price FROM range(300000) t(i)")
    tape = open_tape(config(path), PAIR, "trial.toml", tmp_path)
    assert tape.rows == 300_000
    chunk = tape.read(122_000, 245_000)
    assert chunk.start == 122_000
    assert np.array_equal(chunk.prices, np.arange(122_001, 245_001) * 100)
