"""The headers of the resumable upload protocol, read and checked; no bytes are touched here.

Source: tus 1.0.0, https://tus.io/protocols/resumable-upload (core, creation, checksum, expiration, termination).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from inspection_service.api.errors import TusVersionUnsupported, UploadHeaderInvalid

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,checksum,expiration,termination"
CHECKSUMS: Final = "sha256"
PATCH_TYPE: Final = "application/offset+octet-stream"
_MAX_METADATA = 8192


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a page says of a photo before its bytes."""

    length_bytes: int
    capture_id: str
    step_id: str | None
    sha256: str
    media_type: str
    method: str
    taken_at: datetime | None


def require_version(headers: Mapping[str, str]) -> None:
    """Refuse another version of the protocol.

    Raises:
        TusVersionUnsupported: ``Tus-Resumable`` is not 1.0.0.
    """
    if headers.get("tus-resumable") != VERSION:
        raise TusVersionUnsupported


def announcement(headers: Mapping[str, str]) -> Announcement:
    """Read the headers of a creation.

    Raises:
        UploadHeaderInvalid: One is missing or cannot be read; ``header`` names it.
    """
    words = _metadata(headers.get("upload-metadata", ""))
    sha256 = words.get("sha256", "").lower()
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise UploadHeaderInvalid(
            "Upload-Metadata needs sha256, 64 hexadecimal digits.", header="Upload-Metadata"
        )
    capture_id = words.get("capture_id", "")
    if not (
        8 <= len(capture_id) <= 64 and all(c.isascii() and (c.isalnum() or c in "-_") for c in capture_id)
    ):
        raise UploadHeaderInvalid(
            "Upload-Metadata needs capture_id, 8 to 64 letters, digits or hyphens.", header="Upload-Metadata"
        )
    return Announcement(
        length_bytes=natural(headers, "Upload-Length"),
        capture_id=capture_id,
        step_id=words.get("step_id") or None,
        sha256=sha256,
        media_type=words.get("media_type") or "application/octet-stream",
        method=words.get("method") or "file",
        taken_at=_moment(words.get("taken_at")),
    )


def natural(headers: Mapping[str, str], name: str) -> int:
    """Read a header that is a whole number of bytes.

    Raises:
        UploadHeaderInvalid: It is missing or not one.
    """
    value = headers.get(name.lower(), "")
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        raise UploadHeaderInvalid(f"{name} is a whole number of bytes.", header=name)
    return int(value)


def checksum(headers: Mapping[str, str]) -> bytes | None:
    """Read the digest of one piece, ``None`` when the client sent none.

    Raises:
        UploadHeaderInvalid: The algorithm is not SHA-256 or the digest cannot be read.
    """
    value = headers.get("upload-checksum")
    if value is None:
        return None
    algorithm, _, digest = value.partition(" ")
    raw = _base64(digest, "Upload-Checksum")
    if algorithm != CHECKSUMS or len(raw) != 32:
        raise UploadHeaderInvalid(
            "Upload-Checksum is sha256 and its digest in base64.", header="Upload-Checksum"
        )
    return raw


def expires(moment: datetime) -> str:
    """Write a moment as ``Upload-Expires`` (RFC 9110 date)."""
    return format_datetime(moment, usegmt=True)


def _metadata(value: str) -> dict[str, str]:
    words: dict[str, str] = {}
    if len(value) > _MAX_METADATA:
        raise UploadHeaderInvalid("Upload-Metadata is too long.", header="Upload-Metadata")
    for pair in filter(None, (part.strip() for part in value.split(","))):
        name, _, encoded = pair.partition(" ")
        try:
            words[name] = _base64(encoded.strip(), "Upload-Metadata").decode()
        except UnicodeDecodeError as exc:
            raise UploadHeaderInvalid(
                "Upload-Metadata holds text in UTF-8.", header="Upload-Metadata"
            ) from exc
    return words


def _base64(value: str, header: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise UploadHeaderInvalid(f"{header} is not valid base64.", header=header) from exc


def _moment(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as exc:
        raise UploadHeaderInvalid("taken_at is a moment as in RFC 3339.", header="Upload-Metadata") from exc
    if moment.tzinfo is None:
        raise UploadHeaderInvalid("taken_at needs its offset from UTC.", header="Upload-Metadata")
    return moment
