"""Photos as the document shows them: upright, small enough to send, without the metadata of the phone.

The originals are only read; their hashes are in the record.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageCms

PAGE_SIDE_PX: Final = 1400
CROP_SIDE_PX: Final = 900
JPEG_QUALITIES: Final = (80, 70, 55, 40)
MOST_BYTES_PER_PX: Final = 0.29
"""A picture that needs more (gravel, leaves, noise) is written at the next quality: thirty of them stay below 13 MB."""
MAX_PIXELS: Final = 120_000_000
"""More than any phone photo that vision accepts; beyond it the picture is not drawn, only listed."""
CROP_MARGIN: Final = 0.75
"""Surroundings shown around a finding, in box sides, so that a reader sees where on the car it is."""
ORIENTATION: Final = 0x0112
TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each way a phone can be held. Source: Exif 2.32, tag 0x0112."""
TURNED_BY_90: Final = frozenset({5, 6, 7, 8})
CROP_MIN_SHARE: Final = 0.16
"""Smallest crop as a share of the picture's longer side."""

_UNDRAWABLE: Final = (
    OSError,
    ValueError,
    SyntaxError,
    MemoryError,
    Image.DecompressionBombError,
    Warning,
)
"""What Pillow and its codecs raise over bytes that are no picture, or too much of one."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PagePhoto:
    """A JPEG ready to print."""

    jpeg: bytes
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Crop:
    """A detail of a photo, and where the finding's box lies in it (shares of width and height, ``xyxy``)."""

    photo: PagePhoto
    box: Box


@dataclass(frozen=True, slots=True)
class Page:
    """A photo as a page shows it."""

    photo: PagePhoto
    upright_px: tuple[int, int]
    """Width and height of the upright original: boxes are in these pixels."""


def page(original: bytes, *, side_px: int = PAGE_SIDE_PX) -> Page | None:
    """Make the page's picture of one photo: the same bytes from the same bytes, whoever asks, and when.

    Args:
        original: JPEG, PNG, WebP or HEIC as received.
        side_px: Longest side of the picture.

    Returns:
        ``None`` when the bytes cannot be drawn; the report then says so in the picture's place.
    """
    try:
        with _open(original) as image:
            upright_px = _upright_px(image)
            image.draft("RGB", (side_px, side_px))
            upright = _upright(image)
    except _UNDRAWABLE:
        return None
    return Page(_encode(_smaller(upright, side_px)), upright_px)


def details(original: bytes, boxes: Sequence[Box]) -> tuple[Crop | None, ...]:
    """Cut out the surroundings of findings, each from as few decoded pixels as its picture needs.

    What one box gives does not depend on the others.

    Args:
        original: As for ``page``.
        boxes: ``xyxy`` in pixels of the upright original.

    Returns:
        One for each box, in order; ``None`` where the box lies outside the picture, or the bytes cannot be drawn.
    """
    decoded: dict[float, Image.Image] = {}
    try:
        return tuple(_detail(original, box, decoded) for box in boxes)
    except _UNDRAWABLE:
        return (None,) * len(boxes)


def _detail(original: bytes, box: Box, decoded: dict[float, Image.Image]) -> Crop | None:
    with _open(original) as image:
        upright_px = _upright_px(image)
        region = _region(upright_px, box)
        if region is None:
            return None
        share = _share(max(region[2] - region[0], region[3] - region[1]))
        if share not in decoded:
            image.draft("RGB", (math.ceil(image.width * share), math.ceil(image.height * share)))
            decoded[share] = _upright(image)
    upright = decoded[share]
    across, down = upright.width / upright_px[0], upright.height / upright_px[1]
    left, top, right, bottom = region
    detail = upright.crop(
        (round(left * across), round(top * down), round(right * across), round(bottom * down))
    )
    detail.thumbnail((CROP_SIDE_PX, CROP_SIDE_PX), Image.Resampling.LANCZOS)
    width, height = right - left, bottom - top
    x1, y1, x2, y2 = _within(upright_px, box)
    shares = ((x1 - left) / width, (y1 - top) / height, (x2 - left) / width, (y2 - top) / height)
    return Crop(_encode(detail), shares)


def _share(side_px: float) -> float:
    """Return at which part of its size a region can be decoded and still fill its picture: what JPEG offers."""
    return next((share for share in (0.125, 0.25, 0.5) if side_px * share >= CROP_SIDE_PX), 1.0)


def _open(original: bytes) -> Image.Image:
    """Read a photo's header; a JPEG may then be decoded to a fraction of its size in a fraction of the time."""
    from pi_heif import register_heif_opener  # only reports with photos pay for loading the codec

    register_heif_opener()
    image = Image.open(io.BytesIO(original))
    if image.width * image.height > MAX_PIXELS:
        raise ValueError("too many pixels")
    return image


def _upright_px(image: Image.Image) -> tuple[int, int]:
    is_turned = image.getexif().get(ORIENTATION, 1) in TURNED_BY_90
    return (image.height, image.width) if is_turned else image.size


def _upright(image: Image.Image) -> Image.Image:
    orientation = image.getexif().get(ORIENTATION, 1)
    return _turned(_to_srgb(image), orientation)


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    rgb.load()
    if profile and image.mode == "RGB":
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                rgb, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            rgb = converted if converted is not None else rgb
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile is no reason to lose the photo; its colours are taken as sRGB
    return rgb


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    method = TURNS.get(orientation)
    return image if method is None else image.transpose(method)


def _smaller(image: Image.Image, side_px: int) -> Image.Image:
    """Fit a picture into a square; a smaller one stays as it is.

    Pillow's own filters take three times as long for the last step, which is at most to half the size, and every photo
    pays for it. Measured against Lanczos on photos: 36 to 46 dB, Hamming's 37 to 45.
    """
    longest = max(image.size)
    if longest <= side_px:
        return image
    width, height = (max(1, round(side * side_px / longest)) for side in image.size)
    whole = image.reduce(longest // side_px)
    # The exact one: the same bytes on every processor.
    pixels = cv2.resize(np.asarray(whole), (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    return Image.fromarray(np.asarray(pixels, np.uint8))


def _within(size: tuple[int, int], box: Box) -> Box:
    return max(0.0, box[0]), max(0.0, box[1]), min(size[0], box[2]), min(size[1], box[3])


def _region(size: tuple[int, int], box: Box) -> Box | None:
    """Choose what is shown around a box, in pixels of the upright original."""
    x1, y1, x2, y2 = _within(size, box)
    if x2 - x1 < 1 or y2 - y1 < 1:
        return None
    side = max((1 + 2 * CROP_MARGIN) * max(x2 - x1, y2 - y1), CROP_MIN_SHARE * max(size))
    width, height = min(side * 4 / 3, size[0]), min(side, size[1])
    left = min(max(0.0, (x1 + x2 - width) / 2), size[0] - width)
    top = min(max(0.0, (y1 + y2 - height) / 2), size[1] - height)
    return left, top, left + width, top + height


def _encode(image: Image.Image) -> PagePhoto:
    image.info.clear()  # Pillow would write comments and profiles back
    jpeg = b""
    for quality in JPEG_QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, exif=b"")
        jpeg = buffer.getvalue()
        if len(jpeg) <= max(20_000, MOST_BYTES_PER_PX * image.width * image.height):
            break
    return PagePhoto(jpeg, image.width, image.height)
