"""What is said about a configuration key: its meaning and example, below the field; its notes, in the field's type.

Everything that explains a key to people is made of this: the JSON schema that editors read, and the reference page.
"""

import ast
import inspect
import re
import textwrap
import tomllib
from decimal import Decimal
from itertools import pairwise

from msgspec import Struct

_EXAMPLE = re.compile(r"\s*Example: `(?P<toml>[^`]+)`\.?\Z")


class KeyNote(Struct, frozen=True):
    """When a key counts, or whether it may change."""

    mark: str
    """One or two words, for a column of a table."""
    words: str
    """The sentence."""


IDENTITY = KeyNote(
    "never changes",
    "Never change it: open orders and the database are found again by it; another value means another grid, account or "
    "past.",
)
SIMULATED = KeyNote("simulated", 'Counts only for simulated orders: with the adapter "paper" and in a dry run.')
NEW_ACCOUNT = KeyNote(
    "new account", "Counts only while the simulated account is new; from then on the database holds the account."
)
PAPER_PRICES = KeyNote(
    "paper", 'Counts only with the adapter "paper" and in a backtest; a dry run trades on the exchange\'s own prices.'
)
REAL_ORDERS = KeyNote("real orders", "Counts only where real orders are placed: with `dry_run = false`.")
NOTES = (IDENTITY, SIMULATED, NEW_ACCOUNT, PAPER_PRICES, REAL_ORDERS)


class KeyText(Struct, frozen=True):
    """The explanation of one key."""

    meaning: str
    """With the unit of a number; on one line."""
    example: object = None
    """A value as TOML gives it; None where the default is example enough."""


def explained(kind: type[Struct]) -> dict[str, KeyText]:
    """The explanations of a table's keys, from the docstrings below its fields.

    Empty when the source is not at hand. Raises ValueError for an example that is no TOML value.
    """
    try:
        source = textwrap.dedent(inspect.getsource(kind))
    except OSError:
        return {}
    (node,) = ast.parse(source).body
    body = node.body if isinstance(node, ast.ClassDef) else []
    texts = {}
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and (doc := _text(below)):
            texts[field.target.id] = key_text(doc)
    return texts


def key_text(docstring: str) -> KeyText:
    """A docstring taken apart: its last sentence may be ``Example: `VALUE`.``, with a TOML value."""
    text = " ".join(inspect.cleandoc(docstring).split())
    found = _EXAMPLE.search(text)
    if found is None:
        return KeyText(text)
    return KeyText(text[: found.start()], tomllib.loads(f"it = {found['toml']}", parse_float=Decimal)["it"])


def _text(statement: ast.stmt) -> str:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
