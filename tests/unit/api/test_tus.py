"""The upload protocol's headers."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from inspection_service.api import tus
from inspection_service.api.errors import TusVersionUnsupported, UploadHeaderInvalid

pytestmark = pytest.mark.unit

SHA256 = hashlib.sha256(b"photo").hexdigest()


def metadata(**words: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in words.items())


def headers(**words: str) -> dict[str, str]:
    given = {"capture_id": "0b2c7a52-3f7e", "step_id": "front", "sha256": SHA256, **words}
    return {"upload-length": "5", "upload-metadata": metadata(**given)}


def test_announcement_is_read_from_the_headers() -> None:
    """All facts of a photo come from Upload-Length and Upload-Metadata (tus 1.0, creation)."""
    read = tus.announcement(
        headers(taken_at="2026-11-22T10:00:00.000Z", method="take_photo", media_type="image/jpeg")
    )
    assert read == tus.Announcement(
        length_bytes=5,
        capture_id="0b2c7a52-3f7e",
        step_id="front",
        sha256=SHA256,
        media_type="image/jpeg",
        method="take_photo",
        taken_at=datetime(2026, 11, 22, 10, tzinfo=UTC),
    )


def test_photo_of_declared_damage_has_no_step() -> None:
    """Without a step the photo answers none; the rest has defaults."""
    read = tus.announcement(
        {"upload-length": "5", "upload-metadata": metadata(capture_id="a" * 8, sha256=SHA256)}
    )
    assert (read.step_id, read.method, read.taken_at) == (None, "file", None)


@pytest.mark.parametrize(
    ("wrong", "header"),
    [
        ({"upload-length": "-1"}, "Upload-Length"),
        ({"upload-length": "five"}, "Upload-Length"),
        ({"upload-length": "١"}, "Upload-Length"),
        ({"upload-metadata": "capture_id not-base64!"}, "Upload-Metadata"),
        ({"upload-metadata": "capture_id /w=="}, "Upload-Metadata"),
        ({"upload-metadata": metadata(sha256=SHA256)}, "Upload-Metadata"),
        ({"upload-metadata": metadata(capture_id="../../etc/passwd", sha256=SHA256)}, "Upload-Metadata"),
        ({"upload-metadata": metadata(capture_id="a" * 8, sha256="short")}, "Upload-Metadata"),
        (
            {"upload-metadata": metadata(capture_id="a" * 8, sha256=SHA256, taken_at="yesterday")},
            "Upload-Metadata",
        ),
        (
            {"upload-metadata": metadata(capture_id="a" * 8, sha256=SHA256, taken_at="2026-11-22T10:00:00")},
            "Upload-Metadata",
        ),
        ({"upload-metadata": "x " + "a" * 9000}, "Upload-Metadata"),
    ],
)
def test_header_that_cannot_be_read_is_named(wrong: dict[str, str], header: str) -> None:
    """A refusal says which header is at fault."""
    with pytest.raises(UploadHeaderInvalid) as refused:
        tus.announcement(headers() | wrong)
    assert refused.value.attributes["header"] == header


def test_checksum_of_a_piece_is_sha256_in_base64() -> None:
    """Upload-Checksum names its algorithm (tus 1.0, checksum)."""
    digest = hashlib.sha256(b"piece").digest()
    assert tus.checksum({"upload-checksum": "sha256 " + base64.b64encode(digest).decode()}) == digest
    assert tus.checksum({}) is None
    for wrong in ("sha1 " + base64.b64encode(bytes(20)).decode(), "sha256 !!", "sha256", "sha256 AAAA"):
        with pytest.raises(UploadHeaderInvalid):
            tus.checksum({"upload-checksum": wrong})


def test_other_versions_are_refused() -> None:
    """Only tus 1.0.0 is spoken."""
    tus.require_version({"tus-resumable": "1.0.0"})
    for given in ({}, {"tus-resumable": "0.2.2"}):
        with pytest.raises(TusVersionUnsupported):
            tus.require_version(given)
