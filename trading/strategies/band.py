"""Where a grid sleeps: the prices and times at which no rule of the upkeep could act.

Each rule says that for itself, below what it does, in `upkeep`.
"""

from messages.money import EXACT, divide
from trading.strategies.core import EVERY_TICK, NEVER, NO_TICK, Band
from trading.strategies.ladder import Ladder
from trading.strategies.upkeep import RULES


def band(ladder: Ladder) -> Band:
    """The band that holds until the next event that is not a tick inside it."""
    if not ladder.synced:
        return NO_TICK if ladder.settings.believes_first_price else EVERY_TICK  # each may be doubted
    price = while_price_is_sure(ladder)
    low, high, wake = price.low, price.high, price.wake
    for rule in RULES:
        asleep = rule.sleeps(ladder)
        if asleep is not NO_TICK:
            low, high, wake = max(low, asleep.low), min(high, asleep.high), min(wake, asleep.wake)
    # The clock may have passed what is due although no tick has: then the next one acts, whatever its time.
    if low > high or wake <= ladder.now:
        return Band(EVERY_TICK.low, EVERY_TICK.high, wake)
    return Band(low, high, wake)


def while_price_is_sure(ladder: Ladder) -> Band:
    """As long as no price is a jump away: that one is doubted, and each may end the doubt."""
    ticker, jump = ladder.ticker, ladder.settings.jump
    if ticker is None or ladder.doubted is not None or ladder.tick_time < ladder.state.fill_time:
        return EVERY_TICK
    return Band(divide(ticker, jump), EXACT.multiply(ticker, jump), NEVER)
