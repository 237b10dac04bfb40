"""From a TOML file and the environment to a `Config`, or to all that is wrong with them at once."""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec
from msgspec import Struct

from config.channels import arrange_channels
from config.checks import problems_of
from config.paths import expanded, what_is_wrong
from config.problems import ConfigError, Problem, why
from config.schema import Config, Known, is_price_file
from config.secrets import ENVIRONMENT, Sources, insert_secrets
from config.tables import Reader, keep

_COMMA = re.compile(r"[^#=]*=\s*[-+]?\d+,\d")
_END = "(at end of document)"


def load(path: Path, environ: Mapping[str, str], known: Known) -> Config:
    """Read a configuration file. Blocks for the time of small file reads.

    Relative paths of price files and secret files start at the file's directory, the database at the
    current one. Raises `ConfigError` with every problem.
    """
    text = _text(path)
    if isinstance(text, Problem):
        raise ConfigError((text,))
    return parse(text, str(path), environ, known, base=path.absolute().parent)


def parse(text: str, source: str, environ: Mapping[str, str], known: Known, base: Path | None = None) -> Config:
    """Read a configuration from TOML text; `source` names it in errors.

    `base` is the directory that relative price files and secret files start at, else the current
    one. Raises `ConfigError` with every problem.
    """
    raw = _tables(text, source)
    if isinstance(raw, Problem):
        raise ConfigError((raw,))
    problems: list[Problem] = []
    insert_secrets(raw, Sources(source, environ, base or Path()), problems)
    arrange_channels(raw, known.channels, source, problems)
    return _build(raw, known, source, problems, base)


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
    return [Problem(source, key, *wrong) for key, wrong in found.items() if wrong]


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


def _text(path: Path) -> str | Problem:
    allowed = "a readable TOML file in UTF-8"
    try:
        content = path.read_bytes()
    except OSError as error:
        return Problem(str(path), "", why(error), allowed)
    except ValueError:
        return Problem(repr(str(path)), "", "a path with a zero character", allowed)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Problem(str(path), "", f"bytes that are not UTF-8 in line {line}", allowed)


def _tables(text: str, source: str) -> dict[str, object] | Problem:
    try:
        return tomllib.loads(text, parse_float=_number)
    except tomllib.TOMLDecodeError as error:
        found = f"{error}{_decimal_comma(text, error)}"
    except RecursionError:
        found = "arrays or tables that are nested too deeply"
    except ValueError:
        found = "a whole number with too many digits"
    if found.endswith(_END):
        lines = text.split("\n")
        found = found.replace(_END, f"(at line {len(lines)}, column {len(lines[-1]) + 1}, the end of the document)")
    return Problem(source, "", found, "TOML, see https://toml.io")


def _decimal_comma(text: str, error: tomllib.TOMLDecodeError) -> str:
    """What to say of a number like `0,02`: TOML calls the comma an unexpected character."""
    place = re.search(r"at line (\d+)", str(error))
    line = text.split("\n")[int(place[1]) - 1] if place else ""
    return "; decimals are written with a point" if _COMMA.match(line) else ""


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
