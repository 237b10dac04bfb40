"""What a careful trader would say of a valid configuration, from the file alone: no connection, no clock.

A warning never refuses a start: what it tells is allowed and probably not meant. What must refuse is a `Problem`.

- `steps`       one ladder by itself: interval, fees, depth
- `fees`        stated maker fees that are lower than what accounts pay
- `stakes`      amounts, limits and balances, also of ladders that share them
- `exposure`    endpoint, addresses, database, notices, keys without effect
- `api_keys`    API keys that are missing or cannot be whole
- `price_files` prices of one pair for strategies of several
- `currencies`  names that an exchange spells in another way
"""

from collections.abc import Iterator

from msgspec import Struct

from config.judged.exposure import exposure_warnings
from config.judged.fees import fee_warnings, usual_fee
from config.judged.stakes import balance_warnings, buys_at_once, sharing_sentences, stake_warnings
from config.judged.steps import ladder_sentence, step_warnings
from config.problems import ConfigWarning
from config.schema import PAPER, Config, StrategyConfig
from messages.money import ZERO


class Judgement(Struct, frozen=True):
    """What is said of a configuration without refusing it."""

    warnings: tuple[ConfigWarning, ...]
    notes: tuple[str, ...]
    """Plain sentences: what each ladder will do, and what is to be known of a simulated one."""


def judge(config: Config, source: str = "configuration") -> Judgement:
    """Judge a valid configuration; `source` names it in the warnings."""
    warnings = list(_warnings(config, source))
    notes = [_ladder(config, strategy) for strategy in config.strategy]
    shared = list(sharing_sentences(config, source))
    if config.exchange.adapter == PAPER:
        # An invented account is the place to try such things out, several kinds on the prices of one pair above all.
        notes += [f"note: {told.found}: {told.meaning}" for told in shared]
    else:
        warnings += shared
    return Judgement(tuple(warnings), tuple(notes))


def _ladder(config: Config, strategy: StrategyConfig) -> str:
    usual = None if config.simulated or strategy.fee is None else usual_fee(config, strategy)
    return ladder_sentence(config, strategy, buys_at_once(config, strategy), least_fee=usual or ZERO)


def _warnings(config: Config, source: str) -> Iterator[ConfigWarning]:
    for index in range(len(config.strategy)):
        yield from step_warnings(config, index, source)
        yield from stake_warnings(config, index, source)
    yield from fee_warnings(config, source)
    yield from balance_warnings(config, source)
    yield from exposure_warnings(config, source)
