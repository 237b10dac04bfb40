"""One notice by each channel through asks, as a program: it needs an environment that has it."""

import trio

from assembly import registry
from tests.actors.channels import fill, letter
from tests.adapters.channels.stand_in import OK, service
from tests.config.texts import VALID, read
from trading.ports import Channel

TABLES = """
[notifier.telegram]
token = "1:a"
chat_id = 5
base_url = "{url}"
client = "asks"
[notifier.webhook]
url = "{url}/hook"
client = "asks"
"""


async def _all() -> None:
    async with service(OK) as found:
        channels: list[Channel] = [
            channel for channel, _ in registry.channels(read(VALID + TABLES.format(url=found.url)))
        ]
        for channel in channels:
            await channel.send(letter(fill()))
        telegram, webhook = found.requests
        assert telegram.path == "/bot1:a/sendMessage"
        assert str(telegram.json["text"]).startswith("✅ SOL/EUR: Buy order executed")
        assert webhook.path == "/hook"
        assert webhook.json["kind"] == "fill"
        print("telegram", "webhook")


if __name__ == "__main__":
    trio.run(_all)
