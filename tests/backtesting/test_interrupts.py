import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backtesting.interrupts import NUMBERS, Interrupted, interruptible

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("number", NUMBERS)
def test_each_signal_unwinds_what_was_begun(number: signal.Signals) -> None:
    former = [signal.getsignal(each) for each in NUMBERS]
    with pytest.raises(Interrupted) as raised, interruptible():
        os.kill(os.getpid(), number)
    assert raised.value.exit_code == 128 + number
    assert [signal.getsignal(each) for each in NUMBERS] == former


def test_a_library_may_make_of_it_what_it_likes() -> None:
    def query() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt:
            raise RuntimeError("Query interrupted") from None

    with pytest.raises(Interrupted), interruptible():
        query()


def test_other_failures_pass_through() -> None:
    with pytest.raises(RuntimeError), interruptible():
        raise RuntimeError("a bug")


def listening(pid: int) -> None:
    """Wait until the program has taken its signals: before, the interpreter itself is still starting."""
    for _ in range(3000):
        status = dict(
            line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
        if int(status["SigCgt"], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.01)
    raise AssertionError("the program does not take signals")


@pytest.mark.process
@pytest.mark.parametrize("delay", [0, 0.3, 2])
@pytest.mark.parametrize("number", NUMBERS)
def test_the_program_ends_with_one_line_at_any_moment(tmp_path: Path, number: signal.Signals, delay: float) -> None:
    rows = (f"{1_700_000_000 + row},{50_000 + row * 7919 % 401 + row % 700 * 10}" for row in range(300_000))
    (tmp_path / "prices.csv").write_text("time,price\n" + "\n".join(rows) + "\n")
    arguments = ["config/kraken.toml", "--prices", str(tmp_path / "prices.csv"), "--every-row"]
    process = subprocess.Popen(
        [sys.executable, "-m", "backtest", *arguments], cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    listening(process.pid)
    time.sleep(delay)
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 128 + number, told
    assert b"Traceback" not in told
    assert told.rstrip().endswith(b"error: stopped; what is on disk stays usable")
