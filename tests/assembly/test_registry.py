"""What is built in, and what an installed plug-in adds."""

from pathlib import Path

import pytest

from actors.notifier.notice_texts import write_letter
from adapters.channels.log import LogChannel
from assembly import registry
from config import ChannelConfig, ConfigError
from messages.notices import ProgramEnded
from tests.config.texts import VALID, read
from tests.trading.strategies.harness import settings

ROOT = Path(__file__).resolve().parents[2]
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
    assert registry.channel("pager")(ChannelConfig("pager", "pager")).name == "pager"
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
    ((channel, _),) = registry.channels(read(VALID))
    assert isinstance(channel, LogChannel)


async def test_the_log_channel_writes_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    ((channel, _),) = registry.channels(read(VALID))
    await channel.send(write_letter(ProgramEnded("my grids", "asked"), "my grids", 0))
    assert len(caplog.messages) == 1
    assert "asked" in caplog.text


@pytest.mark.usefixtures("plugin")
def test_only_enabled_channels_are_opened() -> None:
    config = read(VALID + '\n[notifier.webhook]\nenabled = false\nurl = "x"\n')
    assert [channel.name for channel, _ in registry.channels(config)] == ["log"]


def test_any_number_of_each_kind_is_opened_under_its_own_name() -> None:
    text = """
[notifier.telegram]
token = "1:a"
chat_id = 5
[notifier.ops]
kind = "telegram"
token = "2:b"
chat_id = "@grids"
thread_id = 7
notices = { fill = "silent", status = "off" }
[notifier.webhook]
url = "https://example.org/hook"
[notifier.second]
kind = "webhook"
url = "http://127.0.0.1:9/"
headers = { Authorization = "Bearer x" }
[notifier.log]
"""
    opened = registry.channels(read(VALID + text))
    assert [(channel.name, table.kind) for channel, table in opened] == [
        ("telegram", "telegram"),
        ("ops", "telegram"),
        ("webhook", "webhook"),
        ("second", "webhook"),
        ("log", "log"),
    ]
    assert (opened[1][1].notices.fill, opened[1][1].notices.status, opened[1][1].notices.halt) == (
        "silent",
        "off",
        "on",
    )


def test_everything_that_is_wrong_with_the_channels_is_told_at_once_with_its_key() -> None:
    text = """
[notifier.telegram]
token = "no token"
[notifier.ops]
kind = "telegram"
token = "hush-hush"
chat_id = "my chat"
sound = true
[notifier.webhook]
url = "ftp://hush-hush"
[notifier.second]
kind = "webhook"
url = "https://example.org"
headers = { Host = "a", "X-Hush" = "a\\u0000b" }
"""
    config = read(VALID + text.replace("no token", "notoken"))
    with pytest.raises(ConfigError) as caught:
        registry.channels(config)
    assert [problem.key for problem in caught.value.problems] == [
        "notifier.telegram.token",
        "notifier.telegram.chat_id",
        "notifier.ops.sound",
        "notifier.ops.token",
        "notifier.ops.chat_id",
        "notifier.webhook.url",
        "notifier.second.headers.Host",
    ]
    assert {problem.source for problem in caught.value.problems} == {"grid.toml"}
    assert "hush" not in str(caught.value).replace("X-Hush", "")


def filled_in(text: str) -> str:
    return (
        text.replace('token = ""', 'token = "1:a"')
        .replace("chat_id = 0 ", "chat_id = 5 ")
        .replace('url = "" ', 'url = "https://example.org" ')
    )


@pytest.mark.parametrize("name", ["demo.toml", "kraken.toml"])
def test_the_channels_that_a_ready_file_offers_open_once_they_are_filled_in(name: str) -> None:
    text = (ROOT / "config" / name).read_text().split("(docs/notifications.md).\n")[1].split("\n\n")[0]
    text = "\n".join(line.removeprefix("# ") for line in text.splitlines())
    opened = registry.channels(read(f"{VALID}\n{filled_in(text)}"))
    assert [channel.name for channel, _ in opened][:1] == ["telegram"]
    assert [channel.name for channel, _ in opened][-1:] == ["log"]


def test_the_channels_of_the_guide_open_once_they_are_filled_in() -> None:
    guide = (ROOT / "docs" / "notifications.md").read_text()
    text = filled_in(guide.split("```toml\n")[1].split("```")[0])
    opened = registry.channels(read(f"{VALID}\n{text}", {"INFINITY_GRID_OPS_TOKEN": "2:b"}))
    assert [channel.name for channel, _ in opened] == ["telegram", "ops", "webhook", "log"]


def test_the_scrubber_takes_every_secret_of_the_configuration_out() -> None:
    text = """
[notifier.telegram]
token = "12345678:planted-in-telegram"
chat_id = "5"
[notifier.webhook]
url = "https://example.org/planted-in-the-path"
headers = { Authorization = "Bearer planted-in-a-header" }
"""
    keys = {"INFINITY_GRID_API_PUBLIC_KEY": "planted-public", "INFINITY_GRID_API_SECRET_KEY": "planted-secret"}
    scrub = registry.scrubber(read(VALID + text, keys))
    told = scrub(
        "12345678:planted-in-telegram https://example.org/planted-in-the-path /planted-in-the-path "
        "Bearer planted-in-a-header planted-in-a-header planted-public planted-secret chat 5"
    )
    assert "planted" not in told
    assert told.endswith("chat 5")
