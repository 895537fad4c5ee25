"""Where bytes rest: one small protocol, so that a folder and an S3 bucket look the same to everybody above."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from inspection_service.storage.errors import KeyInvalid

_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_KEY_MAX = 512


@dataclass(frozen=True, slots=True)
class DirectPut:
    """Where somebody without our keys may put one object, and what they must send with it."""

    url: str
    headers: Mapping[str, str]


@runtime_checkable
class TakesDirectly(Protocol):
    """A store that takes an object from somebody else, without the bytes passing through the service."""

    async def direct_put(
        self, key: str, *, size_bytes: int, sha256: str, media_type: str, valid_s: int
    ) -> DirectPut:
        """Return an address that takes exactly this object for ``valid_s`` seconds.

        Args:
            key: Under which it will be.
            size_bytes: Its size, which the signature binds.
            sha256: Its hash in hexadecimal, which the signature binds; the store refuses other bytes where it can.
            media_type: Its type.
            valid_s: Seconds until the address dies.
        """
        ...


class ObjectStore(Protocol):
    """Keeps bytes under a key for good: an object is created once and never changed."""

    async def put(self, key: str, data: bytes) -> None:
        """Store bytes so that they survive a power cut once this returns.

        Storing the same bytes again is fine; that is what a retry does.

        Raises:
            ObjectExists: Other bytes are there.
            StorageFull: No room; nothing was half written.
            StoreUnavailable: The store does not answer.
        """
        ...

    async def get(self, key: str) -> bytes:
        """Return all bytes of an object.

        Raises:
            ObjectMissing: There is none.
        """
        ...

    async def exists(self, key: str) -> bool:
        """Say whether there is an object under this key."""
        ...

    async def size(self, key: str) -> int:
        """Return the size of an object in bytes.

        Raises:
            ObjectMissing: There is none.
        """
        ...

    async def delete(self, key: str) -> None:
        """Remove an object; removing one that is not there is fine."""
        ...

    async def list(self, prefix: str) -> tuple[str, ...]:
        """Return all keys that start with ``prefix`` (whole segments, such as ``uploads/upl_1/``), sorted."""
        ...

    async def ping(self) -> None:
        """Return when the store answers.

        Raises:
            StoreUnavailable: It does not.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and threads; closing twice is fine."""
        ...


def checked_key(key: str) -> str:
    """Return the key when it is plain path segments (letters, digits, ``. _ -``), as ids are.

    Raises:
        KeyInvalid: It could leave the folder, or has characters a store may treat specially.
    """
    if len(key) > _KEY_MAX or not _KEY.fullmatch(key):
        raise KeyInvalid(key=key[:80])
    return key
