"""Corrections: new signed entries linked to the first report; nothing edits an old file.

Each names the record it corrects and the entry before it, so that one cannot be taken out of the middle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, cast

from inspection_service.clock import isoformat
from inspection_service.inspections.records import Actor
from inspection_service.reports.canonical import canonical_bytes, is_canonical, sha256_hex
from inspection_service.reports.keys import Signer
from inspection_service.reports.sign_json import CORRECTION_TYPE, sign_bytes

SCHEMA_VERSION: Final = "1.1"
MAX_CORRECTION_BYTES: Final = 1 << 20

CorrectionKind = Literal["addendum", "withdrawal", "redaction"]
KINDS: Final[tuple[CorrectionKind, ...]] = ("addendum", "withdrawal", "redaction")
_KEYS: Final = frozenset(
    {
        "schema_version",
        "kind",
        "corrects",
        "previous",
        "no",
        "at",
        "by",
        "reason",
        "text",
        "erased",
        "erased_photos",
        "pdf_sha256",
    }
)
_COPIES: Final = "copies"
"""Only entries that speak of copies of photos have it: those signed before there were any keep their bytes."""
_COPY_KEYS: Final = frozenset(
    {"capture_id", "original_sha256", "sha256", "hidden", "removed", "doubts", "checked_by", "model"}
)


@dataclass(frozen=True, slots=True)
class RedactedCopy:
    """Says which original a copy of a photo comes from, and what was made unrecognisable in it."""

    capture_id: str
    """Of the photo, or the id of a kept frame."""
    original_sha256: str
    """As in the evidence of the report."""
    sha256: str
    """Of the copy as it is handed out."""
    hidden: tuple[Mapping[str, Any], ...]
    """``kind``, ``box`` (xyxy, whole pixels of the upright photo; of ``surroundings`` what was left) and ``by``."""
    removed: tuple[Mapping[str, Any], ...] = ()
    """What had been proposed and a person took away again."""
    doubts: tuple[str, ...] = ()
    """What the machine was not sure of."""
    checked_by: str | None = None
    """``operator`` or ``platform`` when a person looked at the copy; without one nobody vouches that it hides all."""
    model: str | None = None
    """SHA-256 of the model file that looked."""

    def to_json(self) -> dict[str, Any]:
        """Return it as it is signed."""
        return {
            "capture_id": self.capture_id,
            "original_sha256": self.original_sha256,
            "sha256": self.sha256,
            "hidden": [dict(region) for region in self.hidden],
            "removed": [dict(region) for region in self.removed],
            "doubts": list(self.doubts),
            "checked_by": self.checked_by,
            "model": self.model,
        }


@dataclass(frozen=True, slots=True)
class Correction:
    """One entry after a report: what is added, taken back, or no longer shown."""

    kind: CorrectionKind
    corrects: str
    """SHA-256 of the record of the report, lower-case hexadecimal."""
    previous: str
    """SHA-256 of the entry before this one; of the record itself for the first."""
    no: int
    """From 1."""
    at: datetime
    by: Actor
    reason: str
    """A code."""
    text: str
    erased: tuple[str, ...] = ()
    """Pointers of values that nobody can disclose any more; only of a redaction."""
    erased_photos: tuple[str, ...] = ()
    """Photos whose bytes are gone, by capture id; their hashes stay in the evidence."""
    pdf_sha256: str | None = None
    """Of the document issued in place of the first, or beside it for the public; only of a redaction."""
    copies: tuple[RedactedCopy, ...] = ()
    """Copies of photos with parts hidden; only of a redaction."""

    def to_json(self) -> dict[str, Any]:
        """Return the entry as it is signed."""
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": self.kind,
            "corrects": self.corrects,
            "previous": self.previous,
            "no": self.no,
            "at": isoformat(self.at),
            "by": {"kind": self.by.kind, "name": self.by.name},
            "reason": self.reason,
            "text": self.text,
            "erased": list(self.erased),
            "erased_photos": list(self.erased_photos),
            "pdf_sha256": self.pdf_sha256,
            **({_COPIES: [copy.to_json() for copy in self.copies]} if self.copies else {}),
        }


@dataclass(frozen=True, slots=True)
class SignedCorrection:
    """An entry as it leaves the service."""

    correction: Correction
    json_bytes: bytes
    json_sha256: str
    jws: str
    """Detached JWS over ``json_bytes``, ``cty`` of its own."""


def sign_correction(correction: Correction, signer: Signer) -> SignedCorrection:
    """Sign an entry with the key that signs reports."""
    data = canonical_bytes(correction.to_json())
    jws = sign_bytes(data, signer, signed_at=correction.at, media_type=CORRECTION_TYPE)
    return SignedCorrection(correction, data, sha256_hex(data), jws)


def read_correction(data: bytes) -> Correction:
    """Read an entry from anybody; its signature is another question.

    Raises:
        ValueError: It is not an entry in canonical form.
    """
    if len(data) > MAX_CORRECTION_BYTES or not is_canonical(data):
        raise ValueError("the correction is not canonical JSON")
    value = json.loads(data)
    if not isinstance(value, dict) or set(value) - {_COPIES} != _KEYS:
        raise ValueError("the correction is of another kind or version")
    if value["schema_version"] != SCHEMA_VERSION:
        raise ValueError("the correction is of another kind or version")
    texts = ("corrects", "previous", "at", "reason", "text")
    lists = ("erased", "erased_photos")
    by, no = value["by"], value["no"]
    if (
        value["kind"] not in KINDS
        or not all(isinstance(value[name], str) for name in texts)
        or not all(
            isinstance(value[name], list) and all(isinstance(x, str) for x in value[name]) for name in lists
        )
        or not isinstance(value["pdf_sha256"], str | None)
        or not isinstance(no, int)
        or isinstance(no, bool)
        or not _is_actor(by)
    ):
        raise ValueError("the correction is of another kind or version")
    return Correction(
        kind=cast("CorrectionKind", value["kind"]),
        corrects=value["corrects"],
        previous=value["previous"],
        no=no,
        at=datetime.fromisoformat(value["at"]),
        by=Actor(by["kind"], "", by["name"]),
        reason=value["reason"],
        text=value["text"],
        erased=tuple(value["erased"]),
        erased_photos=tuple(value["erased_photos"]),
        pdf_sha256=value["pdf_sha256"],
        copies=_read_copies(value[_COPIES]) if _COPIES in value else (),
    )


def check_order(json_sha256: str, entries: Sequence[tuple[Correction, str]]) -> None:
    """Check that entries follow each other from a report without a gap.

    Args:
        json_sha256: Of the record.
        entries: Each with the SHA-256 of its bytes, in order.

    Raises:
        ValueError: One is missing, stands twice, or belongs to another report; the message names its number.
    """
    previous = json_sha256
    for no, (correction, sha256) in enumerate(entries, 1):
        if correction.corrects != json_sha256:
            raise ValueError(f"correction {no} belongs to another report")
        if correction.no != no or correction.previous != previous:
            raise ValueError(f"correction {no} is missing or was replaced")
        previous = sha256


def _read_copies(value: Any) -> tuple[RedactedCopy, ...]:
    """Read the copies of an entry; an empty list is never written.

    Raises:
        ValueError: They are not what ``RedactedCopy.to_json`` writes.
    """
    if not isinstance(value, list) or not value:
        raise ValueError("the correction is of another kind or version")
    read = []
    for copy in value:
        if not isinstance(copy, dict) or set(copy) != _COPY_KEYS:
            raise ValueError("a copy in the correction is of another kind or version")
        texts, lists = ("capture_id", "original_sha256", "sha256"), ("hidden", "removed")
        if (
            not all(isinstance(copy[name], str) for name in texts)
            or not all(isinstance(copy[name], str | None) for name in ("checked_by", "model"))
            or not all(
                isinstance(copy[name], list) and all(_is_region(each) for each in copy[name])
                for name in lists
            )
            or not isinstance(copy["doubts"], list)
            or not all(isinstance(each, str) for each in copy["doubts"])
        ):
            raise ValueError("a copy in the correction is of another kind or version")
        read.append(
            RedactedCopy(
                **{name: copy[name] for name in (*texts, "checked_by", "model")},
                hidden=tuple(copy["hidden"]),
                removed=tuple(copy["removed"]),
                doubts=tuple(copy["doubts"]),
            )
        )
    return tuple(read)


def _is_region(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {"kind", "box", "by"}
        and isinstance(value["kind"], str)
        and isinstance(value["by"], str)
        and isinstance(value["box"], list)
        and len(value["box"]) == 4
        and all(isinstance(side, int) and not isinstance(side, bool) for side in value["box"])
    )


def _is_actor(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {"kind", "name"}
        and value["kind"] in ("platform", "seller", "operator", "service")
        and isinstance(value["name"], str)
    )
