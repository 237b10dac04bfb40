"""What counts as a command of a page."""

import re

import pytest

from tests.newcomer.printed import commands, pages
from tests.newcomer.stage import tracked
from tests.newcomer.unattended import endless
from tests.process.running import ROOT

PAGE = """\
# A page

```sh
make demo   # until Ctrl-C

# a comment of its own
python -m x \\
    --more
cat > a.toml <<'EOF'
[bot]

name = "x"
EOF
ls
```

```toml
[bot]
```

1. In a list:

   ```bash
   echo indented
   ```

```python
print()
```
"""


def test_each_line_of_a_shell_block_is_a_command_with_its_continuations() -> None:
    assert [(command.line, command.text) for command in commands("page.md", PAGE)] == [
        (4, "make demo   # until Ctrl-C"),
        (7, "python -m x \\\n    --more"),
        (9, "cat > a.toml <<'EOF'\n[bot]\n\nname = \"x\"\nEOF"),
        (14, "ls"),
        (24, "echo indented"),
    ]


def test_a_block_without_an_end_is_no_page() -> None:
    with pytest.raises(ValueError, match=r"page\.md: a block has no end"):
        commands("page.md", "```sh\nls\n")


def test_a_command_says_where_it_is_printed() -> None:
    assert str(commands("page.md", PAGE)[3]) == "page.md:14: ls"


@pytest.mark.parametrize(
    "text",
    [
        "make demo   # until Ctrl-C",
        ".venv/bin/python -m supervisor config.toml",
        ".venv/bin/python -m supervisor config.toml   # see --check",
        ".venv/bin/python -m supervisor --adopt config.toml",
        ".venv/bin/python -m simulators.kraken --rest-port 8100",
    ],
)
def test_programs_without_an_end_are_known(text: str) -> None:
    assert endless(text)


@pytest.mark.parametrize(
    "text",
    [
        "make replay",
        ".venv/bin/python -m supervisor --check config.toml",
        ".venv/bin/python -m supervisor backup config.toml copy.duckdb",
        ".venv/bin/python -m supervisor --version",
        ".venv/bin/python -m simulators.kraken --help",
        ".venv/bin/python -m backtest config.toml",
    ],
)
def test_commands_that_end_are_waited_for(text: str) -> None:
    assert endless(text) is None


INLINE = re.compile(r"`\.venv/bin/python -m ([\w.]+)([^`]*)`")
SOURCES = {"supervisor": "console", "backtest": "backtesting"}
"""Where the options of a command are, if not in the module itself."""


def test_the_options_of_a_command_within_a_line_are_there() -> None:
    """Those in blocks are run; these may take hours."""
    named = [
        (page, module, option)
        for page in pages(ROOT, tracked())
        for module, rest in INLINE.findall((ROOT / page).read_text(encoding="utf-8"))
        for option in re.findall(r"--[a-z-]+", rest)
    ]
    assert not tracked() or len(named) > 3
    assert [name for name in named if f'"{name[2]}"' not in sources(name[1])] == []


def sources(module: str) -> str:
    """The text of a module, or of the whole package that is one."""
    path = ROOT / SOURCES.get(module, module.replace(".", "/"))
    files = sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    return "".join(file.read_text(encoding="utf-8") for file in files)
