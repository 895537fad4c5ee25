"""What the README promises is so: its commands exist, its order is accepted, its files and settings are there."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from inspection_service.cli import main
from inspection_service.settings import Settings
from tests.integration.service import open_test_service

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")


async def test_the_order_in_the_readme_is_accepted(tmp_path: Path) -> None:
    """The curl line's body is copied from the page and answered 201 with a seller link."""
    found = re.search(r"-d '(\{.*?\})'\n```", README, re.DOTALL)
    assert found is not None
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        answer = await platform.post("/v1/inspections", json=json.loads(found[1]))
    assert answer.status_code == 201
    assert "seller_link" in answer.json()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^inspection-service ([a-z-]+)", README, re.M))))
def test_every_command_in_the_readme_exists(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z-]+)", README))))
def test_every_make_target_in_the_readme_exists(target: str) -> None:
    """Asked without running it."""
    asked = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_named_exists(page: Path) -> None:
    """A variable of the environment that a page names is one the service reads."""
    for name in set(re.findall(r"\bINSPECTION_([A-Z0-9_]+)", page.read_text(encoding="utf-8"))):
        model: object = Settings
        for part in name.lower().split("__"):
            fields = model.model_fields  # type: ignore[attr-defined]
            assert part in fields, f"{page.name} names INSPECTION_{name}"
            model = fields[part].annotation


def test_version_is_said_once() -> None:
    """The changelog's newest entry is the package's version."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"', project, re.M)
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert version is not None
    assert newest is not None
    assert version[1] == newest[1]
