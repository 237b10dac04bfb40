"""Which proxy leads to a URL, by the environment: one rule for REST, WebSockets and notices.

`https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`, in lower or upper case; lower case wins, as with curl.
"""

import base64
import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from config.addresses import ip_address, leads_here
from config.problems import ConfigError
from config.secrets import ENVIRONMENT, Secret

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_SECURE = {"https": "https", "wss": "https", "http": "http", "ws": "http"}
_ALLOWED = "http://host:port or http://user:password@host:port, or what is reached without it in NO_PROXY (* is all)"


class Proxy(Struct, frozen=True):
    """An HTTP proxy."""

    host: str
    port: int
    variable: str
    """The environment variable that names it."""
    secure: bool = False
    """Whether TLS is spoken with the proxy itself."""
    user: str = ""
    password: Secret | None = None

    @property
    def name(self) -> str:
        """What it is called in messages: never with its password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"the proxy {host}:{self.port} ({self.variable})"

    @property
    def url(self) -> str:
        """Without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"

    @property
    def authorization(self) -> bytes:
        """The value of the header `Proxy-Authorization`; empty without a user."""
        if not self.user:
            return b""
        password = self.password.reveal() if self.password else ""
        return b"Basic " + base64.b64encode(f"{self.user}:{password}".encode())


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that leads to this URL; None: it is reached directly, as everything of this machine is.

    Raises `ConfigError` for a proxy that makes no sense.
    """
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    if scheme not in _SECURE or not host or leads_here(host):
        return None
    named = _first(environ, f"{_SECURE[scheme]}_proxy") or _first(environ, "all_proxy")
    if named is None or _is_excepted(host, parts.port or _PORTS[scheme], _value(environ, "no_proxy")):
        return None
    return _read(*named)


def way(urls: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """How these URLs are reached, in a sentence that names each way; empty where all are reached directly."""
    proxies = {what: proxy_for(url, environ) for what, url in urls.items()}
    if not any(proxies.values()):
        return ""
    ways: dict[str, list[str]] = {}
    for what, proxy in proxies.items():
        ways.setdefault(f"through {proxy.name}" if proxy else "directly", []).append(what)
    return "; ".join(f"{_listed(names)}: {how}" for how, names in ways.items())


def _listed(names: list[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]


def _value(environ: Mapping[str, str], name: str) -> str:
    """Lower case wins, also where it is empty."""
    return environ.get(name, environ.get(name.upper(), "")).strip()


def _first(environ: Mapping[str, str], name: str) -> tuple[str, str] | None:
    value = _value(environ, name)
    return (name if name in environ else name.upper(), value) if value else None


def _read(variable: str, value: str) -> Proxy:
    text = value if "://" in value else f"http://{value}"
    wrong = ConfigError.at(ENVIRONMENT, variable, "no URL of a proxy", _ALLOWED)  # never quoted: it may hold a password
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https"):
        scheme = parts.scheme if re.fullmatch(r"[a-z0-9+.-]{1,16}", parts.scheme) else "unknown"
        raise ConfigError.at(ENVIRONMENT, variable, f"a proxy of the kind {scheme}", _ALLOWED)
    if not host or not re.fullmatch(r"[\w.:%-]+", host) or port == 0:
        raise wrong
    return Proxy(host, port or _PORTS[parts.scheme], variable, parts.scheme == "https", *_credentials(parts))


def _credentials(parts: SplitResult) -> tuple[str, Secret | None]:
    password = unquote(parts.password) if parts.password else ""
    return unquote(parts.username or ""), Secret(password) if password else None


def _is_excepted(host: str, port: int, no_proxy: str) -> bool:
    return any(_fits(entry.lower(), host.lower(), port) for entry in re.split(r"[\s,;]+", no_proxy) if entry)


def _fits(entry: str, host: str, port: int) -> bool:
    """Whether one entry is meant: `*`, a domain with all below it, an address, a network; each with or without port."""
    if entry == "*":
        return True
    if "/" in entry:
        return _is_in_network(entry, host)
    if found := re.fullmatch(r"(\[[^\]]+\]|[^:]+):(\d+)", entry):
        if int(found[2]) != port:
            return False
        entry = found[1]
    address, of_host = ip_address(entry), ip_address(host)
    if address is not None or of_host is not None:
        return address == of_host
    domain = entry.removeprefix("*").strip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _is_in_network(entry: str, host: str) -> bool:
    address = ip_address(host)
    try:
        network = ipaddress.ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False
    return address is not None and address.version == network.version and address in network
