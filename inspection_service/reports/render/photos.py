"""Photos as the document shows them: upright, small enough to send, without the metadata of the phone.

The originals are only read; their hashes are in the record.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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
class Prepared:
    """What one original gives the document."""

    page: PagePhoto
    upright_px: tuple[int, int]
    """Width and height of the upright original: boxes are in these pixels."""
    crops: tuple[Crop | None, ...]
    """One for each box asked for, in order; ``None`` where the box lies outside the picture."""


def prepare(original: bytes, boxes: Sequence[Box] = (), *, side_px: int = PAGE_SIDE_PX) -> Prepared | None:
    """Make the page's picture and the details around findings.

    Args:
        original: JPEG, PNG, WebP or HEIC as received.
        boxes: ``xyxy`` in pixels of the upright original.
        side_px: Longest side of the page's picture.

    Returns:
        ``None`` when the bytes cannot be drawn; the report then says so in the picture's place.
    """
    from pi_heif import register_heif_opener  # only reports with photos pay for loading the codec

    register_heif_opener()
    try:
        with Image.open(io.BytesIO(original)) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            stored_px = image.size
            if not boxes:  # a JPEG decodes to a fraction of its size in a fraction of the time
                image.draft("RGB", (side_px, side_px))
            orientation = image.getexif().get(ORIENTATION, 1)
            upright = _turned(_to_srgb(image), orientation)
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError, Warning):
        return None
    page = upright.resize(_fitted(upright.size, side_px), Image.Resampling.HAMMING, reducing_gap=1.4)
    upright_px = (stored_px[1], stored_px[0]) if orientation in TURNED_BY_90 else stored_px
    crops = tuple(_crop(upright, box) for box in boxes)
    return Prepared(_encode(page), upright_px, crops)


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


def _fitted(size: tuple[int, int], side_px: int) -> tuple[int, int]:
    scale = min(1.0, side_px / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _crop(image: Image.Image, box: Box) -> Crop | None:
    x1, y1, x2, y2 = max(0.0, box[0]), max(0.0, box[1]), min(image.width, box[2]), min(image.height, box[3])
    if x2 - x1 < 1 or y2 - y1 < 1:
        return None
    side = max((1 + 2 * CROP_MARGIN) * max(x2 - x1, y2 - y1), CROP_MIN_SHARE * max(image.size))
    width, height = min(side * 4 / 3, image.width), min(side, image.height)
    left = min(max(0.0, (x1 + x2 - width) / 2), image.width - width)
    top = min(max(0.0, (y1 + y2 - height) / 2), image.height - height)
    region = image.crop((round(left), round(top), round(left + width), round(top + height)))
    region.thumbnail((CROP_SIDE_PX, CROP_SIDE_PX), Image.Resampling.LANCZOS)
    shares = ((x1 - left) / width, (y1 - top) / height, (x2 - left) / width, (y2 - top) / height)
    return Crop(_encode(region), shares)


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
