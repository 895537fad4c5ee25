"""Whatever a stranger sends, the answer is an upright picture or a clear refusal, at bounded cost."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from inspection_service.vision.decode import Limits, decode, decode_photo
from inspection_service.vision.errors import ImageTooLarge, ImageTruncated, NotAnImage, UnusableImage

pytestmark = pytest.mark.unit

HEIC = (Path(__file__).parents[2] / "data" / "heic" / "generated.heic").read_bytes()
"""128 x 96, left half red, right half blue, a white square at the top left."""


def scenery(width: int = 80, height: int = 60) -> Image.Image:
    """Red on the left, dark on the right, a white mark at the top left."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[:, : width // 2] = (200, 10, 10)
    rgb[: height // 4, : width // 4] = 255
    return Image.fromarray(rgb)


def saved(picture: Image.Image, kind: str, **how: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **how)
    return buffer.getvalue()


def bgr(picture: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(picture.convert("RGB"))[:, :, ::-1]


def png_header(width: int, height: int, bits: int = 8, colour: int = 2) -> bytes:
    """A PNG that announces a size and holds a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    ihdr = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    packed = zlib.compress(bytes(100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright_whatever_its_exif_says(kind: str, orientation: int) -> None:
    """EXIF 2.32, tag 0x0112."""
    picture = scenery()
    exif = picture.getexif()
    exif[0x0112] = orientation
    data = saved(picture, kind, exif=exif)
    upright = bgr(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    got = decode_photo(data, None)
    assert got.pixels.shape == upright.shape
    assert (got.height, got.width) == upright.shape[:2]
    assert np.abs(got.pixels.astype(int) - upright).mean() < 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_file_cut_anywhere_is_refused(kind: str) -> None:
    data = saved(scenery(), kind)
    for length in (*range(len(data) - 20, len(data)), len(data) // 2, 60, 12):
        if kind == "WEBP" and length == len(data) - 1:
            continue  # RFC 9649: the last padding byte is often left out
        with pytest.raises(UnusableImage):
            decode(data[:length])


def test_a_progressive_jpeg_cut_in_the_middle_is_called_truncated() -> None:
    data = saved(scenery(400, 300), "JPEG", progressive=True)
    with pytest.raises(ImageTruncated):
        decode(data[: len(data) * 2 // 3])


def test_bytes_after_the_end_of_a_jpeg_do_no_harm() -> None:
    """Phones append previews and videos."""
    assert decode(saved(scenery(), "JPEG") + b"trailer" * 100).shape == (60, 80, 3)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"%PDF-1.7", b"\xff\xd8\xff", b"hello" * 100])
def test_what_is_no_photo_is_named_so(data: bytes) -> None:
    with pytest.raises(UnusableImage):
        decode(data)


def test_two_hundred_megapixels_are_refused_by_the_header_of_a_jpeg() -> None:
    data = bytearray(saved(scenery(), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 12_250, 16_330)
    with pytest.raises(ImageTooLarge) as caught:
        decode(bytes(data))
    assert caught.value.attributes["width"] == 16_330


def test_a_png_bomb_is_refused_before_anything_is_unpacked() -> None:
    with pytest.raises(ImageTooLarge):
        decode(png_header(50_000, 50_000))


def test_what_a_png_takes_in_memory_counts_not_only_its_pixels() -> None:
    """16 bits and alpha take eight bytes a pixel where plain colour takes three."""
    limits = Limits(decoded_bytes=64 * 64 * 8 - 1)
    with pytest.raises(ImageTooLarge) as caught:
        decode(png_header(64, 64, bits=16, colour=6), limits)
    assert caught.value.attributes["limit_pixels"] == 64 * 64 - 1
    with pytest.raises(NotAnImage):  # it passed the bounds, and then there are too few pixels in it
        decode(png_header(64, 64), limits)


def test_what_cannot_be_decoded_at_a_reduced_scale_may_have_half_the_pixels() -> None:
    with pytest.raises(ImageTooLarge):
        decode(png_header(10_000, 10_000, bits=16, colour=6))
    with pytest.raises(ImageTooLarge):
        decode(png_header(8192, 6145))
    with pytest.raises(ImageTooLarge):
        decode(HEIC, Limits(other_pixels=128 * 96 - 1))


def test_sixteen_bits_with_alpha_are_flattened_without_copies_of_the_whole() -> None:
    """The peak beyond the result and the decoder's own buffer is strips; float copies would be four times it."""
    colours = np.full((2000, 1500, 4), 40_000, np.uint16)
    colours[:, :, 3] = 65_535
    colours[-1, -1] = (0, 0, 0, 0)
    data = cv2.imencode(".png", colours)[1].tobytes()
    tracemalloc.start()
    try:
        got = decode(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert got[0, 0].tolist() == [156, 156, 156]
    assert got[-1, -1].tolist() == [255, 255, 255]
    assert peak < colours.nbytes + got.nbytes + 20 * 2**20


def test_a_webp_that_announces_too_much_is_refused() -> None:
    exif = scenery().getexif()
    exif[0x0112] = 1
    data = bytearray(saved(scenery(), "WEBP", exif=exif))
    at = data.index(b"VP8X") + 8
    data[at + 4 : at + 10] = (16_000 - 1).to_bytes(3, "little") * 2
    with pytest.raises(ImageTooLarge):
        decode(bytes(data))


def test_a_file_of_too_many_bytes_is_refused_unread() -> None:
    with pytest.raises(ImageTooLarge):
        decode(saved(scenery(), "PNG"), Limits(bytes_=10))


def test_a_header_that_promises_more_pixels_than_there_are_is_no_image() -> None:
    with pytest.raises(UnusableImage):
        decode(png_header(64, 64))


def test_sixteen_bits_become_eight_by_scale_not_by_cutting() -> None:
    ramp = np.linspace(0, 65535, 60 * 80).reshape(60, 80).astype(np.uint16)
    data = cv2.imencode(".png", ramp)[1].tobytes()
    got = decode(data)
    assert got.dtype == np.uint8
    assert got[0, 0, 0] == 0
    assert got[-1, -1, 0] == 255
    assert np.abs(got[:, :, 1] - ramp / 257).max() <= 1


def test_grey_becomes_colour_with_three_equal_channels() -> None:
    got = decode(saved(scenery().convert("L"), "JPEG"))
    assert got.shape == (60, 80, 3)
    assert (got[:, :, 0] == got[:, :, 2]).all()


def test_cmyk_shows_its_colours() -> None:
    got = decode(saved(scenery().convert("CMYK"), "JPEG", quality=95))
    assert got[40, 20, 2] > 180
    assert got[40, 20, 0] < 40


def test_transparency_is_laid_on_white() -> None:
    picture = scenery()
    picture.putalpha(128)
    got = decode(saved(picture, "PNG"))
    assert np.abs(got[40, 60].astype(int) - 127).max() <= 1


def test_an_iphone_photo_is_read() -> None:
    got = decode_photo(HEIC, 1600)
    assert got.pixels.shape == (96, 128, 3)
    assert got.pixels[50, 20].argmax() == 2
    assert got.pixels[50, 100].argmax() == 0
    assert got.pixels[20, 20].min() > 240


@pytest.mark.parametrize("length", [20, 200, 400, len(HEIC) - 1])
def test_an_iphone_photo_cut_short_is_refused(length: int) -> None:
    with pytest.raises(ImageTruncated):
        decode(HEIC[:length])


def test_a_large_jpeg_is_decoded_no_larger_than_needed_and_says_its_full_size() -> None:
    photo = decode_photo(saved(scenery(1600, 1200), "JPEG"), 400)
    assert photo.pixels.shape == (300, 400, 3)
    assert (photo.width, photo.height, photo.scale) == (1600, 1200, 4.0)


def test_a_reduced_scale_never_falls_below_what_is_needed() -> None:
    photo = decode_photo(saved(scenery(1599, 1200), "JPEG"), 800)
    assert photo.pixels.shape[1] == 1599


@given(
    st.binary(max_size=400),
    st.sampled_from([b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b""]),
)
def test_no_bytes_whatever_raise_anything_but_a_refusal(tail: bytes, head: bytes) -> None:
    with pytest.raises(UnusableImage):
        decode(head + tail)


@given(st.integers(0, len(HEIC) - 1), st.integers(0, 255))
def test_a_flipped_byte_in_an_iphone_photo_is_read_or_refused(at: int, value: int) -> None:
    data = bytearray(HEIC)
    data[at] = value
    try:
        assert decode(bytes(data)).ndim == 3
    except UnusableImage as refusal:
        assert isinstance(refusal, ImageTruncated | NotAnImage | ImageTooLarge)
