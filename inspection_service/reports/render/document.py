"""Sets the document: writes pictures and data into a folder of its own and lets Typst compile the template.

PDF/A-3a (ISO 19005-3) as Typst's exporter checks it. Data reaches the template as JSON through ``sys.inputs``, never as
source, so that markup in a name stays a name.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import typst

from inspection_service.reports.errors import RenderingFailed
from inspection_service.reports.records import DraftReport, RenderedReport
from inspection_service.reports.render.drawn import draw
from inspection_service.reports.render.fonts import typst_fonts
from inspection_service.reports.render.inputs import Attachment, RenderInputs
from inspection_service.reports.render.view import page_data

TEMPLATES: Final = Path(__file__).parent / "template"
MAIN: Final = "main.typ"
SCHEMA: Final = Path(__file__).parent.parent / "schema" / "report.schema.json"
RECORD_NAME: Final = "report.json"
SCHEMA_NAME: Final = "report.schema.json"
REMEMBERED: Final = 10
"""Typst keeps what it decoded, photos too, for so many compilations after. Source: typst-py, ``comemo::evict(10)``."""


def render(
    draft: DraftReport, originals: Mapping[str, bytes], inputs: RenderInputs | None = None
) -> RenderedReport:
    """Set the document of a draft.

    Args:
        draft: From ``build``; the clear values are its disclosures unless ``inputs`` names others.
        originals: Bytes as received, by capture id, for every capture that is ``in_report``; may load lazily.
        inputs: Everything that is not in the record; a copy names in it which values it shows.

    Returns:
        The unsigned document; the next step is to sign it.

    Raises:
        EvidenceMissing: A photo is not among the originals; a copy says so in its place instead.
        EvidenceMismatch: A photo has another hash than the record says.
        RenderingFailed: Typst refused, or a file to embed has a name it must not have; the message says why.
    """
    inputs = inputs or RenderInputs()
    if not inputs.values:
        inputs = replace(inputs, values={d.pointer: d.value for d in draft.disclosures})
    with tempfile.TemporaryDirectory(prefix="report-") as name:
        folder = Path(name)
        shutil.copytree(TEMPLATES, folder, dirs_exist_ok=True)
        shutil.copy(SCHEMA, folder / SCHEMA_NAME)
        (folder / RECORD_NAME).write_bytes(draft.json_bytes)
        attached = [_attach(folder, number, file) for number, file in enumerate(inputs.attachments)]
        drawn = draw(draft.record, originals, inputs, folder)
        data = page_data(draft.record, draft.sha256, drawn, inputs)
        return RenderedReport(draft, _compile(folder, {**data, "attached": attached}))


def _attach(folder: Path, number: int, file: Attachment) -> dict[str, str]:
    if file.name in (RECORD_NAME, SCHEMA_NAME) or "/" in file.name or not file.name.isascii():
        raise RenderingFailed(f"No file named {file.name!r} can be embedded in a report.")
    path = f"attached-{number}"
    (folder / path).write_bytes(file.data)
    return {
        "path": path,
        "name": file.name,
        "media_type": file.media_type,
        "relationship": file.relationship,
        "description": file.description,
    }


def _compile(folder: Path, data: Mapping[str, Any]) -> bytes:
    try:
        compiled = typst.compile(
            str(folder / MAIN),
            root=str(folder),
            font_paths=typst_fonts(),
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            format="pdf",
            pdf_standards=["a-3a"],
        )
    except typst.TypstError as exc:
        raise RenderingFailed(f"The report could not be set: {exc.diagnostic}") from exc
    finally:
        _forget()
    assert isinstance(compiled, bytes)
    return compiled


def _forget() -> None:
    """Make Typst let go of a report's photos: without this ten reports stay in memory, some gigabytes of pixels."""
    for _ in range(REMEMBERED + 1):
        typst.compile(b"", font_paths=typst_fonts(), format="svg")
