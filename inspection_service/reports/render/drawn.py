"""Every picture of one report, written into the folder the template reads from."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import segno

from inspection_service.reports.canonical import sha256_hex
from inspection_service.reports.errors import EvidenceMismatch, EvidenceMissing
from inspection_service.reports.render import ahead
from inspection_service.reports.render.car import drawing, swatch
from inspection_service.reports.render.context import (
    Context,
    CropFile,
    PhotoFile,
    Pictures,
)
from inspection_service.reports.render.coverage import panels_seen
from inspection_service.reports.render.inputs import Json, Record, RenderInputs
from inspection_service.reports.render.mark import mark_svg
from inspection_service.reports.render.photos import Crop, Page, details, page
from inspection_service.reports.render.plan import GRADES, PLAN_FILE, SWATCH_FILE
from inspection_service.reports.render.proof import verify_url
from inspection_service.reports.render.strokes import strokes_svg

WORKERS: Final = 4
"""Threads that make pictures small; Pillow leaves the interpreter free meanwhile."""
CODE_FILE: Final = "code.svg"


def draw(record: Record, originals: Mapping[str, bytes], inputs: RenderInputs, folder: Path) -> Pictures:
    """Write photos, details, kept frames, marks, the drawing of the car and the QR code.

    Raises:
        EvidenceMissing: A photo is not among the originals, and this is no copy.
        EvidenceMismatch: A photo has another hash than the record, or than its derivative was said to have.
    """
    context = Context(record, "", Pictures(), inputs)
    photos, crops, left_out = _photos(context, originals, folder)
    frames, drawings = _frames(context, folder)
    marks: dict[int, str] = {}
    for index, signature in enumerate(context.record["signatures"]):
        svg = mark_svg(signature["drawing_svg"])
        if svg is not None:
            marks[index] = f"mark{index}.svg"
            (folder / marks[index]).write_bytes(svg)
    (folder / PLAN_FILE).write_bytes(drawing(panels_seen(context.record)))
    for grade in GRADES:
        (folder / SWATCH_FILE.format(seen=grade)).write_bytes(swatch(grade))
    code = None
    if (url := verify_url(inputs.public_url)) is not None:
        code = CODE_FILE
        (folder / code).write_bytes(qr_code(url))
    return Pictures(photos, crops, marks, frames, drawings, left_out, code)


def qr_code(text: str) -> bytes:
    """Draw a QR code (ISO/IEC 18004), a quarter of which may be unreadable, with its quiet zone, as SVG."""
    written = io.BytesIO()
    segno.make(text, error="q", micro=False).save(written, kind="svg", border=4, xmldecl=False)
    return written.getvalue()


def _photos(
    context: Context, originals: Mapping[str, bytes], folder: Path
) -> tuple[dict[str, PhotoFile], dict[str, CropFile], frozenset[str]]:
    side_px = ahead.page_side_px(len(context.captures))
    numbers = {finding["id"]: number for number, finding in enumerate(context.findings, 1)}

    def prepare(job: tuple[int, Json]) -> tuple[PhotoFile | None, dict[str, CropFile], bool]:
        number, capture = job
        original = _original(capture, originals, context.inputs)
        if original is None:
            return None, {}, True
        sha256 = context.inputs.derived.get(capture["id"], capture["sha256"])
        shown = _page(original, ahead.page_name(sha256, side_px), side_px, context.inputs)
        if shown is None:
            return None, {}, False
        framed = [f for f in context.findings if f["capture_id"] == capture["id"] and f["box"] is not None]
        cut: dict[str, CropFile] = {}
        for finding, crop in zip(framed, _details(original, sha256, framed, context.inputs), strict=True):
            if crop is not None:
                file = f"finding{numbers[finding['id']]}.jpg"
                (folder / file).write_bytes(crop.photo.jpeg)
                cut[finding["id"]] = CropFile(file, crop.photo.width_px, crop.photo.height_px, crop.box)
        return _write(folder, f"photo{number}.jpg", shown), cut, False

    photos: dict[str, PhotoFile] = {}
    crops: dict[str, CropFile] = {}
    left_out: set[str] = set()
    with warnings.catch_warnings(), ThreadPoolExecutor(max_workers=WORKERS) as pool:
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata, which is dropped here anyway
        ready = list(pool.map(prepare, enumerate(context.captures, 1)))
    for capture, (photo, cut, is_left_out) in zip(context.captures, ready, strict=True):
        if photo is not None:
            photos[capture["id"]] = photo
        if is_left_out:
            left_out.add(capture["id"])
        crops |= cut
    return photos, crops, frozenset(left_out)


def _page(original: bytes, name: str, side_px: int, inputs: RenderInputs) -> Page | None:
    """Take the picture that was made ahead, or make it."""
    return ahead.read_page(inputs.pictures.get(name), name) or page(original, side_px=side_px)


def _details(
    original: bytes, sha256: str, findings: Sequence[Json], inputs: RenderInputs
) -> list[Crop | None]:
    """Take the details that were made ahead, and make the others."""
    boxes = [ahead.exact(finding["box"]) for finding in findings]
    names = [ahead.detail_name(sha256, box) for box in boxes]
    kept = [ahead.read_detail(inputs.pictures.get(name), name) for name in names]
    made = iter(details(original, [box for box, found in zip(boxes, kept, strict=True) if found is None]))
    return [found or next(made) for found in kept]


def _original(capture: Json, originals: Mapping[str, bytes], inputs: RenderInputs) -> bytes | None:
    """Load a photo and check its hash; ``None`` where a copy does not hold it."""
    try:
        original = originals[capture["id"]]
    except KeyError as exc:
        if inputs.copy_of is not None:
            return None
        raise EvidenceMissing(f"The photo {capture['id']} is missing.", capture_id=capture["id"]) from exc
    if sha256_hex(original) != inputs.derived.get(capture["id"], capture["sha256"]):
        raise EvidenceMismatch(
            f"The photo {capture['id']} has changed since it came.", capture_id=capture["id"]
        )
    return original


def _frames(context: Context, folder: Path) -> tuple[dict[str, PhotoFile], dict[str, str]]:
    frames: dict[str, PhotoFile] = {}
    drawings: dict[str, str] = {}
    for number, annotation in enumerate(context.annotations, 1):
        data = context.inputs.frames.get(annotation["frame_id"])
        if data is None:
            if context.inputs.copy_of is not None:
                continue
            raise EvidenceMissing(
                f"The frame {annotation['frame_id']} is missing.", frame_id=annotation["frame_id"]
            )
        if sha256_hex(data) != context.inputs.derived.get(annotation["frame_id"], annotation["sha256"]):
            raise EvidenceMismatch(
                f"The frame {annotation['frame_id']} has changed since it came.",
                frame_id=annotation["frame_id"],
            )
        prepared = page(data)
        if prepared is None:
            continue
        frames[annotation["id"]] = _write(folder, f"frame{number}.jpg", prepared)
        svg = strokes_svg(annotation["strokes"], *prepared.upright_px)
        if svg is not None:
            drawings[annotation["id"]] = f"frame{number}.svg"
            (folder / drawings[annotation["id"]]).write_bytes(svg)
    return frames, drawings


def _write(folder: Path, file: str, shown: Page) -> PhotoFile:
    (folder / file).write_bytes(shown.photo.jpeg)
    return PhotoFile(file, shown.photo.width_px, shown.photo.height_px, shown.upright_px)
