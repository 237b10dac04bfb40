"""The diagram and the table of docs/design.md, made of `messages.order_life.LIFE`.

`python -m tests.messages.order_life_page` writes them into the page.
"""

import re
from pathlib import Path

from messages.order_life import LIFE

PAGE = Path(__file__).parents[2] / "docs" / "design.md"
BEGIN, END = "<!-- made of messages/order_life.py -->", "<!-- end of what is made -->"


def diagram() -> str:
    """Mermaid: the steps that change a state."""
    lines = ["stateDiagram-v2", "    [*] --> requested: committed"]
    lines += [f"    {step.state} --> {step.then}: {step.happening}" for step in LIFE if step.then != step.state]
    return "\n".join(["```mermaid", *lines, "```"])


def table() -> str:
    """Every step with its reason."""
    rows = [f"| {step.state} | {step.happening} | {step.then} | {step.why} |" for step in LIFE]
    return "\n".join(["| state | what happens | next state | |", "| --- | --- | --- | --- |", *rows])


def page(text: str) -> str:
    """The page with the part between the marks made anew."""
    made = f"{BEGIN}\n\n{diagram()}\n\n{table()}\n\n{END}"
    return re.sub(f"{BEGIN}.*{END}", lambda _: made, text, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
