"""Refusals and fills that say that what is known of the exchange is old."""

import pytest
from msgspec.structs import replace

from messages.orders import Rejected, RejectReason
from messages.status import LookAgain
from tests.actors.strategy_rig import Rig


@pytest.mark.parametrize("reason", ["pair", "rules", "minimum"])
async def test_a_refusal_that_names_facts_has_them_read_again(reason: RejectReason) -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(Rejected(order_id=places[0].order_id, reason=reason, text="no", time=rig.now))
        assert rig.venue.receive_nowait() == [LookAgain("BTC/USD", reason, "no")]  # type: ignore[arg-type]


async def test_other_refusals_do_not() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        await rig.hears(Rejected(order_id=places[0].order_id, reason="funds", text="no", time=rig.now))
        await rig.hears(Rejected(order_id=places[1].order_id, reason="refused", text="no", time=rig.now))
        assert rig.venue.receive_nowait() == []


async def test_a_fill_that_costs_more_than_the_rate_has_the_fee_read_again() -> None:
    rig = Rig()
    async with rig.running():
        places = await rig.trade()
        fill = rig.filled(places[0])
        fair = replace(fill, fee=fill.cost * rig.config.fee)
        await rig.hears(fair)
        assert rig.venue.receive_nowait() == []
        await rig.hears(replace(fair, fill_id="later", fee=fair.fee * 2))
        [look] = rig.venue.receive_nowait()
        assert (look.symbol, look.reason) == ("BTC/USD", "fee")
