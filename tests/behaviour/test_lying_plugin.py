"""A plug-in that lies beside a grid that does not, on the local Kraken: it alone halts, and nothing more is sold."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from messages.mailboxes import CoreEvent
from messages.market import Tick
from messages.status import StrategyReport
from supervisor import Handle
from tests.behaviour import desk as desks
from tests.behaviour.accounts import account
from tests.behaviour.desk import Desk, opened, until
from tests.liar import Liar

pytestmark = pytest.mark.process

D = Decimal
Lie = Callable[[Liar, CoreEvent], None]
NEIGHBOUR = """
[[strategy]]
name = "neighbour"
kind = "GridHODL"
base_currency = "BTC"
quote_currency = "USD"
userref = 1002
amount_per_grid = 100
interval = 0.02
n_open_buy_orders = 2
max_investment = 5000
fee = 0.0025
"""
LIES: dict[str, Lie] = {}


def made(settings: object, saved: str | None) -> Liar:
    """The plug-in's entry point: it lies as the test says, once its sell is open."""
    liar = Liar(settings, saved)  # type: ignore[arg-type]

    def lie(core: Liar, event: CoreEvent) -> None:
        if isinstance(event, Tick) and any(o.accepted and o.place.side == "sell" for o in core.state.orders.values()):
            for now in LIES.values():
                now(core, event)

    liar.lie = lie
    return liar


@pytest.fixture(autouse=True)
def _plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This module as an installed distribution, and a neighbour in the configuration."""
    info = tmp_path / "liar-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: liar\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[infinity_grid.strategies]\nLiar = {__name__}:made\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(desks, "TEXT", desks.TEXT.replace("fee =", "sell_existing_base = false\nfee =") + NEIGHBOUR)
    LIES.clear()


def report(handle: Handle, name: str) -> StrategyReport:
    return next(report for report in handle.status().strategies if report.name == name)


def moved(desk: Desk) -> bool:
    """Another trade."""
    desk.move("49500.0")
    return True


def base_sold(desk: Desk) -> Decimal:
    """By the program, at most: what its open sells offer."""
    return sum((o.volume for o in desk.own() if o.side == "sell"), D(0))


def surplus(core: Liar, event: CoreEvent) -> None:
    core.order("sell", D("60000.0"), D("0.01"))


def answered_again(core: Liar, event: CoreEvent) -> None:
    (sell,) = (own.place for own in core.state.orders.values() if own.place.side == "sell")
    core.order("sell", sell.price, sell.volume, kind="counter")


def owns_more(core: Liar, event: CoreEvent) -> None:
    core.claims = D(1)
    core.order("buy", D("40000.0"), D("0.001"))


def neighbours_order(core: Liar, event: CoreEvent) -> None:
    place = core.order("buy", D("40000.0"), D("0.001"))
    core.cancel(msgspec.structs.replace(place, order_id="g00000u" + place.order_id[7:]).order_id)


def invests_more(core: Liar, event: CoreEvent) -> None:
    core.order("buy", D("40000.0"), D("0.5"))


def floods(core: Liar, event: CoreEvent) -> None:
    for _ in range(2500):
        core.order("buy", D("40000.0"), D("0.00005"))


HALTS: dict[str, tuple[Lie, str]] = {
    "sells what no fill brought": (surplus, "a sell of 0.01 at 60000: its fills have left 0 BTC"),
    "answers a fill twice": (answered_again, "its fills have left 0 BTC"),
    "owns what no fill brought": (owns_more, "it says that it owns 1, while its fills have brought"),
    "cancels a neighbour's order": (neighbours_order, "no open order of its own"),
    "invests more than it may": (invests_more, "max_investment is 10000"),
    "floods": (floods, "2,500 new orders at once: 2,010 are allowed"),
}


@pytest.mark.parametrize("name", HALTS)
async def test_a_lie_halts_its_strategy_alone(tmp_path: Path, name: str) -> None:
    lie, words = HALTS[name]
    funds = account(ZUSD="100000", XXBT="5")
    async with opened(tmp_path, accounts=funds) as desk, desk.trading("Liar", name="liar") as handle:
        await until(lambda: len(desk.own()) == 3, desk.ladder)
        desk.move("49400.0")  # below the plug-in's buy only
        await until(lambda: base_sold(desk) > 0, desk.ladder)
        ours = base_sold(desk)
        LIES[name] = lie
        await until(lambda: moved(desk) and words in report(handle, "liar").reason, handle.status)
        assert report(handle, "liar").phase == "halted"
        assert base_sold(desk) == ours
        assert report(handle, "neighbour").phase == "trading"
        desk.move("48900.0")
        await until(lambda: len([o for o in desk.own() if o.side == "sell"]) == 2, desk.ladder)
        assert report(handle, "neighbour").buys_filled == 1


async def test_base_that_was_claimed_between_two_lives_is_not_sold(tmp_path: Path) -> None:
    async with opened(tmp_path, accounts=account(ZUSD="100000", XXBT="5")) as desk:
        async with desk.trading("Liar", name="liar") as handle:
            await until(lambda: len(desk.own()) == 3, desk.ladder)
            desk.move("49400.0")
            await until(lambda: base_sold(desk) > 0, desk.ladder)
            ours = base_sold(desk)
        LIES["surplus"] = surplus
        LIES["owned"] = owns_more
        async with desk.trading("Liar", name="liar") as handle:
            await until(lambda: moved(desk) and report(handle, "liar").phase == "halted", handle.status)
            assert "its fills have left 0 BTC" in report(handle, "liar").reason
            assert base_sold(desk) == ours
