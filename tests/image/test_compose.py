"""compose.yaml starts the user's grid and nothing else, and keeps to what the image and the program are meant for."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from assembly import registry
from config.load import parse
from config.schema import SupervisorConfig
from tests.image import dockerfile

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
IMAGE = dockerfile.image(dockerfile.read(ROOT)[-1])
STOP_SECONDS = float(SupervisorConfig().shutdown_seconds) + 2
"""The longest stop: the time of the configuration, and that of the last notices."""
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]


@pytest.fixture
def grid() -> dict[str, Any]:
    """What `docker compose up` starts."""
    started = {name: service for name, service in SERVICES.items() if not service.get("profiles")}
    assert list(started) == ["grid"]
    return started["grid"]


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each of them."""
    return SERVICES[request.param]


def binds(service: dict[str, Any]) -> list[dict[str, Any]]:
    """Files and folders of the machine; a short form, which makes a folder of a missing file, is none of them."""
    return [place for place in service["volumes"] if isinstance(place, dict)]


def named(service: dict[str, Any]) -> dict[str, str]:
    """Volumes: where each is mounted, by its name."""
    return dict(place.split(":", 1) for place in service["volumes"] if isinstance(place, str))


def test_no_shell_changes_what_up_starts(grid: dict[str, Any]) -> None:
    """A variable that was exported for the first start is missing at the upgrade, months later."""
    assert "$" not in TEXT
    assert [(place["source"], place["target"]) for place in binds(grid)] == [("./config.toml", *IMAGE.command)]
    assert "command" not in grid, "the image's own: /config/config.toml"


def test_a_missing_file_is_not_made_a_folder(service: dict[str, Any]) -> None:
    for place in binds(service):
        assert (place["type"], place["read_only"]) == ("bind", True)
        assert place["bind"] == {"create_host_path": False}
    assert [source for source in named(service) if source.startswith((".", "/", "~"))] == []


def test_the_configuration_is_the_users_own() -> None:
    assert "/config.toml" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "!config.toml" not in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def test_the_demonstration_has_to_be_asked_for_and_has_a_volume_of_its_own(grid: dict[str, Any]) -> None:
    demo = SERVICES["demo"]
    assert demo["profiles"] == ["demo"]
    assert demo["command"] == ["/app/config/demo.toml"]
    assert not named(demo).keys() & named(grid).keys()
    assert "restart" not in demo
    assert "environment" not in demo


def test_each_has_one_volume_to_write_to_and_no_rights(service: dict[str, Any]) -> None:
    assert list(named(service).values()) == IMAGE.volumes
    assert named(service).keys() <= yaml.safe_load(TEXT)["volumes"].keys()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "replicas" not in service
    assert "scale" not in service


def test_each_is_given_more_time_than_a_stop_takes(service: dict[str, Any]) -> None:
    assert float(service["stop_grace_period"].removesuffix("s")) > STOP_SECONDS


def test_it_comes_back_and_keeps_its_log_small(grid: dict[str, Any], service: dict[str, Any]) -> None:
    assert grid["restart"] == "unless-stopped"
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


def test_what_is_the_users_goes_on_top_of_it() -> None:
    """An upgrade replaces compose.yaml; the copy of the other file in its place is git-ignored."""
    made = yaml.safe_load((ROOT / "deploy/compose.override.yaml").read_text(encoding="utf-8"))
    assert list(made["services"]) == ["grid"]
    grid, secrets = made["services"]["grid"], made["secrets"]
    assert set(grid["secrets"]) == set(secrets)
    assert sorted(grid["environment"].values()) == sorted(f"/run/secrets/{name}" for name in secrets)
    assert [file["file"] for file in secrets.values()] == [f"./secrets/{name}" for name in secrets]
    text = (ROOT / "config/demo.toml").read_text(encoding="utf-8")
    names = [name.removesuffix("_FILE") for name in grid["environment"]]
    assert parse(text, "demo.toml", dict.fromkeys(names, "x"), registry.known())


def test_a_published_port_is_of_this_machine_only() -> None:
    text = (ROOT / "deploy/compose.override.yaml").read_text(encoding="utf-8")
    (ports,) = re.findall(r"^ +# ports: (.+)$", text, re.MULTILINE)
    assert all(port.startswith("127.0.0.1:") for port in yaml.safe_load(ports))
