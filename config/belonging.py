"""Where a known key belongs that stands in the wrong table."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from config.schema import (
    BotConfig,
    ExchangeConfig,
    MetricsConfig,
    PaperConfig,
    PersistenceConfig,
    StrategyConfig,
    SupervisorConfig,
)

_TABLES: Mapping[str, type[Struct]] = MappingProxyType(
    {
        "[bot]": BotConfig,
        "[exchange]": ExchangeConfig,
        "[exchange.paper]": PaperConfig,
        "[persistence]": PersistenceConfig,
        "[metrics]": MetricsConfig,
        "[supervisor]": SupervisorConfig,
        "[[strategy]]": StrategyConfig,
    }
)
_CHANNELS = frozenset({"telegram", "webhook"})


def home_of(name: str, *, variable: bool = False) -> str:
    """A sentence with the table that has a key of this name, or nothing where none or several have it.

    With `variable` it is the rest of an environment variable's name, which may begin with its table.
    """
    wanted = name.strip().lower()
    homes = [
        (table, field)
        for table, struct in _TABLES.items()
        for field in struct.__struct_fields__
        if wanted == field or (variable and "_" in field and wanted.endswith(f"_{field}"))
    ]
    if len(homes) == 1:
        table, field = homes[0]
        return f"{field} stands in the file, in {table}" if variable else f"It belongs in {table}"
    if not variable and wanted in _CHANNELS:
        return f"It belongs in [notifier.{wanted}]"
    return ""
