"""The REST API: public questions, and private ones that are signed, in their order, within the budget."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
import msgspec
import trio
from msgspec import Raw

from adapters.exchanges.kraken.limits.budget import REST_CALL, STARTER, Counter
from adapters.exchanges.kraken.limits.holds import ALL, Holds
from adapters.exchanges.kraken.limits.turns import Turns, Urgency
from adapters.exchanges.kraken.transport.nonce import NonceSource
from adapters.exchanges.kraken.transport.request_signing import Signer
from adapters.exchanges.kraken.transport.server_clock import SECOND
from adapters.exchanges.kraken.transport.skipped import Skipped
from adapters.exchanges.kraken.transport.tally import RequestTally
from adapters.exchanges.kraken.wire.error_texts import (
    KrakenError,
    defer_reason,
    first_error,
    meaning_of,
    throttled_until,
)
from adapters.exchanges.kraken.wire.our_orders import EVERY_MARK, Ownership
from adapters.exchanges.kraken.wire.rest_results import Envelope, Ledgers, OrderRows, decode
from adapters.exchanges.kraken.wire.values import WireError
from adapters.network.http_transport import ProxyError, make_transport
from adapters.network.reachability import no_connection
from adapters.network.trust import certificate_advice
from config.version import user_agent
from messages.conditions import ConditionCode
from trading.ports import BotStateError, ExchangeUnavailable

logger = logging.getLogger("infinity_grid.kraken")

Result = TypeVar("Result")

REST_URL = "https://api.kraken.com"
TIMEOUT_SECONDS = 10.0

_PUBLIC_BURST = 10.0
_PUBLIC_PER_SECOND = 1.0
_NONCE_TRIES = 3
LOOK_AT_THE_KEY = (
    "; look at exchange.api_public_key and exchange.api_secret_key (INFINITY_GRID_API_PUBLIC_KEY and "
    "INFINITY_GRID_API_SECRET_KEY beat them): both copied whole, of the same key, which exists and has all its rights?"
)
"""What to do about a key that was refused before it has ever worked."""
_PATIENCE_SECONDS = 2.0
_CLOCK_BEHIND = -5 * SECOND
"""Lag of our clock behind Kraken's, in nanoseconds, that makes another program's nonces larger than ours."""
_NONCES = "nonces"
"""They are asked for over REST only."""
_SCOPES = (ALL, _NONCES)
_PORTS = {"https": 443, "http": 80}
_OK = 200


def make_client(rest_url: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client for `rest_url` (empty: Kraken's own). Redirects are not followed: a signature fits one path.

    The WebSockets, which carry the orders, take the same way. Raises `ConfigError` for a proxy that makes no sense.
    """
    base_url = rest_url.rstrip("/") or REST_URL
    return httpx.AsyncClient(
        base_url=base_url,
        headers={"User-Agent": user_agent()},
        timeout=TIMEOUT_SECONDS,
        transport=transport or make_transport(base_url),
        trust_env=False,
    )


class PublicRest:
    """Public endpoints; holds no key."""

    def __init__(self, client: httpx.AsyncClient, tally: RequestTally | None = None) -> None:
        self._client = client
        self.tally = tally or RequestTally()
        self._budget = Counter(_PUBLIC_BURST, _PUBLIC_PER_SECOND)

    async def get(self, name: str, kind: type[Result], **params: str) -> Result:
        """The result of `/0/public/<name>`. Raises `ExchangeUnavailable`, and `KrakenError` for a refusal."""
        await _pay(self._budget, 1.0)
        try:
            with _counted(self.tally, name):
                response = await self._client.get(f"/0/public/{name}", params=params)
                return _result(response, name, kind)
        except (httpx.HTTPError, WireError) as error:
            advice = _advice(error)
            raise ExchangeUnavailable(f"Kraken {name}: {_describe(error)}", advice=advice) from None
        except KrakenError as error:
            if error.meaning in ("refused", "forbidden"):
                raise
            raise ExchangeUnavailable(f"Kraken {name}: {error.text}") from None


class PrivateRest:
    """Private endpoints of one key: one call at a time, since nonces must arrive in their order."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        signer: Signer,
        nonces: NonceSource,
        holds: Holds | None = None,
        clock_offset: Callable[[], int] = lambda: 0,
        own: Ownership = EVERY_MARK,
        tally: RequestTally | None = None,
    ) -> None:
        """`holds` are shared with the requests over the WebSocket: a lockout is one of the key.

        `clock_offset` is this machine's clock minus Kraken's, in nanoseconds. `own` says which orders of an answer must
        be readable: those that may be ours.
        """
        self.own = own
        self.tally = tally or RequestTally()
        self._client = client
        self._signer = signer
        self._nonces = nonces
        self._clock_offset = clock_offset
        self.holds = holds or Holds()
        self.budget = Counter(STARTER.rest_maximum, STARTER.rest_decay)
        self._turns = Turns(self.budget)
        self._skipped = Skipped("the account's orders and ledger")
        self.worked = False
        """Whether the account's stream was opened with this key: one call alone says little about its rights."""

    async def read(
        self,
        name: str,
        kind: type[Result],
        cost: float = REST_CALL,
        *,
        urgency: Urgency = Urgency.USUAL,
        patient: bool = False,
        **params: object,
    ) -> Result:
        """Ask something. Raises `ExchangeUnavailable` and `BotStateError`, the latter for key and rights.

        A `patient` question that meets the rate limit, which other programs and earlier runs fill too, is asked again.
        """
        try:
            while True:
                try:
                    return await self.call(name, kind, cost, urgency=urgency, **params)
                except KrakenError as error:
                    if not patient or defer_reason(error.text) != "rate limit":
                        raise
                    logger.info("Kraken %s: %s; asked again in %g s", name, error.text, _PATIENCE_SECONDS)
                await trio.sleep(_PATIENCE_SECONDS)
        except KrakenError as error:
            if error.meaning in ("credentials", "forbidden"):
                text = f"Kraken refuses this API key for {name}: {error.text}{'' if self.worked else LOOK_AT_THE_KEY}"
                raise BotStateError(text, has_worked=self.worked) from None
            hold = self.holds.find(_SCOPES, trio.current_time())
            wait = hold.until - trio.current_time() if hold else 0.0
            if error.meaning == "nonce":
                advice = self._how_to_mend_nonces()
                text = f"Kraken {name}: {error.text}: this API key has seen higher nonces; {advice}"
                raise ExchangeUnavailable(text, retry_after=wait, code="credentials", advice=advice) from None
            code: ConditionCode = "lockout" if hold and hold.reason == "locked out" else "connection"
            raise ExchangeUnavailable(f"Kraken {name}: {error.text}", retry_after=wait, code=code) from None

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
        self._refuse_in_a_pause()
        async with self._turns.turn(cost, urgency):
            asks_again = self._ask_again()
            for attempt in range(1, _NONCE_TRIES + 1):
                if attempt > 1:
                    await _pay(self.budget, cost)
                try:
                    result = await self._send(name, kind, params)
                except KrakenError as error:
                    if error.meaning == "nonce" and attempt < _NONCE_TRIES and not asks_again:
                        logger.warning("Kraken %s: %s; is another program using this API key?", name, error.text)
                        continue
                    self._note_refusal(error)
                    raise
                self._note_success()
                return result
        raise AssertionError("the loop returns or raises")

    def _note_success(self) -> None:
        """A pause of all calls is over; orders that the key may not place are none of REST's business."""
        hold = self.holds.find([ALL], trio.current_time())
        self.holds.taken([_NONCES] if hold and hold.reason == "credentials" else _SCOPES)

    def _note_refusal(self, error: KrakenError) -> None:
        """Where each further call makes it worse nothing is asked for a while."""
        now = trio.current_time()
        reason = defer_reason(error.text)
        if error.meaning in ("lockout", "nonce") or (error.meaning == "wait" and throttled_until(error.text)):
            scope = _NONCES if error.meaning == "nonce" else ALL
            self.holds.refused(scope, error.text, now, self._nonces.now() / SECOND)
        elif reason == "rate limit":
            self.budget.correct(max(self.budget.level(now), self.budget.maximum), now)

    def _how_to_mend_nonces(self) -> str:
        offset = self._clock_offset()
        if offset < _CLOCK_BEHIND:
            return f"this machine's clock is {-offset // SECOND} s behind Kraken's: set it (NTP)"
        return "another program uses it: make a new API key for this program alone"

    async def has_traded(self) -> bool:
        """Whether orders were ever placed with this key from beside this database. Raises `DatabaseUnusable`."""
        return await self._nonces.has_traded()

    async def trades(self) -> None:
        """Orders are about to be placed with this key. Raises `DatabaseUnusable`."""
        await self._nonces.trades()

    async def undisturbed(self) -> bool:
        """Whether no other process has used this key since our last call, which only its nonces show.

        Raises `KrakenError` when it cannot be known now.
        """
        self._refuse_in_a_pause()
        async with self._turns.turn(REST_CALL, Urgency.BACKGROUND):
            try:
                await self._send("GetApiKeyInfo", Raw, {}, by_clock=False)
            except KrakenError as error:
                if error.meaning != "nonce":
                    raise
                return False
        return True

    async def _send(self, name: str, kind: type[Result], params: dict[str, object], *, by_clock: bool = True) -> Result:
        path = f"/0/private/{name}"
        nonce = await self._nonces.next(by_clock=by_clock)
        body = msgspec.json.encode({"nonce": str(nonce), **params})
        headers = {"Content-Type": "application/json", **self._signer.headers(path, nonce, body)}
        try:
            with _counted(self.tally, name):
                response = await self._client.post(path, content=body, headers=headers)
                result = _result(response, name, kind, self.own)
        except (httpx.HTTPError, WireError) as error:
            raise KrakenError(f"no usable answer ({_describe(error)})") from None
        if isinstance(result, OrderRows | Ledgers):
            for key, row in result.unread().items():
                self._skipped.note(f"{name} {key}", row.error)
            self._skipped.tell(trio.current_time())
        return result

    def _refuse_in_a_pause(self) -> None:
        """Raises `KrakenError` while each call would make it worse."""
        hold = self.holds.find(_SCOPES, trio.current_time())
        if hold is not None and (hold.reason != "credentials" or meaning_of(hold.text) == "nonce"):
            raise KrakenError(f"{hold.text} (not asked again before it is over)")

    def _ask_again(self) -> bool:
        """Whether this call is the first after a pause. Raises like `_refuse_in_a_pause`."""
        self._refuse_in_a_pause()
        now = trio.current_time()
        return self.holds.asks([scope for scope in _SCOPES if self.holds.find([scope], now) is None], now)


@contextmanager
def _counted(tally: RequestTally, name: str) -> Iterator[None]:
    """Count one request; one that is cancelled ends unanswered."""
    try:
        yield
    except KrakenError as error:
        tally.answered(name, error.text)
        raise
    except BaseException:
        tally.unanswered(name)
        raise
    tally.answered(name)


async def _pay(budget: Counter, cost: float) -> None:
    """Spend, and wait until that fits; who comes later waits longer."""
    wait = budget.wait(cost, trio.current_time())
    budget.charge(cost, trio.current_time())
    if wait:
        await trio.sleep(wait)


def _result(response: httpx.Response, name: str, kind: type[Result], own: Ownership = EVERY_MARK) -> Result:
    """Raises `WireError` for anything but an envelope, `KrakenError` for one that holds an error."""
    if response.status_code != _OK:
        raise WireError(f"HTTP status {response.status_code}")
    envelope = decode(response.content, Envelope, name)
    failure = first_error(envelope.error)
    if failure is not None:
        raise KrakenError(failure)
    if not bytes(envelope.result):
        raise WireError("an answer without error and result")
    return decode(envelope.result, kind, name, own)


def _advice(error: Exception) -> str:
    return certificate_advice(error) or (error.advice if isinstance(error, ProxyError) else "")


def _describe(error: Exception) -> str:
    if advice := certificate_advice(error):
        return advice
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        url = error.request.url
        return no_connection(url.host, url.port or _PORTS.get(url.scheme, 0), error)
    return str(error) or type(error).__name__
