"""A sweep as one HTML file: a heat map of any two parameters, and in sample against out of sample."""

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from pathlib import Path

from backtesting.report import wording as say
from backtesting.report.page import asset, document, table
from backtesting.sweep.grid import Axis
from backtesting.sweep.search import Outcome, SweepRow, rank_correlation
from messages.counted import counted

_BEST = 25


def write_heat_map(
    path: Path, title: str, axes: Sequence[Axis], rows: Sequence[SweepRow], quote: str, notes: Sequence[str]
) -> None:
    """Raises `OSError`."""
    ran = [row for row in rows if row.first is not None]
    skipped = len(rows) - len(ran)
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{counted(len(ran), "configuration")}, {skipped:,} not run (their cells say why)</p>',
        _controls(),
        luck(rows),
        *(['<div class="card"><canvas id="scatter" style="height:320px"></canvas></div>'] if _judged(rows) else []),
        f"<h2>Best in sample</h2>{_best(axes, ran, quote)}",
        f"<h2>What this rests on</h2><ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>",
    ]
    text = document(f"{title} – sweep", "\n".join(parts), _drawn(axes, rows, quote), asset("heat_map.js"))
    path.write_text(text, encoding="utf-8")


def luck(rows: Sequence[SweepRow]) -> str:
    """What the out-of-sample part says about the choice, as a paragraph; empty without one."""
    if not _judged(rows):
        return ""
    return f"<h2>Luck or skill</h2><p>{escape(judgement(rows))}</p>"


def judgement(rows: Sequence[SweepRow]) -> str:
    """How far the best settings are likely to be overfitted, as plain text."""
    correlation = rank_correlation(rows)
    ran = sorted((row for row in rows if row.first and row.later), key=_profit, reverse=True)
    if correlation is None or not ran:
        return "Too few configurations to compare their order in and out of sample."
    later = sorted(ran, key=lambda row: row.later.profit if row.later else Decimal(0), reverse=True)
    return (
        f"Rank correlation of profit in and out of sample: {correlation:+.2f} (1: the order held, 0: luck)."
        f" The best configuration in sample is number {later.index(ran[0]) + 1} of {len(ran)} out of sample."
    )


def _judged(rows: Sequence[SweepRow]) -> bool:
    return any(row.later for row in rows)


def _profit(row: SweepRow) -> Decimal:
    return row.first.profit if row.first else Decimal("-Infinity")


def _controls() -> str:
    selects = "".join(
        f'<label>{text} <select id="{name}"></select></label>'
        for name, text in (("x", "across"), ("y", "up"), ("metric", "shown"), ("part", "of"))
    )
    return (
        f'<div class="card"><div id="bar">{selects}</div><div id="heat" class="scroll"></div>'
        '<p class="soft" id="xname"></p><p class="soft">Where more parameters vary than two, a cell shows the'
        " configuration with the highest profit in sample. Point at a cell for all its figures.</p></div>"
    )


def _best(axes: Sequence[Axis], rows: Sequence[SweepRow], quote: str) -> str:
    heads = [axis.name for axis in axes]
    heads += [f"profit ({quote})", "realised", "cycles", "drawdown", "annualised", "return on capital"]
    judged = _judged(rows)
    heads += ["out of sample: profit", "annualised", "drawdown"] if judged else []
    lines = []
    for row in sorted(rows, key=_profit, reverse=True)[:_BEST]:
        cells = [f"{value.normalize():f}" for value in row.cell] + (_figures(row.first) if row.first else [])
        if judged and row.later:
            cells += [say.signed(row.later.profit), say.percent(row.later.annualised), say.share(row.later.drawdown)]
        lines.append(cells)
    return table(heads, lines)


def _figures(outcome: Outcome) -> list[str]:
    return [
        say.signed(outcome.profit),
        say.signed(outcome.realised),
        f"{outcome.cycles:,}",
        say.share(outcome.drawdown),
        say.percent(outcome.annualised),
        say.percent(outcome.return_on_capital),
    ]


def _drawn(axes: Sequence[Axis], rows: Sequence[SweepRow], quote: str) -> dict[str, object]:
    return {
        "quote": quote,
        "axes": [{"name": axis.name, "values": [f"{value.normalize():f}" for value in axis.values]} for axis in axes],
        "metrics": [
            {"name": f"profit ({quote})", "inverted": False},
            {"name": f"realised ({quote})", "inverted": False},
            {"name": "cycles", "inverted": False},
            {"name": "drawdown (%)", "inverted": True},
            {"name": "return on capital (%)", "inverted": False},
        ],
        "rows": [
            {
                "cell": [f"{value.normalize():f}" for value in row.cell],
                "problem": row.problem,
                "first": _numbers(row.first),
                "later": _numbers(row.later),
            }
            for row in rows
        ],
    }


def _numbers(outcome: Outcome | None) -> list[float | None] | None:
    """For drawing only."""
    if outcome is None:
        return None
    gained = outcome.return_on_capital
    return [
        float(round(outcome.profit, 2)),
        float(round(outcome.realised, 2)),
        outcome.cycles,
        float(round(outcome.drawdown * 100, 2)),
        None if gained is None else float(round(gained * 100, 2)),
    ]
