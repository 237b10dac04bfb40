"""The HTTP client's way out: through the proxy that the environment names, whose failures are told as its own."""

import os
import re
import ssl

import httpx

from adapters.network.proxies import Proxy, proxy_for
from adapters.network.trust import certificate_error, trusted
from adapters.network.tunnel import ProxyFailed, reason, refusal, unreachable


class ProxyError(httpx.ProxyError):
    """A proxy cannot be reached or does not let through; the text names it, never its password."""

    def __init__(self, failure: ProxyFailed) -> None:
        super().__init__(str(failure))
        self.advice = failure.advice


def make_transport(url: str) -> httpx.AsyncBaseTransport:
    """A transport for this URL and what lies below it. Raises `ConfigError` for a proxy that makes no sense."""
    proxy = proxy_for(url, os.environ)
    verify: ssl.SSLContext | bool = False if url.lower().startswith("http:") else trusted()
    if proxy is None:
        return httpx.AsyncHTTPTransport(verify=verify, trust_env=False)
    return _ThroughProxy(proxy, verify)


class _ThroughProxy(httpx.AsyncBaseTransport):
    def __init__(self, proxy: Proxy, verify: ssl.SSLContext | bool) -> None:
        self._proxy = proxy
        password = proxy.password.reveal() if proxy.password else ""
        known = httpx.Proxy(
            proxy.url,
            ssl_context=trusted() if proxy.secure else None,
            auth=(proxy.user, password) if proxy.user else None,
        )
        self._transport = httpx.AsyncHTTPTransport(verify=verify, trust_env=False, proxy=known)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._transport.handle_async_request(request)
        except httpx.ProxyError as error:
            status = re.match(r"\d{3}", str(error))
            failure = refusal(self._proxy, int(status[0])) if status else unreachable(self._proxy, str(error))
            raise ProxyError(failure) from error
        except httpx.RemoteProtocolError as error:
            raise ProxyError(ProxyFailed(f"no usable answer through {self._proxy.name}: {error}")) from error
        except httpx.ConnectTimeout as error:
            raise ProxyError(unreachable(self._proxy, "no answer in time")) from error
        except httpx.ConnectError as error:
            if certificate_error(error):
                raise
            raise ProxyError(unreachable(self._proxy, reason(error))) from error

    async def aclose(self) -> None:
        await self._transport.aclose()
