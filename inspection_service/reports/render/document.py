"""Sets the document: writes pictures and data into a folder of its own and lets Typst compile the template.

PDF/A-3a (ISO 19005-3) as Typst's exporter checks it. Data reaches the template as JSON through ``sys.inputs``, never as
source, so that markup in a name stays a name.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import typst

from inspection_service.reports.canonical import sha256_hex
from inspection_service.reports.commitments import disclosed
from inspection_service.reports.errors import EvidenceMismatch, EvidenceMissing, RenderingFailed
from inspection_service.reports.records import DraftReport, RenderedReport
from inspection_service.reports.render import photos as pictures_of
from inspection_service.reports.render.context import (
    CropFile,
    PhotoFile,
    Pictures,
    shown_captures,
    shown_findings,
)
from inspection_service.reports.render.fonts import typst_fonts
from inspection_service.reports.render.mark import mark_svg
from inspection_service.reports.render.view import page_data

TEMPLATE: Final = Path(__file__).parent / "report.typ"
SCHEMA: Final = Path(__file__).parent.parent / "schema" / "report.schema.json"
RECORD_NAME: Final = "report.json"
WORKERS: Final = 4
"""Threads that make pictures small; Pillow leaves the interpreter free meanwhile."""
MANY_PHOTOS: Final = 40
MANY_PHOTOS_SIDE_PX: Final = 1000
"""With very many photos each is printed smaller, so that the file can still be sent by e-mail."""


def render(draft: DraftReport, originals: Mapping[str, bytes]) -> RenderedReport:
    """Set the document of a draft.

    Args:
        draft: From ``build``.
        originals: Bytes as received, by capture id, for every capture that is ``in_report``.

    Returns:
        The unsigned document; the next step is to sign it.

    Raises:
        EvidenceMissing: A photo is not among the originals.
        EvidenceMismatch: A photo has another hash than the record says.
        RenderingFailed: Typst refused; the message says why.
    """
    with tempfile.TemporaryDirectory(prefix="report-") as name:
        folder = Path(name)
        record = disclosed(draft.record, draft.values)
        drawn = _draw(record, originals, folder)
        (folder / RECORD_NAME).write_bytes(draft.json_bytes)
        shutil.copy(TEMPLATE, folder / TEMPLATE.name)
        shutil.copy(SCHEMA, folder / SCHEMA.name)
        data = page_data(record, draft.sha256, drawn)
        return RenderedReport(draft, _compile(folder, data))


def _compile(folder: Path, data: Mapping[str, Any]) -> bytes:
    try:
        compiled = typst.compile(
            str(folder / TEMPLATE.name),
            root=str(folder),
            font_paths=typst_fonts(),
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            format="pdf",
            pdf_standards=["a-3a"],
        )
    except typst.TypstError as exc:
        raise RenderingFailed(f"The report could not be set: {exc.diagnostic}") from exc
    assert isinstance(compiled, bytes)
    return compiled


def _draw(record: Mapping[str, Any], originals: Mapping[str, bytes], folder: Path) -> Pictures:
    captures = shown_captures(record)
    side_px = pictures_of.PAGE_SIDE_PX if len(captures) <= MANY_PHOTOS else MANY_PHOTOS_SIDE_PX
    findings = shown_findings(record)
    photos: dict[str, PhotoFile] = {}
    crops: dict[str, CropFile] = {}
    framings = [
        [f for f in findings if f["capture_id"] == capture["id"] and f["box"] is not None]
        for capture in captures
    ]

    def prepare(capture: Mapping[str, Any], framed: list[dict[str, Any]]) -> pictures_of.Prepared | None:
        boxes = [tuple(f["box"]) for f in framed]
        return pictures_of.prepare(_original(capture, originals), boxes, side_px=side_px)

    with warnings.catch_warnings(), ThreadPoolExecutor(max_workers=WORKERS) as pool:
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata, which is dropped here anyway
        ready = list(pool.map(prepare, captures, framings))
    for number, (capture, framed, prepared) in enumerate(zip(captures, framings, ready, strict=True), 1):
        if prepared is None:
            continue
        file = f"photo{number}.jpg"
        (folder / file).write_bytes(prepared.page.jpeg)
        photos[capture["id"]] = PhotoFile(
            file, prepared.page.width_px, prepared.page.height_px, prepared.upright_px
        )
        for finding, crop in zip(framed, prepared.crops, strict=True):
            if crop is not None:
                file = f"finding{len(crops) + 1}.jpg"
                (folder / file).write_bytes(crop.photo.jpeg)
                crops[finding["id"]] = CropFile(file, crop.photo.width_px, crop.photo.height_px, crop.box)
    marks: dict[int, str] = {}
    for index, signature in enumerate(record["signatures"]):
        svg = mark_svg(signature["drawing_svg"])
        if svg is not None:
            marks[index] = f"mark{index}.svg"
            (folder / marks[index]).write_bytes(svg)
    return Pictures(photos, crops, marks)


def _original(capture: Mapping[str, Any], originals: Mapping[str, bytes]) -> bytes:
    try:
        original = originals[capture["id"]]
    except KeyError as exc:
        raise EvidenceMissing(f"The photo {capture['id']} is missing.", capture_id=capture["id"]) from exc
    if sha256_hex(original) != capture["sha256"]:
        raise EvidenceMismatch(
            f"The photo {capture['id']} has changed since it came.", capture_id=capture["id"]
        )
    return original
