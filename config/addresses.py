"""Addresses of the configuration: whether what travels there could be read on its way."""

import ipaddress
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def ip_address(text: str) -> Address | None:
    """The address that is written here, an IPv4 one mapped to IPv6 as such; None for a name."""
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_loopback(host: str) -> bool:
    """Whether only this machine itself reaches what listens there."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = ip_address(host)
    return address is not None and address.is_loopback


def leads_here(host: str) -> bool:
    """Whether what is sent there stays on this machine: to listen at 0.0.0.0 is more, to call it is no more."""
    address = ip_address(host)
    return is_loopback(host) or (address is not None and address.is_unspecified)


def exposed_as_plain_text(url: str) -> bool:
    """Whether the URL sends plain text beyond this machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "ws") and not leads_here(parts.hostname or "")
    except ValueError:
        return False  # no URL at all, which others tell


def secure_address(url: str) -> str:
    """What is allowed instead of such an address."""
    secure = "wss" if url.startswith("ws:") else "https"
    return f"{secure}://, or a host of this machine: keys travel there"
