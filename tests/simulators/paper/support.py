"""Orders, books and a store in memory for the tests of the paper exchange."""

from collections.abc import Mapping
from decimal import Decimal

from messages.ids import ClientOrderId, Nanos, client_order_id
from messages.market import Tick
from messages.money import Side
from messages.orders import Place
from simulators.paper.book import PaperBook, Rules
from simulators.paper.pairs import pair_rules
from simulators.paper.saved_account import PaperAccount

SECOND = 1_000_000_000
START = Nanos(1_700_000_000 * SECOND)
BTC_USD = pair_rules("BTC/USD", {}, "test")
RULES = Rules(maker_fee=Decimal("0.004"), taker_fee=Decimal("0.008"))


class MemoryStore:
    """Keeps what was saved, as the journal does; counts the saves."""

    def __init__(self) -> None:
        self.account: str | None = None
        self.orders: dict[str, str] = {}
        self.saves = 0
        self.fails = False

    async def load(self) -> tuple[str | None, dict[str, str]]:
        return self.account, dict(self.orders)

    async def save(self, account: str, orders: dict[str, str]) -> None:
        if self.fails:
            raise OSError("disk full")
        self.account = account
        self.orders |= orders
        self.saves += 1


def order_id(number: int) -> ClientOrderId:
    return client_order_id(1001, f"order {number}")


def place(
    number: int,
    side: Side,
    price: str,
    volume: str = "0.001",
    *,
    post_only: bool = True,
    symbol: str = "BTC/USD",
    time: int = 0,
) -> Place:
    return Place(
        strategy=1001,
        order_id=order_id(number),
        symbol=symbol,
        side=side,
        price=Decimal(price),
        volume=Decimal(volume),
        post_only=post_only,
        kind="ladder",
        cause=f"order {number}",
        time=Nanos(time),
    )


def tick(price: str, time: int = START, symbol: str = "BTC/USD") -> Tick:
    return Tick(symbol, Decimal(price), Nanos(time))


def new_book(balances: Mapping[str, str] | None = None, rules: Rules = RULES) -> PaperBook:
    """A book for BTC/USD, by default with 10,000 USD and 1 BTC."""
    amounts = balances if balances is not None else {"USD": "10000", "BTC": "1"}
    book = PaperBook(rules, PaperAccount({asset: Decimal(amount) for asset, amount in amounts.items()}))
    book.add_pair(BTC_USD)
    return book
