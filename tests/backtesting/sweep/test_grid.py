"""What `--grid` means, and what it cannot mean."""

from decimal import Decimal

import pytest

from backtesting.sweep.grid import Axis, cells, configured, parse_axes
from config import ConfigError
from tests.backtesting.stage import read, text

D = Decimal
CONFIG = read(text(kinds=["GridHODL", "cDCA"]))


def test_ranges_and_lists_are_exact() -> None:
    (axis,) = parse_axes(["interval=0.005..0.02/0.005"], CONFIG)
    assert axis == Axis("", "interval", (D("0.005"), D("0.010"), D("0.015"), D("0.020")))
    axes = parse_axes(["n_open_buy_orders=3,5..9/2", "cDCA.interval=0.01"], CONFIG)
    assert axes[0].values == (D(3), D(5), D(7), D(9))
    assert axes[1].name == "cDCA.interval"
    assert list(cells(axes))[1] == (D(5), D("0.01"))


def test_a_cell_becomes_a_configuration() -> None:
    axes = parse_axes(["n_open_buy_orders=7", "cDCA.interval=0.04"], CONFIG)
    hodl, dca = configured(CONFIG, axes, (D(7), D("0.04"))).strategy
    assert (hodl.n_open_buy_orders, dca.n_open_buy_orders) == (7, 7)
    assert (hodl.interval, dca.interval) == (D("0.005"), D("0.04"))


@pytest.mark.parametrize(
    ("grid", "complaint"),
    [
        ("interval", "allowed: KEY=VALUES"),
        ("interval=", "allowed: KEY=VALUES"),
        ("interval=a", "allowed: KEY=VALUES"),
        ("interval=nan", "allowed: KEY=VALUES"),
        ("interval=0.1..0.2", "allowed: KEY=VALUES"),
        ("interval=0.1..0.2/0", "the step above 0"),
        ("interval=0.2..0.1/0.1", "the step above 0"),
        ("interval=0.1,0.10", "each value once"),
        ("intervall=0.1", 'Did you mean "interval"'),
        ("hodl.interval=0.1", "a strategy out of"),
        ("interval=0.000001..1/0.0000001", "at most 1,000,000|the step above 0"),
    ],
)
def test_nonsense_gets_one_clear_message(grid: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        parse_axes([grid], CONFIG)


def test_the_same_parameter_twice() -> None:
    with pytest.raises(ConfigError, match="each parameter once"):
        parse_axes(["interval=0.1", "interval=0.2"], CONFIG)


@pytest.mark.parametrize(("grid", "value"), [("interval=2", "2"), ("n_open_buy_orders=2.5", "2.5")])
def test_values_that_the_configuration_refuses(grid: str, value: str) -> None:
    with pytest.raises(ConfigError):
        configured(CONFIG, parse_axes([grid], CONFIG), (D(value),))
