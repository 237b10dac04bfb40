"""The files for Compose, Kubernetes and systemd say what the program and its image keep to."""

import re
import shutil
import signal
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from actors.metrics.actor import ENDPOINTS
from assembly import registry
from assembly.exit_codes import EXIT_BUG, EXIT_CREDENTIALS, EXIT_DATABASE, EXIT_OK, EXIT_ORDERS_LEFT, EXIT_USAGE
from config.load import parse
from config.schema import SupervisorConfig
from supervision.signals import KILLED, NUMBERS
from tests.image import dockerfile
from tests.image.container import CLUSTER

ROOT = Path(__file__).resolve().parents[2]
IMAGE = dockerfile.image(dockerfile.read(ROOT)[-1])
STOP_SECONDS = float(SupervisorConfig().shutdown_seconds) + 2
"""The longest stop: the time of the configuration, and that of the last notices."""


@pytest.fixture
def objects() -> dict[str, dict[str, Any]]:
    """Those of the manifest, by their kind."""
    text = (ROOT / "deploy/kubernetes.yaml").read_text(encoding="utf-8")
    return {made["kind"]: made for made in yaml.safe_load_all(text)}


@pytest.fixture
def unit() -> dict[str, list[str]]:
    """The values of each setting of the unit."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "deploy/infinity-grid.service").read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_kubernetes_never_runs_two(objects: dict[str, dict[str, Any]]) -> None:
    spec = objects["Deployment"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert objects["PersistentVolumeClaim"]["spec"]["accessModes"] == ["ReadWriteOncePod"]


def test_kubernetes_asks_what_is_answered(objects: dict[str, dict[str, Any]]) -> None:
    container = _container(objects)
    paths = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert set(paths.values()) <= set(ENDPOINTS)
    config = parse(_file(objects), "config.toml", {}, registry.known())
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {container[name]["httpGet"]["port"] for name in paths} == set(ports)
    assert ports == {"http": config.metrics.port}
    assert config.metrics.host == "0.0.0.0", "the kubelet asks from outside"  # noqa: S104 - compared, not bound
    assert objects["Service"]["spec"]["selector"] == objects["Deployment"]["spec"]["selector"]["matchLabels"]


def test_kubernetes_runs_the_image_as_it_is_meant_to_be(objects: dict[str, dict[str, Any]]) -> None:
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    container = _container(objects)
    rights = container["securityContext"] | pod["securityContext"]
    assert f"{rights['runAsUser']}:{rights['runAsGroup']}" == IMAGE.user
    assert rights["runAsNonRoot"] is rights["readOnlyRootFilesystem"] is True
    assert rights["allowPrivilegeEscalation"] is False
    mounts = {mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]}
    assert [path for path, read_only in mounts.items() if not read_only] == IMAGE.volumes
    assert container["args"] == IMAGE.command
    assert pod["terminationGracePeriodSeconds"] > STOP_SECONDS


def test_the_pod_of_a_restore_is_the_same_user_with_the_same_volume(objects: dict[str, dict[str, Any]]) -> None:
    """It may write what the program reads afterwards, and is no target of the program's service."""
    text = (ROOT / "deploy/kubernetes-keep.yaml").read_text(encoding="utf-8")
    made = yaml.safe_load(text)
    spec, pod = made["spec"], objects["Deployment"]["spec"]["template"]["spec"]
    (keep,), program = spec["containers"], _container(objects)
    assert spec["securityContext"] == pod["securityContext"]
    assert keep["securityContext"] == program["securityContext"]
    assert keep["image"] == program["image"]
    assert [mount for mount in program["volumeMounts"] if mount["name"] != "secrets"] == keep["volumeMounts"]
    assert [volume for volume in pod["volumes"] if volume["name"] != "secrets"] == spec["volumes"]
    assert made["metadata"]["labels"] != objects["Service"]["spec"]["selector"]
    assert made["metadata"]["name"] in (ROOT / "docs/deploy.md").read_text(encoding="utf-8")


def test_the_manifest_begins_with_a_dry_run(objects: dict[str, dict[str, Any]]) -> None:
    config = parse(_file(objects), "config.toml", {}, registry.known())
    assert config.simulated
    assert tomllib.loads(_file(objects))["bot"]["dry_run"] is True


def test_variables_of_its_own_service_do_not_stop_it(objects: dict[str, dict[str, Any]]) -> None:
    service = objects["Service"]["metadata"]["name"].upper().replace("-", "_")
    assert any(name.startswith(f"{service}_SERVICE_") for name in CLUSTER)
    assert parse(_file(objects), "config.toml", CLUSTER, registry.known())


def test_systemd_retries_only_what_may_go_well(unit: dict[str, list[str]]) -> None:
    assert unit["Restart"] == ["on-failure"]
    never = set(map(int, unit["RestartPreventExitStatus"][0].split()))
    assert never == {EXIT_USAGE, EXIT_CREDENTIALS, EXIT_DATABASE, EXIT_ORDERS_LEFT} | {
        KILLED + number for number in NUMBERS
    }
    assert not never & {EXIT_OK, EXIT_BUG}
    page = (ROOT / "docs/after-exit.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d, ]+) \|.*\| (yes|no)\b[^|]*\|$", page, re.MULTILINE)
    told = {int(code): answer for codes, answer in rows for code in codes.split(",")}
    again = dict.fromkeys((EXIT_BUG, KILLED + signal.SIGKILL), "yes")
    assert told == again | dict.fromkeys((EXIT_OK, *never), "no")


def test_systemd_waits_longer_than_a_stop_takes(unit: dict[str, list[str]]) -> None:
    assert float(unit["TimeoutStopSec"][0]) > STOP_SECONDS
    assert "KillSignal" not in unit, "SIGTERM is what it sends"


def test_systemd_gives_one_place_and_no_rights(unit: dict[str, list[str]]) -> None:
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["StateDirectory"] == ["infinity-grid"]
    assert unit["WorkingDirectory"] == [f"/var/lib/{unit['StateDirectory'][0]}"]
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["NoNewPrivileges"] == ["yes"]


def test_the_example_of_variables_names_only_those_that_exist() -> None:
    text = (ROOT / "deploy/infinity-grid.env").read_text(encoding="utf-8")
    names = re.findall(r"^#?(INFINITY_GRID_\w+)=", text, re.MULTILINE)
    assert len(names) == 4
    with_values = dict.fromkeys(names, "x")
    text = (ROOT / "config/demo.toml").read_text(encoding="utf-8")
    assert parse(text, "demo.toml", with_values, registry.known())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    text = (ROOT / "deploy/infinity-grid.service").read_text(encoding="utf-8")
    there = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
    path = tmp_path / "infinity-grid.service"
    path.write_text(there)
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, check=False)
    about_ours = [line for line in done.stderr.splitlines() if "infinity-grid" in line]
    assert (done.returncode, about_ours) == (0, [])


def _container(objects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    container: dict[str, Any] = objects["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    return container


def _file(objects: dict[str, dict[str, Any]]) -> str:
    text: str = objects["ConfigMap"]["data"]["config.toml"]
    return text
