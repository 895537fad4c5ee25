"""``verify-report`` as scripts and people see it."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from inspection_service.reports import verify_cli
from inspection_service.reports.keys import FileSigner
from inspection_service.reports.records import SealedReport
from inspection_service.reports.seal import sign
from tests.unit.reports.conftest import FixedClock
from tests.unit.reports.dossiers import SEALED_AT
from tests.unit.reports.small import redraft, small_document, small_draft, small_sealed

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


def ask(
    *files: Path, roots: tuple[Path, ...] = (), as_json: bool = True, **more: Any
) -> tuple[int, Any, str]:
    out, err = io.StringIO(), io.StringIO()
    clock = FixedClock(SEALED_AT + timedelta(days=1))
    options = verify_cli.Options(roots=roots, as_json=as_json, **more)
    code = verify_cli.run(files, options, out, err=err, clock=clock)
    printed = out.getvalue()
    return code, json.loads(printed) if as_json and printed else printed, err.getvalue()


def test_a_good_report_ends_with_zero(folder: Path) -> None:
    """Record and signature are one report, the document another file of it; the shape of the machine's form exactly."""
    files = [folder / f"report.{kind}" for kind in ("json", "jws", "pdf")]
    code, said, _ = ask(*files, roots=(folder / "root.pem",))
    assert code == 0
    assert [entry["files"] for entry in said["files"]] == [[str(f) for f in files[:2]], [str(files[2])]]
    for entry in said["files"]:
        assert set(entry) == {"file", "files", "ok", "exit_code", "demonstration", "headline", "answers"}
        assert entry["demonstration"] is False
        assert entry["file"] == entry["files"][0]
        assert (entry["ok"], entry["exit_code"]) == (True, 0)
        assert {question: answer["code"] for question, answer in entry["answers"].items()} == {
            "intact": "yes",
            "signer": "trusted",
            "time": "service_clock",
            "log": "not_in_file",
            "photos": "not_in_file",
            "redacted": "not_a_redaction",
            "known": "not_checked",
            "newer": "not_asked",
        }
        for answer in entry["answers"].values():
            assert set(answer) == {"code", "ok", "why", "sentence", "values", "details"}
            assert answer["sentence"]


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
    assert code == 3
    assert said["files"][0]["ok"] is False
    assert said["files"][0]["headline"].startswith("Intact, but not vouched for.")
    assert said["files"][0]["answers"]["signer"]["code"] == "unknown_root"
    (folder / "report.pdf").write_bytes((folder / "report.pdf").read_bytes() + b" ")
    code, said, _ = ask(folder / "report.pdf")
    assert code == 1
    assert said["files"][0]["headline"].startswith("NOT good.")


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
    assert [entry["ok"] for entry in said["files"]] == [True, False]
    assert "different reports" in said["files"][1]["answers"]["intact"]["sentence"]


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
    assert [entry["ok"] for entry in said["files"]] == [True, False]
    assert "different reports" in said["files"][1]["answers"]["intact"]["sentence"]


def test_one_bad_file_among_good_ones_decides(folder: Path) -> None:
    """Exit 1 when anything is false."""
    (folder / "broken.pdf").write_bytes((folder / "report.pdf").read_bytes()[:-10])
    code, said, _ = ask(folder / "report.pdf", folder / "broken.pdf", roots=(folder / "root.pem",))
    assert code == 1
    assert [entry["ok"] for entry in said["files"]] == [True, False]


@pytest.mark.parametrize("name", ["gone.pdf", "gone.json", "gone.jws", "photo.jpg", "report", "."])
def test_what_is_not_there_or_no_report_gets_a_sentence(folder: Path, name: str) -> None:
    """Exit 2, one sentence, no traceback."""
    code, said, _ = ask(folder / name, roots=(folder / "root.pem",))
    assert code == 2
    assert said["files"][0]["answers"]["intact"]["code"] == "unreadable"
    assert said["files"][0]["headline"].startswith("Cannot be read.")


def test_a_missing_partner_is_named(folder: Path) -> None:
    """A record without its signature proves nothing."""
    (folder / "report.jws").unlink()
    said = ask(folder / "report.json", roots=(folder / "root.pem",))[1]
    assert "report.jws" in said["files"][0]["answers"]["intact"]["sentence"]


def test_an_enormous_file_is_not_read(folder: Path) -> None:
    """A sparse file of four gigabytes."""
    with (folder / "huge.pdf").open("wb") as file:
        file.truncate(4 << 30)
    said = ask(folder / "huge.pdf", roots=(folder / "root.pem",))[1]
    assert "larger" in said["files"][0]["answers"]["intact"]["sentence"]


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


@pytest.mark.parametrize(
    ("language", "labels", "head"),
    [
        ("en", ["intact", "signer", "time", "log", "photos", "redacted", "known", "newer"], "Good: nothing"),
        ("fr", ["intact", "signataire", "date", "registre", "photos", "caviardage", "connus", "plus"], "Bon : rien"),
    ],
)  # fmt: skip
def test_people_get_one_line_an_answer(folder: Path, language: str, labels: list[str], head: str) -> None:
    """The same answers, in words of both languages; what stands behind them on demand."""
    report, roots = folder / "report.pdf", (folder / "root.pem",)
    code, printed, _ = ask(report, roots=roots, as_json=False, language=language)
    assert code == 0
    lines = printed.splitlines()
    assert head in lines[0]
    assert [line.split()[0] for line in lines[1:]] == labels
    _, detailed, _ = ask(report, roots=roots, as_json=False, language=language, details=True)
    assert len(detailed.splitlines()) > len(lines)
    assert hashlib.sha256((folder / "report.json").read_bytes()).hexdigest() in detailed


def test_a_file_cannot_steer_the_terminal(folder: Path) -> None:
    """Its name is printed, its control characters are not."""
    path = folder / "re\x1b[2Jport.pdf"
    path.write_bytes(b"x")
    assert "\x1b" not in ask(path, as_json=False)[1]


@pytest.mark.parametrize("kind", ["pdf", "zip", "json", "jws"])
def test_an_empty_file_and_a_hundred_megabytes_of_zeros_get_a_sentence(folder: Path, kind: str) -> None:
    """Exit 2, whatever they are called."""
    for size in (0, 100 << 20):
        with (folder / f"report.{kind}").open("wb") as file:
            file.truncate(size)
        code, said, _ = ask(folder / f"report.{kind}", roots=(folder / "root.pem",))
        assert code == 2
        assert said["files"][0]["answers"]["intact"]["code"] == "unreadable"


@pytest.mark.parametrize(("language", "words"), [("en", "A DEMONSTRATION"), ("fr", "DÉMONSTRATION")])
def test_a_demonstration_is_called_one_before_anything_else(
    tmp_path: Path, signer: FileSigner, language: Any, words: str
) -> None:
    """Whoever reads one line only must not take generated pictures for a car that was looked at."""
    draft = small_draft(signer)
    shown = redraft(draft, notes={**draft.record["notes"], "demonstration_pictures": True})
    write(tmp_path, sign(small_document(shown), signer))
    files, roots = (tmp_path / "report.pdf",), (tmp_path / "root.pem",)
    code, said, _ = ask(*files, roots=roots, language=language)
    assert code == 0, "signature and pictures are separate questions"
    assert said["files"][0]["demonstration"] is True
    assert said["files"][0]["headline"].startswith(words)
    _, printed, _ = ask(*files, roots=roots, language=language, as_json=False)
    assert f": {words}" in printed.splitlines()[0]
