"""The JSON schema of the configuration for this installation, plug-ins' names included."""

from collections.abc import Mapping

from msgspec import Struct

from adapters.channels.telegram import TelegramOptions
from adapters.channels.webhook import WebhookOptions
from assembly import registry
from config.json_schema import encoded, json_schema

CHANNEL_OPTIONS: Mapping[str, type[Struct]] = {"telegram": TelegramOptions, "webhook": WebhookOptions}
"""What each kind of channel reads of its own table; `log` reads nothing."""


def schema_text() -> str:
    """The schema as a file. With no plug-in installed, it is `config/config.schema.json`."""
    return encoded(json_schema(registry.known(), CHANNEL_OPTIONS))
