"""Measure the shipped odometer reader on photos that no training saw, with the classes the service runs.

    python -m models.recipes.evaluate_odometer --data DATA [--write] [--predictions FILE] [--reference]

The vehicles kept apart are named in `odometer_split.json`. Readings are compared as `score_odometer.py` of the data
kit does: leading zeros do not count. ``--reference`` also runs RapidOCR on the same photos (seconds a photo). No torch.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.engine import Model
from inspection_service.vision.odometer import Odometer, OdometerReading
from inspection_service.vision.odometer_second import PaddleText
from models.recipes import odometer_data, odometer_manifest

MODELS = Path(__file__).parents[1]
REFERENCE = "RapidOCR's longest number, same photos"
REFERENCE_FIGURES = {"exact": 0.4956, "wrong": 0.4924, "abstains": 0.1579, "seconds": 0.805}
"""Measured with ``--reference`` on 2026-11-22 (rapidocr 3.9.2, PP-OCRv6 small, whole photo, one thread)."""


@dataclass(frozen=True)
class Outcome:
    """One photo: the truth, the answer, and the processor's seconds it took."""

    name: str
    truth: str | None
    answer: OdometerReading
    seconds: float
    mechanical: bool

    @property
    def exact(self) -> bool:
        """The number on the display, leading zeros aside."""
        same = self.truth is not None and self.answer.reading is not None
        return same and str(self.answer.reading).lstrip("0") == str(self.truth).lstrip("0")

    @property
    def wrong(self) -> bool:
        """A number was printed, and it is not the one on the display."""
        return self.answer.reading is not None and not self.exact


def opened(models: Path = MODELS) -> Odometer:
    """The reader as the service builds it."""
    return Odometer(
        Model.open(models, "odometer_find"), Model.open(models, "odometer_read"), PaddleText.installed()
    )


def outcomes(
    data: Path, read: Callable[[NDArray[np.uint8]], OdometerReading], held: bool = True
) -> list[Outcome]:
    """Answers for the photos kept apart, or, for choosing limits, for the others."""
    photos = odometer_data.whole_photos(data)
    trained, measured = odometer_data.split_pictures(photos, odometer_data.read_split())
    out = []
    for photo in measured if held else trained:
        image = photo.read()
        started = time.process_time()
        answer = read(image)
        out.append(
            Outcome(photo.path.name, photo.reading, answer, time.process_time() - started, photo.mechanical)
        )
    return out


def upper_bound(wrong: int, n: int) -> float:
    """Upper end of the one-sided 95 % interval of a share (Clopper-Pearson), by bisection."""
    low, high = wrong / max(n, 1), 1.0
    for _ in range(60):
        p = (low + high) / 2
        below = sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(wrong + 1))
        low, high = (p, high) if below > 0.05 else (low, p)
    return high


def share(flags: Sequence[bool]) -> float:
    """Share of true ones; 0 of none."""
    return sum(flags) / max(len(flags), 1)


def row(
    name: str, value: float, unit: str, reference: float | None, aim: float | None, *, at_most: bool = False
) -> dict[str, Any]:
    """One line of the evaluation; ``ratio`` is ours over the reference's."""
    met = None if aim is None else bool(value <= aim if at_most else value >= aim)
    return {
        "name": name,
        "value": round(value, 4),
        "unit": unit,
        "reference": REFERENCE if reference is not None else None,
        "reference_value": reference,
        "ratio": round(value / reference, 3) if reference else None,
        "aim": aim,
        "met": met,
    }


def rows_of(results: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Every figure, over all photos and by kind of photo."""
    readable = [r for r in results if r.truth is not None]
    unreadable = [r for r in results if r.truth is None]
    wrong = sum(r.wrong for r in results)
    n = f"{len(readable)} readable photos kept apart"
    reference = REFERENCE_FIGURES
    rows = [
        row(f"odometer exact ({n})", share([r.exact for r in readable]), "", reference["exact"], 0.92),
        row(
            f"odometer wrong readings printed (of {len(results)} photos)", share([r.wrong for r in results]), "",
            reference["wrong"], 0.0, at_most=True,
        ),
        row("odometer wrong readings printed, count", wrong, "photos", None, 0, at_most=True),
        row("odometer wrong readings printed, upper 95 %", upper_bound(wrong, len(results)), "", None, None),
        row(
            f"odometer abstains on unreadable ({len(unreadable)} photos)",
            share([r.answer.reading is None for r in unreadable]), "", reference["abstains"], 0.9,
        ),
        row(
            "odometer seconds a photo (median, processor time)", float(np.median([r.seconds for r in results])), "s",
            reference["seconds"], None,
        ),
    ]  # fmt: skip
    parts = {
        "Iranian cars": [r for r in readable if r.name.startswith("ir")],
        "Turkish vans": [r for r in readable if not r.name.startswith("ir") and not r.mechanical],
        "mechanical drums": [r for r in readable if r.mechanical],
    }
    for name, part in parts.items():
        rows.append(
            row(f"odometer exact, {name} ({len(part)})", share([r.exact for r in part]), "", None, None)
        )
    return rows


def odometer_metrics(data: Path, models: Path = MODELS) -> list[dict[str, Any]]:
    """Figures of the odometer reader on the photos kept apart."""
    return rows_of(outcomes(data, opened(models)))


def rapid() -> Callable[[NDArray[np.uint8]], OdometerReading]:
    """The reference: the longest run of digits that RapidOCR finds anywhere on the photo."""
    # the reference is only loaded when it is asked for: it takes a second and 30 MB
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"EngineConfig.onnxruntime.intra_op_num_threads": 1})

    def read(image: NDArray[np.uint8]) -> OdometerReading:
        found = engine(image)
        runs = [
            (run, float(score))
            for text, score in zip(found.txts or (), found.scores or (), strict=True)
            for run in re.findall(r"\d+", text)
        ]
        if not runs:
            return OdometerReading(None, 0.0, None, None, "not_found")
        best = max(runs, key=lambda r: len(r[0]))
        return OdometerReading(best[0], best[1], None, None, None)

    return read


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--reference", action="store_true", help="measure RapidOCR instead of our reader")
    parser.add_argument("--trained", action="store_true", help="the photos trained on, to choose limits with")
    parser.add_argument("--predictions", type=Path, help="also write what score_odometer.py reads")
    parser.add_argument("--write", action="store_true", help="put the figures into the manifests")
    a = parser.parse_args()
    cv2.setNumThreads(1)
    results = outcomes(a.data, rapid() if a.reference else opened(a.models), held=not a.trained)
    rows = rows_of(results)
    for line in rows:
        print(
            f"{line['value']:.4f}  {line['name']}"
            + (f"  (aim {line['aim']})" if line["aim"] is not None else "")
        )
    if a.predictions:
        content = [{"file": r.name, **r.answer.to_json()} for r in results]
        a.predictions.write_text(json.dumps(content, indent=1) + "\n")
    if a.write:
        photos = "photos of vehicles named in models/recipes/odometer_split.json, never trained on"
        metrics = {
            r["name"]: {"value": r["value"], "n": len(results), "photos": photos, "aim": r["aim"]}
            for r in rows
        }
        odometer_manifest.write(a.models, metrics)


if __name__ == "__main__":
    main()
