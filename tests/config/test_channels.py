import pytest
from msgspec import Struct

from config import ConfigError, Secret, read_options
from tests.config.texts import VALID, lines, read


class Telegram(Struct, frozen=True, forbid_unknown_fields=True):
    token: Secret
    chat_id: str
    silent: bool = False


def notifier(text: str) -> str:
    return f"{VALID}\n{text}\n"


def test_a_channel_keeps_its_options_for_later() -> None:
    config = read(notifier('[notifier.telegram]\ntoken = "t"\nchat_id = "5"\nsilent = true'))
    channel = config.notifier["telegram"]
    assert channel.enabled
    assert channel.options == {"token": Secret("t"), "chat_id": Secret("5"), "silent": True}
    options = read_options(Telegram, channel.options, "grid.toml", "notifier.telegram")
    assert options == Telegram(Secret("t"), "5", silent=True)


def test_a_channel_can_be_switched_off() -> None:
    assert not read(notifier("[notifier.webhook]\nenabled = false")).notifier["webhook"].enabled


def test_the_log_needs_nothing() -> None:
    assert read(notifier("[notifier.log]\nenabled = true")).notifier["log"].options == {}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "[notifier.telegrm]",
            (
                'notifier.telegrm: found an unknown channel; allowed: "log", "telegram" or "webhook". '
                'Did you mean "telegram"?'
            ),
        ),
        (
            "[notifier.log]\nenable = true",
            'notifier.log.enable: found an unknown key; allowed: enabled. Did you mean "enabled"?',
        ),
        ("[notifier.telegram]\nenabled = 1", "notifier.telegram.enabled: found 1; allowed: true or false"),
        ("[notifier]\ntelegram = 1", "notifier.telegram: found 1; allowed: a table [notifier.telegram]"),
        (
            "[notifier.telegram]\nsince = 2026-01-01",
            "notifier.telegram.since: found a date or time; allowed: texts, ordinary numbers, true or false",
        ),
        (
            "[notifier.telegram]\nevery = [1, nan]",
            "notifier.telegram.every: found an array; allowed: texts, ordinary numbers, true or false",
        ),
    ],
)
def test_a_wrong_channel_is_told_exactly(text: str, line: str) -> None:
    assert lines(notifier(text)) == [line]


def test_options_of_a_channel_are_checked_like_the_rest() -> None:
    options = {"token": 5, "chat": Secret("hush"), "silent": Secret("hush")}
    with pytest.raises(ConfigError) as caught:
        read_options(Telegram, options, "grid.toml", "notifier.telegram")
    assert [problem.key for problem in caught.value.problems] == [
        "notifier.telegram.chat",
        "notifier.telegram.token",
        "notifier.telegram.chat_id",
        "notifier.telegram.silent",
    ]
    assert "hush" not in str(caught.value)
