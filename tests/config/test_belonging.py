"""A known key in the wrong table is answered with the right one."""

import pytest

from config.belonging import home_of
from tests.config.texts import VALID, changed, lines


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("dry_run", "It belongs in [bot]"),
        ("maker_fee", "It belongs in [exchange.paper]"),
        ("interval", "It belongs in [[strategy]]"),
        ("telegram", "It belongs in [notifier.telegram]"),
        ("name", ""),  # of the bot, or of a strategy?
        ("take_profit", ""),
    ],
)
def test_the_home_of_a_key(name: str, home: str) -> None:
    assert home_of(name) == home


@pytest.mark.parametrize("name", ["DRY_RUN", "BOT_DRY_RUN", "RUN_DRY_RUN"])
def test_a_variable_is_no_setting(name: str) -> None:
    assert home_of(name, variable=True) == "dry_run stands in the file, in [bot]"


def test_it_is_told_in_the_refusal() -> None:
    (line,) = lines(changed("interval = 0.02", "interval = 0.02\non_stop = 'keep'"))
    assert line.endswith("It belongs in [bot]")
    (line,) = lines(VALID + '[telegram]\ntoken = "x"\n')
    assert line.endswith("It belongs in [notifier.telegram]")
