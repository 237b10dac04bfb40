"""API keys that are missing, or that cannot be whole: all that can be known without asking the exchange."""

import base64
import binascii
from collections.abc import Iterator

from config.problems import ConfigWarning, Problem
from config.schema import Config
from config.secrets import PLACES, Secret
from messages.counted import counted

PUBLIC_LENGTH = 56
"""Characters of Kraken's public keys."""
SECRET_LENGTH = 88
"""Characters of Kraken's secrets, which are base64."""
_PUBLIC, _SECRET = (f"{'.'.join(place.table)}.{place.key}" for place in PLACES[:2])


def key_problems(config: Config, source: str) -> Iterator[Problem]:
    """What keeps a live run at Kraken from signing an order; nothing for a dry run, which needs no key."""
    if config.simulated:
        return
    public, secret = config.exchange.api_public_key, config.exchange.api_secret_key
    if public is None or secret is None:
        variables = " and ".join(place.variable for place in PLACES[:2])
        allowed = f"both keys ({variables}, or the *_file keys here), or dry_run = true in [bot]"
        yield Problem(source, _PUBLIC, "no API key, although dry_run is false", allowed)
        return
    if public == secret:
        yield Problem(source, _SECRET, "the same text as api_public_key", "the other half of the key")
    elif _bytes(secret) is None:
        yield Problem(source, _SECRET, "a text that is not base64", "the secret as Kraken shows it: copy all of it")


def key_warnings(config: Config, source: str) -> Iterator[ConfigWarning]:
    """Keys that do not look like Kraken's. At an address of one's own anything may be a key."""
    public, secret = config.exchange.api_public_key, config.exchange.api_secret_key
    if public is None or secret is None or config.exchange.rest_url or public == secret:
        return
    length, held = len(public.reveal()), _bytes(secret)
    if _bytes(public) is not None and length == SECRET_LENGTH:
        found = "a text as long as a secret"
        yield ConfigWarning(source, _PUBLIC, found, "were the public key and the secret exchanged?")
        return
    if length != PUBLIC_LENGTH:
        found = counted(length, "character")
        yield ConfigWarning(source, _PUBLIC, found, f"Kraken's have {PUBLIC_LENGTH}: was it copied completely?")
    if held is None and config.simulated:
        meaning = "a dry run does not use it, a live run refuses it: was it copied completely?"
        yield ConfigWarning(source, _SECRET, "a text that is not base64", meaning)
    elif held is not None and len(secret.reveal()) != SECRET_LENGTH:
        found = counted(len(secret.reveal()), "character")
        yield ConfigWarning(source, _SECRET, found, f"Kraken's have {SECRET_LENGTH}: was it copied completely?")


def _bytes(secret: Secret) -> bytes | None:
    try:
        return base64.b64decode(secret.reveal(), validate=True)
    except (binascii.Error, ValueError):
        return None
