"""One trading session of every kind of step: start, fills, counter-buy, partial fills, cancel, shift, surplus, stop.

Prices and limits are chosen such that a tick and a fill which come over two connections lead to the same orders in
either order: a price that fills an order never moves the ladder at the same time.
"""

from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from simulators.kraken import DEMO_KEY, DEMO_PRIVATE, AccountSettings, KeySettings, Sandbox, Settings
from simulators.kraken.model.fees import Rates
from tests.existing_base import existing_base

SYMBOL = "BTC/USD"
START = Decimal("50000.0")
MONEY = {"ZUSD": Decimal("100000.0000"), "XXBT": Decimal("2.0000000000")}
FEE = Decimal("0.0025")

CONFIGURATION = """
[bot]
dry_run = false
on_stop = "cancel-buys"

[exchange]
adapter = "kraken"
rest_url = "{rest}"
ws_url = "{ws}"
ws_auth_url = "{auth}"

[persistence]
database = "trial.duckdb"

[metrics]
port = {port}

[supervisor]
backoff_seconds = 0.1

[[strategy]]
name = "trial"
kind = "{kind}"
{existing_base}base_currency = "BTC"
quote_currency = "USD"
userref = 1001
amount_per_grid = 100
interval = 0.01
n_open_buy_orders = 3
max_investment = 550
fee = 0.0025
"""
"""Few enough funds that three sells leave room for two buys: only then a filled sell is bought back."""


def venue() -> Settings:
    """The same venue each time."""
    percent = FEE * 100
    account = AccountSettings(
        "demo", (KeySettings(DEMO_KEY, DEMO_PRIVATE),), MONEY, tier="pro", rates=Rates(percent, percent * 2)
    )
    return Settings(accounts=(account,), prices={SYMBOL: START})


def configuration(kraken: Sandbox, kind: str, port: int) -> str:
    """The program's, but for its keys."""
    urls = {"rest": kraken.rest_url, "ws": kraken.ws_url, "auth": kraken.ws_auth_url}
    return CONFIGURATION.format(kind=kind, existing_base=existing_base(kind), port=port, **urls)


class Stage(Struct, frozen=True):
    """One thing that happens in the market, and the price at which trades go on after it."""

    name: str
    move: Callable[[Sandbox], Decimal]


def _start(kraken: Sandbox) -> Decimal:
    return START


def _trade(price: str) -> Callable[[Sandbox], Decimal]:
    def move(kraken: Sandbox) -> Decimal:
        kraken.control.price(SYMBOL, Decimal(price))
        return Decimal(price)

    return move


def _partial(volume: str) -> Callable[[Sandbox], Decimal]:
    def move(kraken: Sandbox) -> Decimal:
        """Trades go on a little above the order, so that its rest stays open."""
        order = max((order for order in kraken.control.open_orders() if order.side == "buy"), key=lambda o: o.price)
        kraken.control.fill(order.txid, Decimal(volume))
        return _above(order.price)

    return move


def _cancel(kraken: Sandbox) -> Decimal:
    order = max((order for order in kraken.control.open_orders() if order.side == "buy"), key=lambda o: o.price)
    kraken.control.cancel(order.txid)
    return _above(order.price)


def _above(price: Decimal) -> Decimal:
    return (price * Decimal("1.001")).quantize(Decimal("0.1"))


STAGES = (
    Stage("start", _start),
    Stage("first fill", _trade("49504.9")),
    Stage("second fill", _trade("49014.7")),
    Stage("third fill", _trade("48529.4")),
    Stage("sell fills", _trade("49014.6")),
    Stage("partial fill", _partial("0.001")),
    Stage("cancel by hand", _cancel),
    Stage("another partial fill", _partial("0.0012")),
    Stage("shift up", _trade("49100.0")),
    Stage("last sell", _trade("49504.8")),
)
"""The stop comes after them."""
