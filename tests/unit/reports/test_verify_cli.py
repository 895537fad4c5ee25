"""``verify-report`` as scripts and people see it."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from inspection_service.reports import verify_cli
from inspection_service.reports.keys import FileSigner
from inspection_service.reports.records import SealedReport
from tests.unit.reports.conftest import FixedClock
from tests.unit.reports.dossiers import SEALED_AT
from tests.unit.reports.small import small_sealed

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path, small: SealedReport) -> Path:
    """A report as the demo writes it."""
    write(tmp_path, small)
    return tmp_path


def write(folder: Path, report: SealedReport, name: str = "report") -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_bytes(report.json_bytes)
    (folder / f"{name}.jws").write_text(report.jws)
    (folder / f"{name}.pdf").write_bytes(report.pdf_bytes)
    (folder / "root.pem").write_bytes(report.root_pem)


def ask(*files: Path, roots: tuple[Path, ...] = (), as_json: bool = True) -> tuple[int, Any, str]:
    out, err = io.StringIO(), io.StringIO()
    clock = FixedClock(SEALED_AT + timedelta(days=1))
    code = verify_cli.run(files, roots, as_json, out, err=err, clock=clock)
    printed = out.getvalue()
    return code, json.loads(printed) if as_json and printed else printed, err.getvalue()


def test_a_good_report_ends_with_zero(folder: Path) -> None:
    """All three files, the shape of the machine's form exactly."""
    files = [folder / f"report.{kind}" for kind in ("json", "jws", "pdf")]
    code, said, _ = ask(*files, roots=(folder / "root.pem",))
    assert code == 0
    assert [set(entry) for entry in said["files"]] == [{"file", "ok", "answers"}] * 3
    assert [entry["file"] for entry in said["files"]] == [str(f) for f in files]
    for entry in said["files"]:
        assert entry["ok"] is True
        assert list(entry["answers"]) == ["intact", "signed_by", "trusted", "time"]
        assert all(set(answer) == {"ok", "says"} for answer in entry["answers"].values())
        assert [answer["ok"] for answer in entry["answers"].values()] == [True, True, True, None]


@pytest.mark.parametrize("kind", ["json", "jws", "pdf"])
def test_each_file_can_be_asked_alone(folder: Path, kind: str) -> None:
    """Record and signature find each other when they lie side by side."""
    assert ask(folder / f"report.{kind}", roots=(folder / "root.pem",))[0] == 0


def test_a_folder_of_roots_is_a_trust_folder(folder: Path) -> None:
    """Every certificate in it counts."""
    assert ask(folder / "report.pdf", roots=(folder,))[0] == 0


def test_without_a_root_it_is_never_good(folder: Path) -> None:
    """Trust does not come from the file."""
    code, said, _ = ask(folder / "report.pdf")
    assert code == 1
    assert said["files"][0]["ok"] is False
    assert said["files"][0]["answers"]["trusted"]["ok"] is None


def test_files_that_do_not_belong_together_are_found(folder: Path, signer: FileSigner) -> None:
    """A record and a signature of two good reports, named together."""
    other = small_sealed(signer, inspection_id="ins_other")
    (folder / "report.jws").write_text(other.jws)
    code, said, _ = ask(folder / "report.json", folder / "report.jws", roots=(folder / "root.pem",))
    assert code == 1
    assert said["files"][0]["answers"]["intact"]["ok"] is False


def test_a_document_beside_another_record_is_found(folder: Path, signer: FileSigner) -> None:
    """Each good by itself, and not the same report."""
    other = small_sealed(signer, inspection_id="ins_other")
    (folder / "report.json").write_bytes(other.json_bytes)
    (folder / "report.jws").write_text(other.jws)
    files = [folder / f"report.{kind}" for kind in ("json", "jws", "pdf")]
    code, said, _ = ask(*files, roots=(folder / "root.pem",))
    assert code == 1
    assert [entry["ok"] for entry in said["files"]] == [True, True, False]
    assert "another report" in said["files"][2]["answers"]["intact"]["says"]


@pytest.mark.parametrize("spelling", ["report.json", "./sub/../report.json"])
def test_another_record_is_found_however_its_path_is_spelled(
    folder: Path, signer: FileSigner, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    """The document by its full path, the record by a relative one."""
    other = small_sealed(signer, inspection_id="ins_other")
    (folder / "report.json").write_bytes(other.json_bytes)
    (folder / "report.jws").write_text(other.jws)
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder)
    code, said, _ = ask(folder / "report.pdf", Path(spelling), roots=(folder / "root.pem",))
    assert code == 1
    assert [entry["ok"] for entry in said["files"]] == [False, True]
    assert "another report" in said["files"][0]["answers"]["intact"]["says"]


def test_one_bad_file_among_good_ones_decides(folder: Path) -> None:
    """Exit 1 when anything is false."""
    (folder / "broken.pdf").write_bytes((folder / "report.pdf").read_bytes()[:-10])
    code, said, _ = ask(folder / "report.pdf", folder / "broken.pdf", roots=(folder / "root.pem",))
    assert code == 1
    assert [entry["ok"] for entry in said["files"]] == [True, False]


@pytest.mark.parametrize("name", ["gone.pdf", "gone.json", "gone.jws", "photo.jpg", "report", "."])
def test_what_is_not_there_or_no_report_gets_a_sentence(folder: Path, name: str) -> None:
    """Exit 1, one sentence, no traceback."""
    code, said, _ = ask(folder / name, roots=(folder / "root.pem",))
    assert code == 1
    assert said["files"][0]["answers"]["intact"]["ok"] is False
    assert said["files"][0]["answers"]["intact"]["says"]


def test_a_missing_partner_is_named(folder: Path) -> None:
    """A record without its signature proves nothing."""
    (folder / "report.jws").unlink()
    said = ask(folder / "report.json", roots=(folder / "root.pem",))[1]
    assert "report.jws" in said["files"][0]["answers"]["intact"]["says"]


def test_an_enormous_file_is_not_read(folder: Path) -> None:
    """A sparse file of four gigabytes."""
    with (folder / "huge.pdf").open("wb") as file:
        file.truncate(4 << 30)
    said = ask(folder / "huge.pdf", roots=(folder / "root.pem",))[1]
    assert "larger" in said["files"][0]["answers"]["intact"]["says"]


@pytest.mark.parametrize("root", ["nowhere.pem", "report.json"])
def test_a_root_that_cannot_be_read_is_wrong_usage(folder: Path, root: str) -> None:
    """Not a verdict on the report."""
    code, said, complaint = ask(folder / "report.pdf", roots=(folder / root,))
    assert code == 2
    assert said == ""
    assert root in complaint


def test_no_file_is_wrong_usage() -> None:
    """Exit 2."""
    assert ask()[0] == 2


def test_people_get_one_line_an_answer(folder: Path) -> None:
    """The same answers, in words."""
    code, printed, _ = ask(folder / "report.pdf", roots=(folder / "root.pem",), as_json=False)
    assert code == 0
    lines = printed.splitlines()
    assert lines[0].endswith("report.pdf: good")
    assert [line.split()[0] for line in lines[1:]] == ["intact", "signed", "trusted", "time"]
    assert "unknown" in lines[4]
