"""Every picture of one report, written into the folder the template reads from."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import segno

from inspection_service.reports.canonical import sha256_hex
from inspection_service.reports.errors import EvidenceMismatch, EvidenceMissing
from inspection_service.reports.render import photos as pictures_of
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
from inspection_service.reports.render.plan import GRADES, PLAN_FILE, SWATCH_FILE
from inspection_service.reports.render.proof import verify_url
from inspection_service.reports.render.strokes import strokes_svg

WORKERS: Final = 4
"""Threads that make pictures small; Pillow leaves the interpreter free meanwhile."""
PAGE_SIDES_PX: Final = ((40, pictures_of.PAGE_SIDE_PX), (120, 1000), (10_000, 720))
"""Up to so many photos, so many pixels each: a report of very many can still be sent by e-mail."""
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


def page_side_px(count: int) -> int:
    """Choose the longest side of a page's picture for a report of so many photos."""
    return next(side for most, side in PAGE_SIDES_PX if count <= most or most == PAGE_SIDES_PX[-1][0])


def _photos(
    context: Context, originals: Mapping[str, bytes], folder: Path
) -> tuple[dict[str, PhotoFile], dict[str, CropFile], frozenset[str]]:
    side_px = page_side_px(len(context.captures))
    numbers = {finding["id"]: number for number, finding in enumerate(context.findings, 1)}

    def prepare(job: tuple[int, Json]) -> tuple[PhotoFile | None, dict[str, CropFile], bool]:
        number, capture = job
        original = _original(capture, originals, context.inputs)
        if original is None:
            return None, {}, True
        framed = [f for f in context.findings if f["capture_id"] == capture["id"] and f["box"] is not None]
        prepared = pictures_of.prepare(original, [tuple(f["box"]) for f in framed], side_px=side_px)
        if prepared is None:
            return None, {}, False
        details: dict[str, CropFile] = {}
        for finding, crop in zip(framed, prepared.crops, strict=True):
            if crop is not None:
                file = f"finding{numbers[finding['id']]}.jpg"
                (folder / file).write_bytes(crop.photo.jpeg)
                details[finding["id"]] = CropFile(file, crop.photo.width_px, crop.photo.height_px, crop.box)
        return _write(folder, f"photo{number}.jpg", prepared), details, False

    photos: dict[str, PhotoFile] = {}
    crops: dict[str, CropFile] = {}
    left_out: set[str] = set()
    with warnings.catch_warnings(), ThreadPoolExecutor(max_workers=WORKERS) as pool:
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata, which is dropped here anyway
        ready = list(pool.map(prepare, enumerate(context.captures, 1)))
    for capture, (photo, details, is_left_out) in zip(context.captures, ready, strict=True):
        if photo is not None:
            photos[capture["id"]] = photo
        if is_left_out:
            left_out.add(capture["id"])
        crops |= details
    return photos, crops, frozenset(left_out)


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
        prepared = pictures_of.prepare(data)
        if prepared is None:
            continue
        frames[annotation["id"]] = _write(folder, f"frame{number}.jpg", prepared)
        svg = strokes_svg(annotation["strokes"], *prepared.upright_px)
        if svg is not None:
            drawings[annotation["id"]] = f"frame{number}.svg"
            (folder / drawings[annotation["id"]]).write_bytes(svg)
    return frames, drawings


def _write(folder: Path, file: str, prepared: pictures_of.Prepared) -> PhotoFile:
    (folder / file).write_bytes(prepared.page.jpeg)
    return PhotoFile(file, prepared.page.width_px, prepared.page.height_px, prepared.upright_px)
