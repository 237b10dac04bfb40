"""The report as one HTML file that needs nothing else: figures, tables and a picture to zoom into."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from pathlib import Path

import msgspec

from backtesting.figures.summary import Result, StrategySummary, Summary
from backtesting.record import OrderRecord
from backtesting.report import wording as say
from messages.counted import counted

MOST_ORDERS = 20_000
MOST_FILLS = 20_000
"""What a browser still draws at once; of more, the newest are shown and the page says so."""
_MILLISECOND = 10**6


def write_page(path: Path, title: str, result: Result, out_of_sample: Summary | None) -> None:
    """Raises `OSError`."""
    path.write_text(page(title, result, out_of_sample), encoding="utf-8")


def page(title: str, result: Result, out_of_sample: Summary | None) -> str:
    """The whole document."""
    summary = result.summary
    judged = [summary] if out_of_sample is None else [summary, out_of_sample]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{escape(_subtitle(summary))}</p>',
        _tiles(summary),
        _picture(result),
        *(_strategies(part, name) for part, name in zip(judged, _titles(judged), strict=True)),
        _comparison(judged),
        "<h2>Hits per level</h2>",
        *(_levels(strategy, summary) for strategy in summary.strategies),
        _lists(summary),
    ]
    return document(f"{title} – backtest", "\n".join(parts), _drawn(result), asset("page.js"))


def document(title: str, body: str, data: object = None, script: str = "") -> str:
    """A page of its own; `data` is what `script` reads from the element `data`."""
    # A text inside the data must not end the element that holds it.
    drawn = msgspec.json.encode(data).decode().replace("<", "\\u003c")
    scripts = f'<script type="application/json" id="data">{drawn}</script>\n<script>{script}</script>' if script else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{asset("page.css")}</style>\n'
        f"</head>\n<body>\n{body}\n{scripts}\n</body>\n</html>\n"
    )


def asset(name: str) -> str:
    """A file of this package."""
    return resources.files("backtesting.report").joinpath(name).read_text(encoding="utf-8")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are escaped here."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _subtitle(summary: Summary) -> str:
    return (
        f"{summary.symbol}, {counted(summary.rows, 'row')}, "
        f"{say.moment(summary.begin)} to {say.moment(summary.end)} UTC"
        f" ({say.duration(summary.end - summary.begin)}), price {say.price(summary.first_price)} to"
        f" {say.price(summary.last_price)} {summary.quote}"
    )


def _tiles(summary: Summary) -> str:
    quote = summary.quote
    tiles = [
        (f"profit ({quote})", say.signed(summary.profit), f"buy-and-hold {say.signed(summary.hold_profit)}"),
        ("realised", say.signed(summary.realised), f"unrealised {say.signed(summary.unrealised)}"),
        ("annualised", say.percent(summary.annualised), f"buy-and-hold {say.percent(summary.hold_annualised)}"),
        ("drawdown", say.share(summary.drawdown), f"buy-and-hold {say.share(summary.hold_drawdown)}"),
        ("cycles", f"{summary.cycles:,}", "buys whose sell was filled, too"),
        (f"fees ({quote})", say.money(summary.fees), f"equity at the end {say.money(summary.equity_end)}"),
    ]
    cells = (
        f'<div class="tile"><span>{escape(name)}</span><b class="{_tone(value)}">{escape(value)}</b>'
        f"<small>{escape(note)}</small></div>"
        for name, value, note in tiles
    )
    return f'<div class="tiles">{"".join(cells)}</div>'


def _tone(value: str) -> str:
    return {"+": "gain", "-": "loss"}.get(value[:1], "")


def _picture(result: Result) -> str:
    boxes = [("ladder", "ladder"), ("fills", "fills")]
    boxes += [(f"s{index}", strategy.name) for index, strategy in enumerate(result.summary.strategies)]
    labels = "".join(
        f'<label><input type="checkbox" name="{name}" checked> {escape(text)}</label>' for name, text in boxes
    )
    return (
        f'<div class="card"><div id="bar">{labels}<button id="whole" type="button">whole time</button>'
        '<span class="key equity">equity</span><span class="key hold">buy-and-hold</span></div>'
        f'<div id="told"></div><div id="panels"></div>{_left_out(result)}</div>'
    )


def _left_out(result: Result) -> str:
    told = [
        f"the newest {most:,} of {len(all_):,} {what}"
        for what, all_, most in (("orders", result.orders, MOST_ORDERS), ("fills", result.fills, MOST_FILLS))
        if len(all_) > most
    ]
    return f'<p class="soft">The picture shows {" and ".join(told)}.</p>' if told else ""


def _titles(summaries: Sequence[Summary]) -> list[str]:
    return ["Strategies"] if len(summaries) == 1 else ["Strategies, in sample", "Strategies, out of sample"]


def _strategies(summary: Summary, title: str) -> str:
    parts, quote = summary.strategies, summary.quote
    rows = [
        ["kind", *(part.kind for part in parts)],
        ["interval", *(say.exact_percent(part.interval) for part in parts)],
        ["buys filled", *(f"{part.buys:,}" for part in parts)],
        ["sells filled", *(f"{part.sells:,}" for part in parts)],
        ["cycles", *(f"{part.cycles:,}" for part in parts)],
        [f"realised profit ({quote})", *(say.signed(part.realised) for part in parts)],
        [f"unrealised profit ({quote})", *(say.signed(part.unrealised) for part in parts)],
        [f"fees ({quote})", *(say.money(part.fees) for part in parts)],
        [f"{summary.base} held", *(say.base(part.held) for part in parts)],
        ["open orders", *(str(part.open_orders) for part in parts)],
        [f"capital in use, average ({quote})", *(say.money(part.capital.average) for part in parts)],
        [f"capital in use, highest ({quote})", *(say.money(part.capital.highest) for part in parts)],
        ["return on the average capital", *(say.percent(part.return_on_capital) for part in parts)],
    ]
    return f"<h2>{title}</h2>{table(['', *(part.name for part in parts)], rows)}"


def _comparison(summaries: Sequence[Summary]) -> str:
    """In sample beside out of sample, so that luck shows."""
    if len(summaries) == 1:
        return ""
    quote = summaries[0].quote
    rows = [
        ["period", *(f"{say.moment(s.begin)} to {say.moment(s.end)}" for s in summaries)],
        [f"profit ({quote})", *(say.signed(s.profit) for s in summaries)],
        ["annualised", *(say.percent(s.annualised) for s in summaries)],
        ["buy-and-hold, annualised", *(say.percent(s.hold_annualised) for s in summaries)],
        ["realised", *(say.signed(s.realised) for s in summaries)],
        ["cycles", *(f"{s.cycles:,}" for s in summaries)],
        ["drawdown", *(say.share(s.drawdown) for s in summaries)],
    ]
    return f"<h2>In sample and out of sample</h2>{table(['', 'in sample', 'out of sample'], rows)}"


def _levels(strategy: StrategySummary, summary: Summary) -> str:
    heads = ["level", f"from price ({summary.quote})", "buys placed", "filled", "sells placed", "filled", "hit rate"]
    rows = [
        [
            f"{level.number:+d}",
            say.price(level.low),
            str(level.buys),
            str(level.buys_filled),
            str(level.sells),
            str(level.sells_filled),
            say.share(level.hit_rate),
        ]
        for level in strategy.levels
    ]
    return (
        f"<details><summary>{escape(strategy.name)}: {counted(len(rows), 'level')}, one interval of"
        f" {say.exact_percent(strategy.interval)} each</summary>{table(heads, rows)}</details>"
    )


def _lists(summary: Summary) -> str:
    holes = [
        f"{say.moment(begin)} to {say.moment(end)} UTC ({say.duration(end - begin)})" for begin, end in summary.holes
    ]
    refused = [f"{reason} ({counted(count, 'time')})" for reason, count in summary.refused.items()]
    parts = [
        f"<h2>{title}</h2><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
        for title, lines in (
            ("Holes in the data, not traded across", holes),
            ("Refused", refused),
            ("Assumptions", summary.assumptions),
        )
        if lines
    ]
    return "\n".join(parts)


def _drawn(result: Result) -> dict[str, object]:
    """What the picture needs, by columns; times in milliseconds."""
    summary, worth = result.summary, result.worth
    numbers = {strategy.userref: index for index, strategy in enumerate(summary.strategies)}
    orders, fills = result.orders[-MOST_ORDERS:], result.fills[-MOST_FILLS:]
    end = summary.end
    return {
        "quote": summary.quote,
        "base": summary.base,
        "strategies": [strategy.name for strategy in summary.strategies],
        "worth": {
            "t": [point.time // _MILLISECOND for point in worth],
            "p": [float(point.price) for point in worth],
            "hi": [float(point.high) for point in worth],
            "lo": [float(point.low) for point in worth],
            "e": [float(round(point.equity, 2)) for point in worth],
            "h": [float(round(point.hold, 2)) for point in worth],
            "b": [float(round(point.base, 8)) for point in worth],
            "d": [-float(round(point.drawdown * 100, 2)) for point in worth],
        },
        "orders": {
            **_places(orders, numbers),
            "t0": [order.opened // _MILLISECOND for order in orders],
            "t1": [(order.closed or end) // _MILLISECOND for order in orders],
        },
        "fills": {
            **_places(fills, numbers),
            "t": [order.closed // _MILLISECOND for order in fills],
            "v": [say.base(order.volume) for order in fills],
            "f": [f"{order.fee:f}" for order in fills],
        },
    }


def _places(orders: Sequence[OrderRecord], numbers: dict[int, int]) -> dict[str, object]:
    return {
        "side": [int(order.side == "sell") for order in orders],
        "p": [float(order.price) for order in orders],
        "s": [numbers[order.strategy] for order in orders],
    }
