"""What a result rests on, in sentences: nobody should have to guess what was left out."""

import numpy as np

from backtesting.series import Series
from backtesting.setup import Stage

_MINUTE = 60 * 10**9
_LOOKED_AT = 4096
_MOST = 0.9


def assumptions(stage: Stage, *, bars: bool, hole: int, samples: int) -> list[str]:
    """Every one that this run was made under."""
    paper = stage.paper
    fills = {
        "at": "A trade at an order's limit or through it fills the whole order at its limit price.",
        "through": "Only a trade beyond an order's limit fills it, and then the whole order at its limit price.",
    }[paper.fill_rule]
    told = [
        fills,
        "An order fills from the row after the one that led to it. There is no queue, no latency, no partial fill,"
        " and the orders move no price.",
        f"Fees are the configured ones for the whole time: maker {paper.maker_fee:%}, taker {paper.taker_fee:%};"
        " the exchange's fees of those days may have been others.",
        f"Trading rules (tick size {stage.pair.tick_size:f}, minimum volume {stage.pair.min_volume:f}) are those of"
        " today.",
        "Buy-and-hold spends all quote currency with the first price, at the taker's fee.",
        f"Drawdowns are measured in {samples} stretches of time, in each of which the highest price is taken to come"
        " before the lowest: they are never too small.",
    ]
    if bars:
        told.insert(
            0,
            "The rows look like bars, and bars are not ticks: only one price of each bar is traded, so that moves"
            " inside a bar are not seen, fills that they would have brought are missing, and the order of events"
            " within a bar is unknown.",
        )
    if hole:
        told.append(
            f"No row for more than {_span(hole)} is a hole in the data. Nothing is traded across it: open orders are"
            " withdrawn before it, the strategies start anew behind it."
        )
    return told


def looks_like_bars(stage: Stage, series: Series) -> bool:
    """Whether nearly all rows have stamps of different whole minutes; trades come in bunches at any time."""
    chunk = stage.tape.read(series.start, min(series.start + _LOOKED_AT, series.start + series.rows))
    whole = np.mean(chunk.times % _MINUTE == 0)
    different = np.mean(np.diff(chunk.times) > 0) if len(chunk.times) > 1 else 0
    return bool(whole > _MOST and different > _MOST)


def _span(nanoseconds: int) -> str:
    minutes = nanoseconds // _MINUTE
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
