"""The stages a report goes through, as types, so that nothing unsigned can be handed out as signed.

``Dossier -> DraftReport -> SignedRecord -> RenderedReport -> SealedReport``
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inspection_service.reports.canonical import canonical_bytes
from inspection_service.reports.commitments import Disclosure, disclosures_bytes


@dataclass(frozen=True, slots=True)
class ModelUsed:
    """A model whose judgement stands in the report."""

    name: str
    version: str
    sha256: str
    """Of the ONNX file, lower-case hexadecimal."""


@dataclass(frozen=True, slots=True)
class DraftReport:
    """The record, complete and in canonical form, signed by nobody yet."""

    record: Mapping[str, Any]
    """As ``schema/report.schema.json`` describes it: personal values are commitments."""
    json_bytes: bytes
    sha256: str
    """Of ``json_bytes``; printed in the document and named in its signature."""
    sealed_at: datetime
    disclosures: tuple[Disclosure, ...] = ()
    """The clear values of the commitments in ``record``, as far as they may be shown, ordered by pointer."""

    @property
    def values(self) -> dict[str, Any]:
        """Clear values by JSON pointer: what the document prints."""
        return {disclosure.pointer: disclosure.value for disclosure in self.disclosures}

    @property
    def disclosures_bytes(self) -> bytes:
        """The file ``disclosures.json``."""
        return disclosures_bytes(self.sha256, self.disclosures)

    @property
    def evidence_bytes(self) -> bytes:
        """The file ``evidence.json``: the record's evidence tree alone."""
        return canonical_bytes(self.record["evidence"])


@dataclass(frozen=True, slots=True)
class SignedRecord:
    """The record with the signature over it, which the document will carry."""

    draft: DraftReport
    jws: str
    """Detached JWS over ``draft.json_bytes``."""


@dataclass(frozen=True, slots=True)
class RenderedReport:
    """The document made from the record, carrying it, not signed yet: same record, same bytes."""

    draft: DraftReport
    pdf_bytes: bytes


@dataclass(frozen=True, slots=True)
class SealedReport:
    """What leaves the service: record, signature over it, signed document."""

    json_bytes: bytes
    json_sha256: str
    jws: str
    """Detached JWS over ``json_bytes``."""
    pdf_bytes: bytes
    pdf_sha256: str
    root_pem: bytes
    """The certificate to trust, for whoever has not pinned it yet; it is not inside the files."""
    sealed_at: datetime
    disclosures: tuple[Disclosure, ...] = ()
    """The clear values beside the record; kept apart from it, so that they can be erased."""
