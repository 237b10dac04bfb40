"""The Dockerfile and what stands beside it, without running any of it; `python -m tests.image` runs it."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.image import dockerfile
from tests.image.wheels import PYTHON

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def stages() -> list[dockerfile.Stage]:
    """Those of the repository."""
    return dockerfile.read(ROOT)


@pytest.fixture
def image(stages: list[dockerfile.Stage]) -> dockerfile.Image:
    """What its last stage says."""
    return dockerfile.image(stages[-1])


def test_the_version_is_that_of_the_project(image: dockerfile.Image) -> None:
    label = {name.rpartition(".")[2]: value for name, value in image.labels.items()}
    assert (label["version"], label["title"]) == (PROJECT["version"], PROJECT["name"])
    assert (label["description"], label["licenses"]) == (PROJECT["description"], PROJECT["license"])
    assert all(name.startswith("org.opencontainers.image.") for name in image.labels)


def test_every_file_names_the_same_version() -> None:
    named = re.compile(rf"{PROJECT['name']}:(\d[\w.]*)")
    files = ("Dockerfile", "compose.yaml", "deploy/kubernetes.yaml", "deploy/kubernetes-keep.yaml", "docs/deploy.md")
    found = {name: set(named.findall((ROOT / name).read_text(encoding="utf-8"))) for name in files}
    assert found == {name: {PROJECT["version"]} for name in files}


def test_the_changelog_begins_with_the_version_that_runs() -> None:
    headings = re.findall(
        r"^## ([\d.]+)(?:, (\w+))?$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert headings[0] in ((PROJECT["version"], ""), (PROJECT["version"], "unreleased"))
    assert [version for version, word in headings[1:] if word or version == PROJECT["version"]] == []


def test_it_runs_as_a_number_that_is_not_root_and_writes_to_one_volume(image: dockerfile.Image) -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", image.user)
    assert image.volumes == [image.folder] == ["/data"]


def test_process_1_is_the_program_itself(image: dockerfile.Image) -> None:
    assert image.entrypoint == ["python", "-m", "console.contained"]
    assert image.command == ["/config/config.toml"]
    assert image.stop_signal == "SIGTERM"
    assert image.environment["PYTHONUNBUFFERED"] == "1"


def test_health_is_asked_of_a_module_that_the_image_has(image: dockerfile.Image) -> None:
    program, option, module = image.health
    assert (program, option) == ("python", "-m")
    assert (ROOT / Path(*module.split(".")).with_suffix(".py")).is_file()
    assert set(image.health_flags) == {"interval", "timeout", "start-period", "retries"}


def test_the_base_is_a_tag_and_both_stages_have_the_same(stages: list[dockerfile.Stage]) -> None:
    assert {stage.base for stage in stages} == {"debian:trixie-slim"}
    assert tuple(map(int, PYTHON.split("."))) >= tuple(map(int, PROJECT["requires-python"].lstrip(">=").split(".")))


def test_packages_come_from_the_lock_with_their_hashes(stages: list[dockerfile.Stage]) -> None:
    installs = [step.text for stage in stages for step in stage.steps if "pip install" in step.text]
    assert len(installs) == 1
    assert {"--require-hashes", "--only-binary", "-r"} <= set(installs[0].split())
    copied = [step.text.split()[0] for stage in stages for step in stage.steps if step.word == "COPY"]
    assert copied[0] == "requirements.lock"


def test_a_file_of_steps_is_read() -> None:
    text = """
# a comment
ARG BASE=a:b-slim
FROM ${BASE} AS first
RUN one \\
    # between
    && two
FROM ${BASE}
ARG VERSION=1
ENV A=1
ENV B="$A x"
LABEL v="${VERSION}"
HEALTHCHECK --retries=3 CMD ["x", "y"]
"""
    first, last = dockerfile.stages(text)
    assert (first.base, first.name, last.name) == ("a:b-slim", "first", "1")
    assert first.steps[0].text.split() == ["one", "&&", "two"]
    made = dockerfile.image(last)
    assert made.labels == {"v": "1"}
    assert made.environment == {"A": "1", "B": "1 x"}
    assert (made.health, made.health_flags) == (["x", "y"], {"retries": "3"})


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("FROM a\nADD x y", "line 2: ADD is not known"),
        ("RUN x", "line 1: RUN before FROM"),
        ("FROM $X", "$X is not set"),
        ("FROM a\nRUN x \\", "line 2: no end"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wrong)):
        dockerfile.stages(text)


def test_nothing_runs_through_a_shell() -> None:
    """Without brackets a shell would be process 1, and would keep the signals to itself."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for word in ("ENTRYPOINT", "CMD", "VOLUME"):
        assert re.search(rf"^{word} \[", text, re.MULTILINE)
