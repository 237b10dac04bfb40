"""What an API key must and must not be able to do."""

import logging
import re
from collections.abc import Mapping

from adapters.exchanges.kraken.transport.rest_client import PrivateRest
from adapters.exchanges.kraken.wire.error_texts import KrakenError
from adapters.exchanges.kraken.wire.rest_results import KeyInfo
from trading.ports import BotStateError

logger = logging.getLogger("infinity_grid.kraken")

NEEDED: Mapping[str, str] = {
    "query-funds": "Funds: Query",
    "query-open-trades": "Orders and trades: Query open orders & trades",
    "query-closed-trades": "Orders and trades: Query closed orders & trades",
    "modify-trades": "Orders and trades: Create & modify orders",
    "close-trades": "Orders and trades: Cancel & close orders",
    "create-ws-token": "WebSocket interface: On",
}
"""Short form and the words of Kraken's key page."""

WITHDRAW = "withdraw-funds"

_MASKED = re.compile(r"X{4}\s*X{4}|\*{2}", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9 .:_-]+")


def check_key(info: KeyInfo) -> None:
    """Raises `BotStateError` with all that is wrong."""
    wrong = []
    missing = [f"{words} ({name})" for name, words in NEEDED.items() if name not in info.permissions]
    if missing:
        wrong.append(f"lacks {'; '.join(missing)}")
    if WITHDRAW in info.permissions:
        wrong.append(f"may withdraw funds ({WITHDRAW}), which this program never needs: take that right away")
    if info.query_limited:
        wrong.append("has a query start or end date, which hides orders: remove the dates")
    if wrong:
        hint = "change it on Kraken's page of API keys, or set skip_permission_check = true"
        raise BotStateError(f"the API key {', and '.join(wrong)}; {hint}")


async def check_permissions(rest: PrivateRest, *, skip: bool) -> str:
    """Ask what the key may do; returns its account, empty when Kraken does not state it.

    With `skip` the rights do not matter, nor whether Kraken answers. Raises `BotStateError`, `ExchangeUnavailable`.
    """
    if not skip:
        info = await rest.read("GetApiKeyInfo", KeyInfo)
        if _is_odd(info):
            # One garbled answer must not end a start, nor make the account look like another one.
            info = await rest.read("GetApiKeyInfo", KeyInfo)
        check_key(info)
        return account_of(info)
    logger.warning("the rights of the API key are not checked, as configured")
    try:
        return account_of(await rest.call("GetApiKeyInfo", KeyInfo))
    except KrakenError as error:
        logger.warning("Kraken does not state the account of the API key (%s): it is known by the key", error.text)
        return ""


def account_of(info: KeyInfo) -> str:
    """Kraken's name of the account; empty without one, or with one that is masked or no name."""
    name = (info.iban or "").strip()
    return name if _PLAIN.fullmatch(name) and not _MASKED.search(name) else ""


def _is_odd(info: KeyInfo) -> bool:
    """Whether the answer names no account or speaks against the key."""
    try:
        check_key(info)
    except BotStateError:
        return True
    return not account_of(info)
