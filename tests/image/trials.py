"""What is tried with the image, one sentence each. A trial fails with `AssertionError`."""

import signal
import time
import tomllib
import traceback
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import trio

from assembly.exit_codes import EXIT_DATABASE, EXIT_OK, EXIT_USAGE
from tests.image.bench import Bench, fill_up, healthy, kraken, orders, until
from tests.image.container import Container
from tests.image.machine import run
from tests.image.wheels import PYTHON
from tests.process.at_kraken import BTC
from tests.process.running import ROOT

STOP_SECONDS = 10.0
"""After these Docker kills, unless it is told otherwise."""
UNTIL_HEALTHY, UNTIL_FILL = "demonstration healthy after", "first fill after"
MEMORY, STOP = "resident memory then", "stopped within"
Trial = Callable[[Bench], Awaitable[None]]
_MEGABYTE = 1_000_000
_NOT_COMPILED = """
from importlib.util import cache_from_source
from pathlib import Path
print([str(path) for path in Path("/app").rglob("*.py") if not Path(cache_from_source(str(path))).exists()])
"""


async def holds_the_program(bench: Bench) -> None:
    """the image holds the program and nothing that only develops it, in the version that its label states"""
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    code, told = bench.tool("python", "-m", "supervisor", "--version")
    assert (code, told.split()[-1]) == (0, stated), told
    assert bench.made.image.labels["org.opencontainers.image.version"] == stated
    code, told = bench.tool("python", "-m", "supervisor", "--check", "/app/config/demo.toml")
    assert code == 0, told
    code, told = bench.tool("python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    assert told == PYTHON, told
    code, told = bench.tool("sh", "-c", "ls /app; ls /opt/venv/lib/python3*/site-packages; command -v pip gcc curl")
    assert not {"tests", "docs", "examples", "pip", "pytest", "mypy", "/opt/venv/bin/pip"} & set(told.split()), told
    code, told = bench.tool(
        "python", "-m", "backtest", "/app/config/replay.toml", "--prices", "/app/config/prices/trades.csv"
    )
    assert code == 0, told


async def changes_nothing(bench: Bench) -> None:
    """its user is no root, may write to /data only, and finds every module compiled"""
    find = "find / -xdev -writable -not -type l -not -path '/proc/*' -not -path '/dev/*' 2>/dev/null"
    _, told = bench.tool("sh", "-c", f"id -u; touch /app/x /tmp/x 2>&1; {find}")
    lines = told.splitlines()
    assert lines[0] == "10001", told
    assert sum("Read-only file system" in line for line in lines) == 2, told
    _, told = bench.tool("python", "-c", _NOT_COMPILED)
    assert told == "[]", told


async def demonstration(bench: Bench) -> None:
    """the demonstration is ready and fills, its health is told, and SIGTERM ends it with 0"""
    data = bench.volume()
    with bench.container(data, bench.demonstration(), keys=False) as running:
        await until(running.begun, running)
        running.kill(signal.SIGSTOP)  # or the check, which takes longer on a busy machine, would come after the start
        code, told = running.health()
        running.kill(signal.SIGCONT)
        assert code == 1, f"healthy at once: {told}"
        assert told.startswith("not ready: "), told
        await healthy(running)
        assert running.health() == (0, '{ "ready": true, "held_up_by": [] }')
        bench.figures[UNTIL_HEALTHY] = f"{time.monotonic() - running.started:.1f} s"
        await until(lambda: "executed" in running.log, running)
        bench.figures[UNTIL_FILL] = f"{time.monotonic() - running.started:.1f} s"
        bench.figures[MEMORY] = f"{running.memory() / _MEGABYTE:.0f} MB"
        bench.figures[STOP] = f"{await _stopped(running):.1f} s"
    assert {path.name for path in data.iterdir()} == {"infinity-grid-demo.duckdb"}, list(data.iterdir())


async def killed_and_started_again(bench: Bench) -> None:
    """kill -9, and it goes on with the same orders; what was filled meanwhile is answered once"""
    async with kraken() as venue:
        data, config = bench.volume(), bench.at(venue)
        with bench.container(data, config) as running:
            await until(lambda: "state: RUNNING" in running.log and len(orders(venue)) == 3, running)
            before = orders(venue)
            running.kill(signal.SIGKILL)
            await until(lambda: running.ended, running)
        assert orders(venue) == before
        venue.control.price(BTC, Decimal("49300.0"))  # below the first buy
        left = orders(venue)
        assert len(left) == 2
        with bench.container(data, config) as running:
            await healthy(running)
            await until(lambda: list(orders(venue).values()).count("sell") == 1, running)
            venue.control.price(BTC, Decimal("49300.0"))
            await until(lambda: sorted(orders(venue).values()) == ["buy", "buy", "buy", "sell"], running)
            assert left.keys() <= orders(venue).keys(), "orders were placed anew"
            kept = orders(venue)
            await _stopped(running)
        assert orders(venue) == kept, "on_stop = keep"


async def cancels_at_a_stop(bench: Bench) -> None:
    """SIGTERM with on_stop = "cancel-all" leaves no order, and exits with 0"""
    async with kraken() as venue:
        with bench.container(bench.volume(), bench.at(venue, "cancel-all")) as running:
            await until(lambda: "state: RUNNING" in running.log and len(orders(venue)) == 3, running)
            bench.figures["stop (on_stop = cancel-all, at the local Kraken)"] = f"{await _stopped(running):.1f} s"
            assert not orders(venue), orders(venue)


async def stops_while_it_starts(bench: Bench) -> None:
    """SIGTERM at any moment of the start ends it with 0"""
    config = bench.demonstration()
    for pause in (0.0, 0.1, 0.3, 0.6, 1.0, 1.5):
        with bench.container(bench.volume(), config, keys=False) as running:
            await until(running.begun, running)
            begun = time.monotonic()
            await until(running.hears, running)
            bench.figures["Python's start, in which process 1 is deaf"] = f"{time.monotonic() - begun:.2f} s"
            await trio.sleep(pause)
            await _stopped(running)


async def second_on_the_volume(bench: Bench) -> None:
    """a second container on the same volume is refused with a sentence and exit code 6, the first goes on"""
    data, config = bench.volume(), bench.demonstration()
    with bench.container(data, config, keys=False) as first:
        await healthy(first)
        with bench.container(data, bench.demonstration(), keys=False) as second:
            said = await _refused(second, EXIT_DATABASE, "is in use by a process outside this container")
        bench.figures["a second container"] = said
        assert first.health()[0] == 0


async def full_while_it_runs(bench: Bench) -> None:
    """a volume that fills up makes it unhealthy and ends nothing; with room again it goes on by itself"""
    data = bench.volume(24)
    with bench.container(data, bench.demonstration(), keys=False) as running:
        await healthy(running)
        others = fill_up(data)
        await until(lambda: running.health()[0] == 1, running)
        told = running.health()[1]
        bench.figures["health while the volume is full"] = told
        assert "database" in told, told
        others.unlink()
        await healthy(running)
        await _stopped(running)


async def volumes_that_cannot_be_used(bench: Bench) -> None:
    """a full, a read-only and a foreign volume are refused at the start with a sentence and exit code 6"""
    full = bench.volume(4)
    fill_up(full)
    read_only = bench.volume()
    run("mount", "-o", "remount,ro", read_only)
    foreign = bench.volume(owner="0:0")
    foreign.chmod(0o755)
    for name, data in (("full", full), ("read-only", read_only), ("foreign", foreign)):
        before = {path.name for path in data.iterdir()}
        with bench.container(data, bench.demonstration(), keys=False) as running:
            bench.figures[f"a {name} volume"] = await _refused(running, EXIT_DATABASE, "the database")
        assert {path.name for path in data.iterdir()} == before, "something was left behind"


async def another_user(bench: Bench) -> None:
    """a user of another number (docker run --user) runs it, too, where the volume is that user's"""
    user = "12345:12345"
    other = Bench(bench.made.run_by(user), bench.place())
    other.work.mkdir()
    with other.container(other.volume(), other.demonstration(), keys=False) as running:
        await healthy(running)
        await _stopped(running)


async def configuration_missing(bench: Bench) -> None:
    """without a configuration it says so, with exit code 2"""
    empty = bench.place()
    empty.mkdir()
    with bench.container(bench.volume(), empty, keys=False) as running:
        bench.figures["no configuration"] = await _refused(running, EXIT_USAGE, "/config/config.toml")


async def configuration_of_somebody_else(bench: Bench) -> None:
    """a configuration or a key that only its owner may read is refused with its mode; the group's right is enough"""
    number = bench.owner.partition(":")[0]
    config = bench.demonstration()
    file = config / "config.toml"
    file.chmod(0o600)
    rights = f"permission denied for user {number}: the file has mode 0600 and belongs to 0:0"
    with bench.container(bench.volume(), config, keys=False) as running:
        bench.figures["a configuration of mode 0600"] = await _refused(running, EXIT_USAGE, rights)
    run("chgrp", number, file)
    file.chmod(0o640)
    code, told = bench.tool("python", "-m", "supervisor", "--check", "/config/config.toml", config=config)
    assert code == 0, told
    run("chown", "0:0", config / "secret")
    with bench.container(bench.volume(), config) as running:
        said = await _refused(running, EXIT_USAGE, f"permission denied for user {number}: the file has mode 0400")
    assert "INFINITY_GRID_API_SECRET_KEY_FILE" in said


async def folder_for_a_file(bench: Bench) -> None:
    """a directory that an engine has made in the place of a missing configuration is named as such"""
    folder = bench.place()
    (folder / "config.toml").mkdir(parents=True)
    with bench.container(bench.volume(), folder, keys=False) as running:
        await _refused(running, EXIT_USAGE, "found a directory, as Docker makes one where a file to mount is missing")


async def backup_and_restore(bench: Bench) -> None:
    """a backup by `docker exec`, and its restore by a container of its own, as the page types them"""
    data, config = bench.volume(), bench.demonstration()
    backup = ["python", "-m", "supervisor", "backup", "/config/config.toml"]
    with bench.container(data, config, keys=False) as running:
        await until(lambda: "executed" in running.log, running)
        code, told = running.run(backup)
        assert code == 0, told
        await _done(bench, data, config, "--check", "/config/config.toml")
        copy = told.partition(":")[0]
        with bench.container(data, config, "restore", "/config/config.toml", copy, keys=False) as second:
            await _refused(second, EXIT_DATABASE, "in use")
        await _stopped(running)
    await _done(bench, data, config, "restore", "--check", "/config/config.toml", copy)
    said = await _done(bench, data, config, "restore", "/config/config.toml", copy)
    assert "restored: /data/infinity-grid-demo.duckdb" in said, said
    with bench.container(data, config, keys=False) as running:
        await healthy(running)
        await _stopped(running)


TRIALS: tuple[Trial, ...] = (
    holds_the_program,
    changes_nothing,
    demonstration,
    killed_and_started_again,
    cancels_at_a_stop,
    stops_while_it_starts,
    second_on_the_volume,
    full_while_it_runs,
    volumes_that_cannot_be_used,
    another_user,
    configuration_missing,
    configuration_of_somebody_else,
    folder_for_a_file,
    backup_and_restore,
)


async def everything(bench: Bench, only: str = "") -> int:
    """Try all, or those whose sentence has a word; returns how many failed."""
    failed = 0
    for trial in TRIALS:
        sentence = trial.__doc__ or ""
        if only not in sentence:
            continue
        begun = time.monotonic()
        try:
            await trial(bench)
        except Exception:  # noqa: BLE001 - the next trial has nothing to do with it
            failed += 1
            print(f"FAILED: {sentence}\n{traceback.format_exc()}", flush=True)
        else:
            print(f"ok: {sentence} ({time.monotonic() - begun:.0f} s)", flush=True)
    return failed


async def _stopped(running: Container) -> float:
    """`docker stop` ends it with 0 in time; the seconds that it took."""
    code, seconds = await trio.to_thread.run_sync(running.stop)
    assert code == EXIT_OK, f"{code} after {seconds:.1f} s\n{running.log}"
    assert seconds < STOP_SECONDS, f"{seconds:.1f} s\n{running.log}"
    return seconds


async def _done(bench: Bench, data: Path, config: Path, *arguments: str) -> str:
    """`docker run --rm IMAGE ARGUMENTS` ends with 0; what it says."""
    with bench.container(data, config, *arguments, keys=False) as running:
        code = await trio.to_thread.run_sync(running.wait)
        assert code == EXIT_OK, f"{code}: {running.log}"
        return running.log


async def _refused(running: Container, code: int, words: str) -> str:
    """It ends by itself with this exit code and a sentence, which is returned."""
    ended = await trio.to_thread.run_sync(running.wait)
    said = running.log.strip()
    assert ended == code, f"{ended}: {said}"
    assert words in said, said
    assert "Traceback" not in said, said
    return f"exit code {code}, {said[said.index('error: ') :]}"
