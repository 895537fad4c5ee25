"""The containers are described in words the program understands: no daemon is needed to find a misspelt setting."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from inspection_service.cli import _SYSTEM_PACKAGES, _parser
from inspection_service.settings import Settings
from tests import settings_table

pytestmark = pytest.mark.unit
ROOT: Final = Path(__file__).parents[2]
SERVICES: Final[dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))[
    "services"
]
OURS: Final = {name: part for name, part in SERVICES.items() if part["image"] == "inspection-service"}
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8")
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::\?[^}]*)?\}")


def example() -> dict[str, str]:
    """The values of .env.example."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def filled(text: str) -> str:
    """Replace variables as compose does."""
    return _VARIABLE.sub(lambda found: example()[found[1]], text)


def test_every_variable_is_in_the_example_and_every_example_is_used() -> None:
    """Who copies .env.example has all that is needed and nothing that does nothing."""
    used = set(_VARIABLE.findall((ROOT / "compose.yaml").read_text(encoding="utf-8")))
    assert used == set(example())


@pytest.mark.parametrize("name", sorted(OURS))
def test_the_service_accepts_its_settings_and_its_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No misspelt name, no contradiction; every node and worker knows all three engines."""
    environment = {key: filled(str(value)) for key, value in OURS[name]["environment"].items()}
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    settings = Settings()
    known = {row.split("`")[1] for row in settings_table.table().splitlines()[2:]}
    assert set(environment) <= known
    assert settings.database_url.startswith("postgresql+asyncpg://")
    assert settings.store_url.startswith("s3://")
    assert settings.broker_url.startswith("redis://")
    assert settings.http.host == "127.0.0.1", "only the balancer is for the world"
    if name != "prepare":
        arguments = _parser().parse_args(OURS[name]["command"])
        assert arguments.module in ("serve", "worker")


def test_each_queue_is_somebodys_and_no_port_is_taken_twice() -> None:
    """Two nodes behind the balancer, two workers that do everything."""
    nodes = [part for part in OURS.values() if part.get("command", [""])[0] == "serve"]
    workers = [part for part in OURS.values() if part.get("command", [""])[0] == "worker"]
    ports = [part["environment"]["INSPECTION_HTTP__PORT"] for part in nodes]
    shown = [part["environment"]["INSPECTION_WORK__METRICS_PORT"] for part in workers]
    assert (len(nodes), len(workers), len({*ports, *shown})) == (2, 2, 4)
    served = {queue for part in workers for queue in part["command"][2].split(",")}
    assert served == {"vision", "report", "webhook"}
    caddy = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", caddy)) == set(ports)
    assert all(part["network_mode"] == "host" for part in (*nodes, *workers)), "live frames come by UDP"


def test_engines_listen_on_this_machine_only() -> None:
    """A database with a guessable password is not shown to the world."""
    for name in ("postgres", "redis", "s3"):
        assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])


def test_the_image_has_what_it_needs_and_runs_as_nobody() -> None:
    """OpenCV's libraries as the command line names them, no root, a health check at the port it listens on."""
    assert _SYSTEM_PACKAGES in DOCKERFILE
    assert re.search(r"^USER inspection$", DOCKERFILE, re.MULTILINE)
    assert "/healthz" in DOCKERFILE
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for path in source.split():
            assert (ROOT / path).exists(), path
            assert f"!{path.split('/')[0]}" in (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert re.findall(r'^(?:CMD|ENTRYPOINT) \["(.+)"\]$', DOCKERFILE, re.MULTILINE) == [
        "inspection-service",
        "serve",
    ]


def test_the_guide_lists_every_setting() -> None:
    """With its default and its sentence; ``python -m tests.settings_table`` writes the table anew."""
    assert settings_table.written() == settings_table.table()


def test_every_setting_of_the_guide_text_exists() -> None:
    """Also those named in its sentences."""
    text = settings_table.GUIDE.read_text(encoding="utf-8")
    known = {row.split("`")[1] for row in settings_table.table().splitlines()[2:]}
    assert set(re.findall(r"INSPECTION_[A-Z0-9_]+", text)) <= known
