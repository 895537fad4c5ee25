"""A document that is issued again is the same report, signed when it is issued, perhaps with a newer key."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from inspection_service.reports.canonical import load_record, sha256_hex
from inspection_service.reports.own_authority import DOCUMENT_SIGNING
from inspection_service.reports.reissue import erased_pointers, reissue
from inspection_service.reports.verify import Beside
from inspection_service.reports.verify_pdf import verify_pdf
from tests.unit.reports.dossiers import SEALED_AT
from tests.unit.reports.pki import Leaf, Level, Pki
from tests.unit.reports.verify_samples import Whole, asked, bundled, corrected, whole

pytestmark = pytest.mark.unit
LATER = SEALED_AT + timedelta(days=30)
NOW = LATER + timedelta(days=1)


def issued_again(case: Whole, leaf: Leaf, *, at: datetime = LATER, level: Level = "b-lta") -> bytes:
    """The document of a report without the number of the car, signed with another key."""
    kept = [d for d in case.report.disclosures if not d.pointer.startswith("/vehicle/")]
    case.pki.clock.advance(seconds=(at - case.pki.clock.now()).total_seconds())
    return reissue(
        case.report.json_bytes,
        case.report.jws,
        kept,
        case.photos,
        no=1,
        signer=case.pki.signer(leaf),
        issued_at=at,
        proof=case.pki.proof(level),
    )


@pytest.mark.parametrize("level", ["b-b", "b-lta"])
def test_a_copy_issued_after_a_change_of_keys_is_derived_from_its_report(
    tmp_path: Path, level: Level
) -> None:
    """Alone with its entry, and in the bundle with everything else."""
    pki = Pki.make()
    case = whole(pki, level=level)
    newer = pki.issuing.issue("Next signer", [DOCUMENT_SIGNING], not_before=LATER - timedelta(days=1))
    copy = issued_again(case, newer, level=level)
    kept = [d for d in case.report.disclosures if not d.pointer.startswith("/vehicle/")]
    erased = erased_pointers(load_record(case.report.json_bytes), kept)
    entry = corrected(pki, case.report, "redaction", erased=erased, pdf_sha256=sha256_hex(copy))
    (tmp_path / "redaction.json").write_bytes(entry.json_bytes)
    (tmp_path / "redaction.jws").write_text(entry.jws)
    beside = Beside(redaction=tmp_path / "redaction.json")
    answers = asked(tmp_path / "copy.pdf", copy, case.trust, now=NOW, beside=beside)
    assert (answers.redacted.code, answers.redacted.why) == ("derived", None), answers.headline()
    assert (answers.signer.code, answers.intact.why, answers.exit_code) == ("trusted", "withheld", 0)
    first = asked(tmp_path / "first.pdf", case.report.pdf_bytes, case.trust, now=NOW, beside=beside)
    assert first.redacted.code == "no"
    members = {**case.members(), "report.pdf": copy, "corrections/001.json": entry.json_bytes}
    members |= {"corrections/001.jws": entry.jws.encode()}
    del members["disclosures.json"]
    bundle = bundled(members, pki.signer())
    together = asked(tmp_path / "report.zip", bundle, case.trust, now=NOW)
    assert (together.redacted.code, together.log.code, together.exit_code) == ("derived", "included", 0)


def test_a_key_that_is_not_valid_yet_issues_nothing_again() -> None:
    """Signed with the time of the record, a newer certificate would not have been valid."""
    pki = Pki.make()
    case = whole(pki, level="b-b")
    newer = pki.issuing.issue("Next signer", [DOCUMENT_SIGNING], not_before=LATER - timedelta(days=1))
    early = issued_again(case, newer, at=SEALED_AT, level="b-b")
    assert verify_pdf(early, pki.roots, now=NOW).signer.code == "not_yet_valid"


def test_a_copy_from_before_its_record_is_refused() -> None:
    """Issued again means later."""
    pki = Pki.make()
    case = whole(pki, level="b-b")
    early = issued_again(case, pki.signer_leaf, at=SEALED_AT - timedelta(hours=3), level="b-b")
    answers = verify_pdf(early, pki.roots, now=NOW)
    assert (answers.time.code, answers.time.why) == ("no", "differs")
