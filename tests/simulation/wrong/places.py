"""Where the rules are stated in the program, and texts that several edits begin with."""

RULES = "trading/strategies/rules.py"
EVENTS = "trading/strategies/order_events.py"
UPKEEP = "trading/strategies/upkeep.py"
LADDER = "trading/strategies/ladder.py"
GRID = "trading/strategies/grid_base.py"
REPORT = "trading/strategies/report.py"
WHY = "trading/strategies/why.py"

SELL_PRICE = "    price = bought_at * settings.step\n"
NO_COUNTER_BUY = "    if not ladder.sells() or len(ladder.buys()) >= settings.max_open_buys:\n"
SHIFT = "return highest_buy * settings.two_steps * SHIFT_MARGIN"
LATE_SHIFT = "return highest_buy * settings.two_steps * settings.two_steps * SHIFT_MARGIN"

STORM = "storm"
"""Judged while things fail; all others in clear weather, in which every decision is checked."""
