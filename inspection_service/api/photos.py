"""Copies of photos for the pages: upright JPEG without any metadata, made once and kept beside the original.

Originals are never altered and never leave the service through a page: they carry the phone's EXIF with its position.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from typing import Final, Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection_service.reports.credentials import CredentialedPhoto, Source
from inspection_service.storage.errors import ObjectExists
from inspection_service.storage.objects import ObjectStore
from inspection_service.vision.decode import decode_photo
from inspection_service.vision.errors import NotAnImage
from inspection_service.vision.headers import read_header

Size = Literal["thumb", "full"]
_LONG_SIDE_PX: Final[dict[Size, int | None]] = {"thumb": 480, "full": None}
_AT_ONCE: Final = 2
"""Originals held in memory and decoded at the same time; further requests wait with nothing in hand."""
CREDENTIALED: Final = "full-credentials"
"""Name of the copy that says itself where it comes from; pages show the one without."""
_QUALITY: Final[dict[Size, int]] = {"thumb": 78, "full": 88}


class Credentials(Protocol):
    """Signs copies of photos; ``reports.credentials`` has the real one. Called in a thread."""

    def put_on(self, jpeg: bytes, source: Source) -> CredentialedPhoto:
        """Return the copy as it is handed out."""
        ...


class Original(Protocol):
    """A picture as it came: a capture, or a frozen frame."""

    @property
    def sha256(self) -> str:
        """Hash of its bytes."""
        ...

    @property
    def object_key(self) -> str:
        """Where they rest."""
        ...


class PhotoCopies:
    """Hands out copies of captures; each is made on the first request."""

    def __init__(self, store: ObjectStore, executor: Executor, credentials: Credentials) -> None:
        """Keep the collaborators.

        Args:
            store: Holds originals and copies.
            executor: Where pictures are decoded; bounded, so that a burst of requests cannot take all memory.
            credentials: Signs copies that leave for other systems.
        """
        self._store = store
        self._executor = executor
        self._credentials = credentials
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def get(self, capture: Original, size: Size) -> bytes:
        """Return a copy as JPEG.

        Raises:
            UnusableImage: The stored bytes are not a picture that can be shown.
            ObjectMissing: The original is gone.
        """
        key = f"derived/{capture.sha256}/{size}.jpg"
        if await self._store.exists(key):
            return await self._store.get(key)
        async with self._turns:
            if await self._store.exists(key):  # somebody before us in the line wanted the same
                return await self._store.get(key)
            original = await self._store.get(capture.object_key)
            copy = await asyncio.get_running_loop().run_in_executor(self._executor, make_copy, original, size)
            try:
                await self._store.put(key, copy)
            except ObjectExists:
                return await self._store.get(key)
            return copy

    async def credentialed(self, capture: Original, capture_id: str) -> CredentialedPhoto:
        """Return the copy at full size with Content Credentials; without any when the certificate allows none.

        Raises:
            UnusableImage, ObjectMissing: As ``get``.
        """
        key = f"derived/{capture.sha256}/{CREDENTIALED}.jpg"
        if await self._store.exists(key):
            return CredentialedPhoto(await self._store.get(key))
        copy = await self.get(capture, "full")
        source = Source(capture_id, capture.sha256)
        made = await asyncio.get_running_loop().run_in_executor(
            self._executor, self._credentials.put_on, copy, source
        )
        if made.why_none is None:
            try:
                await self._store.put(key, made.jpeg)
            except ObjectExists:  # two signatures differ; the first one stands
                return CredentialedPhoto(await self._store.get(key))
        return made

    async def measure(self, data: bytes) -> tuple[int, int]:
        """Open a picture that has just come, to see that it is one.

        Returns:
            Width and height of the upright picture, in pixels.

        Raises:
            UnusableImage: It is not a JPEG or PNG that can be shown.
        """
        async with self._turns:
            return await asyncio.get_running_loop().run_in_executor(self._executor, _measure, data)


def _measure(data: bytes) -> tuple[int, int]:
    if read_header(data).format not in ("jpeg", "png"):
        raise NotAnImage("This is neither a JPEG nor a PNG picture.")
    photo = decode_photo(data, _LONG_SIDE_PX["thumb"])
    return photo.width, photo.height


def make_copy(original: bytes, size: Size) -> bytes:
    """Decode, turn upright, shrink and encode again; blocks for some tenths of a second.

    Args:
        original: The photo as it was received.
        size: ``thumb`` for a long side of at most 480 px, ``full`` for all pixels.

    Returns:
        A JPEG with nothing in it but the picture.

    Raises:
        UnusableImage: The bytes are not a picture that can be shown.
    """
    return encode_jpeg(
        _shrink(decode_photo(original, _LONG_SIDE_PX[size]).pixels, _LONG_SIDE_PX[size]), _QUALITY[size]
    )


def encode_jpeg(image: NDArray[np.uint8], quality: int) -> bytes:
    """Encode ``(H, W, 3)`` uint8 BGR as a baseline JPEG."""
    is_ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not is_ok:
        raise RuntimeError("the JPEG encoder refused the picture")
    return data.tobytes()


def _shrink(image: NDArray[np.uint8], long_side_px: int | None) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if long_side_px is None or max(height, width) <= long_side_px:
        return image
    scale = long_side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
