"""The bundle, the log's proof, corrections, photos and disclosures: what is changed is answered where it belongs."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from inspection_service.reports.answers import texts_of
from inspection_service.reports.chain import Trust
from inspection_service.reports.verify import Beside
from inspection_service.reports.verify_assess import Installed, Status
from inspection_service.reports.verify_photos import hash_photos
from tests.unit.reports.dossiers import SEALED_AT, picture
from tests.unit.reports.pki import Pki
from tests.unit.reports.verify_samples import (
    Whole,
    asked,
    bundled,
    codes,
    corrected,
    leaf_of,
    log_of,
    rewritten,
    rezipped,
    whole,
    wrong,
)

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def case() -> Whole:
    """A report with both timestamps, an addendum and its place in the log."""
    return whole(Pki.make(), corrections=("addendum", "addendum"))


@pytest.fixture(scope="module")
def bundle(case: Whole) -> bytes:
    return bundled(case.members(), case.pki.signer())


def resigned(case: Whole, **changes: bytes) -> bytes:
    """A bundle whose list is signed rightly and whose members are not all of this report."""
    names = {name.replace(".", "_").replace("/", "_"): name for name in case.members()}
    return bundled({**case.members(), **{names[k]: v for k, v in changes.items()}}, case.pki.signer())


def test_a_whole_bundle_answers_everything(case: Whole, bundle: bytes, tmp_path: Path) -> None:
    """Every question but those that need something installed or a network."""
    answers = asked(tmp_path / "report.zip", bundle, case.trust)
    assert answers.exit_code == 0
    assert codes(answers) == {
        "intact": "yes",
        "signer": "trusted",
        "time": "authority",
        "log": "included",
        "photos": "match",
    }
    assert (answers.newer.code, answers.newer.why) == ("yes", "in_file")
    assert asked(tmp_path / "report.zip", bundle, Trust()).exit_code == 3


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"corrections/002.json": None, "corrections/002.jws": None}, "member_removed"),
        ({"photos/cap_0001.jpg": None}, "member_removed"),
        ({"log.json": None}, "member_removed"),
        ({"photos/extra.jpg": b"x"}, "member_added"),
        ({"photos/cap_0001.jpg": picture(99)}, "member_changed"),
        ({"report.pdf": b"%PDF-"}, "member_changed"),
        ({"bundle.json": None}, "bundle_unsigned"),
        ({"bundle.json": b"{}"}, "bundle_list_changed"),
        ({"bundle.jws": b"a..b"}, "bundle_list_changed"),
    ],
)
def test_a_bundle_is_exactly_what_its_list_says(
    case: Whole, bundle: bytes, tmp_path: Path, changes: dict[str, bytes | None], why: str
) -> None:
    """Removed, added, replaced: by somebody who cannot sign."""
    answers = asked(tmp_path / "report.zip", rezipped(bundle, changes), case.trust)
    assert (answers.intact.why, answers.exit_code) == (why, 1)


def test_a_list_of_another_bundle_does_not_fit(case: Whole, bundle: bytes, tmp_path: Path) -> None:
    """Both signed by the service."""
    fewer = bundled(case.members(with_photos=False), case.pki.signer())
    with zipfile.ZipFile(io.BytesIO(fewer)) as opened:
        changes: dict[str, bytes | None] = {n: opened.read(n) for n in ("bundle.json", "bundle.jws")}
    answers = asked(tmp_path / "report.zip", rezipped(bundle, changes), case.trust)
    assert answers.intact.why == "member_added"


def test_members_of_another_report_are_found_even_in_a_signed_list(case: Whole, tmp_path: Path) -> None:
    """A service that mixes two inspections up."""
    other = whole(case.pki, level="b-b", inspection_id="ins_other")
    path = tmp_path / "report.zip"
    mixed = asked(path, resigned(case, report_pdf=other.report.pdf_bytes), case.trust)
    assert mixed.intact.why == "document_of_another"
    swapped = asked(path, resigned(case, report_jws=other.report.jws.encode()), case.trust)
    assert swapped.intact.why == "jws_mismatch"
    disclosed = asked(path, resigned(case, disclosures_json=other.disclosures), case.trust)
    assert disclosed.intact.why == "disclosures_differ"
    logged = asked(path, resigned(case, log_json=other.log), case.trust)
    assert (logged.log.code, logged.log.why, wrong(logged)) == ("not_included", "log_of_another", {"log"})
    pictured = asked(path, resigned(case, photos_cap_0001_jpg=case.photos["cap_0002"]), case.trust)
    assert (pictured.photos.code, wrong(pictured)) == ("no", {"photos"})


def test_a_correction_that_is_missing_or_replaced_is_found(case: Whole, tmp_path: Path) -> None:
    """Also when the list was signed without it."""
    path, pki = tmp_path / "report.zip", case.pki
    members = case.members()
    for gone in (["corrections/001.json", "corrections/001.jws"], ["corrections/002.jws"]):
        fewer = {name: data for name, data in members.items() if name not in gone}
        assert asked(path, bundled(fewer, pki.signer()), case.trust).intact.why == "correction_missing"
    stray = corrected(pki, case.report, "addendum", no=2)  # follows the record, not the first entry
    changed = resigned(case, corrections_002_json=stray.json_bytes, corrections_002_jws=stray.jws.encode())
    assert asked(path, changed, case.trust).intact.why == "correction_missing"
    mute = resigned(case, corrections_002_jws=case.corrections[0].jws.encode())
    assert asked(path, mute, case.trust).intact.why == "correction_changed"


def test_a_withdrawal_is_said_loudly(tmp_path: Path) -> None:
    """The report is intact, and nobody should rely on it."""
    case = whole(Pki.make(), level="b-b", corrections=("withdrawal",))
    answers = asked(tmp_path / "report.zip", bundled(case.members(), case.pki.signer()), case.trust)
    assert (answers.newer.why, wrong(answers)) == ("withdrawn", {"newer"})
    assert "WITHDRAWN" in answers.headline("en")


def test_the_proof_of_the_log_is_recomputed(case: Whole, tmp_path: Path) -> None:
    """Another tree, another head, another log, another leaf; each is the log's answer and nobody else's."""
    signer, leaf = case.pki.signer(), leaf_of(case.report, case.inspection_id)
    other_tree = json.loads(log_of(signer, leaf, size=9, seq=4))
    stranger = Pki.make()
    proofs = {
        "log_other_tree": [
            rewritten(case.log, path=other_tree["path"]),
            rewritten(case.log, head_jws=other_tree["head_jws"]),
            rewritten(case.log, seq=3),
            rewritten(case.log, tree_size=6),
            rewritten(case.log, path=[]),
        ],
        "log_of_another": [
            log_of(signer, {**leaf, "json_sha256": "0" * 64}),
            log_of(signer, {**leaf, "pdf_sha256": "0" * 64}),
            log_of(signer, {**leaf, "inspection": "0" * 64}),
            log_of(signer, {**leaf, "kind": "withdrawal"}),
        ],
        "log_head_changed": [rewritten(case.log, head_jws=json.loads(case.log)["head_jws"][:-4] + "AAAA")],
        "log_malformed": [b"", b"{}", b"[" * 9000, case.log + b" ", rewritten(case.log, path=["zz"])],
    }
    for why, given in proofs.items():
        for proof in given:
            answers = asked(tmp_path / "report.zip", resigned(case, log_json=proof), case.trust)
            assert (answers.log.code, answers.log.why) == ("not_included", why)
            assert wrong(answers) == {"log"}
    strange = asked(
        tmp_path / "report.zip", resigned(case, log_json=log_of(stranger.signer(), leaf)), case.trust
    )
    assert (strange.log.code, strange.log.why, wrong(strange)) == ("not_included", "log_key", {"log"})


def test_a_timestamped_head_proves_the_time_of_a_record_alone(tmp_path: Path) -> None:
    """The leaf holds the record's hash, the head the leaf, the authority the head."""
    case = whole(Pki.make(), level="b-b")
    head = json.loads(case.log)["head_jws"]
    token = case.pki.authority().stamp(hashlib.sha256(head.encode()).digest()).der
    (tmp_path / "report.jws").write_text(case.report.jws)
    (tmp_path / "log.json").write_bytes(rewritten(case.log, head_timestamp=token.hex()))
    later = SEALED_AT + timedelta(days=4000)
    beside = Beside(log=tmp_path / "log.json")
    answers = asked(tmp_path / "report.json", case.report.json_bytes, case.trust, now=later, beside=beside)
    assert (answers.time.code, answers.time.why, answers.signer.code) == ("authority", "log", "trusted")
    wrong_token = case.pki.authority().stamp(bytes(32)).der
    (tmp_path / "log.json").write_bytes(rewritten(case.log, head_timestamp=wrong_token.hex()))
    answers = asked(tmp_path / "report.json", case.report.json_bytes, case.trust, beside=beside)
    assert (answers.log.code, answers.log.why) == ("not_included", "timestamp_of_another")


def test_disclosures_are_recomputed_and_what_is_withheld_is_named(case: Whole, tmp_path: Path) -> None:
    """A value, a salt, a pointer swapped; fewer of them are fine and said."""
    path = tmp_path / "report.json"
    (tmp_path / "report.jws").write_text(case.report.jws)
    given = tmp_path / "disclosures.json"
    whole_file = json.loads(case.disclosures)
    listed = whole_file["disclosures"]

    def ask(disclosures: list[dict[str, object]], **more: object) -> tuple[str | None, list[str]]:
        given.write_bytes(rewritten(case.disclosures, disclosures=disclosures, **more))
        intact = asked(path, case.report.json_bytes, case.trust, beside=Beside(disclosures=given)).intact
        return intact.why, [d.value for d in intact.details if d.name == "withheld"]

    assert ask(listed) == (None, [])
    assert ask(listed[1:]) == ("withheld", [listed[0]["pointer"]])
    first, second = listed[0], listed[1]
    swapped = [{**first, "value": second["value"]}, *listed[1:]]
    salted = [{**first, "salt": second["salt"]}, *listed[1:]]
    moved = [{**first, "pointer": "/nowhere"}, *listed[1:]]
    for changed in (swapped, salted, moved, [*listed, first]):
        assert ask(changed)[0] == "disclosure_changed"
    assert ask(listed, report_sha256="0" * 64)[0] == "disclosures_of_another"


def test_photos_given_beside_are_compared_by_hash(case: Whole, tmp_path: Path) -> None:
    """Whatever they are called; a name that is one of the report's must hold that very photo."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, data in enumerate(case.photos.values()):
        (folder / f"DSC_{number}.jpg").write_bytes(data)
    path = tmp_path / "report.pdf"

    def ask() -> object:
        beside = Beside(photos=hash_photos(folder))
        return asked(path, case.report.pdf_bytes, case.trust, beside=beside).photos

    assert ask().code == "match"  # type: ignore[attr-defined]
    (folder / "DSC_0.jpg").unlink()
    missing = ask()
    assert (missing.code, missing.values["names"]) == ("missing", "cap_0000")  # type: ignore[attr-defined]
    (folder / "cap_0000.jpg").write_bytes(case.photos["cap_0001"])
    swapped = ask()
    assert (swapped.code, swapped.values["names"]) == ("no", "cap_0000.jpg")  # type: ignore[attr-defined]
    (folder / "cap_0000.jpg").write_bytes(picture(1234))
    assert ask().code == "no"  # type: ignore[attr-defined]


def test_models_and_checklist_are_compared_with_those_installed(case: Whole, tmp_path: Path) -> None:
    """Unknown is no fault: a report outlives its models."""
    record = json.loads(case.report.json_bytes)
    checklist = record["checklist"]["id"], record["checklist"]["sha256"]
    for checklists, code in ((frozenset({checklist}), "known"), (frozenset(), "unknown")):
        installed = Installed(frozenset(), checklists)
        answers = asked(tmp_path / "r.pdf", case.report.pdf_bytes, case.trust, installed=installed)
        assert (answers.known.code, answers.exit_code) == (code, 0)


def test_a_redacted_copy_is_tied_to_its_report(case: Whole, tmp_path: Path) -> None:
    """By the entry it was issued with, which names the copy's hash and what was erased."""
    pki = case.pki
    erased = ("/vehicle/vin/value",)

    def entry(pdf_sha256: str, kind: str = "redaction") -> Beside:
        made = corrected(pki, case.report, kind, erased=erased, pdf_sha256=pdf_sha256)
        (tmp_path / "redaction.json").write_bytes(made.json_bytes)
        (tmp_path / "redaction.jws").write_text(made.jws)
        return Beside(redaction=tmp_path / "redaction.json")

    path, data = tmp_path / "report.pdf", case.report.pdf_bytes
    shown = asked(path, data, case.trust, beside=entry(case.report.pdf_sha256))
    assert (shown.redacted.code, shown.redacted.why) == ("no", "still_shown")
    (tmp_path / "report.jws").write_text(case.report.jws)
    record = asked(tmp_path / "report.json", case.report.json_bytes, case.trust, beside=entry("0" * 64))
    assert record.redacted.code == "derived"
    other = whole(pki, level="b-b", inspection_id="ins_other")
    foreign = asked(path, other.report.pdf_bytes, case.trust, beside=entry(other.report.pdf_sha256))
    assert (foreign.redacted.code, foreign.redacted.why) == ("no", "other_report")


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (Status(True, ()), "none", 0),
        (Status(True, (("addendum", "2026-11-23T10:00:00Z"),)), "yes", 1),
        (Status(False, ()), "unanswered", 1),
        (OSError("no answer in time"), "unanswered", 1),
    ],
)
def test_a_service_can_only_answer_the_question_it_is_asked(
    case: Whole, tmp_path: Path, status: Status | OSError, code: str, exit_code: int
) -> None:
    """A liar changes nothing else: what is broken stays broken."""

    def online(json_sha256: str) -> Status:
        assert json_sha256 == case.report.json_sha256
        if isinstance(status, OSError):
            raise status
        return status

    path = tmp_path / "report.pdf"
    answers = asked(path, case.report.pdf_bytes, case.trust, online=online)
    assert (answers.newer.code, answers.exit_code) == (code, exit_code)
    broken = asked(path, case.report.pdf_bytes[:-1] + b"x", case.trust, online=online)
    assert broken.exit_code == 1


def test_both_languages_say_the_same_things() -> None:
    """Same keys, same values in them."""
    english, french = texts_of("en"), texts_of("fr")
    assert set(english) == set(french)
    for key, text in english.items():
        assert _names(text) == _names(french[key]), key


def _names(text: str) -> set[str]:
    return {part.split("}")[0] for part in text.split("{")[1:]}
