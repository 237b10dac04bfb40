"""What a result rests on, in sentences, including what was left out."""

import numpy as np

from backtesting.report.wording import exact_percent as percent
from backtesting.setup import Stage
from backtesting.spans import Span

_MINUTE = 60 * 10**9
_LOOKED_AT = 4096
_MOST = 0.9


_NO_QUEUE = (
    "An order fills from the row after the one that led to it. There is no queue, no latency, no partial fill,"
    " and the orders move no price."
)
_HOLD = "Buy-and-hold spends all quote currency with the first price, at the taker's fee."
_DRAWDOWN = (
    "Drawdowns are measured in {samples} stretches of time, in each of which the highest price is taken to come"
    " before the lowest: they are never too small."
)
_BARS = (
    "The rows look like bars, and bars are not ticks: only one price of each bar is traded, so that moves inside a"
    " bar are not seen, fills that they would have brought are missing, and the order of events within a bar is"
    " unknown."
)
_HOLE = (
    "No row for more than {span} is a hole in the data. Nothing is traded across it: open orders are withdrawn"
    " before it, the strategies restart after it."
)


def assumptions(stage: Stage, *, bars: bool, hole: int, samples: int) -> list[str]:
    """Every one that this run was made under."""
    fills = {
        "at": "A trade at an order's limit or through it fills the whole order at its limit price.",
        "through": "Only a trade beyond an order's limit fills it, and then the whole order at its limit price.",
    }[stage.paper.fill_rule]
    told = [fills, _NO_QUEUE, *_configured(stage), _HOLD, _DRAWDOWN.format(samples=samples)]
    if bars:
        told.insert(0, _BARS)
    if hole:
        told.append(_HOLE.format(span=_span(hole)))
    return told


def _configured(stage: Stage) -> list[str]:
    paper, pair = stage.paper, stage.pair
    fees = f"maker {percent(paper.maker_fee)}, taker {percent(paper.taker_fee)}"
    rules = f"tick size {pair.tick_size:f}, minimum volume {pair.min_volume:f}"
    return [
        f"Fees are the configured ones for the whole time: {fees}; the exchange's fees of those days may differ.",
        f"Trading rules ({rules}) are those of today, for the whole time.",
    ]


def looks_like_bars(stage: Stage, span: Span) -> bool:
    """Whether nearly all rows have stamps of different whole minutes; trades come in bunches at any time."""
    chunk = stage.tape.read(span.begin, min(span.begin + _LOOKED_AT, span.end))
    whole = np.mean(chunk.times % _MINUTE == 0)
    different = np.mean(np.diff(chunk.times) > 0) if len(chunk.times) > 1 else 0
    return bool(whole > _MOST and different > _MOST)


def _span(nanoseconds: int) -> str:
    minutes = nanoseconds // _MINUTE
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
