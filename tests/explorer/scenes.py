"""What is explored, and how far: each scene with several bounds, since all of them at once would be too much."""

from decimal import Decimal

from msgspec.structs import replace

from tests.explorer.world import Left, Scene
from tests.trading.strategies.harness import settings
from trading.strategies.grid_hodl import GRID_HODL
from trading.strategies.grid_sell import GRID_SELL

ONE_ORDER = Scene(
    "one order and its counter-order",
    GRID_HODL,
    (settings(max_open_buys=1, max_investment=Decimal(150), sell_existing_base=False),),
    Decimal(1000),
    Left(),
)
SHARED_FUNDS = Scene(
    "two orders that share funds",
    GRID_SELL,
    tuple(
        settings(userref=userref, name=f"grid {userref}", max_open_buys=1, max_investment=Decimal(150))
        for userref in (1, 2)
    ),
    Decimal(150),
    Left(),
)


def bounded(scene: Scene, **changes: int) -> Scene:
    """The scene within these bounds; what is not named cannot happen. Buy and sell are executed once."""
    none = Left(misfortunes=0, cancels=0, rises=0, partials=0, buys=1, sells=1, waits=1)
    return replace(scene, left=none._replace(**changes))


SCENES = (
    bounded(ONE_ORDER, misfortunes=2),
    bounded(ONE_ORDER, misfortunes=3, sells=0),
    bounded(ONE_ORDER, misfortunes=1, partials=1, cancels=1),
    bounded(ONE_ORDER, misfortunes=1, rises=1),
    bounded(ONE_ORDER, partials=1, cancels=1, rises=1, waits=3),
    bounded(ONE_ORDER, losses=1, misfortunes=1),
    bounded(ONE_ORDER, losses=1, partials=1, cancels=1),
    bounded(SHARED_FUNDS, misfortunes=1, sells=0),
    bounded(SHARED_FUNDS, partials=1, cancels=1),
    bounded(SHARED_FUNDS, rises=1),
)
"""Small enough for each run of the tests."""

WIDE = (
    bounded(ONE_ORDER, misfortunes=3),
    bounded(ONE_ORDER, misfortunes=1, partials=1, cancels=1, rises=1, waits=3),
    bounded(ONE_ORDER, misfortunes=2, partials=1, cancels=1),
    bounded(ONE_ORDER, losses=1, misfortunes=1, rises=1),
    bounded(ONE_ORDER, losses=2, misfortunes=1, partials=1, cancels=1),
    bounded(SHARED_FUNDS, losses=1, misfortunes=1),
    bounded(SHARED_FUNDS, misfortunes=1, waits=3),
    bounded(SHARED_FUNDS, misfortunes=2, sells=0),
    bounded(SHARED_FUNDS, misfortunes=1, partials=1, cancels=1, rises=1),
)
"""For a machine that has nothing else to do."""
