"""What is wrong with a text that is no TOML, as the writer of a settings file would say it.

The parser speaks of statements and namespaces; here stand the line, what it says, and what to write.
"""

import re
import tomllib
from collections.abc import Callable

from config.problems import Problem, shown
from config.veil import may_be_secret

ALLOWED = "TOML, see https://toml.io"
EXAMPLE = "config/kraken.toml is an example"
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_KEY = re.compile(r"""\s*([A-Za-z0-9_."' /-]+?)\s*=\s*(.*)""")
_COMMENT = re.compile(r"\s+#.*\Z")
_SHOWABLE = re.compile(
    r"(name|kind|dry_run|on_stop|log_\w+|adapter|skip_\w+|balances|\w+_fee|fee|prices|seed|speed|fill_rule|\w+_column"
    r"|time_unit|start_price|database|enabled|host|port|\w+_currency|userref|amount_per_grid|interval|max_investment"
    r"|n_open_buy_orders|sell_existing_base|on_core_failure|\w+_limit|\w+_seconds|tick_size|\w+_decimals|min_\w+)\Z"
)
"""Keys whose values may be shown: all others could hold a secret."""
_PLAIN_KEY = re.compile(r"[a-z_.-]{1,40}\Z")
_TABLE = re.compile(r"\[[\[\]\sa-z_.-]{0,60}\s*(#|\Z)")
_NUMBER = r"[-+]?\d[\d_]*(?:\.\d+)?"

Hints = tuple[tuple[re.Pattern[str], Callable[[str, str], str]], ...]


def _quoted(key: str, value: str) -> str:
    example = (
        f': {key} = "{value}"' if _SHOWABLE.match(key) and value.isprintable() and not may_be_secret(value) else ""
    )
    return f"A text stands in quotes{example}"


_HINTS: Hints = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\Z", lambda key, _: f"Nothing stands behind {key} ="),
        (rf"{_NUMBER},\d", lambda *_: "Decimals are written with a point, thousands without a mark: 0.02, 1000"),
        (rf"{_NUMBER}'\d", lambda *_: "Thousands are written without a mark: 1000"),
        (rf"{_NUMBER}\s*%", lambda *_: "A rate is written as a fraction: 0.02 is 2 %"),
        (r"[-+]?0\d", lambda *_: "A number does not begin with a needless 0"),
        (r"[-+]?\.\d", lambda *_: "A number begins with a digit: 0.5"),
        (r"[-+]?\d+\.(?!\d)", lambda *_: "A digit stands behind the point: 5.0"),
        (rf"[$€£¥]|{_NUMBER}\s*[A-Za-z$€£¥]", lambda *_: "A number stands alone, without a unit"),
        (rf"(?:{_NUMBER}|true|false|\"[^\"]*\"|'[^']*')\s*[,;]", lambda *_: "Nothing stands behind a value: no comma"),
        (r"(?i:true|false|yes|no|on|off)\Z", lambda *_: "It is true or false, in small letters and without quotes"),
        (r"(?i:none|null|nil)\Z", lambda *_: "Leave the whole line out, or put # before it"),
        (r"[“”„‟«»‘’‚`´]", lambda *_: 'Quotes are plain ones: "..."'),
        (r"[A-Za-z_./~\\][^\"'\[\]{}=]*\Z", _quoted),
        (r"(\"[^\"]*|'[^']*)\Z", lambda *_: "The closing quote is missing"),
        (r".*\\", lambda *_: "A text with \\ stands in single quotes: 'C:\\data'"),
        (r"\{[^=]*:", lambda *_: "Inside { } too a key stands before =, not before a colon: { USD = 1000 }"),
        (r"[\[{]", lambda *_: "A bracket or a quote is not closed, or a comma is missing"),
    )
)
"""By the look of a value that the parser did not like; the first that fits speaks."""


def toml_problem(text: str, source: str, error: tomllib.TOMLDecodeError) -> Problem:
    """The error of the parser for this text, in words and with the line."""
    lines = text.split("\n")
    place = _PLACE.search(str(error))
    number, column = (int(place[1]), int(place[2])) if place and place[1] else (len(lines), len(lines[-1]) + 1)
    other = _other_language(text)
    if other:
        return Problem(source, "", f"{other} (at line 1)", ALLOWED, EXAMPLE)
    line = lines[min(number, len(lines)) - 1].strip()
    said = str(error)[: place.start()] if place else str(error)
    found = f"line {number}, column {column}: {_showable(line)}"
    hint = _hint(said, lines, min(number, len(lines)))
    return Problem(source, "", found if hint else f"{found} ({_plain(said)})", ALLOWED, hint)


def _plain(said: str) -> str:
    """The parser's words, in one line of printable characters."""
    return "".join(character if character.isprintable() else "?" for character in said)


def _other_language(text: str) -> str:
    """Another language than TOML that the whole text is probably written in."""
    begin = text.lstrip()
    if begin.startswith("{"):
        return "JSON"
    if begin.startswith("<"):
        return "XML or HTML"
    rows = [row for row in begin.splitlines() if row.strip() and not row.lstrip().startswith("#")]
    if rows and not any("=" in row for row in rows) and re.match(r"(- )?[\w-]+:(\s|\Z)", rows[0]):
        return "YAML"
    return ""


def _showable(line: str) -> str:
    """The line without what could be a secret."""
    setting = _KEY.match(line)
    if setting is not None:
        key, value = setting[1], _COMMENT.sub("", setting[2])
        if _SHOWABLE.match(key) and not may_be_secret(value):
            return shown(f"{key} = {value}")
        return shown(f"{key} = ...") if _PLAIN_KEY.match(key) and not may_be_secret(key) else "a line with ="
    if _TABLE.match(line):
        return shown(_COMMENT.sub("", line))
    word = re.match(r"[a-z_]{1,32}(?=\s*:)", line)
    return shown(f"{word[0]}: ...") if word else "a line without =" if line else "the end of the text"


def _hint(said: str, lines: list[str], number: int) -> str:
    line = lines[number - 1].strip()
    if twice := _twice(said, lines, number):
        return twice
    if line.startswith("["):
        return "A table is [name], an entry of a list [[name]]: as many brackets behind as before"
    if re.match(r"//|;|--", line):
        return "A comment begins with #"
    setting = _KEY.match(line)
    if setting is None:
        return "A setting is written: key = value" if line else "A bracket or a quote is not closed"
    key, value = setting[1], _COMMENT.sub("", setting[2]).strip()
    return next((words(key, value) for pattern, words in _HINTS if pattern.match(value)), "")


def _twice(said: str, lines: list[str], number: int) -> str:
    """Where the same key of the same table, or the same table, stood before."""
    line = lines[number - 1].strip()
    if not said.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate")):
        return ""
    if line.startswith("["):
        head = line.split("#")[0].strip()
        before = [at for at, row in enumerate(lines[: number - 1], 1) if row.split("#")[0].strip() == head]
        return (
            f"{head} stands twice, first in line {before[0]}" if before else f"{head} stands already as something else"
        )
    setting = _KEY.match(line)
    if setting is None:
        return "The same key stands twice"
    for at in range(number - 1, 0, -1):
        row = lines[at - 1].strip()
        earlier = _KEY.match(row)
        if earlier is not None and earlier[1] == setting[1]:
            return f"{setting[1]} stands twice in this table, first in line {at}"
        if row.startswith("["):
            break
    return f"{setting[1]} stands twice"
