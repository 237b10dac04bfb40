"""URLs of the configuration."""

import ipaddress
from urllib.parse import urlsplit

from config.problems import ConfigError, shown


def checked_url(url: str, default: str, key: str, source: str) -> str:
    """`url`, or `default` when it is empty. Raises `ConfigError` for plain text beyond this machine."""
    parts = urlsplit(url)
    if parts.scheme in ("http", "ws") and not _is_loopback(parts.hostname or ""):
        secure = {"http": "https", "ws": "wss"}[parts.scheme]
        raise ConfigError.at(source, key, shown(url), f"{secure}://, or a host of this machine: keys travel there")
    return url or default


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
