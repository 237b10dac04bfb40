"""The report for a terminal."""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from backtesting.figures.summary import StrategySummary, Summary
from backtesting.report import wording as say
from messages.counted import counted

_LEVELS_SHOWN = 6


def show(console: Console, title: str, summary: Summary, out_of_sample: Summary | None = None) -> None:
    """Print the figures; with `out_of_sample`, those of the later part beside them."""
    console.print(report(title, summary, out_of_sample))


def report(title: str, summary: Summary, out_of_sample: Summary | None = None) -> Group:
    """What `show` prints."""
    parts: list[RenderableType] = [_heading(title, summary), _totals(summary, out_of_sample), _strategies(summary)]
    if out_of_sample is not None:
        parts.append(Text("Out of sample:", style="bold"))
        parts.append(_strategies(out_of_sample))
    parts += [_levels(strategy) for strategy in summary.strategies]
    parts.append(_remarks(summary))
    return Group(*parts)


def _heading(title: str, summary: Summary) -> Text:
    text = Text()
    text.append(f"{title}\n", style="bold")
    text.append(
        f"{summary.symbol}, {counted(summary.rows, 'row')}, "
        f"{say.moment(summary.begin)} to {say.moment(summary.end)} UTC"
        f" ({say.duration(summary.end - summary.begin)}),"
        f" {say.price(summary.first_price)} to {say.price(summary.last_price)} {summary.quote}"
    )
    return text


def _totals(first: Summary, second: Summary | None) -> Table:
    table = Table(box=None, pad_edge=False, show_header=second is not None)
    table.add_column("")
    table.add_column("in sample" if second else "", justify="right")
    summaries = [first]
    if second is not None:
        table.add_column("out of sample", justify="right")
        summaries.append(second)
    quote = first.quote
    rows: list[tuple[str, list[str]]] = [
        ("period", [f"{say.moment(s.begin)} … {say.moment(s.end)}" for s in summaries]),
        (f"profit ({quote})", [say.signed(s.profit) for s in summaries]),
        ("  realised", [say.signed(s.realised) for s in summaries]),
        ("  unrealised", [say.signed(s.unrealised) for s in summaries]),
        (f"fees paid ({quote})", [say.money(s.fees) for s in summaries]),
        ("cycles (buy and its sell)", [f"{s.cycles:,}" for s in summaries]),
        (f"equity ({quote})", [f"{say.money(s.equity_begin)} → {say.money(s.equity_end)}" for s in summaries]),
        ("annualised return", [say.percent(s.annualised) for s in summaries]),
        ("largest drawdown", [say.share(s.drawdown) for s in summaries]),
        (f"buy-and-hold ({quote})", [say.signed(s.hold_profit) for s in summaries]),
        ("  annualised return", [say.percent(s.hold_annualised) for s in summaries]),
        ("  largest drawdown", [say.share(s.hold_drawdown) for s in summaries]),
        (f"{first.base} at the end", [say.base(s.balances[s.base]) for s in summaries]),
        (f"{quote} at the end", [say.money(s.balances[s.quote]) for s in summaries]),
    ]
    for name, values in rows:
        table.add_row(name, *values)
    return table


def _strategies(summary: Summary) -> Table:
    """One column per strategy, so that it fits a narrow terminal."""
    parts, quote, base = summary.strategies, summary.quote, summary.base
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for part in parts:
        table.add_column(part.name if part.name == part.kind else f"{part.name}\n{part.kind}", justify="right")
    rows: list[tuple[str, list[str]]] = [
        ("buys / sells filled", [f"{part.buys:,} / {part.sells:,}" for part in parts]),
        ("cycles", [f"{part.cycles:,}" for part in parts]),
        (f"realised ({quote})", [say.signed(part.realised) for part in parts]),
        (f"unrealised ({quote})", [say.signed(part.unrealised) for part in parts]),
        (f"fees ({quote})", [say.money(part.fees) for part in parts]),
        (f"{base} held", [say.base(part.held) for part in parts]),
        ("open orders", [str(part.open_orders) for part in parts]),
        ("capital in use, average", [say.money(part.capital.average) for part in parts]),
        ("capital in use, highest", [say.money(part.capital.highest) for part in parts]),
        ("return on the average", [say.percent(part.return_on_capital) for part in parts]),
    ]
    for name, values in rows:
        table.add_row(name, *values)
    return table


def _levels(strategy: StrategySummary) -> Table:
    """The levels with the most fills, highest price first."""
    busiest = sorted(strategy.levels, key=lambda level: level.buys_filled + level.sells_filled, reverse=True)
    shown = sorted(busiest[:_LEVELS_SHOWN], key=lambda level: level.number, reverse=True)
    title = f"{strategy.name}: hits per level ({len(shown)} of {len(strategy.levels)}, those with the most fills)"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("level", "from price", "buys filled / placed", "sells filled / placed", "hit rate"):
        table.add_column(name, justify="right")
    for level in shown:
        table.add_row(
            f"{level.number:+d}" if level.number else "0",
            say.price(level.low),
            f"{level.buys_filled} / {level.buys}",
            f"{level.sells_filled} / {level.sells}",
            say.share(level.hit_rate),
        )
    return table


def _remarks(summary: Summary) -> Text:
    text = Text()
    for title, lines in (
        ("Holes in the data, not traded across", [_hole(hole) for hole in summary.holes]),
        ("Refused", [f"{reason} ({counted(count, 'time')})" for reason, count in summary.refused.items()]),
        ("Assumptions", summary.assumptions),
    ):
        _list(text, title, lines)
    return text


def _hole(hole: tuple[int, int]) -> str:
    return f"{say.moment(hole[0])} to {say.moment(hole[1])} UTC ({say.duration(hole[1] - hole[0])})"


def _list(text: Text, title: str, lines: Sequence[str]) -> None:
    if lines:
        text.append(f"{title}\n", style="bold")
        text.append("".join(f"- {line}\n" for line in lines))
