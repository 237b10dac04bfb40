"""The configuration: its shape, its reading, its errors; and ready-to-run TOML files beside it.

- `schema`       frozen structs of the TOML file, and what is said of each key
- `key_texts`    how that is read: meanings, examples, notes
- `json_schema`  the same for editors, `config.schema.json`
- `forms`        types of fields taken apart
- `load`         file and environment to `Config`
- `secrets`      the type that never shows its value, and its sources
- `channels`     notification tables until a channel reads its own
- `tables`       raw tables to checked values, all problems collected
- `checks`       what makes no sense between fields
- `pair_checks`  what makes no sense for a pair's rules and fee
- `problems`     `Problem` and `ConfigError`
"""

from config.channels import read_options, secret_texts
from config.load import load, parse, validate
from config.pair_checks import check_against_pair
from config.problems import ConfigError, Problem, did_you_mean
from config.schema import (
    PAPER,
    SYNTHETIC,
    BotConfig,
    ChannelConfig,
    Config,
    ExchangeConfig,
    Known,
    MetricsConfig,
    PairOverride,
    PaperConfig,
    PersistenceConfig,
    StrategyConfig,
    SupervisorConfig,
)
from config.secrets import Secret

__all__ = [
    "PAPER",
    "SYNTHETIC",
    "BotConfig",
    "ChannelConfig",
    "Config",
    "ConfigError",
    "ExchangeConfig",
    "Known",
    "MetricsConfig",
    "PairOverride",
    "PaperConfig",
    "PersistenceConfig",
    "Problem",
    "Secret",
    "StrategyConfig",
    "SupervisorConfig",
    "check_against_pair",
    "did_you_mean",
    "load",
    "parse",
    "read_options",
    "secret_texts",
    "validate",
]
