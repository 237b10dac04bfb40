import logging
from decimal import Decimal

import pytest

from adapters.channels.log import LogChannel
from adapters.interfaces import Channel
from messages.notices import LadderStatus, Notice, ProgramStarted, StrategyHalted


def headline(notice: Notice) -> str:
    return f"headline of {type(notice).__name__} 100 %s"


async def test_a_notice_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    channel: Channel = LogChannel(headline)
    await channel.send(ProgramStarted("bot", simulated=True), "several\nlines")
    assert [(r.levelname, r.message) for r in caplog.records] == [("INFO", "headline of ProgramStarted 100 %s")]


async def test_what_needs_somebody_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    await LogChannel(headline).send(StrategyHalted("a", "BTC/USD", "no price", "kept"), "text")
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_the_hourly_status_keeps_its_ladder(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    zero = Decimal(0)
    status = LadderStatus("a", "BTC/USD", zero, 1, zero, zero, zero, zero, zero, zero, zero, zero, 0, (), ())
    await LogChannel(headline).send(status, "👑 a\n└ Price » 1")
    assert caplog.messages == ["hourly status\n👑 a\n└ Price » 1"]
