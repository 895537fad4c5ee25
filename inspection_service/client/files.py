"""Checks what was downloaded against the hashes the service gave elsewhere."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

from inspection_service.client.errors import HashMismatch
from inspection_service.client.records import SavedBundle

_LISTS = frozenset({"bundle.json", "bundle.jws"})
_PIECE_BYTES = 1024 * 1024


def checked(content: bytes, expected_sha256: str | None, what: str) -> str:
    """Return the hash of some bytes. Raises ``HashMismatch`` when another one is expected."""
    found = hashlib.sha256(content).hexdigest()
    if expected_sha256 is not None and found != expected_sha256:
        raise HashMismatch(f"{what} has the hash {found}; the service says {expected_sha256}.")
    return found


def checked_bundle(path: Path, report_sha256: str) -> SavedBundle:
    """Compare every member of a bundle with the list inside, and the report with what the service says of it.

    This shows that the download is whole. Who signed it, and when, is what ``inspection-service verify-report`` says.

    Raises:
        HashMismatch: A member is missing, added or changed, or it is no bundle; the file is deleted.
    """
    try:
        members = _members(path, report_sha256)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        path.unlink(missing_ok=True)
        raise HashMismatch(f"{path.name} is not a whole bundle.") from error
    except HashMismatch:
        path.unlink(missing_ok=True)
        raise
    with path.open("rb") as file:
        return SavedBundle(
            path=str(path), sha256=hashlib.file_digest(file, "sha256").hexdigest(), members=members
        )


def _members(path: Path, report_sha256: str) -> tuple[str, ...]:
    with zipfile.ZipFile(path) as bundle:
        listed = {each["name"]: each["sha256"] for each in json.loads(bundle.read("bundle.json"))["members"]}
        if set(bundle.namelist()) - _LISTS != set(listed):
            raise HashMismatch(f"{path.name} holds other members than its list names.")
        for name, sha256 in listed.items():
            digest = hashlib.sha256()
            with bundle.open(name) as member:
                while piece := member.read(_PIECE_BYTES):
                    digest.update(piece)
            if digest.hexdigest() != sha256:
                raise HashMismatch(f"{name} in {path.name} is not what its list says.")
        if listed["report.json"] != report_sha256:
            raise HashMismatch(f"{path.name} holds another report.")
    return tuple(sorted(listed))
