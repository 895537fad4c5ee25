"""Pictures of a document made ahead of the seal, so that it need not decode thirty photos while somebody waits.

Each is named by the hash of its original, what it shows, and how it was made: the same bytes as when the seal makes it
itself, or none at all. The seal still reads and hashes every original.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Final

import cv2
import PIL

from inspection_service.reports.canonical import canonical_bytes, sha256_hex
from inspection_service.reports.render.photos import Box, Crop, Page, PagePhoto, details, page

RECIPE: Final = f"2-{PIL.__version__}-{cv2.__version__}"
"""Changes with how pictures are made: another edition of Pillow or OpenCV may write other bytes."""
PAGE_SIDES_PX: Final = ((40, 1400), (120, 1000), (10_000, 720))
"""Up to so many photos, so many pixels each: a report of very many can still be sent by e-mail."""
MOST_BOXES: Final = 20
"""Details made ahead of one photo; the seal makes the others."""


def page_side_px(count: int) -> int:
    """Choose the longest side of a page's picture for a report of so many photos."""
    return next(side for most, side in PAGE_SIDES_PX if count <= most or most == PAGE_SIDES_PX[-1][0])


def page_name(sha256: str, side_px: int) -> str:
    """Name the page's picture of an original."""
    return f"{sha256}/page-{RECIPE}-{side_px}"


def detail_name(sha256: str, box: Box) -> str:
    """Name the detail around a box, written as the record writes it."""
    return f"{sha256}/detail-{RECIPE}-{sha256_hex(canonical_bytes(list(exact(box))))[:32]}"


def prepare(original: bytes, sha256: str, side_px: int, boxes: Sequence[Box]) -> Iterator[tuple[str, bytes]]:
    """Make what a document may show of one photo; blocks for some tenths of a second.

    Args:
        original: As received.
        sha256: Its hash; when the bytes have another, nothing is made.
        side_px: See ``page_side_px``.
        boxes: Of findings that may come to stand in the report.

    Yields:
        Names, and what to keep under them.
    """
    if sha256_hex(original) != sha256:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata, which is dropped here anyway
        made = page(original, side_px=side_px)
        cut = details(original, [exact(box) for box in boxes[:MOST_BOXES]])
    if made is not None:
        name = page_name(sha256, side_px)
        yield name, _packed(name, made.photo, {"upright_px": list(made.upright_px)})
    for box, crop in zip(boxes, cut, strict=False):
        if crop is not None:
            name = detail_name(sha256, box)
            yield name, _packed(name, crop.photo, {"box": list(crop.box)})


def exact(box: Sequence[float]) -> Box:
    """Write a box as the record does, so that what is made ahead is what the record asks for."""
    x1, y1, x2, y2 = (round(float(edge), 1) for edge in box)
    return x1, y1, x2, y2


def read_page(kept: bytes | None, name: str) -> Page | None:
    """Read a page's picture; ``None`` when it is not exactly the one of this name."""
    found = _unpacked(kept, name)
    if found is None:
        return None
    photo, facts = found
    width, height = facts["upright_px"]
    return Page(photo, (width, height))


def read_detail(kept: bytes | None, name: str) -> Crop | None:
    """Read a detail; ``None`` when it is not exactly the one of this name."""
    found = _unpacked(kept, name)
    if found is None:
        return None
    photo, facts = found
    x1, y1, x2, y2 = facts["box"]
    return Crop(photo, (x1, y1, x2, y2))


def _packed(name: str, photo: PagePhoto, facts: dict[str, Any]) -> bytes:
    size = {"width_px": photo.width_px, "height_px": photo.height_px, "sha256": sha256_hex(photo.jpeg)}
    return json.dumps({"name": name, **size, **facts}, sort_keys=True).encode() + b"\n" + photo.jpeg


def _unpacked(kept: bytes | None, name: str) -> tuple[PagePhoto, dict[str, Any]] | None:
    if kept is None:
        return None
    head, _, jpeg = kept.partition(b"\n")
    try:
        facts = json.loads(head)
        is_this = facts["name"] == name and facts["sha256"] == sha256_hex(jpeg)
        return (PagePhoto(jpeg, facts["width_px"], facts["height_px"]), facts) if is_this else None
    except (ValueError, KeyError, TypeError):
        return None
