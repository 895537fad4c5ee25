"""Bytes from a stranger to an upright picture, within bounds set before anything is decoded."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import pi_heif
from numpy.typing import NDArray

from inspection_service.vision.errors import ImageTooLarge, ImageTruncated, NotAnImage
from inspection_service.vision.headers import Header, read_header

cv2.setNumThreads(1)  # parallel work is done over photos, by the executors above us
pi_heif.options.THUMBNAILS = False

_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
_STRIP_PX = 2**18
"""Pixels converted at a time: temporaries in float stay at a few MiB, whatever the picture's size."""
_UPRIGHT = {
    3: (cv2.ROTATE_180, None),
    6: (cv2.ROTATE_90_CLOCKWISE, None),
    8: (cv2.ROTATE_90_COUNTERCLOCKWISE, None),
    2: (None, 1),
    4: (None, 0),
    5: (cv2.ROTATE_90_CLOCKWISE, 1),
    7: (cv2.ROTATE_90_CLOCKWISE, 0),
}
"""EXIF orientation -> rotation, then flip. Source: EXIF 2.32, tag 0x0112."""


@dataclass(frozen=True)
class Limits:
    """What we are willing to open.

    Attributes:
        bytes_: Size of the file.
        pixels: Pixels of a JPEG, which the decoder can read at a reduced scale.
        other_pixels: Pixels of any other format, which is always decoded whole; phones' "50 megapixels" fit.
        decoded_bytes: Memory of the decoded picture as stored, alpha and 16 bits included.
        side_px: The longer side.
    """

    bytes_: int = 60 * 1024 * 1024
    pixels: int = 100_000_000
    other_pixels: int = 8192 * 6144
    decoded_bytes: int = 384 * 1024 * 1024
    side_px: int = 30_000


@dataclass(frozen=True)
class Photo:
    """A decoded photo.

    Attributes:
        pixels: ``(h, w, 3)`` uint8, BGR, upright; smaller than the photo when a reduced scale was enough.
        width: Width of the upright photo in pixels, at full scale.
        height: Height likewise.
        orientation: The EXIF orientation that was undone, 1 to 8; 1 for HEIC, whose decoder does that itself.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    orientation: int = 1

    @property
    def scale(self) -> float:
        """Pixels of the photo for one pixel of ``pixels``."""
        return float(self.width) / float(self.pixels.shape[1])


def decode(data: bytes, limits: Limits = Limits()) -> NDArray[np.uint8]:
    """Decode a JPEG, PNG, WebP or HEIC photo at full scale.

    Returns:
        ``(H, W, 3)`` uint8, BGR, upright by its EXIF orientation. Alpha is laid on white, 16 bits become 8,
        grey and CMYK become colour.

    Raises:
        NotAnImage: None of the four formats, or not decodable.
        ImageTruncated: The file stops early.
        ImageTooLarge: More bytes, pixels or memory than ``limits``; found before anything is decoded.
    """
    return decode_photo(data, None, limits).pixels


def decode_photo(data: bytes, long_side_px: int | None, limits: Limits = Limits()) -> Photo:
    """Decode, at a reduced scale where the format can and ``long_side_px`` stays reached.

    Args:
        data: The file.
        long_side_px: The longer side that the caller needs; ``None`` for full scale.
        limits: Bounds.

    Raises:
        NotAnImage, ImageTruncated, ImageTooLarge: As :func:`decode`.
    """
    if len(data) > limits.bytes_:
        raise ImageTooLarge(
            f"This file has more than {limits.bytes_ // 2**20} MiB.", limit_bytes=limits.bytes_
        )
    header = read_header(data)
    if header.format == "heic":
        return _heic(data, header, limits)
    _check_size(header, limits)
    factor = 1
    if header.format == "jpeg" and long_side_px:
        while factor < 8 and max(header.width, header.height) / (factor * 2) >= long_side_px:
            factor *= 2
    pixels = _upright(_pixels(data, header, factor), header.orientation)
    turned = header.orientation >= 5
    width, height = (header.height, header.width) if turned else (header.width, header.height)
    return Photo(pixels, width, height, header.orientation)


def _check_size(header: Header, limits: Limits) -> None:
    """Refuse by what the header tells. A few hundred kB of PNG can announce gigabytes, so memory counts, too."""
    width, height = header.width, header.height
    limit_pixels = min(
        limits.pixels if header.format == "jpeg" else limits.other_pixels,
        limits.decoded_bytes // header.pixel_bytes,
    )
    if width * height > limit_pixels or max(width, height) > limits.side_px:
        megapixels = math.ceil(width * height / 1e6)
        raise ImageTooLarge(
            f"This image announces {width} x {height} pixels ({megapixels} megapixels).",
            width=width,
            height=height,
            limit_pixels=limit_pixels,
        )


def _pixels(data: bytes, header: Header, factor: int) -> NDArray[np.uint8]:
    """Decode with OpenCV into BGR."""
    buffer = np.frombuffer(data, np.uint8)
    flags = (
        _REDUCED[factor] if header.format == "jpeg" else cv2.IMREAD_UNCHANGED
    ) | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(buffer, flags if header.format == "jpeg" else cv2.IMREAD_UNCHANGED)
    except cv2.error as exc:
        raise NotAnImage from exc
    if image is None:
        raise NotAnImage
    return _plain_bgr(image)


def _plain_bgr(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Make ``(h, w, 3)`` uint8 of grey, alpha or 16 bits, strip by strip.

    Colour with alpha is laid on white, as every viewer shows it.
    """
    if image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3:
        return np.asarray(image, np.uint8)
    height, width = image.shape[:2]
    plain = np.empty((height, width, 3), np.uint8)
    rows = max(1, _STRIP_PX // width)
    for top in range(0, height, rows):
        strip = image[top : top + rows]
        if strip.dtype != np.uint8:  # 16 bits a channel
            strip = (strip.astype(np.float32) / 257 + 0.5).astype(np.uint8)
        if strip.ndim == 2 or strip.shape[2] == 1:
            strip = cv2.cvtColor(strip, cv2.COLOR_GRAY2BGR)
        elif strip.shape[2] == 4:
            alpha = strip[:, :, 3:].astype(np.float32) / 255
            strip = (strip[:, :, :3] * alpha + 255 * (1 - alpha) + 0.5).astype(np.uint8)
        plain[top : top + rows] = strip
    return plain


def _upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    rotation, flip = _UPRIGHT.get(orientation, (None, None))
    if rotation is not None:
        image = np.asarray(cv2.rotate(image, rotation), np.uint8)
    if flip is not None:
        image = np.asarray(cv2.flip(image, flip), np.uint8)
    return image


def _heic(data: bytes, header: Header, limits: Limits) -> Photo:
    """Decode with libheif, which also applies the file's own rotation."""
    try:
        file = pi_heif.open_heif(data, convert_hdr_to_8bit=True, bgr_mode=True)
        width, height = file.size
    except Exception as exc:  # the binding raises ValueError, IndexError, even SyntaxError
        raise NotAnImage from exc
    _check_size(replace(header, width=width, height=height), limits)
    try:
        image = np.asarray(file)
    except Exception as exc:
        raise ImageTruncated from exc
    pixels = np.ascontiguousarray(_plain_bgr(image))
    return Photo(pixels, pixels.shape[1], pixels.shape[0])
