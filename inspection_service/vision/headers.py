"""What an image file says about itself in its first bytes, read without decoding a pixel.

A file may announce a billion pixels in fifty bytes, or stop in the middle; both are cheaper to see here than in a
decoder. Covers ITU-T T.81 (JPEG), ISO/IEC 15948 (PNG), RFC 9649 (WebP) and the box structure of ISO/IEC 23008-12
(HEIC), no further than size, orientation and completeness.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from inspection_service.vision.errors import ImageTruncated, NotAnImage

Format = Literal["jpeg", "png", "webp", "heic"]

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"heif"})
_PNG_CHANNELS = {0: 1, 2: 3, 3: 4, 4: 4, 6: 4}
"""Colour type -> channels as the decoder unpacks them; a palette may carry alpha, grey with alpha becomes colour."""
_SOF_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class Header:
    """Format, stored size in pixels (0 where the format hides it: HEIC), EXIF orientation 1 to 8.

    Attributes:
        pixel_bytes: Bytes that one pixel takes once decoded, with alpha and 16 bits as stored, before it becomes BGR.
    """

    format: Format
    width: int
    height: int
    orientation: int = 1
    pixel_bytes: int = 3


def read_header(data: bytes) -> Header:
    """Tell what the bytes claim to be, and that they reach their own end.

    Raises:
        NotAnImage: Not a JPEG, PNG, WebP or HEIC file, or one whose structure makes no sense.
        ImageTruncated: The structure ends before the file says it should.
    """
    try:
        if data[:3] == b"\xff\xd8\xff":
            return _jpeg(data)
        if data[:8] == b"\x89PNG\r\n\x1a\n":
            return _png(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
        if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
            return _heic(data)
    except (struct.error, IndexError):
        raise ImageTruncated from None
    raise NotAnImage


def _jpeg(data: bytes) -> Header:
    """Walk the marker segments up to the first scan, then look for the end of the image."""
    at, width, height, orientation = 2, 0, 0, 1
    while True:
        if data[at] != 0xFF:
            raise NotAnImage
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker in (0x01, *range(0xD0, 0xD8)):
            continue
        (length,) = struct.unpack_from(">H", data, at)
        segment = data[at + 2 : at + length]
        if length < 2:
            raise NotAnImage
        if marker in _SOF_MARKERS:
            height, width = struct.unpack_from(">HH", segment, 1)
        elif marker == 0xE1 and segment[:6] == b"Exif\0\0":
            orientation = _exif_orientation(segment[6:])
        elif marker == 0xDA:
            break
        at += length
    if width == 0 or height == 0:
        raise NotAnImage
    if data.find(b"\xff\xd9", at) < 0:
        raise ImageTruncated
    return Header("jpeg", width, height, orientation)


def _png(data: bytes) -> Header:
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    orientation = 1
    for kind, start, length in _png_chunks(data):
        if kind == b"eXIf":
            orientation = _exif_orientation(data[start : start + length])
    if width == 0 or height == 0 or colour not in _PNG_CHANNELS:
        raise NotAnImage
    return Header("png", width, height, orientation, _PNG_CHANNELS[colour] * (2 if bits == 16 else 1))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, start of content, length) of every chunk; the last one must be IEND."""
    at = 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            raise ImageTruncated
        yield kind, at + 8, length
        if kind == b"IEND":
            return
        at += 12 + length


def _webp(data: bytes) -> Header:
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data) + 1:  # an odd last chunk may come without its padding byte
        raise ImageTruncated
    at, width, height, orientation = 12, 0, 0, 1
    while at + 8 <= min(len(data), size + 8):
        kind, length = struct.unpack_from("<4sI", data, at)
        body = at + 8
        if kind == b"VP8X":
            width = 1 + int.from_bytes(data[body + 4 : body + 7], "little")
            height = 1 + int.from_bytes(data[body + 7 : body + 10], "little")
        elif kind == b"VP8 " and not width:
            width, height = (x & 0x3FFF for x in struct.unpack_from("<HH", data, body + 6))
        elif kind == b"VP8L" and not width:
            (bits,) = struct.unpack_from("<I", data, body + 1)
            width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        elif kind == b"EXIF":
            exif = data[body : body + length]
            orientation = _exif_orientation(exif.removeprefix(b"Exif\0\0"))
        at = body + length + (length & 1)
    if width == 0 or height == 0:
        raise NotAnImage
    return Header("webp", width, height, orientation, pixel_bytes=4)


def _heic(data: bytes) -> Header:
    """Check that the top-level boxes fit the file; size and rotation are left to libheif."""
    at = 0
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
        if length == 0:
            at = len(data)
            break
        if length < 8:
            raise NotAnImage
        at += length
    if at > len(data):
        raise ImageTruncated
    return Header("heic", 0, 0, pixel_bytes=4)


def _exif_orientation(tiff: bytes) -> int:
    """Return tag 0x0112 of the first directory; 1 where it is absent or nonsense (a broken EXIF is no reason)."""
    try:
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for i in range(min(count, 200)):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * i)
            if tag == 0x0112 and kind == 3 and 1 <= value <= 8:
                return int(value)
    except (KeyError, struct.error):
        pass
    return 1
