"""A strategy is taken out of the file; what its buys bring is its own until it is back."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.behaviour.accounts import account
from tests.behaviour.desk import opened, until

pytestmark = pytest.mark.process

NEIGHBOUR = {"name": "neighbour", "userref": "1002", "buys": "1"}


WHEN = ("while the program is down", "while it runs", "while its neighbour runs", "then all was cancelled")


@pytest.mark.parametrize("filled", WHEN)
async def test_a_neighbour_never_sells_what_a_strategy_that_was_taken_out_bought(filled: str, tmp_path: Path) -> None:
    async with opened(tmp_path, accounts=account(ZUSD="10000", XXBT="0")) as desk:
        on_stop = "cancel-all" if filled == "then all was cancelled" else "keep"
        async with desk.trading("GridSell", on_stop=on_stop, amount="300", buys="2"):
            await until(lambda: len(desk.ladder()) == 2, desk.ladder)
            if filled in ("while it runs", "then all was cancelled"):
                desk.move("48000.0")
                await until(lambda: sum(side == "sell" for side, _, _ in desk.ladder()) == 2, desk.ladder)
        if filled == "while the program is down":
            desk.move("48000.0")
        async with desk.trading("SWING", **NEIGHBOUR) as handle:
            if filled == "while its neighbour runs":
                # Its own buy stands beside the two others, and is filled with them.
                await until(lambda: len(desk.ladder()) == 3, desk.ladder)
                desk.move("48000.0")
                await until(lambda: any(side == "sell" for side, _, _ in desk.ladder()), desk.ladder)

            def named() -> list[str]:
                return [c.detail for c in handle.status().conditions if c.code == "not covered"]

            await until(lambda: any("BTC that it bought" in detail for detail in named()), named)
            await until(lambda: "may have been" not in named()[0], named)
            before = [row for row in desk.ladder() if row[0] == "sell"]
            follows = filled != "while it runs"  # there the sells that were left behind would be filled
            if follows:

                def followed() -> bool:
                    desk.move("51500.0")
                    return any(side == "buy" and price > 50000 for side, price, _ in desk.ladder())

                await until(followed, desk.ladder)

            def waiting() -> tuple[str, ...]:
                return {strategy.name: strategy for strategy in handle.status().strategies}["neighbour"].waiting

            # The public socket may be ahead of the private one, which tells that its sell was taken.
            await until(lambda: waiting() == (), waiting)
            # A sell of its own that the market has reached meanwhile is filled; all others stay, and none is new.
            reached = Decimal(51500 if follows else 0)
            assert [row for row in desk.ladder() if row[0] == "sell"] == [row for row in before if row[1] > reached]
        async with desk.trading("GridSell", amount="300", buys="2") as handle:
            await until(lambda: sum(side == "sell" for side, _, _ in desk.ladder()) == 2, desk.ladder)
            (back,) = handle.status().strategies
            assert back.waiting == ()
            assert back.owned > Decimal(0)
