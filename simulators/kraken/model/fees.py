"""The fee ladder published for 9 July 2026 (facts, section 6.2) and what an account pays."""

from decimal import Decimal

from msgspec import Struct


class Rates(Struct, frozen=True):
    """Percent of the cost: 0.40 is 0.40 %."""

    maker: Decimal
    taker: Decimal


class Step(Struct, frozen=True):
    """The rates from a 30-day volume in USD on."""

    volume: Decimal
    rates: Rates


def _step(volume: int, maker: str, taker: str) -> Step:
    return Step(Decimal(volume), Rates(Decimal(maker), Decimal(taker)))


LADDER = (
    _step(0, "0.40", "0.80"),
    _step(2_500, "0.30", "0.60"),
    _step(10_000, "0.22", "0.38"),
    _step(25_000, "0.20", "0.35"),
    _step(50_000, "0.15", "0.30"),
    _step(100_000, "0.12", "0.25"),
    _step(250_000, "0.10", "0.22"),
    _step(500_000, "0.08", "0.20"),
    _step(1_000_000, "0.06", "0.18"),
    _step(2_500_000, "0.04", "0.15"),
    _step(5_000_000, "0.02", "0.12"),
    _step(10_000_000, "0.00", "0.10"),
    _step(50_000_000, "0.00", "0.09"),
    _step(100_000_000, "0.00", "0.08"),
    _step(250_000_000, "0.00", "0.07"),
    _step(400_000_000, "0.00", "0.06"),
    _step(500_000_000, "0.00", "0.05"),
)


def standing(volume: Decimal) -> tuple[Step, Step | None]:
    """The step a volume has reached, and the next one if there is any."""
    reached = max(index for index, step in enumerate(LADDER) if step.volume <= volume)
    following = LADDER[reached + 1] if reached + 1 < len(LADDER) else None
    return LADDER[reached], following
