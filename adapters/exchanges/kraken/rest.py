"""The REST API: public questions, and private ones that are signed, in their order, within the budget."""

import logging
from typing import TypeVar

import httpx
import msgspec
import trio

from adapters.exchanges.kraken.budget import REST_CALL, STARTER, Counter
from adapters.exchanges.kraken.errors import KrakenError, first_error
from adapters.exchanges.kraken.nonce import NonceSource
from adapters.exchanges.kraken.signing import Signer
from adapters.exchanges.kraken.turns import Turns, Urgency
from adapters.exchanges.kraken.wire.rest import Envelope, decode
from adapters.exchanges.kraken.wire.values import WireError
from adapters.interfaces import BotStateError, ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

Result = TypeVar("Result")

REST_URL = "https://api.kraken.com"
TIMEOUT_SECONDS = 10.0
USER_AGENT = "infinity-grid-trio"

_PUBLIC_BURST = 10.0
_PUBLIC_PER_SECOND = 1.0
_NONCE_TRIES = 3
_LOCKOUT_SECONDS = 15 * 60.0
_OK = 200


def make_client(rest_url: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client for `rest_url` (empty: Kraken's own). Redirects are not followed: a signature fits one path."""
    return httpx.AsyncClient(
        base_url=rest_url.rstrip("/") or REST_URL,
        headers={"User-Agent": USER_AGENT},
        timeout=TIMEOUT_SECONDS,
        transport=transport,
    )


class PublicRest:
    """Public endpoints; holds no key."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._budget = Counter(_PUBLIC_BURST, _PUBLIC_PER_SECOND)

    async def get(self, name: str, kind: type[Result], **params: str) -> Result:
        """The result of `/0/public/<name>`. Raises `ExchangeUnavailable`, and `KrakenError` for a refusal."""
        await _pay(self._budget, 1.0)
        try:
            response = await self._client.get(f"/0/public/{name}", params=params)
            return _result(response, name, kind)
        except (httpx.HTTPError, WireError) as error:
            raise ExchangeUnavailable(f"Kraken {name}: {_describe(error)}") from None
        except KrakenError as error:
            if error.meaning in ("refused", "forbidden"):
                raise
            raise ExchangeUnavailable(f"Kraken {name}: {error.text}") from None


class PrivateRest:
    """Private endpoints of one key: one call at a time, since nonces must arrive in their order."""

    def __init__(self, client: httpx.AsyncClient, signer: Signer, nonces: NonceSource) -> None:
        self._client = client
        self._signer = signer
        self._nonces = nonces
        self.budget = Counter(STARTER.rest_maximum, STARTER.rest_decay)
        self._turns = Turns(self.budget)
        self._locked_until = 0.0

    async def read(
        self,
        name: str,
        kind: type[Result],
        cost: float = REST_CALL,
        *,
        urgency: Urgency = Urgency.USUAL,
        **params: object,
    ) -> Result:
        """Ask something. Raises `ExchangeUnavailable` and `BotStateError`, the latter for key and rights."""
        try:
            return await self.call(name, kind, cost, urgency=urgency, **params)
        except KrakenError as error:
            if error.meaning in ("credentials", "forbidden"):
                raise BotStateError(f"Kraken refuses this API key for {name}: {error.text}") from None
            wait = max(self._locked_until - trio.current_time(), 0.0)
            raise ExchangeUnavailable(f"Kraken {name}: {error.text}", retry_after=wait) from None

    async def call(
        self,
        name: str,
        kind: type[Result],
        cost: float = REST_CALL,
        *,
        urgency: Urgency = Urgency.USUAL,
        **params: object,
    ) -> Result:
        """Ask or order something. Raises `KrakenError`; no answer is one whose meaning is `ambiguous`."""
        self._refuse_locked_out()
        async with self._turns.turn(cost, urgency):
            for attempt in range(1, _NONCE_TRIES + 1):
                self._refuse_locked_out()
                if attempt > 1:
                    await _pay(self.budget, cost)
                try:
                    return await self._send(name, kind, params)
                except KrakenError as error:
                    if error.meaning == "lockout":
                        self._locked_until = trio.current_time() + _LOCKOUT_SECONDS
                    if error.meaning != "nonce" or attempt == _NONCE_TRIES:
                        raise
                    logger.warning("Kraken %s: %s; is another program using this API key?", name, error.text)
        raise AssertionError("the loop returns or raises")

    async def _send(self, name: str, kind: type[Result], params: dict[str, object]) -> Result:
        path = f"/0/private/{name}"
        nonce = await self._nonces.next()
        body = msgspec.json.encode({"nonce": str(nonce), **params})
        headers = {"Content-Type": "application/json", **self._signer.headers(path, nonce, body)}
        try:
            response = await self._client.post(path, content=body, headers=headers)
            return _result(response, name, kind)
        except (httpx.HTTPError, WireError) as error:
            raise KrakenError(f"no usable answer ({_describe(error)})") from None

    def _refuse_locked_out(self) -> None:
        if trio.current_time() < self._locked_until:
            raise KrakenError("EGeneral:Temporary lockout (not asked again before it is over)")


async def _pay(budget: Counter, cost: float) -> None:
    """Spend, and wait until that fits; who comes later waits longer."""
    wait = budget.wait(cost, trio.current_time())
    budget.charge(cost, trio.current_time())
    if wait:
        await trio.sleep(wait)


def _result(response: httpx.Response, name: str, kind: type[Result]) -> Result:
    """Raises `WireError` for anything but an envelope, `KrakenError` for one that holds an error."""
    if response.status_code != _OK:
        raise WireError(f"HTTP status {response.status_code}")
    envelope = decode(response.content, Envelope, name)
    failure = first_error(envelope.error)
    if failure is not None:
        raise KrakenError(failure)
    if not bytes(envelope.result):
        raise WireError("an answer without error and result")
    return decode(envelope.result, kind, name)


def _describe(error: Exception) -> str:
    return str(error) or type(error).__name__
