"""The whole way from a dossier to what leaves the service, in the only order the types allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from cryptography import x509

from inspection_service.inspections.mileages import EarlierReading
from inspection_service.inspections.personal import PersonalKeys
from inspection_service.inspections.records import Dossier
from inspection_service.reports.build import build
from inspection_service.reports.canonical import sha256_hex
from inspection_service.reports.keys import Signer, common_name, fingerprint, is_development
from inspection_service.reports.records import (
    DraftReport,
    ModelUsed,
    RenderedReport,
    SealedReport,
    SignedRecord,
)
from inspection_service.reports.render.document import render
from inspection_service.reports.render.inputs import Attachment, RenderInputs, SigningKey
from inspection_service.reports.sign_json import sign_json
from inspection_service.reports.sign_pdf import Proof, sign_pdf

JWS_NAME: Final = "report.jws"
DISCLOSURES_NAME: Final = "disclosures.json"
EVIDENCE_NAME: Final = "evidence.json"


def seal(
    dossier: Dossier,
    photos: Mapping[str, bytes],
    *,
    models: Sequence[ModelUsed],
    signer: Signer,
    sealed_at: datetime,
    keys: PersonalKeys | None = None,
    earlier: Sequence[EarlierReading] = (),
    frames: Mapping[str, bytes] | None = None,
    pictures: Mapping[str, bytes] | None = None,
    proof: Proof | None = None,
    public_url: str | None = None,
) -> SealedReport:
    """Build, sign, set and sign again the report of an inspection that has been signed off.

    Blocks for a second or more: call it in an executor. Nothing is stored; the caller does, then marks the inspection.

    Args:
        dossier: Everything known; its state must be ``signed_off``.
        photos: Originals as received, by capture id, at least those that stand in the report; may load lazily.
        models: The models installed now.
        signer: Whose key signs; when its chain is a development chain the report says so.
        sealed_at: The service's own clock.
        keys: Of the personal values; fresh ones when absent.
        earlier: What earlier inspections of the same car read on its odometer.
        frames: Frozen frames that were kept, by id.
        pictures: Made ahead, by name (``render.ahead``); may load lazily, may lack any.
        proof: What makes the signature hold without us; nothing when absent.
        public_url: Where the page that verifies reports is.

    Raises:
        SealingMustWait: The timestamp authority does not answer as it must.
        NotReadyToSeal: The inspection is in another state.
        EvidenceMissing: A photo is missing.
        EvidenceMismatch: A photo is not the one that was accepted.
        RenderingFailed: The document could not be set.
    """
    authority = None if proof is None else proof.authority
    draft = build(
        dossier,
        sealed_at=sealed_at,
        models=models,
        has_development_keys=is_development(signer.chain),
        keys=keys,
        earlier=earlier,
        time="service_clock" if authority is None else authority.ready().kind,
    )
    signed = sign_record(draft, signer)
    inputs = RenderInputs(
        frames=frames or {},
        pictures={} if pictures is None else pictures,
        attachments=attachments(signed),
        public_url=public_url,
        key=SigningKey(
            signer.kind,
            common_name(signer.chain[0]),
            fingerprint(x509.load_pem_x509_certificate(signer.root_pem)),
        ),
    )
    return sign_document(signed, render(draft, photos, inputs), signer, proof)


def attachments(signed: SignedRecord) -> tuple[Attachment, ...]:
    """Return the files a document carries beside its record, so that whoever has only the document has all."""
    json_type = "application/json"
    return (
        Attachment(
            JWS_NAME,
            signed.jws.encode("ascii"),
            "application/jose",
            "data",
            "Signature over report.json (JWS)",
        ),
        Attachment(
            DISCLOSURES_NAME,
            signed.draft.disclosures_bytes,
            json_type,
            "data",
            "Clear values of the commitments in report.json",
        ),
        Attachment(
            EVIDENCE_NAME, signed.draft.evidence_bytes, json_type, "data", "The evidence tree of report.json"
        ),
    )


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
        disclosures=signed.draft.disclosures,
    )


def sign(rendered: RenderedReport, signer: Signer, proof: Proof | None = None) -> SealedReport:
    """Sign record and document of a rendered report that carries no signature of its record."""
    return sign_document(sign_record(rendered.draft, signer), rendered, signer, proof)
