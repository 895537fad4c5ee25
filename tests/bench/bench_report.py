"""How long a report of thirty photos takes to set, to sign and to verify, beside what nobody can avoid doing.

The seal finds its pictures made ahead, as in the service; how long it takes without them stands beside it.

Run alone with ``python -m tests.bench.bench_report``; ``make bench`` collects ``rows()``.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from inspection_service.clock import SystemClock
from inspection_service.inspections.records import Dossier
from inspection_service.reports.build import build
from inspection_service.reports.chain import load_roots
from inspection_service.reports.development_keys import open_or_create
from inspection_service.reports.records import DraftReport, RenderedReport, SealedReport
from inspection_service.reports.render import ahead
from inspection_service.reports.render.document import render
from inspection_service.reports.render.inputs import RenderInputs
from inspection_service.reports.seal import sign
from inspection_service.reports.verify_json import verify_json
from inspection_service.reports.verify_pdf import verify_pdf
from tests.bench import bench_sealed
from tests.bench.rows import Row, median_seconds, row
from tests.unit.reports.dossiers import MODELS, STEPS, dossier

PHOTOS: Final = 30
RUNS: Final = 3
DEMO_CAR: Final = Path(__file__).parents[1] / "data" / "demo_car"


def rows() -> list[Row]:
    """Measure; medians of a few runs, all in this process, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        clock = SystemClock()
        signer = open_or_create(Path(name) / "keys", clock)
        (Path(name) / "root.pem").write_bytes(signer.root_pem)
        roots = load_roots([Path(name) / "root.pem"])
        photos = _photos()
        case, originals = dossier("fr", steps=PHOTOS, photos=photos)
        sealed_at = clock.now().replace(microsecond=0)
        now = sealed_at + timedelta(minutes=1)

        def draft() -> DraftReport:
            return build(case, sealed_at=sealed_at, models=MODELS, has_development_keys=True)

        record = draft()
        pictures = _pictures(case, originals)
        inputs = RenderInputs(pictures=pictures)
        rendered = render(record, originals, inputs)
        assert rendered.pdf_bytes == render(record, originals).pdf_bytes  # same record, same bytes
        sealed = sign(rendered, signer)
        build_s = median_seconds(draft, runs=RUNS)
        render_s = median_seconds(lambda: render(record, originals, inputs), runs=RUNS)
        unprepared_s = median_seconds(lambda: render(record, originals), runs=RUNS)
        ahead_s = median_seconds(lambda: _pictures(case, originals), runs=1)
        shrink_s = median_seconds(lambda: _shrink(originals), runs=RUNS)
        sign_s = median_seconds(lambda: sign(rendered, signer), runs=RUNS)
        bare_sign_s = median_seconds(_bare_signatures, runs=RUNS)
        verify_s = median_seconds(lambda: _verify(sealed, roots, now), runs=RUNS)
        hash_s = median_seconds(lambda: _hash(sealed), runs=RUNS)
        through_service = bench_sealed.rows([originals[capture.id] for capture in case.captures])
    shrunk = ("the 30 photos made small on one core, nothing else", shrink_s)
    printed = ("the pictures it shows", _printed_bytes(rendered) / 1e6)
    return [
        row("report.build_30_photos", build_s, "s"),
        row("report.render_30_photos", render_s, "s", reference=shrunk),
        row("report.render_30_photos_nothing_made_ahead", unprepared_s, "s", reference=shrunk),
        row("report.pictures_of_one_photo_made_ahead", ahead_s / PHOTOS, "s"),
        row("report.sign_30_photos", sign_s, "s", reference=("two bare ECDSA P-256 signatures", bare_sign_s)),
        row("report.seal_30_photos", build_s + render_s + sign_s, "s", reference=shrunk, at_most=3.0),
        row(
            "report.verify_30_photos",
            verify_s,
            "s",
            reference=("SHA-256 over the files", hash_s),
            at_most=2.0,
        ),
        row("report.pdf_30_photos", len(sealed.pdf_bytes) / 1e6, "MB", reference=printed, at_most=15.0),
        *through_service,
    ]


def _pictures(case: Dossier, originals: Mapping[str, bytes]) -> dict[str, bytes]:
    """Make what the judging worker makes of each photo."""
    made: dict[str, bytes] = {}
    for capture in case.captures:
        boxes = [f.box for f in case.findings if f.capture_id == capture.id and f.box is not None]
        made.update(ahead.prepare(originals[capture.id], capture.sha256, ahead.page_side_px(PHOTOS), boxes))
    return made


def _photos() -> dict[str, bytes]:
    """Twelve pictures of 12 megapixels with the texture of a camera: the demo car, enlarged, with sensor noise."""
    noise = np.random.default_rng(1)
    photos: dict[str, bytes] = {}
    made: dict[str, bytes] = {}
    for index in range(PHOTOS):
        view = STEPS[index % len(STEPS)][0]
        if view not in made:
            with Image.open(DEMO_CAR / f"{view}.webp") as small:
                pixels = np.asarray(
                    small.convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC), dtype=np.int16
                )
            pixels = pixels + noise.integers(-6, 7, pixels.shape, dtype=np.int16)
            buffer = io.BytesIO()
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=88)
            made[view] = buffer.getvalue()
        name = view if index < len(STEPS) else f"{view}_{index // len(STEPS) + 1}"
        photos[name] = made[view]
    return photos


def _shrink(originals: dict[str, bytes]) -> None:
    for original in originals.values():
        with Image.open(io.BytesIO(original)) as image:
            image.draft("RGB", (1400, 1400))
            image.thumbnail((1400, 1400), Image.Resampling.LANCZOS)
            image.save(io.BytesIO(), "JPEG", quality=80)


def _bare_signatures() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    for _ in range(2):
        key.sign(b"report", ec.ECDSA(hashes.SHA256()))


def _verify(sealed: SealedReport, roots: Any, now: Any) -> None:
    assert verify_pdf(sealed.pdf_bytes, roots, now=now).is_good
    assert verify_json(sealed.json_bytes, sealed.jws.encode(), roots, now=now).is_good


def _hash(sealed: SealedReport) -> None:
    for data in (sealed.pdf_bytes, sealed.json_bytes):
        digest = hashes.Hash(hashes.SHA256())
        digest.update(data)
        digest.finalize()


def _printed_bytes(rendered: RenderedReport) -> int:
    """Bytes of the JPEGs inside a document: they are stored as they are."""
    pdf, total, position = rendered.pdf_bytes, 0, 0
    while (start := pdf.find(b"\xff\xd8\xff", position)) >= 0:
        position = pdf.find(b"\xff\xd9", start) + 2
        total += position - start
    return total


if __name__ == "__main__":
    print(json.dumps([each.to_json() for each in rows()], indent=1))
