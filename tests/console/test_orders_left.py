"""The exit code after a stop that could not cancel all that `on_stop` says."""

import errno
import logging
from pathlib import Path

import pytest
import trio

from assembly.world import World
from config import Config
from console import cli
from console.log_file import LogFile
from supervision.stop_request import ProgramFailed

_CONFIG = Path("config/demo.toml").read_text()


class _Program:
    """Ends at once, with or without orders left."""

    def __init__(self, *, leaves: bool, fails: int = 0) -> None:
        self.leaves = leaves
        self.fails = fails

    async def __call__(
        self, config: Config, source: str, *, adopt: bool, take_back: frozenset[str], world: World, hurry: trio.Event
    ) -> None:
        if self.leaves:
            world.orders_left()
        if self.fails:
            raise ProgramFailed(self.fails, "a failure")


@pytest.mark.parametrize(("leaves", "fails", "code"), [(True, 0, 7), (False, 0, 0), (True, 3, 3)])
def test_orders_that_were_to_be_cancelled_and_are_open_have_a_code_of_their_own(
    leaves: bool, fails: int, code: int, tmp_path: Path
) -> None:
    config = tmp_path / "grid.toml"
    config.write_text(_CONFIG)
    assert cli.main(_Program(leaves=leaves, fails=fails), [str(config)]) == code


def test_the_terminal_learns_of_them_where_the_log_is_a_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "grid.toml"
    config.write_text(_CONFIG.replace("[bot]\n", f'[bot]\nlog_file = "{tmp_path / "grid.log"}"\n', 1))
    assert cli.main(_Program(leaves=True), [str(config)]) == 7
    assert "error: not all orders that on_stop says are cancelled; the end of" in capfd.readouterr().err


def test_the_last_line_reaches_the_terminal_where_the_log_file_takes_none(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: LogFile, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    class Ends(_Program):
        async def __call__(self, *args: object, **more: object) -> None:
            logging.getLogger("infinity_grid").warning("terminated: 8 orders are open", extra={"last": True})

    config = tmp_path / "grid.toml"
    config.write_text(_CONFIG.replace("[bot]\n", f'[bot]\nlog_file = "{tmp_path / "grid.log"}"\n', 1))
    assert cli.main(Ends(leaves=False), [str(config)]) == 0
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(LogFile, "write", full)
    assert cli.main(Ends(leaves=False), [str(config)]) == 0
    said = capfd.readouterr().err
    assert "grid.log cannot be written; its last line would be: " in said
    assert "terminated: 8 orders are open" in said
