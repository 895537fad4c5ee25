"""Fonts, photos and drawn marks: what may enter the document, and in which form."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from inspection_service.reports.render.fonts import coverage, printable
from inspection_service.reports.render.mark import mark_svg
from inspection_service.reports.render.photos import details, page
from inspection_service.reports.render.strokes import strokes_svg
from tests.unit.reports.dossiers import picture

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "name", ["Łukasz Żółć", "Ελένη", "Наталья", "محمد العربي", "王小明", "山田 太郎", "김민준"]
)
def test_names_of_many_scripts_can_be_shown(name: str) -> None:
    """Latin, Greek, Cyrillic, Arabic, Chinese, Japanese and Korean have their glyphs in the faces we ship."""
    assert printable(name) == name
    assert {ord(c) for c in name} <= coverage() | {0x20}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a😀", "a[U+1F600]"),
        ("ok\u202egnp", "ok[U+202E]gnp"),
        ("bell\x07", "bell[U+0007]"),
        ("two\nlines", "two\nlines"),
        ("e\u0301", "é"),
        ("tab\there", "tab here"),
    ],
)
def test_what_cannot_be_shown_is_written_by_its_number(text: str, shown: str) -> None:
    """PDF/A refuses a character without a glyph; a hidden direction mark could make a name read as another."""
    assert printable(text) == shown


def test_a_word_without_end_may_break() -> None:
    """Nothing but invisible break marks is added."""
    word = "x" * 200
    assert "\u200b" in printable(word)
    assert printable(word).replace("\u200b", "") == word


def test_photos_are_upright_and_carry_no_metadata() -> None:
    """The phone's rotation is applied; position, make and time stay in the original."""
    image = Image.open(io.BytesIO(picture(1, width_px=400, height_px=200)))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "PhoneMaker"
    stored = io.BytesIO()
    image.save(stored, "JPEG", exif=exif)
    prepared = page(stored.getvalue())
    assert prepared is not None
    assert prepared.upright_px == (200, 400)
    assert (prepared.photo.width_px, prepared.photo.height_px) == (200, 400)
    with Image.open(io.BytesIO(prepared.photo.jpeg)) as shown:
        assert shown.size == (200, 400)
        assert not shown.getexif()
    assert b"PhoneMaker" not in prepared.photo.jpeg


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_way_of_holding_a_phone_is_undone(orientation: int) -> None:
    """As Pillow's own transposition does it, boxes in upright pixels."""
    image = Image.open(io.BytesIO(picture(1, width_px=300, height_px=200)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=95, exif=exif, comment=b"secret")
    prepared = page(stored.getvalue())
    assert prepared is not None
    with (
        Image.open(io.BytesIO(stored.getvalue())) as reference,
        Image.open(io.BytesIO(prepared.photo.jpeg)) as shown,
    ):
        upright = ImageOps.exif_transpose(reference)
        assert shown.size == upright.size == prepared.upright_px
        difference = ImageChops.difference(shown.convert("L"), upright.convert("L"))
        assert ImageStat.Stat(difference).mean[0] < 3
    assert b"secret" not in prepared.photo.jpeg


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_large_photos_are_made_small_enough_to_send(kind: str) -> None:
    """1400 pixels on the longer side."""
    prepared = page(picture(2, width_px=3000, height_px=2000, kind=kind))
    assert prepared is not None
    assert max(prepared.photo.width_px, prepared.photo.height_px) <= 1400
    assert prepared.upright_px == (3000, 2000)


def test_a_finding_is_cut_out_with_its_surroundings() -> None:
    """The box keeps its place within the detail."""
    prepared = details(picture(3, width_px=2000, height_px=1500), [(100, 100, 300, 200)])
    crop = prepared[0]
    assert crop is not None
    x1, y1, x2, y2 = crop.box
    assert 0 <= x1 < x2 <= 1
    assert 0 <= y1 < y2 <= 1
    assert (x2 - x1) * crop.photo.width_px == pytest.approx(200, abs=2)


def test_a_box_outside_the_picture_is_no_detail() -> None:
    """A wrong box costs its detail, not the report."""
    outside, partly = details(picture(3), [(5000, 5000, 6000, 6000), (-50, -50, 40, 40)])
    assert outside is None
    assert partly is not None


@pytest.mark.parametrize("data", [b"", b"not an image", picture(4)[:400]])
def test_what_cannot_be_drawn_is_left_out(data: bytes) -> None:
    """A damaged photo never stops a seal."""
    assert page(data) is None
    assert details(data, [(1, 1, 9, 9)]) == (None,)


def test_a_picture_beyond_every_camera_is_not_unfolded() -> None:
    """A PNG of a few kilobytes can claim billions of pixels."""
    bomb = io.BytesIO()
    Image.new("1", (20000, 20000)).save(bomb, "PNG")
    assert page(bomb.getvalue()) is None
    assert details(bomb.getvalue(), [(1, 1, 9, 9)]) == (None,)


@pytest.mark.parametrize("path", ["M 10 20 L 30.5 40", "M10,20L30,40 L 50 60M1 2L3 4", "M 1 2 3 4"])
def test_a_drawn_mark_is_moves_and_lines(path: str) -> None:
    """It is written anew from its numbers."""
    svg = mark_svg(path)
    assert svg is not None
    assert svg.count(b"<path") == 1


@pytest.mark.parametrize(
    "path",
    [
        None, "", "10 20", "M 10", "M 1 2 L", "L 1 2", "M 1 2 C 3 4 5 6 7 8", 'M 1 2"/><script>', "M 1 2 L 1e9 4",
        "M 1 2 L 3 4 url(x)", "M 1 2 L 1234567 4", "M 1 2 " * 100_000,
    ],
)  # fmt: skip
def test_anything_else_is_no_mark(path: str | None) -> None:
    """The drawing comes from a browser, and goes into a document other people open."""
    assert mark_svg(path) is None


def test_a_picture_of_gravel_is_not_larger_than_it_is_worth() -> None:
    """Thirty photos of nothing but noise stay below 15 MB together."""
    noise = Image.effect_noise((2000, 1500), 60).convert("RGB")
    stored = io.BytesIO()
    noise.save(stored, "JPEG", quality=95)
    prepared = page(stored.getvalue())
    assert prepared is not None
    assert len(prepared.photo.jpeg) * 30 < 15_000_000


def test_what_was_drawn_lies_within_its_frame() -> None:
    """Points beyond the sides are brought back; each line is light under dark; a single point is a dot."""
    svg = strokes_svg(
        [{"points": [(0.5, 0.5), (9.0, -4.0)], "width": 5.0}, {"points": [(0.1, 0.1)], "width": 0.0}],
        1600,
        800,
    )
    assert svg is not None
    assert b'viewBox="0 0 1000 500.0"' in svg
    assert svg.count(b"M500.0 250.0 L1000.0 0.0") == 2
    assert b'stroke-width="50.0"' in svg
    assert b"M100.0 50.0 L100.0 50.0" in svg


@pytest.mark.parametrize("strokes", [[], [{"points": [], "width": 0.01}]])
def test_nothing_drawn_is_no_drawing(strokes: list[dict[str, object]]) -> None:
    """The frame stands alone."""
    assert strokes_svg(strokes, 640, 480) is None


def test_a_drawing_without_end_is_cut() -> None:
    """Twenty thousand points are more than anybody draws."""
    svg = strokes_svg([{"points": [(0.5, 0.5)] * 50_000, "width": 0.01}], 640, 480)
    assert svg is not None
    assert svg.count(b"500.0 375.0") == 2 * 20_000
