import logging

import msgspec
import pytest

from adapters.channels.log import LogChannel, open_log
from config import ChannelConfig
from messages.notices import NoticesMissed, ProgramEnded, ProgramStarted, StrategyHalted
from tests.actors.channels import ladder, letter
from trading.ports import Channel

HALT = StrategyHalted("a", "BTC/USD", "no price 100 %s", "kept")


async def test_a_notice_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    channel: Channel = open_log(ChannelConfig("log", "diary"))
    await channel.check()
    await channel.send(letter(ProgramStarted("bot 100 %s", simulated=True)))
    assert channel.name == "diary"
    assert [(r.levelname, r.message) for r in caplog.records] == [
        ("INFO", "bot 100 %s is running, simulated: no real order is placed")
    ]


async def test_what_needs_somebody_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    await LogChannel().send(letter(HALT))
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_what_is_to_be_silent_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await LogChannel().send(msgspec.structs.replace(letter(HALT), silent=True))
    assert [record.levelname for record in caplog.records] == ["INFO"]


async def test_the_hourly_status_keeps_its_ladder(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await LogChannel().send(letter(ladder(price=5)))
    assert caplog.messages[0].startswith("hourly status\n👑 grid\n└ Price » 5.00 EUR")
    assert caplog.messages[0].endswith("└──┼> 5.00")


async def test_a_summary_keeps_its_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await LogChannel().send(letter(NoticesMissed("log", "too many", 5, 1, 2, ())))
    assert caplog.messages[0].startswith("summary\n📬 5 notices not delivered one by one\n")


async def test_the_end_is_marked_as_the_last_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for notice in (HALT, ProgramEnded("bot", "asked to stop")):
        await LogChannel().send(letter(notice))
    assert [getattr(record, "last", None) for record in caplog.records] == [False, True]
