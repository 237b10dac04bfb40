"""The pages and the code point only at what exists."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PAGE = re.compile(r"\bdocs/[\w/.-]+\.md\b")
HEADING = re.compile(r"\b(docs/[\w/.-]+\.md), \"([^\"]+)\"")
MODULE = re.compile(r"python -m ([a-z_]+(?:\.[a-z_]+)*)\b(?!\*)")


def tracked(suffix: str) -> list[Path]:
    """Files of the repository with this suffix."""
    listed = subprocess.run(["git", "ls-files", "-z", f"*{suffix}"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def headings(page: Path) -> list[str]:
    """The titles of a page, without their marks."""
    return re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What a link may name after `#`, as forges make it of a page's headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings(page)}


def dead_links(page: Path) -> list[str]:
    """Links of a page that lead nowhere in the repository; those to other places are not followed."""
    dead = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and goal.suffix == ".md" and anchor not in anchors(goal)):
            dead.append(f"{page.name}: {target}")
    return dead


def test_no_page_links_to_what_is_not_there() -> None:
    pages = tracked(".md")
    assert len(pages) > 5
    assert [dead for page in pages for dead in dead_links(page)] == []


def test_no_source_cites_a_page_that_is_not_there() -> None:
    cited = {(path, name) for path in tracked(".py") for name in PAGE.findall(path.read_text(encoding="utf-8"))}
    cited.discard((Path(__file__), "docs/gone.md"))
    assert cited
    assert [f"{path}: {name}" for path, name in sorted(cited) if not (ROOT / name).exists()] == []


def test_no_source_cites_a_heading_that_is_not_there() -> None:
    """Code points at a part of a page by the title of its heading: numbers of sections move."""
    cited = {place for path in tracked(".py") for place in HEADING.findall(path.read_text(encoding="utf-8"))}
    assert ("docs/design.md", "Exactly once") in cited
    assert [place for place in sorted(cited) if place[1] not in headings(ROOT / place[0])] == []


def test_no_source_cites_a_section_by_number() -> None:
    by_number = re.compile(r"\bdesign,? section \d", re.IGNORECASE)
    assert [path for path in tracked(".py") if by_number.search(path.read_text(encoding="utf-8"))] == []


def test_every_command_that_a_page_names_exists() -> None:
    """`python -m x.y` is a module of ours, or one of another distribution that is not ours to check."""
    gone = []
    for page in tracked(".md"):
        for name in MODULE.findall(page.read_text(encoding="utf-8")):
            path = ROOT / Path(*name.split("."))
            ours = (ROOT / name.split(".")[0]).is_dir() or (ROOT / f"{name}.py").is_file()
            if ours and not (path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()):
                gone.append(f"{page.name}: python -m {name}")
    assert gone == []


def test_a_link_that_shows_a_file_name_shows_that_of_its_target() -> None:
    named = re.compile(r"\[`?([\w/]+\.(?:py|md|toml))`?\]\(([^)#\s]+)")
    links = [(page.name, *link) for page in tracked(".md") for link in named.findall(page.read_text(encoding="utf-8"))]
    assert len(links) > 20
    assert [link for link in links if Path(link[1]).name != Path(link[2]).name] == []


def test_dead_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A title: of 2 words\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](there.md#a-title-of-2-words) [c](gone.md) [d](there.md#no) [e](https://x.test)\n"
    )
    assert dead_links(page) == ["page.md: gone.md", "page.md: there.md#no"]


def test_the_glossary_explains_only_names_that_the_code_has() -> None:
    page = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \|[^|]+\|[^|]+\|$", page, re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert {"Purse", "order_id"} <= names
    code = "\n".join(path.read_text(encoding="utf-8") for path in tracked(".py") if path != Path(__file__))
    words = set(re.findall(r"\w+", code))
    assert names - words == set()
