"""What the parts of one report have been found to say, before anybody draws conclusions from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography import x509

from inspection_service.reports.addenda import Correction
from inspection_service.reports.answers import Detail, Fault
from inspection_service.reports.canonical import load_record
from inspection_service.reports.verify_revoked import Lists
from inspection_service.reports.verify_timestamp import Stamp

RECORD_NAME: Final = "report.json"
SIGNATURE_NAME: Final = "report.jws"
DISCLOSURES_NAME: Final = "disclosures.json"
EVIDENCE_NAME: Final = "evidence.json"
MAX_JSON_BYTES: Final = 16 << 20
_KIND: Final = "inspection_report"
_MAJOR: Final = "1"


@dataclass(frozen=True, slots=True)
class SignedBy:
    """One signature that fits, and the time it claims."""

    what: str
    """``record``, ``document`` or ``bundle``."""
    chain: tuple[x509.Certificate, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class SignedEntry:
    """A correction: canonical JSON with a signature that fits."""

    correction: Correction
    sha256: str
    chain: tuple[x509.Certificate, ...]
    at: datetime


@dataclass(slots=True)
class Facts:
    """Everything found in the files of one report whose signatures fit."""

    record_bytes: bytes
    record: Mapping[str, Any]
    signed: list[SignedBy]
    stamps: list[tuple[str, Stamp]] = field(default_factory=list)
    """``signature`` or ``document``, and the timestamp."""
    time_fault: Fault | None = None
    """A timestamp that is there and is not good."""
    promised: frozenset[str] = frozenset()
    """Kinds of timestamps that the document's signature says come with it."""
    crls: list[bytes] = field(default_factory=list)
    ocsps: list[bytes] = field(default_factory=list)
    disclosures: bytes | None = None
    evidence: bytes | None = None
    pdf_sha256: str | None = None
    log_proof: bytes | None = None
    entries: list[SignedEntry] = field(default_factory=list)
    """Corrections, oldest first."""
    redaction: SignedEntry | None = None
    """An entry given beside the report, which says that a copy was made from it."""
    redaction_fault: bool = False
    """Whether an entry was given beside the report whose signature does not fit it."""
    photos: Mapping[str, str] | None = None
    """SHA-256 by file name, of photos given with it."""
    details: list[Detail] = field(default_factory=list)

    @property
    def revoked_by(self) -> Lists:
        """What the files bring about revocation."""
        return Lists(self.crls, self.ocsps)

    @property
    def is_document(self) -> bool:
        """Whether the document is among the files."""
        return self.pdf_sha256 is not None

    @property
    def is_first_version(self) -> bool:
        """Reports of version 1.0 carry their record alone."""
        return str(self.record.get("schema_version")) == "1.0"


def read_report(data: bytes) -> dict[str, Any]:
    """Read a record whose signature fits.

    Raises:
        Fault: ``not_canonical``, ``not_a_report`` or ``unknown_schema``.
    """
    try:
        record = load_record(data)
    except ValueError as exc:
        raise Fault("not_canonical") from exc
    if record.get("kind") != _KIND:
        raise Fault("not_a_report")
    version = str(record.get("schema_version"))
    if version.split(".", maxsplit=1)[0] != _MAJOR:
        raise Fault("unknown_schema", version=version[:20])
    return record


def member(value: Any, *keys: str) -> Any:
    """Look something up in a record that nobody has checked against the schema; ``None`` when it is not there."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def items(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list that nobody has checked."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
