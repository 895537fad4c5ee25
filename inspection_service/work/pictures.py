"""Makes the pictures of a report while its photos come in, so that the seal does not keep anybody waiting for them.

They rest beside the other copies of a photo, in ``derived/<sha256 of the original>/``: erased with it.
Whoever can write into the store must not be able to change what a signed page shows: each carries an HMAC-SHA-256
(RFC 2104) over its name and bytes under a key of this instance. One that is missing, of another making, or without its
proof is made again by the seal, from the original.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Final

from inspection_service.errors import InspectionServiceError
from inspection_service.inspections.records import Capture
from inspection_service.reports.render import ahead
from inspection_service.storage.errors import ObjectExists, ObjectMissing
from inspection_service.storage.objects import ObjectStore
from inspection_service.telemetry import logs

FOLDER: Final = "derived/"
_PURPOSE: Final = b"inspection-service page pictures 1"
_MAC_BYTES: Final = 32


class PagePictures:
    """Makes, keeps and hands out the pictures of pages; several workers may make the same one."""

    def __init__(self, store: ObjectStore, secret: bytes) -> None:
        """Keep where they rest.

        Args:
            store: Holds originals and copies.
            secret: Of this instance, in no database and in no store; the key is derived from it.
        """
        self._store = store
        self._key = hmac.digest(secret, _PURPOSE, hashlib.sha256)

    async def prepare(self, capture: Capture, original: bytes, *, of: int) -> None:
        """Make what the report may show of a photo that was just accepted.

        That it fails is no reason to hold up anything: the seal then makes the pictures itself.

        Args:
            capture: With its judgement.
            original: Its bytes.
            of: How many photos the report will have, as far as is known now.
        """
        try:
            detections = (capture.judgement or {}).get("detections", ())
            boxes = [ahead.exact(found["box"]) for found in detections]
            side_px = ahead.page_side_px(of)
            for name, data in await asyncio.to_thread(
                lambda: list(ahead.prepare(original, capture.sha256, side_px, boxes))
            ):
                await self._keep(name, data)
        except InspectionServiceError as error:
            logs.work_failed("prepare", capture.id, error)

    def reading(self, loop: asyncio.AbstractEventLoop) -> Mapping[str, bytes]:
        """Give the pictures to a thread beside the loop; each is read when it is asked for."""
        return _Reading(self, loop)

    async def get(self, name: str) -> bytes | None:
        """Read a picture; ``None`` when there is none, or it does not carry our proof."""
        try:
            kept = await self._store.get(FOLDER + name)
        except ObjectMissing:
            return None
        mac, data = kept[:_MAC_BYTES], kept[_MAC_BYTES:]
        return data if hmac.compare_digest(mac, self._mac(name, data)) else None

    async def _keep(self, name: str, data: bytes) -> None:
        key, content = FOLDER + name, self._mac(name, data) + data
        try:
            await self._store.put(key, content)
        except ObjectExists:  # damaged, or written by somebody else
            await self._store.delete(key)
            await self._store.put(key, content)

    def _mac(self, name: str, data: bytes) -> bytes:
        return hmac.digest(self._key, name.encode() + b"\0" + data, hashlib.sha256)


class _Reading(Mapping[str, bytes]):
    """The pictures as a mapping, for the sealer's threads while the loop that reads goes on in its own."""

    def __init__(self, pictures: PagePictures, loop: asyncio.AbstractEventLoop) -> None:
        self._pictures = pictures
        self._loop = loop

    def __getitem__(self, name: str) -> bytes:
        found = asyncio.run_coroutine_threadsafe(self._pictures.get(name), self._loop).result()
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(())  # nobody asks what there is

    def __len__(self) -> int:
        return 0
