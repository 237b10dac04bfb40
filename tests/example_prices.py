"""The recipe of `config/prices/trades.csv`: `python -m tests.example_prices > config/prices/trades.csv`.

A made-up day of ETH/USD, so that every clone can replay and back-test something: a walk of whole cents that is drawn
back to where it began, waves wide enough for grids of half a percent, now and then several trades in one moment.
"""

import random
import sys
from collections.abc import Iterator

TRADES = 1_800
BEGIN = 1_767_225_600_000
"""1 January 2026, in milliseconds UTC."""
CENTS = 300_000
"""Where the walk begins, 3,000 USD."""
SEED = 20260101


def lines() -> Iterator[str]:
    """The file's lines, its header first. Only whole numbers are drawn: every Python makes the same file."""
    yield "time_seconds,price,size"
    draw = random.Random(SEED)
    time, cents, pull = BEGIN, CENTS, 0
    for number in range(TRADES):
        if number % 200 == 0:
            pull = CENTS + draw.randrange(-18_000, 18_001)
        cents += draw.randrange(-600, 601) + (pull - cents) // 40
        time += 0 if draw.randrange(12) == 0 else draw.randrange(1, 95_000)
        size = draw.randrange(1, 30_000)
        yield f"{time // 1000}.{time % 1000:03},{cents // 100}.{cents % 100:02},{size // 10_000}.{size % 10_000:04}"


def main() -> None:
    """Write the file to standard output."""
    sys.stdout.write("\n".join(lines()) + "\n")


if __name__ == "__main__":
    main()
