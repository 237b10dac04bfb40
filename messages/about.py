"""What a log line is about: fields that a JSON log shows beside the words, and a text log leaves to the words.

`logger.info("...", extra=about(order_id=order.order_id))`
"""

from messages.ids import ClientOrderId, VenueOrderId

FIELDS = ("strategy", "pair", "order_id", "exchange_id", "cause")
"""In the order in which they are shown."""

ABOUT = "about"
"""The attribute of a log record that holds them."""


def about(
    *,
    strategy: str | int = "",
    pair: str | None = "",
    order_id: ClientOrderId | str | None = "",
    exchange_id: VenueOrderId | str = "",
    cause: str = "",
) -> dict[str, dict[str, str | int]]:
    """For the parameter `extra` of a logger's methods; what is empty is left out.

    `strategy` is its name or its userref; where only the order is known, its client id tells the strategy. Several
    ids are separated by blanks. `cause` is
    what led to the line: what the order's id was derived from, a reason, the code of a condition.
    """
    values = {"strategy": strategy, "pair": pair, "order_id": order_id, "exchange_id": exchange_id, "cause": cause}
    return {ABOUT: {name: value for name, value in values.items() if value}}
