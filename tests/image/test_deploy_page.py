"""docs/deploy.md types nothing that the program, the units or the manifests know otherwise."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from console.verbs import VERBS
from tests.image import dockerfile
from tests.newcomer.printed import Command, commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/deploy.md", "docs/keep.md")
TEXT = (ROOT / PAGES[0]).read_text(encoding="utf-8")
IMAGE = dockerfile.image(dockerfile.read(ROOT)[-1])
UNIT = (ROOT / "deploy/infinity-grid.service").read_text(encoding="utf-8")


def all_of(word: str) -> list[Command]:
    """Commands of the page with this word."""
    return [command for command in commands(PAGES[0], TEXT) if word in command.text]


def test_what_compose_is_told_names_services_that_it_has() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    told = [shlex.split(command.text, comments=True) for command in all_of("docker compose ")]
    named = [word for words in told for word in words if word in services]
    assert {"grid", "demo"} <= set(named)
    for words in told:
        if words[2] in ("run", "exec"):
            assert set(words) & set(services), words


def test_no_start_of_a_container_depends_on_what_was_exported() -> None:
    """A variable before a command is forgotten in the next shell."""
    assert [command.text for command in all_of("docker ") if not re.match(r"docker |sudo ", command.text)] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_mount_makes_a_folder_of_a_missing_file(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert re.findall(r"-v \S*[./]\S*:/\S*", text.replace("-v grid:/data", "")) == []
    assert "dst=/config/config.toml" in TEXT


def test_every_way_has_its_lines_for_each_task() -> None:
    """Check, backup, restore and upgrade with Compose, systemd and Kubernetes; none is left to be guessed."""
    upgrade, _, restore = TEXT[TEXT.index("\n## Upgrade") :].partition("\n## Restore")
    for way, start in (("docker compose ", "up -d"), ("systemctl ", "start infinity-grid\n"), ("kubectl ", "apply -f")):
        assert f"{way}{start}" in upgrade or f"{way}stop" in upgrade, way
        assert way in restore, way
    assert upgrade.count(" backup /config/config.toml") == 3
    assert "systemctl start infinity-grid-backup" in upgrade
    assert restore.count(" restore --check ") == 3
    assert len(re.findall(r"(?<!-)\brestore /\S+config.toml ", restore)) >= 3
    assert {"backup", "restore"} <= VERBS.keys()


def test_containers_are_told_the_configuration_of_the_image() -> None:
    """`docker run IMAGE VERB CONFIG`: the arguments take the place of CMD."""
    for command in [*all_of("restore "), *all_of("--check ")]:
        if command.text.startswith(("docker", "kubectl")):
            assert IMAGE.command[0] in command.text, command


def test_the_unit_finds_what_the_page_installs() -> None:
    python = re.findall(r"^ExecStart=(\S+)", UNIT, re.MULTILINE)[0]
    program, configuration = python.removesuffix("/.venv/bin/python"), UNIT.split(" -m supervisor ")[1].split()[0]
    data = re.findall(r"^WorkingDirectory=(\S+)", UNIT, re.MULTILINE)[0]
    user = re.findall(r"^User=(\S+)", UNIT, re.MULTILINE)[0]
    for line in (
        f"useradd --system --home-dir {data} ",
        f"install -d -m 0755 {program}\n",
        f"make -C {program} PYTHON=/usr/bin/python3 .venv/runtime",
        f"install -d -o {user} -g {user} -m 0700 {data}\n",
        f"config.toml {configuration}\n",
        f"sudo -u {user} env -C {data} ",
    ):
        assert line in TEXT, line
    named = {word for command in all_of("sudo ") for word in re.findall(r"deploy/[\w.*-]+", command.text)}
    assert {path.name for path in (ROOT / "deploy").glob("infinity-grid*")} == {
        path.name for name in named for path in ROOT.glob(name)
    }


def test_the_service_never_gets_the_python_of_somebodys_home() -> None:
    """With pyenv's first on the path of root, the service's user could not run it."""
    assert [command.text for command in all_of("make -C ") if "PYTHON=/usr/bin/python3 " not in command.text] == []
    assert len(all_of("make -C ")) == 2


def test_the_shell_function_runs_the_program_of_the_place_that_it_is_told(tmp_path: Path) -> None:
    (function,) = all_of("grid() {")
    (tmp_path / "sudo").write_text('#!/bin/sh\nprintf "%s\\n" "$*"\n')
    (tmp_path / "sudo").chmod(0o755)
    script = (
        f'PATH="{tmp_path}:$PATH"\n{function.text}\ngrid --check a.toml\nat=/opt/new; grid restore b "c d"; at=\ngrid x'
    )
    told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split("PYTHONPATH=")[1].split()[0] for line in told] == [
        "/opt/infinity-grid",
        "/opt/new",
        "/opt/infinity-grid",
    ]
    assert told[0].endswith("/opt/infinity-grid/.venv/bin/python -m supervisor --check a.toml")
    assert told[1].endswith("/opt/new/.venv/bin/python -m supervisor restore b c d")
