"""What the paper exchange remembers: one account and its orders, saved as JSON texts."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec
from msgspec import Struct

from messages.account import OrderFacts
from messages.ids import ClientOrderId, Nanos
from trading.ports import DatabaseUnusable

VERSION = 1


class LastPrice(Struct, frozen=True):
    """The newest price of one symbol, and when it was."""

    price: Decimal
    time: Nanos


class PaperAccount(Struct):
    """Everything of the simulated account but its orders. Changed in place by the book that owns it."""

    balances: dict[str, Decimal]
    """Totals per asset, held funds included."""
    last: dict[str, LastPrice] = {}
    """The newest price per symbol."""
    sequence: int = 0
    """The number that the newest order or fill was given."""
    source: str = ""
    """Name of the price source that `row` and `epoch` belong to; empty before the first row."""
    row: int = 0
    """How many rows were read, which is the number of the next one."""
    epoch: int = 0
    """Time at which a source without times of its own began, in nanoseconds UTC."""
    version: int = VERSION

    @property
    def position(self) -> tuple[str, int]:
        """Source and row."""
        return self.source, self.row


class PaperOrder(Struct, frozen=True):
    """One order of the simulated account, open or closed."""

    facts: OrderFacts
    number: int
    """Rises with arrival; of two orders at one price the lower one fills first."""
    fee_rate: Decimal
    """As it was when the funds were held, so that the hold always suffices."""
    held: Decimal
    """What is kept for the unfilled rest: quote for a buy, base for a sell."""
    since: int
    """Prices before this time (nanoseconds UTC) never fill the order: after a crash they may be replayed."""


class Changes(Struct, frozen=True):
    """What has to be written for the state to be durable."""

    account: str
    orders: dict[str, str]
    """By exchange id, only those that changed."""


def encode(state: PaperAccount | PaperOrder) -> str:
    """The state as JSON text; money as strings of its exact digits."""
    return msgspec.json.encode(state).decode()


def decode_account(text: str) -> PaperAccount:
    """Raises `DatabaseUnusable` for a text that this version cannot read."""
    try:
        account = msgspec.json.decode(text, type=PaperAccount)
    except msgspec.MsgspecError as error:
        raise DatabaseUnusable(f"the paper account in the database cannot be read: {error}") from None
    if account.version != VERSION:
        raise DatabaseUnusable(f"the paper account in the database has version {account.version}, not {VERSION}")
    return account


def decode_orders(texts: Mapping[str, str]) -> list[PaperOrder]:
    """In the order of arrival. Raises `DatabaseUnusable` like `decode_account`."""
    decoder = msgspec.json.Decoder(PaperOrder)
    try:
        orders = [decoder.decode(text) for text in texts.values()]
    except msgspec.MsgspecError as error:
        raise DatabaseUnusable(f"a paper order in the database cannot be read: {error}") from None
    return sorted(orders, key=lambda order: order.number)


def known_facts(texts: Mapping[str, str], order_ids: Iterable[ClientOrderId]) -> dict[ClientOrderId, OrderFacts]:
    """The newest of the saved orders that have these client ids. Raises like `decode_orders`."""
    wanted = set(order_ids)
    orders = (order.facts for order in decode_orders(texts))
    return {facts.order_id: facts for facts in orders if facts.order_id in wanted}
