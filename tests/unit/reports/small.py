"""Reports of a few kilobytes, for tests that change every byte in turn."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import typst
from cryptography import x509

from inspection_service.reports.build import build
from inspection_service.reports.canonical import canonical_bytes, sha256_hex
from inspection_service.reports.keys import Signer, is_development
from inspection_service.reports.records import DraftReport, RenderedReport, SealedReport
from inspection_service.reports.seal import sign
from tests.unit.reports.dossiers import SEALED_AT, dossier

Roots = tuple[x509.Certificate, ...]

_TEMPLATE = """
#set document(keywords: ("report-json-sha256:" + sys.inputs.digest,), date: datetime(year: 2026, month: 11, day: 22))
#pdf.attach("report.json", relationship: "source", mime-type: "application/json", description: "record")
#sys.inputs.digest
"""


def small_draft(signer: Signer, *, inspection_id: str = "ins_small") -> DraftReport:
    """A record with one step, no photo and no damage."""
    case, _ = dossier("en", steps=1, photographed=0, inspection_id=inspection_id)
    case = replace(case, signatures=(), events=(), consents=())
    return build(case, sealed_at=SEALED_AT, models=(), has_development_keys=is_development(signer.chain))


def small_document(draft: DraftReport, *, attached: bytes | None = None) -> RenderedReport:
    """A page that prints the digest of the record and carries it, or something else in its place."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "report.json").write_bytes(draft.json_bytes if attached is None else attached)
        (folder / "main.typ").write_text(_TEMPLATE, encoding="utf-8")
        pdf = typst.compile(
            str(folder / "main.typ"),
            root=name,
            sys_inputs={"digest": draft.sha256},
            format="pdf",
            pdf_tags=False,
        )
    assert isinstance(pdf, bytes)
    return RenderedReport(draft, pdf)


def small_sealed(signer: Signer, *, inspection_id: str = "ins_small") -> SealedReport:
    """The small record and its document, both signed."""
    return sign(small_document(small_draft(signer, inspection_id=inspection_id)), signer)


def redraft(draft: DraftReport, **changes: object) -> DraftReport:
    """The same draft with other bytes in place, canonical again."""
    record = {**json.loads(draft.json_bytes), **changes}
    data = canonical_bytes(record)
    return DraftReport(record, data, sha256_hex(data), draft.sealed_at)
