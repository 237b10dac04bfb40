"""Where the rules are stated in the program, and texts that several edits begin with."""

RULES = "actors/strategies/rules.py"
EVENTS = "actors/strategies/order_events.py"
UPKEEP = "actors/strategies/upkeep.py"
LADDER = "actors/strategies/ladder.py"
GRID = "actors/strategies/grid_base.py"
REPORT = "actors/strategies/report.py"

SELL_PRICE = "    price = bought_at * settings.step\n"
NO_COUNTER_BUY = "    if not ladder.sells() or len(ladder.buys()) >= settings.max_open_buys:\n"
SHIFT = "return highest_buy * settings.two_steps * SHIFT_MARGIN"
LATE_SHIFT = "return highest_buy * settings.two_steps * settings.two_steps * SHIFT_MARGIN"

STORM = "storm"
"""Judged while things fail; all others in clear weather, in which every decision is checked."""
