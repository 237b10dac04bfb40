"""The configuration: its shape, its reading, its errors; and ready-to-run TOML files beside it.

- `schema`       frozen structs of the TOML file, and what is said of each key
- `field_types`  what values may be, in words and bounds
- `key_texts`    how that is read: meanings, examples, notes
- `json_schema`  the same for editors, `config.schema.json`
- `forms`        types of fields taken apart
- `load`         file and environment to `Config`
- `secrets`      the type that never shows its value, and its sources
- `channels`     notification tables until a channel reads its own
- `secret_care`  whether secrets are kept where only their owner reads them
- `variables`    environment variables that nobody reads
- `mode`         the first line: LIVE, dry run or paper exchange
- `file_text`    bytes to text, in words where they are none
- `toml_errors`  a text that is no TOML, in words
- `belonging`    where a key in the wrong table belongs
- `addresses`    plain text beyond this machine
- `judged`       what a careful trader would say of what is allowed
- `tables`       raw tables to checked values, all problems collected
- `checks`       what makes no sense between fields
- `pair_checks`  what makes no sense for a pair's rules and fee
- `veil`         texts that look like a key, hidden wherever they stand
- `problems`     `Problem` and `ConfigError`
"""

from config.channels import read_options, secret_texts
from config.judged import Judgement, judge
from config.load import Examined, examine, load, parse, validate
from config.pair_checks import check_against_pair
from config.problems import ConfigError, ConfigWarning, Problem, did_you_mean
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
    "ConfigWarning",
    "Examined",
    "ExchangeConfig",
    "Judgement",
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
    "examine",
    "judge",
    "load",
    "parse",
    "read_options",
    "secret_texts",
    "validate",
]
