from decimal import Decimal

import pytest

from simulators.kraken import wire

TIME = 1_790_000_001_118_233_000


def test_numbers_keep_exactly_their_digits() -> None:
    text = wire.encode({"qty": Decimal("0.00250000"), "step": Decimal("1E-8"), "price": Decimal("60000.0")})
    assert text == b'{"qty":0.00250000,"step":1E-8,"price":60000.0}'
    assert wire.decode(text) == {"qty": Decimal("0.0025"), "step": Decimal("0.00000001"), "price": Decimal(60000)}


def test_times_as_rest_and_the_sockets_write_them() -> None:
    assert wire.rfc3339(TIME) == "2026-09-21T14:13:21.118233Z"
    assert wire.rfc3339(TIME, 0) == "2026-09-21T14:13:21Z"
    assert wire.rfc3339(TIME, 9) == "2026-09-21T14:13:21.118233000Z"
    assert str(wire.seconds(TIME)) == "1790000001.118233"
    assert wire.seconds(0) == 0
    assert wire.rfc1123(1_790_000_000_000_000_000) == "Mon, 21 Sep 26 14:13:20 +0000"


@pytest.mark.parametrize("text", ["2026-09-21T14:13:21.118233Z", "2026-09-21T16:13:21.118233+02:00"])
def test_times_are_read_to_the_microsecond(text: str) -> None:
    assert wire.parse_rfc3339(text) == TIME


def test_a_time_without_zone_is_none() -> None:
    with pytest.raises(ValueError, match="time zone"):
        wire.parse_rfc3339("2026-09-21T14:13:21")


@pytest.mark.parametrize("text", ["1e-05", "+1", "1,5", "", "Infinity", "1.2.3"])
def test_only_fixed_point_text_is_a_number(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        wire.plain_decimal(text)


def test_an_average_has_the_decimals_of_a_price_when_they_suffice() -> None:
    assert str(wire.average(Decimal(60000), 1)) == "60000.0"
    assert str(wire.average(Decimal(1) / 3, 1)) == "0.333333"
