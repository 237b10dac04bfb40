"""Which files `docker build .` would send: .dockerignore, read as Docker reads it."""

import re
from pathlib import Path


def patterns(text: str) -> list[tuple[bool, re.Pattern[str]]]:
    """Whether it takes files out or back in, and for which paths; the last that fits decides."""
    lines = (line.strip() for line in text.splitlines())
    return [(not line.startswith("!"), _pattern(line.removeprefix("!"))) for line in lines if line and line[0] != "#"]


def sent(path: str, rules: list[tuple[bool, re.Pattern[str]]]) -> bool:
    """Whether this file goes along: a rule for a folder holds for all in it."""
    parts = path.split("/")
    folders = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    kept = True
    for out, pattern in rules:
        if any(pattern.fullmatch(folder) for folder in folders):
            kept = not out
    return kept


def files(root: Path) -> list[str]:
    """All files of the context, in the order of their names."""
    rules = patterns((root / ".dockerignore").read_text(encoding="utf-8"))
    return sorted(
        str(path.relative_to(root))
        for top in root.iterdir()
        if top.name not in {".git", ".venv"}
        for path in ([top] if top.is_file() else top.rglob("*"))
        if path.is_file() and sent(str(path.relative_to(root)), rules)
    )


def _pattern(text: str) -> re.Pattern[str]:
    text = text.strip("/")
    found, index = "", 0
    while index < len(text):
        if text.startswith("**/", index):
            found, index = found + "(?:.*/)?", index + 3
        elif text.startswith("**", index):
            found, index = found + ".*", index + 2
        else:
            found += {"*": "[^/]*", "?": "[^/]"}.get(text[index], re.escape(text[index]))
            index += 1
    return re.compile(found)
