"""From a TOML file and the environment to a `Config`, or to all that is wrong with them at once."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from config.channels import arrange_channels
from config.checks import problems_of
from config.file_text import text_of
from config.mode import mode_of
from config.paths import expanded, no_database, what_is_wrong
from config.problems import ConfigError, ConfigWarning, Problem, shown
from config.schema import Config, Known, is_price_file
from config.secret_care import secret_warnings
from config.secrets import ENVIRONMENT, Sources, insert_secrets, places_in, stand_in
from config.tables import Reader, keep
from config.toml_errors import ALLOWED as TOML
from config.toml_errors import EXAMPLE, toml_problem
from config.variables import stray_variables, unknown_variables
from config.veil import Veil

_Told = TypeVar("_Told", Problem, ConfigWarning)


class Examined(Struct, frozen=True):
    """All that a configuration file tells by itself."""

    mode: str
    """`LIVE: ...`, `dry run: ...` or `paper exchange: ...`; empty for a text that cannot be read."""
    config: Config | None
    """None where there are problems."""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[ConfigWarning, ...] = ()
    """What the places of secrets and the variables deserve. What the values do is for `config.judged`."""
    veil: Veil = Veil()
    """Hides what may be a secret in all that is said of the file."""


def examine(path: Path, environ: Mapping[str, str], known: Known) -> Examined:
    """Read a configuration file and refuse nothing. Blocks for the time of small file reads."""
    text = text_of(path)
    if isinstance(text, Problem):
        return Examined("", None, (text,))
    return _examined(text, str(path), environ, known, path)


def load(path: Path, environ: Mapping[str, str], known: Known) -> Config:
    """Read a configuration file. Blocks for the time of small file reads.

    Relative paths of price files and secret files start at the file's directory, the database at the
    current one. Raises `ConfigError` with every problem.
    """
    return _accepted(examine(path, environ, known))


def load_without_secrets(path: Path, environ: Mapping[str, str], known: Known) -> Config:
    """Read a configuration file for whoever signs in nowhere: secrets may be missing or unreadable.

    Blocks for the time of small file reads. Raises `ConfigError` with every other problem.
    """
    text = text_of(path)
    if isinstance(text, Problem):
        raise ConfigError([text])
    return _accepted(_examined(text, str(path), environ, known, path, secrets=False))


def parse(text: str, source: str, environ: Mapping[str, str], known: Known, base: Path | None = None) -> Config:
    """Read a configuration from TOML text; `source` names it in errors.

    `base` is the directory that relative price files and secret files start at, else the current
    one. Raises `ConfigError` with every problem.
    """
    return _accepted(_examined(text, source, environ, known, None, base))


def _examined(
    text: str,
    source: str,
    environ: Mapping[str, str],
    known: Known,
    path: Path | None,
    base: Path | None = None,
    *,
    secrets: bool = True,
) -> Examined:
    raw = _tables(text, source)
    if isinstance(raw, Problem):
        veil = Veil.of_text(text)
        return Examined("", None, veiled((raw,), veil), veil=veil)
    veil = Veil.of(raw)
    mode, places = veil.text(mode_of(raw, known.exchanges)), places_in(raw)
    base = base if path is None else path.absolute().parent
    sources = Sources(source, environ, base or Path())
    warnings = veiled((*secret_warnings(raw, places, sources, path), *stray_variables(environ, places)), veil)
    problems: list[Problem] = []
    if secrets:
        insert_secrets(raw, sources, problems)
    else:
        stand_in(raw)
    problems += unknown_variables(environ, places)
    arrange_channels(raw, known.channels, source, problems)
    try:
        return Examined(mode, _build(raw, known, source, problems, base), (), warnings, veil)
    except ConfigError as error:
        return Examined(mode, None, veiled(error.problems, veil), warnings, veil)


def veiled(told: Iterable[_Told], veil: Veil) -> tuple[_Told, ...]:
    """Problems or warnings without what may be a secret; the path of the configuration itself stays."""
    return tuple(
        msgspec.structs.replace(
            each,
            **{name: veil.text(getattr(each, name)) for name in each.__struct_fields__ if name != "source"},
        )
        for each in told
    )


def _accepted(examined: Examined) -> Config:
    if examined.config is None:
        raise ConfigError(examined.problems)
    return examined.config


def validate(config: Config, known: Known, source: str = "configuration") -> Config:
    """Check a `Config` that was built by hand, for embedding programs. Raises `ConfigError`."""
    return _build(_raw(config), known, source, [], None)


def _build(raw: dict[str, object], known: Known, source: str, problems: list[Problem], base: Path | None) -> Config:
    values = Reader(source, problems).table(Config, raw, "")
    problems += problems_of(values, known, source)
    problems += _path_problems(values, source)
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: problem.source == ENVIRONMENT))
    return _resolved(msgspec.convert(values, Config, dec_hook=keep), base)


_PATHS = (("bot", "log_file"), ("persistence", "database"))


def _path_problems(values: dict[str, object], source: str) -> list[Problem]:
    """Secret files have said theirs already."""
    paths = {f"{table}.{key}": _field(_field(values, table), key) for table, key in _PATHS}
    prices = _field(_field(_field(values, "exchange"), "paper"), "prices")
    if isinstance(prices, str) and is_price_file(prices):
        paths["exchange.paper.prices"] = prices
    found = {key: what_is_wrong(path) for key, path in paths.items() if isinstance(path, str)}
    database = paths["persistence.database"]
    if isinstance(database, str):
        found["persistence.database"] = (
            found["persistence.database"] or no_database(database) or _of_others(database, source)
        )
    return [Problem(source, key, *wrong) for key, wrong in found.items() if wrong]


def _of_others(database: str, source: str) -> tuple[str, str] | None:
    """A file that is known to be another one, so that nobody is told to move it away."""
    if os.path.realpath(expanded(database)) == os.path.realpath(source):
        return f"{shown(database)}, which is this configuration", "another file, for instance infinity-grid.duckdb"
    if is_price_file(database):
        return f"{shown(database)}, the name of a price file", "another name, for instance infinity-grid.duckdb"
    return None


def _field(table: object, key: str) -> object:
    return table.get(key) if isinstance(table, dict) else None


def _resolved(config: Config, base: Path | None) -> Config:
    """With the paths as they are opened: of a `Config` that was built by hand, too, except where they start."""
    replace = msgspec.structs.replace
    database = str(expanded(config.persistence.database))
    config = replace(config, persistence=replace(config.persistence, database=database))
    if config.bot.log_file is not None:
        config = replace(config, bot=replace(config.bot, log_file=str(expanded(config.bot.log_file))))
    paper = config.exchange.paper
    if is_price_file(paper.prices):
        path = expanded(paper.prices)
        paper = replace(paper, prices=str(path if base is None else base / path))
        config = replace(config, exchange=replace(config.exchange, paper=paper))
    return config


def _tables(text: str, source: str) -> dict[str, object] | Problem:
    try:
        raw = tomllib.loads(text, parse_float=_number)
    except tomllib.TOMLDecodeError as error:
        return toml_problem(text, source, error)
    except RecursionError:
        return Problem(source, "", "arrays or tables that are nested too deeply", TOML)
    except ValueError:
        return Problem(source, "", "a whole number with too many digits", TOML)
    if not raw:
        found = "nothing but comments" if text.strip() else "an empty file"
        return Problem(source, "", found, "[exchange], and a [[strategy]] for every strategy", EXAMPLE)
    return raw


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
        return number or number.copy_abs()  # -0.0 is 0.0
    except InvalidOperation:
        return Decimal("NaN")  # an exponent beyond all bounds: refused later, with the path of its key


def _raw(struct: Struct) -> dict[str, object]:
    """A struct as the tables it could have been read from; None is an absent key."""
    values = {field.encode_name: getattr(struct, field.name) for field in msgspec.structs.fields(struct)}
    return {name: _raw_value(value) for name, value in values.items() if value is not None}


def _raw_value(value: object) -> object:
    match value:
        case Struct():
            return _raw(value)
        case tuple():
            return [_raw_value(item) for item in value]
        case dict():
            return {name: _raw_value(item) for name, item in value.items()}
        case _:
            return value
