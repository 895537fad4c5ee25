"""A signature inside the document: PAdES, certifying: nothing may follow it but what proves it longer.

Implements ETSI EN 319 142-1 through pyHanko: B-B; with an authority also the signature's timestamp, the validation data
of both chains (B-LT) and a timestamp over the whole document (B-LTA). The digest of the embedded record is written into
the signature's reason, which the signature covers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Final

from asn1crypto import algos
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_cms import Signer as CmsSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from inspection_service.reports.keys import Signer, common_name
from inspection_service.reports.loops import run_sync
from inspection_service.reports.records import RenderedReport
from inspection_service.reports.revocation import ValidationData
from inspection_service.reports.timestamps import StamperFor, TimestampAuthority, to_asn1

FIELD_NAME: Final = "InspectionReport"
TIMESTAMP_FIELD_NAME: Final = "InspectionReportTimestamp"
DIGEST_PREFIX: Final = "report-json-sha256:"
"""Marks the record's digest in the document's keywords and in the signature's reason."""
STAMPED: Final = " pades-b-lt"
"""Follows the digest in the reason of a signature that carries a timestamp."""
ARCHIVED: Final = " pades-b-lta"
"""The same, with one over the whole document too."""
CONTAINER_BYTES: Final = 8192
"""Room for the signature container; a chain of three P-256 certificates takes about 2500."""
TOKEN_SPARE_BYTES: Final = 2048
"""Room beyond the size of the authority's last token: numbers vary, and a chain may grow by a certificate."""
P256_SIGNATURE_BYTES: Final = 72
"""Source: longest DER encoding of an ECDSA signature on P-256."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is added to a signature so that it holds without us and after the certificates have expired."""

    signer_data: ValidationData = field(default_factory=ValidationData)
    """On the signer's chain; with nothing known about revocation, and no authority, nothing is added."""
    authority: TimestampAuthority | None = None
    is_archived: bool = True
    """Whether the authority also stamps the whole document (B-LTA)."""


def sign_pdf(
    rendered: RenderedReport,
    signer: Signer,
    proof: Proof | None = None,
    *,
    signed_at: datetime | None = None,
) -> bytes:
    """Add the certifying signature as an incremental update, then, in a second one, what proves it longer.

    Args:
        rendered: The document of a record.
        signer: Whose key.
        proof: What makes the signature hold without us.
        signed_at: By the service's clock; when the record was sealed, unless the document is issued again.

    Returns:
        The signed document; it begins with ``rendered.pdf_bytes`` unchanged.

    Raises:
        SealingMustWait: The authority does not give a timestamp to believe.
    """
    return run_sync(_sign(rendered, signer, proof or Proof(), signed_at or rendered.draft.sealed_at))


async def _sign(rendered: RenderedReport, signer: Signer, proof: Proof, at: datetime) -> bytes:
    """Do what ``PdfSigner.async_sign_pdf`` does, with the sealing clock instead of the machine's."""
    room = 0
    data = proof.signer_data
    stamper = None
    if proof.authority is not None:
        token = proof.authority.ready()
        room = len(token.der) + TOKEN_SPARE_BYTES
        data = data.with_(proof.authority.validation_data(token))
        stamper = StamperFor(proof.authority, token.kind)
    pdf_signer = PdfSigner(
        PdfSignatureMetadata(
            field_name=FIELD_NAME,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
            name=common_name(signer.chain[0]),
            reason=f"{DIGEST_PREFIX}{rendered.draft.sha256}{_promised(proof)}",
        ),
        signer=_CmsSigner(signer),
        timestamper=stamper,
        new_field_spec=SigFieldSpec(FIELD_NAME, on_page=0, box=(0, 0, 0, 0)),
    )
    session = pdf_signer.init_signing_session(_PlainWriter(BytesIO(rendered.pdf_bytes)))
    session.system_time = at
    prepared = session.prepare_tbs_document(validation_info=None, bytes_reserved=2 * (CONTAINER_BYTES + room))
    digest, output = prepared.digest_tbs_document()
    await prepared.perform_signature(
        document_digest=digest.document_digest, pdf_cms_signed_attrs=PdfCMSSignedAttributes()
    )
    assert isinstance(output, BytesIO)
    if data.is_empty and stamper is None:
        return output.getvalue()
    return await _prolong(output, data, stamper if proof.is_archived else None, room)


async def _prolong(signed: BytesIO, data: ValidationData, stamper: StamperFor | None, room: int) -> bytes:
    """Add validation data and the document's timestamp, both in one revision, which the timestamp covers."""
    writer = _PlainWriter(signed)
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[to_asn1(certificate) for certificate in data.certificates],
        crls=[asn1_crl.CertificateList.load(crl) for crl in data.crls],
        ocsps=[asn1_ocsp.OCSPResponse.load(answer) for answer in data.ocsps],
    )
    if stamper is None:
        output = BytesIO()
        writer.write(output)  # type: ignore[no-untyped-call]
        return output.getvalue()
    stamped = await PdfTimeStamper(stamper, field_name=TIMESTAMP_FIELD_NAME).async_timestamp_pdf(
        writer, "sha256", bytes_reserved=2 * (CONTAINER_BYTES + room)
    )
    assert isinstance(stamped, BytesIO)
    return stamped.getvalue()


def _promised(proof: Proof) -> str:
    """Have the signature itself say which timestamps come with it, so that one that was taken out is missed."""
    if proof.authority is None:
        return ""
    return ARCHIVED if proof.is_archived else STAMPED


class _PlainWriter(IncrementalPdfFileWriter):
    """Leaves the document's metadata as they were set.

    pyHanko would write them anew with the machine's clock and its own spelling of XMP, which the PDF/A check of the
    document's exporter has not seen.
    """

    def _update_meta(self) -> None:
        """Change nothing."""


class _CmsSigner(CmsSigner):
    """Lets pyHanko use any ``Signer`` of ours."""

    def __init__(self, signer: Signer) -> None:
        self._ours = signer
        certificates = [to_asn1(certificate) for certificate in signer.chain]
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register_multiple(certificates[1:])  # pyHanko adds the signer itself
        super().__init__(
            signing_cert=certificates[0],
            cert_registry=store,
            embed_roots=False,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        assert digest_algorithm == "sha256"
        if dry_run:
            return bytes(P256_SIGNATURE_BYTES)
        return self._ours.sign_digest(hashlib.sha256(data).digest())
