"""Issues the document of a report again, with less in it: after an erasure, from the same signed record.

The record is not touched, so everything that was proven of it stays proven; what nobody can disclose any more prints as
withheld, and the document says of which report it is a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from cryptography import x509

from inspection_service.inspections.personal import PersonalValue
from inspection_service.reports.canonical import load_record, sha256_hex
from inspection_service.reports.commitments import Disclosure, commitments
from inspection_service.reports.keys import Signer, common_name, fingerprint
from inspection_service.reports.records import DraftReport, SignedRecord
from inspection_service.reports.render.document import render
from inspection_service.reports.render.inputs import CopyOf, RenderInputs, SigningKey, WithheldReason
from inspection_service.reports.seal import attachments
from inspection_service.reports.sign_pdf import Proof, sign_pdf

_HIDDEN: Final = (
    ("/vehicle/plate/", "plates"),
    ("/vehicle/vin/", "vin"),
    ("/inspection/contact", "contact"),
    ("/drawing_svg", "marks"),
    ("/name", "names"),
)
"""What a pointer says is hidden; anything else is free text."""


def reissue(
    json_bytes: bytes,
    jws: str,
    kept: Sequence[PersonalValue],
    photos: Mapping[str, bytes],
    *,
    no: int,
    signer: Signer,
    issued_at: datetime,
    frames: Mapping[str, bytes] | None = None,
    proof: Proof | None = None,
    public_url: str | None = None,
    derived: Mapping[str, str] | None = None,
    hidden: Sequence[str] = (),
    is_public: bool = False,
) -> bytes:
    """Set and sign a copy of the document; blocks for a second or more.

    Args:
        json_bytes: The record as it was sealed.
        jws: Its signature, unchanged.
        kept: The clear values that may still be shown.
        photos: Originals that are still there, by capture id; a missing one is said to be missing.
        no: Number of the correction that this copy belongs to.
        signer: Whose key signs the new document.
        issued_at: Now: the key may be a newer one than the record was signed with.
        frames: Frozen frames that are still there.
        proof: What makes the signature hold without us.
        public_url: Where the page that verifies reports is.
        derived: SHA-256 of the copy with parts hidden that stands for a photo or a frame, by its id; the bytes among
            ``photos`` and ``frames`` are then the copy's.
        hidden: Codes of what the copies hide.
        is_public: Whether this is a copy for the public, and not one in place of the first document.

    Raises:
        ValueError: The bytes are not a record.
        EvidenceMismatch, RenderingFailed, SealingMustWait: As when sealing.
    """
    record = load_record(json_bytes)
    sha256 = sha256_hex(json_bytes)
    disclosures = tuple(Disclosure(v.pointer, v.salt, v.value, v.subject) for v in kept)
    sealed_at = datetime.fromisoformat(record["sealed_at"])
    signed = SignedRecord(DraftReport(record, json_bytes, sha256, sealed_at, disclosures), jws)
    gone = erased_pointers(record, kept)
    reason: WithheldReason = "public_copy" if is_public else "erased"
    codes = tuple(sorted({*hidden_codes(gone), *hidden}))
    inputs = RenderInputs(
        values=signed.draft.values,
        withheld=dict.fromkeys(gone, reason),
        withheld_reason=reason,
        frames=frames or {},
        attachments=attachments(signed),
        public_url=public_url,
        key=SigningKey(
            signer.kind,
            common_name(signer.chain[0]),
            fingerprint(x509.load_pem_x509_certificate(signer.root_pem)),
        ),
        derived=derived or {},
        copy_of=CopyOf("public" if is_public else "erasure", sha256, no, codes),
    )
    return sign_pdf(render(signed.draft, photos, inputs), signer, proof, signed_at=issued_at)


def erased_pointers(record: Mapping[str, Any], kept: Sequence[PersonalValue]) -> tuple[str, ...]:
    """Name the commitments of a record that nobody can open with what is kept."""
    shown = {value.pointer for value in kept}
    return tuple(sorted(pointer for pointer, _ in commitments(record) if pointer not in shown))


def hidden_codes(pointers: Sequence[str]) -> tuple[str, ...]:
    """Say in codes what a copy without these values hides."""
    found: list[str] = []
    for pointer in pointers:
        code = next((code for part, code in _HIDDEN if part in pointer), "free_text")
        if code not in found:
            found.append(code)
    return tuple(sorted(found))
