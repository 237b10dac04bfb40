"""What a sweep varies: `--grid interval=0.005..0.05/0.005`, `--grid hodl.n_open_buy_orders=3,5,8`."""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from itertools import product

import msgspec
from msgspec import Struct

from assembly import registry
from config import Config, ConfigError, validate
from config.problems import did_you_mean, one_of, shown
from messages.counted import counted

KEYS = ("interval", "n_open_buy_orders", "amount_per_grid", "max_investment", "fee")
MOST_CELLS = 1_000_000
_OPTION = "--grid"
_ALLOWED = "KEY=VALUES, with values such as 3,5,8 or 0.005..0.05/0.005 (from..to/step)"


class Axis(Struct, frozen=True):
    """One parameter and its values."""

    strategy: str
    """Name of the strategy that it belongs to; empty for all."""
    key: str
    values: tuple[Decimal, ...]

    @property
    def name(self) -> str:
        """As it was written."""
        return f"{self.strategy}.{self.key}" if self.strategy else self.key


Cell = tuple[Decimal, ...]
"""One value per axis, in the order of the axes."""


def parse_axes(texts: Sequence[str], config: Config) -> list[Axis]:
    """The axes that the command line names. Raises `ConfigError`."""
    axes = [_axis(text, config) for text in texts]
    for axis in axes:
        if sum(other.name == axis.name for other in axes) > 1:
            raise _wrong(axis.name, "each parameter once")
    count = 1
    for axis in axes:
        count *= len(axis.values)
    if count > MOST_CELLS:
        raise _wrong(counted(count, "configuration"), f"at most {MOST_CELLS:,}")
    return axes


def cells(axes: Sequence[Axis]) -> Iterator[Cell]:
    """All combinations, the last axis fastest."""
    return product(*(axis.values for axis in axes))


def configured(config: Config, axes: Sequence[Axis], cell: Cell) -> Config:
    """The configuration of one cell. Raises `ConfigError` where its values make no sense."""
    strategies = list(config.strategy)
    for axis, value in zip(axes, cell, strict=True):
        plain = int(value) if axis.key == "n_open_buy_orders" and value == int(value) else value
        strategies = [
            msgspec.structs.replace(strategy, **{axis.key: plain}) if axis.strategy in ("", strategy.name) else strategy
            for strategy in strategies
        ]
    return validate(msgspec.structs.replace(config, strategy=tuple(strategies)), registry.known(), _OPTION)


def _axis(text: str, config: Config) -> Axis:
    name, equals, values = text.partition("=")
    strategy, dot, key = name.rpartition(".")
    if not equals:
        raise _wrong(shown(text), _ALLOWED)
    if key not in KEYS:
        raise _wrong(shown(text), f"a key out of {one_of(KEYS)}. {did_you_mean(key, KEYS)}".strip())
    names = [strategy.name for strategy in config.strategy]
    if dot and strategy not in names:
        raise _wrong(shown(text), f"a strategy out of {one_of(names)}. {did_you_mean(strategy, names)}".strip())
    found = [value for part in values.split(",") for value in _values(part, text)]
    if len(set(found)) < len(found):
        raise _wrong(shown(text), "each value once")
    return Axis(strategy, key, tuple(found))


def _values(part: str, text: str) -> list[Decimal]:
    first, dots, rest = part.partition("..")
    last, slash, step = rest.partition("/")
    try:
        if not dots:
            return [_number(part)]
        begin, end, width = _number(first), _number(last), _number(step)
    except (InvalidOperation, ValueError):
        raise _wrong(shown(text), _ALLOWED) from None
    if not slash or width <= 0 or end < begin or (end - begin) / width > MOST_CELLS:
        raise _wrong(shown(text), f"{_ALLOWED}, the step above 0")
    return [begin + width * number for number in range(int((end - begin) / width) + 1)]


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number


def _wrong(found: str, allowed: str) -> ConfigError:
    return ConfigError.at("command line", _OPTION, found, allowed)
