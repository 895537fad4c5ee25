"""The whole way from a dossier to what leaves the service, in the only order the types allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from inspection_service.inspections.records import Dossier
from inspection_service.reports.build import build
from inspection_service.reports.canonical import sha256_hex
from inspection_service.reports.keys import Signer, is_development
from inspection_service.reports.records import (
    DraftReport,
    ModelUsed,
    RenderedReport,
    SealedReport,
    SignedRecord,
)
from inspection_service.reports.render.document import render
from inspection_service.reports.sign_json import sign_json
from inspection_service.reports.sign_pdf import Proof, sign_pdf


def seal(
    dossier: Dossier,
    photos: Mapping[str, bytes],
    *,
    models: Sequence[ModelUsed],
    signer: Signer,
    sealed_at: datetime,
) -> SealedReport:
    """Build, set and sign the report of an inspection that has been signed off.

    Blocks for a second or more: call it in an executor. Nothing is stored; the caller does, then marks the inspection.

    Args:
        dossier: Everything known; its state must be ``signed_off``.
        photos: Originals as received, by capture id, at least those that stand in the report; may load lazily.
        models: The models installed now.
        signer: Whose key signs; when its chain is a development chain the report says so.
        sealed_at: The service's own clock.

    Raises:
        NotReadyToSeal: The inspection is in another state.
        EvidenceMissing: A photo is missing.
        EvidenceMismatch: A photo is not the one that was accepted.
        RenderingFailed: The document could not be set.
    """
    draft = build(
        dossier, sealed_at=sealed_at, models=models, has_development_keys=is_development(signer.chain)
    )
    return sign(render(draft, photos), signer)


def sign_record(draft: DraftReport, signer: Signer) -> SignedRecord:
    """Sign the record, before the document is set that carries record and signature."""
    return SignedRecord(draft, sign_json(draft, signer))


def sign_document(
    signed: SignedRecord, rendered: RenderedReport, signer: Signer, proof: Proof | None = None
) -> SealedReport:
    """Sign the document of a signed record.

    Raises:
        ValueError: The document is of another record.
        SealingMustWait: The timestamp authority does not answer as it must.
    """
    if rendered.draft.sha256 != signed.draft.sha256:
        raise ValueError("the document was set from another record than the one that was signed")
    pdf_bytes = sign_pdf(rendered, signer, proof)
    return SealedReport(
        json_bytes=signed.draft.json_bytes,
        json_sha256=signed.draft.sha256,
        jws=signed.jws,
        pdf_bytes=pdf_bytes,
        pdf_sha256=sha256_hex(pdf_bytes),
        root_pem=signer.root_pem,
        sealed_at=signed.draft.sealed_at,
    )


def sign(rendered: RenderedReport, signer: Signer, proof: Proof | None = None) -> SealedReport:
    """Sign record and document of a rendered report that carries no signature of its record."""
    return sign_document(sign_record(rendered.draft, signer), rendered, signer, proof)
