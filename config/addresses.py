"""Addresses of the configuration: whether what travels there could be read on its way."""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether the host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def exposed_as_plain_text(url: str) -> bool:
    """Whether the URL sends plain text beyond this machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "ws") and not is_loopback(parts.hostname or "")
    except ValueError:
        return False  # no URL at all, which others tell


def secure_address(url: str) -> str:
    """What is allowed instead of such an address."""
    secure = "wss" if url.startswith("ws:") else "https"
    return f"{secure}://, or a host of this machine: keys travel there"
