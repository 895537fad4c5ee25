"""Reports of version 1.0 are in people's hands: they verify as they did when they were made."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from inspection_service.reports.bundle import BundleWriter
from inspection_service.reports.keys import FileSigner
from tests.unit.reports.dossiers import SEALED_AT
from tests.unit.reports.test_verify_cli import ask

pytestmark = pytest.mark.unit
OLD = Path(__file__).parents[2] / "data" / "proof" / "v1"
ROOT = OLD / "root.pem"


def codes(entry: dict[str, object]) -> dict[str, str]:
    answers = entry["answers"]
    assert isinstance(answers, dict)
    return {question: answer["code"] for question, answer in answers.items()}


def test_record_and_document_verify_under_their_root() -> None:
    """With their photos; what reports of that time did not have is said to be missing, and held against nobody."""
    files = [OLD / f"report.{kind}" for kind in ("json", "jws", "pdf")]
    code, said, _ = ask(*files, roots=(ROOT,), photos=OLD / "photos")
    assert code == 0
    for entry in said["files"]:
        assert codes(entry) == {
            "intact": "yes",
            "signer": "trusted",
            "time": "service_clock",
            "log": "not_in_file",
            "photos": "match",
            "redacted": "not_a_redaction",
            "known": "not_checked",
            "newer": "not_asked",
        }


def test_without_its_root_it_is_intact_and_nobody_vouches_for_it() -> None:
    code, said, _ = ask(OLD / "report.pdf")
    assert code == 3
    assert codes(said["files"][0])["signer"] == "unknown_root"


@pytest.mark.parametrize("name", ["report.json", "report.jws", "report.pdf"])
def test_a_changed_one_is_not_intact(name: str, tmp_path: Path) -> None:
    """A single byte in the middle of each file."""
    shutil.copytree(OLD, tmp_path, dirs_exist_ok=True)
    data = bytearray((tmp_path / name).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / name).write_bytes(data)
    asked = tmp_path / ("report.pdf" if name == "report.pdf" else "report.json")
    code, said, _ = ask(asked, roots=(ROOT,))
    assert code == 1
    assert codes(said["files"][0])["intact"] == "no"


def test_a_photo_put_in_place_of_another_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(OLD / "photos", tmp_path / "photos")
    shutil.copy(tmp_path / "photos" / "cap_0001.jpg", tmp_path / "photos" / "cap_0000.jpg")
    code, said, _ = ask(OLD / "report.json", roots=(ROOT,), photos=tmp_path / "photos")
    assert code == 1
    assert codes(said["files"][0])["photos"] in ("no", "missing")


def test_a_bundle_of_today_carries_an_old_report(tmp_path: Path, signer: FileSigner) -> None:
    """Without disclosures, which it never had; the bundle's own signature leads to the root of today."""
    writer = BundleWriter(signer, SEALED_AT + timedelta(hours=1))
    names = ("report.pdf", "report.json", "report.jws")
    bundle = b"".join(writer.add(name, (OLD / name).read_bytes()) for name in names) + writer.close()
    (tmp_path / "report.zip").write_bytes(bundle)
    (tmp_path / "today.pem").write_bytes(signer.root_pem)
    code, said, _ = ask(tmp_path / "report.zip", roots=(ROOT, tmp_path / "today.pem"))
    assert (code, codes(said["files"][0])["intact"]) == (0, "yes")
