from typing import Literal

import pytest
from msgspec import Struct

from config import ChannelConfig, ConfigError, Secret, parse, read_options, secret_texts, validate
from messages.letters import NotificationLevels
from tests.config.texts import KNOWN, VALID, lines, read


class Telegram(Struct, frozen=True, forbid_unknown_fields=True):
    token: Secret
    chat_id: str
    silent: bool = False
    mode: Literal["plain", "html"] = "html"


def notifier(text: str) -> str:
    return f"{VALID}\n{text}\n"


def test_a_channel_keeps_its_options_for_later() -> None:
    config = read(notifier('[notifier.telegram]\ntoken = "t"\nchat_id = "5"\nsilent = true'))
    channel = config.notifier["telegram"]
    assert channel.enabled
    assert channel.options == {"token": Secret("t"), "chat_id": Secret("5"), "silent": True}
    options = read_options(Telegram, channel)
    assert options == Telegram(Secret("t"), "5", silent=True)


@pytest.mark.parametrize("mode", ["plain", "loud"])
def test_an_option_may_be_one_of_a_few_words(mode: str) -> None:
    channel = read(notifier(f'[notifier.telegram]\ntoken = "t"\nchat_id = "5"\nmode = "{mode}"')).notifier["telegram"]
    if mode == "plain":
        assert read_options(Telegram, channel).mode == "plain"
        return
    with pytest.raises(ConfigError, match=r'notifier.telegram.mode: found a text; allowed: "plain" or "html"'):
        read_options(Telegram, channel)


def test_a_channel_can_be_switched_off() -> None:
    assert not read(notifier("[notifier.webhook]\nenabled = false")).notifier["webhook"].enabled


def test_a_kind_may_have_any_number_of_names() -> None:
    text = '[notifier.telegram]\ntoken = "t"\n[notifier.ops]\nkind = "telegram"\nnotices = { status = "off" }'
    config = read(notifier(text))
    assert [(table.name, table.kind, table.key) for table in config.notifier.values()] == [
        ("telegram", "telegram", "notifier.telegram"),
        ("ops", "telegram", "notifier.ops"),
    ]
    assert config.notifier["ops"].notices == NotificationLevels(status="off")
    assert config.notifier["telegram"].notices == NotificationLevels()


def test_a_configuration_with_channels_stays_valid_when_it_is_checked_again() -> None:
    config = read(notifier('[notifier.ops]\nkind = "telegram"\ntoken = "t"\nnotices = { fill = "silent" }'))
    assert validate(config, KNOWN, "grid.toml") == config


def test_all_secrets_of_a_configuration_are_found() -> None:
    text = '[notifier.webhook]\nurl = "https://a/b"\nheaders = { X = "c" }\nto = ["d"]\nnumber = 5'
    keys = {"INFINITY_GRID_API_PUBLIC_KEY": "e", "INFINITY_GRID_API_SECRET_KEY": "f"}
    config = parse(notifier(text), "grid.toml", keys, KNOWN)
    assert sorted(secret_texts(config)) == ["c", "d", "e", "f", "https://a/b"]


def test_the_log_needs_nothing() -> None:
    assert read(notifier("[notifier.log]\nenabled = true")).notifier["log"].options == {}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "[notifier.telegrm]",
            (
                'notifier.telegrm: found an unknown channel; allowed: "log", "telegram" or "webhook", '
                'or any name with one of them as its kind. Did you mean "telegram"?'
            ),
        ),
        (
            "[notifier.log]\nenable = true",
            'notifier.log.enable: found an unknown key; allowed: kind, enabled, notices. Did you mean "enabled"?',
        ),
        (
            '[notifier.ops]\nkind = "telegrm"',
            ('notifier.ops.kind: found "telegrm"; allowed: "log", "telegram" or "webhook". Did you mean "telegram"?'),
        ),
        ("[notifier.ops]\nkind = 5", 'notifier.ops.kind: found 5; allowed: "log", "telegram" or "webhook"'),
        (
            '[notifier.telegram.notices]\nfil = "off"',
            (
                "notifier.telegram.notices.fil: found an unknown key; allowed: start, end, fill, funds, extra_sell, "
                'released, halt, trouble, channel, status. Did you mean "fill"?'
            ),
        ),
        (
            '[notifier.telegram.notices]\nfill = "loud"',
            'notifier.telegram.notices.fill: found "loud"; allowed: "on", "silent" or "off"',
        ),
        (
            "[notifier.telegram.notices]\nfill = true",
            'notifier.telegram.notices.fill: found true; allowed: "on", "silent" or "off"',
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
        read_options(Telegram, ChannelConfig("telegram", "telegram", options=options, source="grid.toml"))
    assert [problem.key for problem in caught.value.problems] == [
        "notifier.telegram.chat",
        "notifier.telegram.token",
        "notifier.telegram.chat_id",
        "notifier.telegram.silent",
    ]
    assert "hush" not in str(caught.value)
