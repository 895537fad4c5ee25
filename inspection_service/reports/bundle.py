"""The bundle: one ``.zip`` with a report, its proofs and corrections, and a signed list of what is in it.

Written as a stream: never more than one member is in memory. The list is the last member and names all others, so that
one that was taken out is noticed.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from inspection_service.clock import isoformat
from inspection_service.reports.canonical import canonical_bytes, is_canonical, sha256_hex
from inspection_service.reports.keys import Signer
from inspection_service.reports.sign_json import BUNDLE_TYPE, sign_bytes

BUNDLE_JSON: Final = "bundle.json"
BUNDLE_JWS: Final = "bundle.jws"
EXTENSIONS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heif",
}
"""Of photos, by media type; any other is ``bin``."""
MEMBER: Final = re.compile(
    r"report\.(?:pdf|json|jws)|disclosures\.json|log\.json|bundle\.(?:json|jws)"
    r"|corrections/[0-9]{3}\.(?:json|jws)|photos/[A-Za-z0-9_-]{1,64}\.(?:jpg|png|webp|heic|heif|bin)"
)
"""Every name a member may have; anything else does not belong in a bundle."""
MAX_MEMBERS: Final = 12_000
VERSION: Final = 1
_PACKED: Final = (".pdf", *(f".{ending}" for ending in EXTENSIONS.values()), ".bin")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""Members carry no time of their own: the signed list says when the bundle was made."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a bundle, as the signed list names it."""

    name: str
    sha256: str
    size: int


def photo_member(capture_id: str, media_type: str) -> str:
    """Name the original of a photo in a bundle."""
    return f"photos/{capture_id}.{EXTENSIONS.get(media_type, 'bin')}"


def correction_member(no: int, ending: str) -> str:
    """Name a file of a correction: ``corrections/001.json``."""
    return f"corrections/{no:03}.{ending}"


class BundleWriter:
    """Writes a bundle piece by piece: ``add`` each member, then ``close``; each returns bytes to send on."""

    def __init__(self, signer: Signer, made_at: datetime) -> None:
        """Begin an empty bundle."""
        self._signer = signer
        self._made_at = made_at
        self._zip = ZipWriter()
        self._members: list[Member] = []

    def add(self, name: str, data: bytes) -> bytes:
        """Add one member.

        Raises:
            ValueError: The name does not belong in a bundle, or is there already.
        """
        if not MEMBER.fullmatch(name) or any(member.name == name for member in self._members):
            raise ValueError(f"{name} does not belong in a bundle")
        self._members.append(Member(name, sha256_hex(data), len(data)))
        return self._zip.add(name, data)

    def close(self) -> bytes:
        """Add the signed list and end the bundle."""
        listed = bundle_list(self._members, self._made_at)
        jws = sign_bytes(listed, self._signer, signed_at=self._made_at, media_type=BUNDLE_TYPE)
        sent = self._zip.add(BUNDLE_JSON, listed) + self._zip.add(BUNDLE_JWS, jws.encode("ascii"))
        return sent + self._zip.close()


class ZipWriter:
    """Writes any ``.zip`` as a stream: each call returns the bytes to send on."""

    def __init__(self) -> None:
        """Begin an empty one."""
        self._stream = _Stream()
        self._zip = zipfile.ZipFile(self._stream, "w")

    def add(self, name: str, data: bytes) -> bytes:
        """Add one member; pictures and documents are stored as they are, for they do not get smaller."""
        self._zip.writestr(_info(name, is_packed=name.endswith(_PACKED)), data)
        return self._stream.taken()

    async def stream(self, name: str, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Add one member of any size, stored as it is, with never more than one piece of it in memory."""
        with self._zip.open(_info(name, is_packed=True), "w", force_zip64=True) as member:
            async for piece in pieces:
                member.write(piece)
                yield self._stream.taken()
        yield self._stream.taken()

    def close(self) -> bytes:
        """End it."""
        self._zip.close()
        return self._stream.taken()


def _info(name: str, *, is_packed: bool) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
    return info


def bundle_list(members: list[Member], made_at: datetime) -> bytes:
    """Write ``bundle.json``."""
    return canonical_bytes(
        {
            "v": VERSION,
            "made_at": isoformat(made_at),
            "members": [
                {"name": m.name, "sha256": m.sha256, "size": m.size}
                for m in sorted(members, key=lambda m: m.name)
            ],
        }
    )


def read_bundle_list(data: bytes) -> tuple[str, tuple[Member, ...]]:
    """Read ``bundle.json`` from anybody; its signature is another question.

    Returns:
        When it was made, and the members it names.

    Raises:
        ValueError: It is not such a list in canonical form, or a name in it does not belong in a bundle.
    """
    if not is_canonical(data):
        raise ValueError("the list of the bundle is not canonical JSON")
    value: Any = json.loads(data)
    if not isinstance(value, dict) or set(value) != {"v", "made_at", "members"} or value["v"] != VERSION:
        raise ValueError("the list of the bundle is of another kind or version")
    listed = value["members"]
    if not isinstance(listed, list) or len(listed) > MAX_MEMBERS or not isinstance(value["made_at"], str):
        raise ValueError("the list of the bundle is of another kind or version")
    members: list[Member] = []
    for item in listed:
        if not isinstance(item, dict) or set(item) != {"name", "sha256", "size"}:
            raise ValueError("the list of the bundle is damaged")
        name, sha256, size = item["name"], item["sha256"], item["size"]
        is_named = isinstance(name, str) and MEMBER.fullmatch(name) and name not in (BUNDLE_JSON, BUNDLE_JWS)
        if not is_named or not isinstance(sha256, str) or not isinstance(size, int):
            raise ValueError("the list of the bundle is damaged")
        members.append(Member(name, sha256, size))
    if len({member.name for member in members}) != len(members):
        raise ValueError("the list of the bundle names a member twice")
    return value["made_at"], tuple(members)


class _Stream(io.RawIOBase):
    """A file that can only be written: what came since the last look is taken away."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting = bytearray()

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Keep until taken."""
        self._waiting += data
        return len(data)

    def taken(self) -> bytes:
        """Hand over and forget."""
        sent = bytes(self._waiting)
        self._waiting.clear()
        return sent
