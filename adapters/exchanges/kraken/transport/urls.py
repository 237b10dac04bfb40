"""URLs of the configuration."""

from config.addresses import exposed_as_plain_text, secure_address
from config.problems import ConfigError, shown


def checked_url(url: str, default: str, key: str, source: str) -> str:
    """`url`, or `default` when it is empty. Raises `ConfigError` for plain text beyond this machine."""
    if exposed_as_plain_text(url):
        raise ConfigError.at(source, key, shown(url), secure_address(url))
    return url or default
