"""What the log of reports holds and hands out: leaves, heads, proofs. No personal data in any of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import rfc8785

from inspection_service import merkle
from inspection_service.clock import isoformat

LeafKind = Literal["report", "addendum", "withdrawal", "redaction"]
KINDS: Final[tuple[LeafKind, ...]] = ("report", "addendum", "withdrawal", "redaction")
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Leaf:
    """One sealed report, or one entry that corrects it, by hashes alone."""

    kind: LeafKind
    inspection: str
    """SHA-256 of the inspection's id: whoever knows the id finds it, nobody else learns it."""
    json_sha256: str
    pdf_sha256: str | None
    previous: str | None
    """``json_sha256`` of the report an entry corrects; ``None`` for the report itself."""
    at: str
    """RFC 3339, by the clock of the service."""

    @property
    def data(self) -> bytes:
        """The bytes that are hashed: canonical JSON (RFC 8785)."""
        return rfc8785.dumps(self.to_json())

    @property
    def hash(self) -> bytes:
        """The leaf's hash in the tree."""
        return merkle.leaf_hash(self.data)

    def to_json(self) -> dict[str, Any]:
        """Return the leaf as plain values."""
        return {
            "v": VERSION,
            "kind": self.kind,
            "inspection": self.inspection,
            "json_sha256": self.json_sha256,
            "pdf_sha256": self.pdf_sha256,
            "previous": self.previous,
            "at": self.at,
        }


def leaf_of(
    kind: LeafKind,
    inspection_id: str,
    *,
    json_sha256: str,
    pdf_sha256: str | None,
    previous: str | None,
    at: datetime,
) -> Leaf:
    """Make the leaf of a report or of a correction."""
    hidden = hashlib.sha256(inspection_id.encode()).hexdigest()
    return Leaf(kind, hidden, json_sha256, pdf_sha256, previous, isoformat(at))


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a leaf stands."""

    seq: int
    """Its index in the tree, from 0."""
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class StoredLeaf:
    """A leaf as it is listed."""

    seq: int
    leaf_hash: bytes
    data: bytes

    def to_json(self) -> dict[str, Any]:
        """Return it as the API lists it."""
        return {"seq": self.seq, "leaf_hash": self.leaf_hash.hex(), "leaf": json.loads(self.data)}


@dataclass(frozen=True, slots=True)
class Head:
    """What the log says of itself at one size, signed."""

    no: int
    """Number of the head, from 1; later heads have higher numbers."""
    tree_size: int
    root: bytes
    at: datetime
    jws: str
    """Compact JWS over the canonical JSON of ``{"log", "tree_size", "root", "at"}``."""
    timestamp_token: bytes | None
    """RFC 3161, over the bytes of ``jws``; ``None`` without a timestamp authority."""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That one leaf stands in the log, checkable offline; the file ``log.json``."""

    leaf: dict[str, Any]
    seq: int
    tree_size: int
    path: tuple[bytes, ...]
    head_jws: str
    head_timestamp: bytes | None

    def to_json(self) -> dict[str, Any]:
        """Return the proof as plain values; hashes in lower-case hexadecimal, the timestamp token too."""
        return {
            "leaf": self.leaf,
            "seq": self.seq,
            "tree_size": self.tree_size,
            "path": [value.hex() for value in self.path],
            "head_jws": self.head_jws,
            "head_timestamp": None if self.head_timestamp is None else self.head_timestamp.hex(),
        }

    def to_bytes(self) -> bytes:
        """Write the file ``log.json``, canonical."""
        return rfc8785.dumps(self.to_json())


@dataclass(frozen=True, slots=True)
class Newer:
    """An entry made after a report."""

    kind: LeafKind
    json_sha256: str
    at: str
