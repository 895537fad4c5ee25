"""A signature inside the document: PAdES B-B, certifying, so that nothing may be changed after it.

Implements ETSI EN 319 142-1 (PAdES baseline B-B) through pyHanko. The digest of the embedded record is written into the
signature's reason, which the signature covers.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Coroutine
from io import BytesIO
from typing import Any, Final, TypeVar

from asn1crypto import algos
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_cms import Signer as CmsSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from inspection_service.reports.keys import Signer, common_name
from inspection_service.reports.records import RenderedReport

T = TypeVar("T")

FIELD_NAME: Final = "InspectionReport"
DIGEST_PREFIX: Final = "report-json-sha256:"
"""Marks the record's digest in the document's keywords and in the signature's reason."""
CONTAINER_BYTES: Final = 8192
"""Room for the signature container; a chain of three P-256 certificates takes about 2500."""
P256_SIGNATURE_BYTES: Final = 72
"""Source: longest DER encoding of an ECDSA signature on P-256."""


def sign_pdf(rendered: RenderedReport, signer: Signer) -> bytes:
    """Add the certifying signature as an incremental update.

    Returns:
        The signed document; it begins with ``rendered.pdf_bytes`` unchanged.
    """
    writer = _PlainWriter(BytesIO(rendered.pdf_bytes))
    metadata = PdfSignatureMetadata(
        field_name=FIELD_NAME,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        name=common_name(signer.chain[0]),
        reason=f"{DIGEST_PREFIX}{rendered.draft.sha256}",
    )
    pdf_signer = PdfSigner(
        metadata,
        signer=_CmsSigner(signer),
        new_field_spec=SigFieldSpec(FIELD_NAME, on_page=0, box=(0, 0, 0, 0)),
    )
    return run_sync(_sign(pdf_signer, writer, rendered))


async def _sign(pdf_signer: PdfSigner, writer: IncrementalPdfFileWriter, rendered: RenderedReport) -> bytes:
    """Do what ``PdfSigner.async_sign_pdf`` does, with the sealing clock instead of the machine's."""
    session = pdf_signer.init_signing_session(writer)
    session.system_time = rendered.draft.sealed_at
    validation_info = await session.perform_presign_validation(writer)
    prepared = session.prepare_tbs_document(
        validation_info=validation_info, bytes_reserved=2 * CONTAINER_BYTES
    )
    digest, output = prepared.digest_tbs_document()
    await prepared.perform_signature(
        document_digest=digest.document_digest, pdf_cms_signed_attrs=PdfCMSSignedAttributes()
    )
    assert isinstance(output, BytesIO)
    return output.getvalue()


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
        certificates = [
            asn1_x509.Certificate.load(c.public_bytes(serialization.Encoding.DER)) for c in signer.chain
        ]
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


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Finish a coroutine of a library that has no plain form, also where a loop already runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(asyncio.run(coroutine)))
    thread.start()
    thread.join()
    return results[0]
