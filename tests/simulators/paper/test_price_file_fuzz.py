"""Whatever a price file holds: prices above zero in the order of their rows, or an error that names the file."""

import contextlib
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import ConfigError
from tests.simulators.prices.test_file import HEADER, line, read, source

ROWS = (HEADER + "".join(line(second, str(100 + second)) for second in range(6))).encode()
ODD = st.sampled_from([b"", b"nan", b"-1", b"1e400", b"0", b"\x00", b"\xff\xfe", b'"', b",,", b"\n\n", b"9" * 60, b";"])
often = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def survives(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    prices = source(path)
    with contextlib.suppress(ConfigError):
        await prices.check()
        ticks = await read(prices)
        assert all(tick.price > 0 and tick.price.is_finite() for tick in ticks)
        assert all(isinstance(tick.price, Decimal) for tick in ticks)


@often
@given(st.integers(0, len(ROWS) - 1), st.integers(0, 12), ODD)
async def test_a_mutated_file_is_read_or_told(tmp_path: Path, place: int, gone: int, odd: bytes) -> None:
    await survives(tmp_path / "trades.csv", ROWS[:place] + odd + ROWS[place + gone :])


@often
@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.csv.gz", "a.csv.zst", "a.parquet"]))
async def test_any_bytes_are_read_or_told(tmp_path: Path, content: bytes, name: str) -> None:
    await survives(tmp_path / name, content)
