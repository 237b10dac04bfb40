"""Released counter-sells that their owner wants back: they become remembered sells again (`--take-back`)."""

from trading.strategies.ladder import Ladder
from trading.strategies.state import RememberedSell


def take_back(ladder: Ladder) -> None:
    """Put every released counter-sell back; those of earlier versions lack what an id is made of and stay."""
    state = ladder.state
    back = [gone for gone in state.released if gone.parent and gone.parent not in state.remembered]
    for gone in back:
        due = RememberedSell(gone.parent, gone.attempt, gone.price, gone.volume, "", gone.bought_at)
        ladder.remember(due, "taken back")
        ladder.tell_delayed(gone.side, gone.price, gone.volume, "taken back, it is placed again")
    state.released = [gone for gone in state.released if gone not in back]
    ladder.sell_retry.at_once()
