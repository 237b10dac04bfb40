"""What has changed, in words."""

from decimal import Decimal

from msgspec.structs import replace

from actors.venue_facts import changes, fee_change
from messages.money import Pair

SOL = Pair("SOL/USD", Decimal("0.01"), 8, 5, Decimal("0.02"), Decimal("0.5"))


def test_only_what_differs_is_told_with_its_unit() -> None:
    assert changes(SOL, SOL) == []
    other = replace(SOL, tick_size=Decimal("0.1"), lot_decimals=4, min_volume=Decimal(1))
    assert changes(SOL, other) == [
        "tick size 0.01 -> 0.1 USD",
        "lot decimals 8 -> 4",
        "minimum volume 0.02 -> 1 SOL",
    ]


def test_a_fee_is_told_in_percent() -> None:
    assert fee_change(Decimal("0.0026"), Decimal("0.0026")) == []
    assert fee_change(Decimal("0.001"), Decimal("0.0040")) == ["maker fee 0.1 % -> 0.4 %"]
    assert fee_change(Decimal("0.1"), Decimal(0)) == ["maker fee 10 % -> 0 %"]
