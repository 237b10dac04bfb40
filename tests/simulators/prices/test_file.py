"""Files as people have them: read exactly, in order, and refused with a sentence when they are not in order."""

import gzip
import resource
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from config.problems import ConfigError
from config.schema import PaperConfig
from messages.ids import Nanos
from messages.market import Tick
from messages.money import Pair
from simulators.prices import reader as price_reader
from simulators.prices.columns import Unit
from simulators.prices.file import PriceFile
from simulators.prices.source import Position, PriceSource
from tests.simulators.paper.support import BTC_USD, SECOND, START

HEADER = "time,price,size\n"


def line(second: int, price: str = "100.5") -> str:
    return f"{1_700_000_000 + second},{price},0.25\n"


def source(path: Path, *, time: str | None = None, price: str | None = None, unit: Unit | None = None) -> PriceSource:
    return PriceFile(PaperConfig(prices=str(path), time_column=time, price_column=price, time_unit=unit), "c.toml")


async def read(prices: PriceSource, skip: int = 0, pair: Pair = BTC_USD) -> list[Tick]:
    async with prices.rows([pair], Position(skip, 0, {})) as rows:
        return [tick async for tick in rows]


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def parquet(path: Path, select: str) -> Path:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


async def refusal(prices: PriceSource) -> str:
    """What `check` says; the same must come from reading."""
    with pytest.raises(ConfigError) as caught:
        await prices.check()
    (problem,) = caught.value.problems
    assert problem.source == "c.toml"
    assert problem.key == "exchange.paper.prices"
    with pytest.raises(ConfigError):
        await read(prices)
    return str(problem)


async def test_a_csv_file_is_read_exactly_and_in_its_order(tmp_path: Path) -> None:
    text = HEADER + line(0, "100.10") + line(0, "99.9") + line(2, "100.123456789")
    prices = source(written(tmp_path / "trades.csv", text))
    await prices.check()
    ticks = await read(prices)
    assert [(str(tick.price), tick.time) for tick in ticks] == [
        ("100.10", START),
        ("99.9", START),
        ("100.123456789", START + 2 * SECOND),
    ]
    assert {tick.symbol for tick in ticks} == {"BTC/USD"}


@pytest.mark.parametrize("skip", [0, 1, 999, 1000, 1001, 2500, 3000])
async def test_reading_goes_on_at_any_row(tmp_path: Path, skip: int) -> None:
    prices = source(written(tmp_path / "trades.csv", HEADER + "".join(line(second) for second in range(3000))))
    ticks = await read(prices, skip)
    assert [tick.time for tick in ticks] == [START + second * SECOND for second in range(skip, 3000)]


async def test_a_compressed_file_is_read_like_a_plain_one(tmp_path: Path) -> None:
    text = HEADER + "".join(line(second) for second in range(50))
    plain = await read(source(written(tmp_path / "a.csv", text)))
    assert await read(source(written(tmp_path / "a.csv.gz", gzip.compress(text.encode())))) == plain
    with duckdb.connect(":memory:") as connection:
        connection.read_csv(str(tmp_path / "a.csv"), all_varchar=True).to_csv(
            str(tmp_path / "a.csv.zst"), compression="zstd"
        )
    assert await read(source(tmp_path / "a.csv.zst")) == plain


@pytest.mark.parametrize(
    "text",
    [
        "ts;p\r\n1700000000;100.5\r\n",
        "p\tts\n100.5\t1700000000\n",
        '"time","price"\n"2023-11-14 22:13:20","100.5"\n',
        "\ufefftime,price\n1700000000.000,100.5\n",
        "timestamp_ms,open,high,low,close\n1700000000000,1,2,3,100.5\n",
        "time,price\n1700000000, 100.5 \n\n",
    ],
)
async def test_common_dialects_are_understood(tmp_path: Path, text: str) -> None:
    prices = source(written(tmp_path / "trades.csv", text))
    await prices.check()
    assert await read(prices) == [Tick("BTC/USD", Decimal("100.5"), START)]


async def test_columns_and_unit_may_be_stated(tmp_path: Path) -> None:
    path = written(tmp_path / "trades.csv", "at,mid,price\n170000000,100.5,7\n")
    assert await read(source(path, time="at", price="mid", unit="s")) == [
        Tick("BTC/USD", Decimal("100.5"), Nanos(START // 10))
    ]


async def test_a_file_without_a_header_is_read_when_the_columns_are_numbered(tmp_path: Path) -> None:
    path = written(tmp_path / "trades.csv", line(0) + line(1, "7"))
    ticks = await read(source(path, time="1", price="2"))
    assert [tick.price for tick in ticks] == [Decimal("100.5"), Decimal(7)]
    assert 'time_column = "1"' in await refusal(source(path))


async def test_signs_of_a_pattern_in_the_name_mean_themselves(tmp_path: Path) -> None:
    written(tmp_path / "ab.csv", HEADER + line(5))
    for name in ("a*.csv", "a[b].csv", "a?.csv"):
        assert len(await read(source(written(tmp_path / name, HEADER + line(0) + line(1))))) == 2


@pytest.mark.parametrize(
    ("time", "price"),
    [
        ("1700000000", "100.5::DOUBLE"),
        ("1700000000000::BIGINT", "100.5::FLOAT"),
        ("1700000000.0::DOUBLE", "100.5::DECIMAL(18, 8)"),
        ("TIMESTAMP '2023-11-14 22:13:20'", "'100.5'"),
        ("TIMESTAMPTZ '2023-11-14 22:13:20+00'", "100.5000000001::DOUBLE"),
        ("TIMESTAMP_NS '2023-11-14 22:13:20'", "100.5"),
        ("'2023-11-14T22:13:20Z'", "100.5"),
    ],
)
async def test_parquet_columns_of_every_kind_become_exact(tmp_path: Path, time: str, price: str) -> None:
    path = parquet(tmp_path / "trades.parquet", f"SELECT {time} AS timestamp, 'x' AS note, {price} AS price")
    prices = source(path)
    await prices.check()
    assert await read(prices) == [Tick("BTC/USD", Decimal("100.5"), START)]


async def test_a_parquet_date_is_midnight(tmp_path: Path) -> None:
    path = parquet(tmp_path / "days.parquet", "SELECT DATE '2023-11-14' AS date, 100.5 AS close")
    assert [tick.time for tick in await read(source(path))] == [1_699_920_000 * SECOND]


async def test_a_double_too_small_for_the_pair_is_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path / "small.parquet", "SELECT 1700000000 AS time, 0.01::DOUBLE AS price")
    with pytest.raises(ConfigError, match=r"row 1: price .*tick size is 0.1"):
        await read(source(path))


async def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    text = await refusal(source(tmp_path / "absent.csv"))
    assert "absent.csv: no such file; allowed: an existing file" in text


async def test_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    assert "a directory" in await refusal(source(tmp_path / "folder.csv"))


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
async def test_a_file_of_somebody_else_is_refused_with_its_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = written(tmp_path / name, "x")
    path.chmod(0o600)

    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    text = await refusal(source(path))
    assert "a file that cannot be read (permission denied for user " in text
    assert ": the file has mode 0600 and belongs to " in text


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
async def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    assert "an empty file" in await refusal(source(written(tmp_path / name, "")))


async def test_a_compressed_empty_file_is_refused(tmp_path: Path) -> None:
    assert "an empty file" in await refusal(source(written(tmp_path / "a.csv.gz", gzip.compress(b""))))


async def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    assert "no rows" in await refusal(source(written(tmp_path / "a.csv", HEADER)))
    none = parquet(tmp_path / "a.parquet", "SELECT 1 AS time, 2 AS price WHERE false")
    assert "no rows" in await refusal(source(none))


async def test_a_compressed_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(
        "".join([HEADER, *(line(second, str(second * 7919 % 10007)) for second in range(1, 500))]).encode()
    )
    for length in (len(whole) // 2, len(whole) - 9, len(whole) - 1):
        assert "cut off or damaged" in await refusal(source(written(tmp_path / "a.csv.gz", whole[:length])))


async def test_a_file_whose_last_line_is_cut_off_is_refused(tmp_path: Path) -> None:
    whole = HEADER + line(0) + line(1)
    text = await refusal(source(written(tmp_path / "a.csv", whole[:-3])))
    assert "without a line end, so the file may be cut off" in text
    text = await refusal(source(written(tmp_path / "a.csv.gz", gzip.compress(whole[:-7].encode()))))
    assert "line 3: 2 fields where the first line has 3" in text


async def test_a_parquet_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    whole = parquet(tmp_path / "whole.parquet", "SELECT i AS time, 100.5 AS price FROM range(2000) t(i)").read_bytes()
    text = await refusal(source(written(tmp_path / "cut.parquet", whole[: len(whole) // 2])))
    assert "cut off or damaged" in text


async def test_rows_out_of_order_are_refused(tmp_path: Path) -> None:
    text = await refusal(source(written(tmp_path / "a.csv", HEADER + line(5) + line(5) + line(4))))
    assert 'row 3: time "1700000004", which is before the row above it; allowed: rows in the order of time' in text


@pytest.mark.parametrize("price", ["abc", "nan", "NaN", "inf", "-5", "0", "0.000", "", "1.2.3", "1_0"])
async def test_a_price_that_is_none_is_refused_with_its_row(tmp_path: Path, price: str) -> None:
    text = await refusal(source(written(tmp_path / "a.csv", HEADER + line(0) + line(1, price))))
    assert f'a.csv: row 2: price "{price}"; allowed: a number above 0' in text


@pytest.mark.parametrize("price", ["'nan'::DOUBLE", "-1::DOUBLE", "0", "NULL::DOUBLE"])
async def test_a_parquet_price_that_is_none_is_refused(tmp_path: Path, price: str) -> None:
    path = parquet(tmp_path / "a.parquet", f"SELECT 1700000000 AS time, {price} AS price")
    assert "row 1: price" in await refusal(source(path))


async def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    text = await refusal(source(written(tmp_path / "a.csv", "time,price\nyesterday,1\n")))
    assert 'row 1: time "yesterday"; allowed: a time since 1970 or a date, UTC' in text


async def test_unknown_columns_are_listed(tmp_path: Path) -> None:
    text = await refusal(source(written(tmp_path / "a.csv", "when,value\n1,2\n")))
    assert 'no time column among "when", "value"' in text


async def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    await refusal(source(written(tmp_path / "a.csv", bytes(range(256)) * 20 + b"\n")))
    text = await refusal(source(written(tmp_path / "b.csv", HEADER.encode() + line(0).encode() + b"1,\xff\xfe,2\n")))
    assert "line 3: Invalid unicode" in text


async def test_an_error_in_the_middle_comes_after_the_good_rows(tmp_path: Path) -> None:
    rows = [line(second) for second in range(3000)]
    rows[2500] = line(2500, "oops")
    prices = source(written(tmp_path / "a.csv", HEADER + "".join(rows)))
    await prices.check()
    seen = 0
    async with prices.rows([BTC_USD], Position(0, 0, {})) as ticks:
        while seen < 2500:
            seen += 1
            assert (await anext(ticks)).time == START + (seen - 1) * SECOND
        with pytest.raises(ConfigError, match="row 2501: price"):
            await anext(ticks)


async def test_one_file_does_not_feed_two_pairs(tmp_path: Path) -> None:
    prices = source(written(tmp_path / "a.csv", HEADER + line(0)))
    with pytest.raises(ConfigError, match="for BTC/USD, BTC/USD; allowed: a file for strategies of one pair only"):
        async with prices.rows([BTC_USD, BTC_USD], Position(0, 0, {})):
            pass


async def test_a_long_file_is_read_in_bounded_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 300_000
    select = "SELECT 1700000000000 + i AS timestamp_ms, (100 + i % 7)::DOUBLE AS price FROM range(300000) t(i)"
    prices = source(parquet(tmp_path / "long.parquet", select))
    largest = 0
    fetch = price_reader.PriceReader.fetch

    def measured(reader: price_reader.PriceReader) -> list[price_reader.Row]:
        nonlocal largest
        rows = fetch(reader)
        largest = max(largest, len(rows))
        return rows

    monkeypatch.setattr(price_reader.PriceReader, "fetch", measured)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = 0
    async with prices.rows([BTC_USD], Position(0, 0, {})) as ticks:
        async for tick in ticks:
            assert tick.time == START + seen * 1_000_000
            seen += 1
    assert seen == count
    assert largest == price_reader.BATCH_ROWS
    # All rows at once would be some 100 MB of Python objects.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000
