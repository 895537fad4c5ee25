"""The stages a report goes through, as types, so that nothing unsigned can be handed out as signed.

``Dossier -> DraftReport -> RenderedReport -> SealedReport``
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


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
    """As ``schema/report.schema.json`` describes it."""
    json_bytes: bytes
    sha256: str
    """Of ``json_bytes``; printed in the document and named in its signature."""
    sealed_at: datetime


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
