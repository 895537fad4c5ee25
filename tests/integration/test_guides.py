"""What the guides for lawyers and data protection officers say is so: commands run, settings and answers exist."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from inspection_service.reports.answers import LEVELS
from inspection_service.settings import Settings
from tests.integration.service import open_test_service
from tests.integration.test_api_proof import members, sealed

pytestmark = pytest.mark.integration
DOCS = Path(__file__).parents[2] / "docs"
VERIFY = (DOCS / "verify.md").read_text(encoding="utf-8")
PRIVACY = (DOCS / "privacy.md").read_text(encoding="utf-8")


def blocks(page: str) -> list[str]:
    """The commands of a page, block by block."""
    return re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S)


@pytest.fixture(scope="module")
def commands_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which ``inspection-service`` is the one under test."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "inspection-service"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m inspection_service "$@"\n')
    script.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


async def test_every_command_for_a_reader_of_a_report_works(tmp_path: Path, commands_path: str) -> None:
    """Run in order by ``sh`` on a report with its photos; a report changed in one byte passes none of the checks."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        case, _ = await sealed(service, platform)
        bundle = (await platform.get(f"{case}/report.zip?photos=1")).content
        root = service.running.services.root_pem
    folder = tmp_path / "reader"
    (folder / "photos").mkdir(parents=True)
    (folder / "report.zip").write_bytes(bundle)
    for name, data in members(bundle).items():
        if name.startswith(("report.", "photos/")):
            (folder / name).write_bytes(data)
    (folder / "root.pem").write_bytes(root)
    script = "set -eu\n" + "\n".join(blocks(VERIFY))
    environment = os.environ | {"PATH": commands_path, "PYTHONPATH": str(DOCS.parent)}

    def run(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    said = run(script)
    assert said.returncode == 0, said.stdout + said.stderr
    for sentence in ("Signature is Valid", "Certificate is Trusted", "Verified OK", "signer.pem: OK"):
        assert sentence in said.stdout
    assert "successful" in said.stderr.lower()
    assert said.stdout.count("is in the report") == 12

    for name in ("report.pdf", "report.json"):
        changed = bytearray((folder / name).read_bytes())
        changed[len(changed) // 3] ^= 1
        (folder / name).write_bytes(changed)
    pdfsig = next(b for b in blocks(VERIFY) if "pdfsig" in b).splitlines()[-1]
    assert "Signature is Valid" not in run(pdfsig).stdout
    for tool in ("openssl cms", "openssl dgst", "verify-report report.pdf"):
        block = next(b for b in blocks(VERIFY) if tool in b)
        line = "\n".join(
            li for li in block.splitlines() if "report.zip" not in li and "report.json --" not in li
        )
        assert run("set -eu\n" + line).returncode != 0, tool


def test_every_answer_is_explained() -> None:
    """All codes of the verifier, and none that it never gives."""
    told: dict[str, set[str]] = {}
    question = ""
    for first, code in re.findall(r"^\| (\w*) ?\| `(\w+)` \|", VERIFY, re.M):
        question = first or question
        told.setdefault(question, set()).add(code)
    assert told == {question: set(codes) for question, codes in LEVELS.items()}


async def test_every_request_for_personal_data_is_answered(tmp_path: Path) -> None:
    """Export, hold, erasure, in the words of the page; a hold stops the erasure."""
    asked = [
        (method or "GET", path, json.loads(body) if body else None)
        for block in blocks(PRIVACY)
        for method, body, path in re.findall(
            r"curl -sf [^\n]*?(?:\\\n\s+-X (\w+) -d '(.*?)' |-o \S+ |)\"\$HOST(/[^\"]+)\"", block
        )
    ]
    assert [(method, path.rpartition("/")[2]) for method, path, _ in asked] == [
        ("GET", "personal-data"),
        ("POST", "erasure"),
        ("PUT", "legal-hold"),
        ("GET", "legal-hold"),
        ("PUT", "legal-hold"),
    ]
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ordered = await service.order(platform)
        assert (await platform.post(f"/v1/inspections/{ordered['id']}/cancel")).status_code == 200
        erasure = asked.pop(1)
        for method, path, body in (*asked, erasure):
            answer = await platform.request(method, path.replace("$ID", ordered["id"]), json=body)
            assert answer.status_code == 200, f"{method} {path}: {answer.text}"


def test_the_times_of_keeping_are_those_of_the_settings() -> None:
    """What the table says of a setting that nobody changed."""
    settings = Settings()
    assert settings.privacy.identity_days == 3 * 365
    assert "(3 years unless set)" in PRIVACY
    assert settings.privacy.photos_days is None
    assert settings.privacy.report_days is None
    assert f"({settings.media.recording_days})" in PRIVACY
