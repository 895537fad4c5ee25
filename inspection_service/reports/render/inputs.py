"""What the document needs beside the record: clear values, kept frames, files to embed, where the verification page is.

All of it has a default, so that a report without any of it is set too and says what it lacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Record = Mapping[str, Any]
Json = dict[str, Any]
Relationship = Literal["source", "data", "supplement", "alternative"]
WithheldReason = Literal["not_disclosed", "public_copy", "erased"]
KeyKind = Literal["development", "file", "pkcs11", "kms"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to embed in the document; names are unique and never ``report.json`` or ``report.schema.json``."""

    name: str
    data: bytes
    media_type: str
    relationship: Relationship
    description: str


@dataclass(frozen=True, slots=True)
class SigningKey:
    """By which kind of key the document will be signed, said on its proof page."""

    kind: KeyKind
    subject: str
    """Of the signer's certificate, as a person reads it."""
    root_sha256: str
    """Fingerprint of the root certificate, lower-case hexadecimal."""


@dataclass(frozen=True, slots=True)
class CopyOf:
    """Says that this document is a later copy with values or surroundings hidden, and of which report."""

    kind: Literal["public", "erasure"]
    json_sha256: str
    """Of the first report's record."""
    no: int
    """Of the entry in the list of corrections."""
    hidden: Sequence[str] = ()
    """Codes: ``plates``, ``faces``, ``vin``, ``surroundings``, ``names``, ``contact``, ``free_text``, ``marks``."""


@dataclass(frozen=True, slots=True)
class Correction:
    """An entry made after the first report; only copies made later can show it."""

    no: int
    kind: Literal["addendum", "withdrawal", "redaction"]
    at: str
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class RenderInputs:
    """Everything a document may show that is not in the record."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """Clear values by JSON pointer, for the commitments of the record; what is missing prints as withheld."""
    withheld: Mapping[str, WithheldReason] = field(default_factory=dict)
    """Why a value is withheld, by JSON pointer; ``withheld_reason`` for all others."""
    withheld_reason: WithheldReason = "not_disclosed"
    frames: Mapping[str, bytes] = field(default_factory=dict)
    """Frozen frames that were kept, by frame id: JPEG or PNG whose hash stands in the annotation."""
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """Pictures made ahead, by their names in ``ahead``; may load lazily. What is missing, or another, is made here."""
    derived: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the derivative that stands for a photo, by capture id; the bytes given are then the derivative."""
    attachments: Sequence[Attachment] = ()
    public_url: str | None = None
    """Base address of the service; the QR code leads to ``{public_url}/verify``."""
    key: SigningKey | None = None
    copy_of: CopyOf | None = None
    corrections: Sequence[Correction] = ()
