"""A whole report with all its proofs, for tests that change one part of it: made once, because it takes a moment."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from inspection_service import merkle
from inspection_service.clock import isoformat
from inspection_service.inspections.records import Actor
from inspection_service.reports.addenda import Correction, SignedCorrection, sign_correction
from inspection_service.reports.answers import Answers
from inspection_service.reports.bundle import BundleWriter, correction_member, photo_member
from inspection_service.reports.canonical import canonical_bytes, sha256_hex
from inspection_service.reports.chain import Trust
from inspection_service.reports.commitments import disclosures_bytes
from inspection_service.reports.head_signer import LogHeadSigner
from inspection_service.reports.keys import Signer
from inspection_service.reports.records import SealedReport
from inspection_service.reports.seal import seal
from inspection_service.reports.verify import Beside, verify_files
from inspection_service.reports.verify_assess import Asked
from tests.unit.reports.dossiers import SEALED_AT, dossier
from tests.unit.reports.pki import Level, Pki

NOW = SEALED_AT + timedelta(days=1)
PHOTOS = 4


@dataclass(frozen=True)
class Whole:
    """A sealed report and everything that goes with it."""

    pki: Pki
    report: SealedReport
    photos: Mapping[str, bytes]
    inspection_id: str
    log: bytes = b""
    corrections: tuple[SignedCorrection, ...] = field(default=())

    @property
    def trust(self) -> Trust:
        """Both roots, as a careful reader would pin them."""
        return Trust(self.pki.roots, self.pki.time_roots)

    @property
    def disclosures(self) -> bytes:
        """The file ``disclosures.json``."""
        return disclosures_bytes(self.report.json_sha256, self.report.disclosures)

    def members(self, *, with_photos: bool = True) -> dict[str, bytes]:
        """The files of the bundle but its signed list."""
        found = {
            "report.pdf": self.report.pdf_bytes,
            "report.json": self.report.json_bytes,
            "report.jws": self.report.jws.encode(),
            "disclosures.json": self.disclosures,
            "log.json": self.log,
        }
        for correction in self.corrections:
            no = correction.correction.no
            found[correction_member(no, "json")] = correction.json_bytes
            found[correction_member(no, "jws")] = correction.jws.encode()
        if with_photos:
            found |= {photo_member(name, "image/jpeg"): data for name, data in self.photos.items()}
        return found


def whole(
    pki: Pki, *, level: Level = "b-lta", inspection_id: str = "ins_whole", corrections: Sequence[str] = ()
) -> Whole:
    """Seal a report of four photos, put it into a log of seven, and correct it."""
    case, photos = dossier(
        "en", steps=PHOTOS, photographed=PHOTOS, width_px=64, height_px=48, inspection_id=inspection_id
    )
    report = seal(case, photos, models=(), signer=pki.signer(), sealed_at=SEALED_AT, proof=pki.proof(level))
    entries: list[SignedCorrection] = []
    previous = report.json_sha256
    for no, kind in enumerate(corrections, 1):
        entries.append(corrected(pki, report, kind, no=no, previous=previous))
        previous = entries[-1].json_sha256
    log = log_of(pki.signer(), leaf_of(report, inspection_id))
    return Whole(pki, report, photos, inspection_id, log, tuple(entries))


def corrected(
    pki: Pki, report: SealedReport, kind: Any, *, no: int = 1, previous: str | None = None, **more: Any
) -> SignedCorrection:
    """An entry after a report."""
    entry = Correction(
        kind,
        report.json_sha256,
        previous or report.json_sha256,
        no,
        SEALED_AT + timedelta(hours=no),
        Actor("operator", "opr_1", "Nadia Operator"),
        "mistake",
        "The spare wheel was there.",
        **more,
    )
    return sign_correction(entry, pki.signer())


def leaf_of(report: SealedReport, inspection_id: str) -> dict[str, Any]:
    """The leaf of a report, as the contract has it."""
    return {
        "v": 1,
        "kind": "report",
        "inspection": hashlib.sha256(inspection_id.encode()).hexdigest(),
        "json_sha256": report.json_sha256,
        "pdf_sha256": report.pdf_sha256,
        "previous": None,
        "at": isoformat(SEALED_AT),
    }


def log_of(
    signer: Signer,
    leaf: Mapping[str, Any],
    *,
    size: int = 7,
    seq: int = 4,
    at: datetime = SEALED_AT,
    **changed: Any,
) -> bytes:
    """A proof that a leaf stands in a log whose other leaves nobody knows."""
    others = [hashlib.sha256(bytes([n])).digest() for n in range(size)]
    hashes = [*others[:seq], merkle.leaf_hash(canonical_bytes(leaf)), *others[seq + 1 :]]
    keeper = LogHeadSigner(signer)
    head = {
        "log": f"urn:inspection:log:{keeper.key_sha256}",
        "tree_size": size,
        "root": merkle.root(hashes).hex(),
        "at": isoformat(at),
    }
    proof = {
        "leaf": dict(leaf),
        "seq": seq,
        "tree_size": size,
        "path": [each.hex() for each in merkle.inclusion_path(hashes, seq)],
        "head_jws": keeper.sign(canonical_bytes(head), at),
        "head_timestamp": None,
    }
    return canonical_bytes({**proof, **changed})


def bundled(members: Mapping[str, bytes], signer: Signer) -> bytes:
    """A bundle with a signed list of just these members."""
    writer = BundleWriter(signer, SEALED_AT + timedelta(hours=2))
    return b"".join([*(writer.add(name, data) for name, data in members.items()), writer.close()])


def rezipped(bundle: bytes, changes: Mapping[str, bytes | None]) -> bytes:
    """The same bundle with members replaced, added or taken out (``None``) by somebody who cannot sign."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        members: dict[str, bytes | None] = {name: opened.read(name) for name in opened.namelist()}
    members |= changes
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in members.items():
            if data is not None:
                zipped.writestr(zipfile.ZipInfo(name), data)
    return written.getvalue()


def asked(
    path: Path, data: bytes, trust: Trust, *, now: datetime = NOW, beside: Beside | None = None, **more: Any
) -> Answers:
    """Write one file and ask it."""
    path.write_bytes(data)
    (verdict,) = verify_files([path], Asked(trust, now, **more), beside)
    return verdict.answers


def codes(answers: Answers) -> dict[str, str]:
    """What is answered, without the open answers."""
    return {q: a.code for q, a in answers.all().items() if a.level != "open"}


def wrong(answers: Answers) -> set[str]:
    """The questions whose answer is bad."""
    return {question for question, answer in answers.all().items() if answer.level == "bad"}


def rewritten(data: bytes, **changes: Any) -> bytes:
    """Canonical JSON with members replaced."""
    return canonical_bytes({**json.loads(data), **changes})


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return sha256_hex(data)
