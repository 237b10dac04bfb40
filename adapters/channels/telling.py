"""An external service's words about a failure, made fit to show: short, on one line, without secrets."""

from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from config import Secret

SHORTEST_SECRET = 8
"""Shorter texts (a chat's nickname, a topic's number) would be found in innocent words."""
LONGEST_REASON = 120
HIDDEN = "***"


def clean(text: str, secrets: Iterable[Secret]) -> str:
    """The beginning of `text`, printable, with every secret replaced."""
    told = without_secrets(text, (secret.reveal() for secret in secrets))
    told = " ".join("".join(sign if sign.isprintable() else " " for sign in told).split())
    return told if len(told) <= LONGEST_REASON else f"{told[: LONGEST_REASON - 1]}…"


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """`text` with every secret replaced, as it is or as it stands in a URL."""
    for secret in sorted(_forms(secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _forms(secrets: Iterable[str]) -> set[str]:
    """A URL or a header is secret as a whole; so are the parts of it that no one could guess."""
    forms: set[str] = set()
    for secret in secrets:
        parts = [secret, quote(secret, safe=""), *secret.split()]
        if "://" in secret:
            url = urlsplit(secret)
            parts += [url.path.strip("/"), url.query, *url.path.split("/")]
        forms.update(part for part in parts if len(part) >= SHORTEST_SECRET)
    return forms
