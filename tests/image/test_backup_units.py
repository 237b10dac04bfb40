"""The nightly backup under systemd asks the program of the other unit, and lies where that one may write."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from console.verbs import VERBS

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = ("infinity-grid-backup.service", "infinity-grid-backup.timer")


def settings(name: str) -> dict[str, str]:
    """The last value of each setting of a unit."""
    lines = (DEPLOY / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


PROGRAM, BACKUP = settings("infinity-grid.service"), settings(UNITS[0])


def test_it_is_the_same_program_user_and_configuration() -> None:
    runs = shlex.split(PROGRAM["ExecStart"])
    asks = shlex.split(BACKUP["ExecStart"])
    assert asks[3] == "backup"
    assert asks[3] in VERBS
    assert [*asks[:3], asks[4]] == runs
    same = ("User", "Group", "WorkingDirectory", "Environment", "EnvironmentFile", "UMask")
    assert [BACKUP[name] for name in same if name in PROGRAM] == [PROGRAM[name] for name in same if name in PROGRAM]


def test_the_target_is_where_the_program_may_write_and_the_old_ones_go_from() -> None:
    target = Path(shlex.split(BACKUP["ExecStart"])[5])
    assert target.is_relative_to(f"/var/lib/{PROGRAM['StateDirectory']}")
    assert BACKUP["StateDirectory"].split() == [PROGRAM["StateDirectory"], f"{PROGRAM['StateDirectory']}/{target.name}"]
    removes = shlex.split(BACKUP["ExecStartPost"])
    assert Path(removes[1]) == target
    assert removes[removes.index("-name") + 1] == "*.backup-*.duckdb"


def test_it_reaches_the_socket_and_no_network() -> None:
    assert BACKUP["RestrictAddressFamilies"] == "AF_UNIX"
    assert "AF_UNIX" in PROGRAM["RestrictAddressFamilies"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    for name in UNITS:
        text = (DEPLOY / name).read_text(encoding="utf-8")
        there = re.sub(r"^(ExecStart|ExecStartPost)=\S+", r"\1=/bin/true", text, flags=re.MULTILINE)
        (tmp_path / name).write_text(there)
    paths = [tmp_path / name for name in UNITS]
    done = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "infinity-grid" in line]) == (0, [])
