"""A Dockerfile as data: its stages, and what each step says. What this reader does not know it refuses."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

WORDS = {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK"} | {
    "LABEL",
    "RUN",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
}
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


class Step(Struct, frozen=True):
    """One instruction; `text` has its flags and its continued lines, without comments."""

    word: str
    text: str
    line: int


class Stage(Struct):
    """What stands between two FROMs."""

    base: str
    name: str
    steps: list[Step]


class Image(Struct):
    """What the last stage says about running it."""

    environment: dict[str, str]
    labels: dict[str, str]
    entrypoint: list[str]
    command: list[str]
    health: list[str]
    health_flags: dict[str, str]
    user: str
    folder: str
    volumes: list[str]
    stop_signal: str


def steps(text: str) -> Iterator[Step]:
    """All instructions in their order. Raises ValueError for one that is not known here."""
    whole, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or (not whole and not line.strip()):
            continue
        first = first if whole else number
        whole += line.rstrip()
        if whole.endswith("\\"):
            whole = whole[:-1]
            continue
        word, _, rest = whole.strip().partition(" ")
        if word not in WORDS:
            raise ValueError(f"line {first}: {word} is not known")
        yield Step(word, rest.strip(), first)
        whole = ""
    if whole:
        raise ValueError(f"line {first}: no end")


def stages(text: str) -> list[Stage]:
    """The stages, with the global ARGs put in."""
    arguments: dict[str, str] = {}
    found: list[Stage] = []
    for step in steps(text):
        if step.word == "FROM":
            base, *more = substituted(step.text, arguments).split()
            name = more[1] if more and more[0].upper() == "AS" else str(len(found))
            found.append(Stage(base, name, []))
        elif found:
            found[-1].steps.append(step)
        elif step.word == "ARG":
            arguments |= assignments(step.text, arguments)
        else:
            raise ValueError(f"line {step.line}: {step.word} before FROM")
    return found


def image(stage: Stage) -> Image:
    """What a container of this stage is started with."""
    made = Image({}, {}, [], [], [], {}, "0", "/", [], "SIGTERM")
    arguments: dict[str, str] = {}
    for step in stage.steps:
        match step.word:
            case "ARG":
                arguments |= assignments(step.text, arguments)
            case "ENV":
                made.environment |= assignments(step.text, arguments | made.environment)
            case "LABEL":
                made.labels |= assignments(step.text, arguments | made.environment)
            case "ENTRYPOINT":
                made.entrypoint = json.loads(step.text)
            case "CMD":
                made.command = json.loads(step.text)
            case "HEALTHCHECK":
                made.health_flags, rest = flags(step.text)
                made.health = json.loads(rest.removeprefix("CMD "))
            case "USER":
                made.user = step.text
            case "WORKDIR":
                made.folder = step.text
            case "VOLUME":
                made.volumes += json.loads(step.text)
            case "STOPSIGNAL":
                made.stop_signal = step.text
            case _:
                pass
    return made


def flags(text: str) -> tuple[dict[str, str], str]:
    """Leading `--name=value` words, and the rest."""
    found: dict[str, str] = {}
    while text.startswith("--"):
        flag, _, text = text.partition(" ")
        name, _, value = flag[2:].partition("=")
        found[name] = value
        text = text.lstrip()
    return found, text


def assignments(text: str, known: dict[str, str]) -> dict[str, str]:
    """`NAME=value ...` of an ARG, ENV or LABEL."""
    pairs = (word.partition("=") for word in shlex.split(text))
    return {name: substituted(value, known) for name, _, value in pairs}


def substituted(text: str, known: dict[str, str]) -> str:
    """With `$NAME` and `${NAME}` put in. Raises ValueError for an unknown one."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in known:
            raise ValueError(f"${name} is not set")
        return known[name]

    return _VARIABLE.sub(value, text)


def read(root: Path) -> list[Stage]:
    """The stages of the Dockerfile in this folder."""
    return stages((root / "Dockerfile").read_text(encoding="utf-8"))
