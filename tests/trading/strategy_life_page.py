"""The diagram and the tables of docs/design.md, made of `trading.strategy_life`.

`python -m tests.trading.strategy_life_page` writes them into the page.
"""

import re
from pathlib import Path

from trading.strategy_life import LIFE, STATES, State

PAGE = Path(__file__).parents[2] / "docs" / "design.md"
BEGIN, END = "<!-- made of trading/strategy_life.py -->", "<!-- end of the strategy's life -->"


def diagram() -> str:
    """Mermaid: all steps."""
    names = (f'    state "{about.state}" as {_short(about.state)}' for about in STATES)
    lines = ["stateDiagram-v2", *names, "    [*] --> loading"]
    lines += [f"    {_short(step.state)} --> {_short(step.then)}: {step.happening}" for step in LIFE]
    return "\n".join(["```mermaid", *lines, "    stopped --> [*]", "```"])


def _short(state: State) -> str:
    return state.replace(",", "").replace(" ", "_")


def table() -> str:
    """Every state as it is seen from outside."""
    rows = [f"| {a.state} | {a.phase or 'as before'} | {a.events} | {a.meaning} |" for a in STATES]
    return "\n".join(["| state | `/status` says | order events are | |", "| --- | --- | --- | --- |", *rows])


def page(text: str) -> str:
    """The page with the part between the marks made anew."""
    made = f"{BEGIN}\n\n{table()}\n\n{diagram()}\n\n{END}"
    return re.sub(f"{BEGIN}.*{END}", lambda _: made, text, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
