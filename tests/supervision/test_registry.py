"""What is built in, and what an installed plug-in adds."""

from pathlib import Path

import pytest

from adapters.channels.log import LogChannel
from config import ChannelConfig
from messages.notices import ProgramEnded
from supervision import registry
from tests.actors.strategies.harness import settings
from tests.config.texts import VALID, read

PLUGIN = "grid_plugin_for_tests"
SOURCE = """\
class Channel:
    name = "pager"

    def __init__(self, table):
        self.table = table


def open_exchange(config, store, *, now, source):
    return ("exchange", config, store, now, source)


def make_core(settings, saved):
    return ("core", settings.userref, saved)
"""
ENTRY_POINTS = f"""\
[infinity_grid.exchanges]
elsewhere = {PLUGIN}:open_exchange

[infinity_grid.channels]
pager = {PLUGIN}:Channel

[infinity_grid.strategies]
Martingale = {PLUGIN}:make_core
Broken = {PLUGIN}:no_such_thing
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed distribution with one plug-in of each kind."""
    info = tmp_path / f"{PLUGIN}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PLUGIN}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / f"{PLUGIN}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)


def test_the_built_in_names_are_known() -> None:
    known = registry.known()
    assert {"GridHODL", "GridSell", "SWING", "cDCA"} <= known.kinds
    assert "paper" in known.exchanges
    assert "log" in known.channels


@pytest.mark.parametrize("kind", ["GridHODL", "GridSell", "SWING", "cDCA"])
def test_every_built_in_kind_makes_a_core_that_knows_its_kind(kind: str) -> None:
    core = registry.strategy(kind)(settings(), None)
    assert core.report("syncing", "").kind == kind
    again = registry.strategy(kind)(settings(), core.save())
    assert again.save() == core.save()


@pytest.mark.usefixtures("plugin")
def test_a_plug_in_adds_its_names() -> None:
    known = registry.known()
    assert "Martingale" in known.kinds
    assert "elsewhere" in known.exchanges
    assert "pager" in known.channels


@pytest.mark.usefixtures("plugin")
def test_what_a_plug_in_offers_is_loaded_by_its_name() -> None:
    made: object = registry.strategy("Martingale")(settings(), "{}")
    assert made == ("core", 1001, "{}")
    assert registry.channel("pager")(ChannelConfig()).name == "pager"
    assert registry.exchange("elsewhere").__name__ == "open_exchange"  # type: ignore[attr-defined]  # a function here


@pytest.mark.parametrize("load", [registry.strategy, registry.exchange, registry.channel])
def test_an_unknown_name_is_a_lookup_error(load: object) -> None:
    assert callable(load)
    with pytest.raises(LookupError, match="nothing named 'nobody'"):
        load("nobody")


@pytest.mark.usefixtures("plugin")
def test_a_plug_in_that_points_nowhere_says_so() -> None:
    with pytest.raises(AttributeError, match="no_such_thing"):
        registry.strategy("Broken")


def test_without_channels_notices_go_to_the_log() -> None:
    (channel,) = registry.channels(read(VALID))
    assert isinstance(channel, LogChannel)


async def test_the_log_channel_writes_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    (channel,) = registry.channels(read(VALID))
    await channel.send(ProgramEnded("my grids", "asked"), "many\nlines")
    assert len(caplog.messages) == 1
    assert "asked" in caplog.text


@pytest.mark.usefixtures("plugin")
def test_only_enabled_channels_are_opened() -> None:
    config = read(VALID + '\n[notifier.webhook]\nenabled = false\nurl = "x"\n')
    assert [channel.name for channel in registry.channels(config)] == ["log"]


def test_the_version_is_a_text() -> None:
    assert registry.version()
