import logging
from decimal import Decimal

import pytest

from assembly.wiring import Mailboxes
from config import Config, ExchangeConfig, StrategyConfig
from messages.conditions import Condition, Conditions
from messages.status import PhaseChanged
from supervision.disk_trouble import DiskTrouble
from supervision.state_keeper import StateKeeper
from trading.ports import DatabaseUnusable

NOW = 7


def test_what_fails_for_want_of_the_database_is_told_and_passes_through(caplog: pytest.LogCaptureFixture) -> None:
    strategy = StrategyConfig(
        name="one",
        kind="cDCA",
        base_currency="BTC",
        quote_currency="USD",
        userref=1,
        amount_per_grid=Decimal(100),
        interval=Decimal("0.01"),
        n_open_buy_orders=1,
        max_investment=Decimal(1000),
    )
    config = Config(exchange=ExchangeConfig(adapter="paper"), strategy=(strategy,))
    mail = Mailboxes(config)
    trouble = DiskTrouble(mail, StateKeeper(config, mail), lambda: NOW)
    with pytest.raises(ExceptionGroup), trouble.watched():
        raise ExceptionGroup("of a nursery", [DatabaseUnusable("the database is full.", passing=True)])
    (told,) = [message for message in mail.metrics.receive_nowait() if isinstance(message, Conditions)]
    words = "the database is full. No order leaves until then; tried again every few seconds"
    assert told.open == (Condition(0, "database", words, NOW, blocks=True),)
    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []  # whoever restarts it says it
    (phase,) = [message for message in mail.supervisor.receive_nowait() if isinstance(message, PhaseChanged)]
    assert (phase.phase, phase.reason) == ("syncing", "the database cannot be used")
    trouble.works()
    assert next(message for message in mail.metrics.receive_nowait() if isinstance(message, Conditions)).open == ()
    with pytest.raises(ValueError, match="unrelated"), trouble.watched():
        raise ValueError("unrelated")
    assert not mail.metrics.receive_nowait()
