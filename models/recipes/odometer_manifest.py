"""What is said of the two odometer models; one place, so that recipe and evaluation write the same manifest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from inspection_service.vision.odometer_number import CHARACTERS
from inspection_service.vision.odometer_strip import STRIP_HEIGHT_PX, STRIP_WIDTH_PX

VERSION = "2026.11.22"
LETTERBOX_PX = 640
"""The longer side of a photo at run time; a training window of the locator shows a part of such a picture."""
TRODO = "TRODO v01, in the copy arda92a/Odometer-classification-and-mileage-extraction: no licence stated"
TRAINING_DATA = [
    {"name": "odometer, Iranian cars", "photos": 42, "licence": "MIT (alireza00bin/Odometer_Detection)"},
    {"name": "odometer, Turkish vans and scooters", "photos": 184, "licence": TRODO},
    {"name": "odometer_digits, display crops", "photos": 1521, "licence": TRODO},
]
LIMITS = (
    "Learnt from Turkish delivery vans and scooters, some Iranian cars and drawn displays. Hardly any full-screen "
    "clusters, no photos in miles, none taken sideways. Readings of four digits or fewer are not given, mechanical "
    "drums hardly ever."
)


def find_manifest() -> dict[str, Any]:
    """Of the locator."""
    side = LETTERBOX_PX
    return {
        "name": "odometer_find",
        "version": VERSION,
        "licence": "Apache-2.0",
        "task": "where on a photo of a dashboard the odometer's number stands",
        "input": {
            "name": "image", "shape": [1, 3, side, side], "colour": "BGR", "range": "0..255", "fit": "letterbox",
            "multiple_px": 32,
        },
        "outputs": {"boxes": "(1, N, 4) xyxy px of the input", "scores": "(1, N, 1) 0..1, no suppression applied"},
        "classes": ["odometer"],
        "thresholds": {"located": 0.12},
        "metrics": {},
        "training_data": [
            *TRAINING_DATA,
            {"name": "framing, as pictures without odometer", "photos": 1224, "licence": "see the data's SOURCES.md"},
            {"name": "vin_plate, as pictures without odometer", "photos": 203, "licence": "see the data's SOURCES.md"},
            {"name": "drawn clusters", "photos": 0, "licence": "Apache-2.0 (models/recipes/odometer_drawn.py)"},
        ],
        "recipe": "models/recipes/odometer.py",
        "measured_on": "2026-11-22",
        "limits": LIMITS,
    }  # fmt: skip


def read_manifest() -> dict[str, Any]:
    """Of the character network."""
    return {
        "name": "odometer_read",
        "version": VERSION,
        "licence": "Apache-2.0",
        "task": "every character on a strip of display, boxed and named",
        "input": {
            "name": "strip", "shape": [1, 3, STRIP_HEIGHT_PX, STRIP_WIDTH_PX], "colour": "BGR", "range": "0..255",
            "fit": "stretch",
        },
        "outputs": {
            "classes": "(1, 12, 16, 64) scores of the classes, a peak at the middle of each character",
            "tenths": "(1, 1, 16, 64) 0..1, the character stands on a tenths drum",
            "boxes": "(1, 4, 16, 64) xyxy px of the strip, valid at peaks",
        },
        "classes": list(CHARACTERS),
        "thresholds": {},
        "metrics": {},
        "training_data": [
            TRAINING_DATA[0],
            {**TRAINING_DATA[2], "photos": 1379},
            {"name": "drawn displays", "photos": 4000, "licence": "Apache-2.0 (models/recipes/odometer_drawn.py)"},
        ],
        "recipe": "models/recipes/odometer_read.py",
        "measured_on": "2026-11-22",
        "limits": LIMITS,
    }  # fmt: skip


def write(out: Path, metrics: dict[str, Any] | None = None) -> None:
    """Write the manifests of those models that lie in ``out``; figures measured before are kept if none are given."""
    for content in (find_manifest(), read_manifest()):
        onnx = out / f"{content['name']}.onnx"
        if not onnx.exists():
            continue
        path = out / f"{content['name']}.manifest.json"
        known = json.loads(path.read_text())["metrics"] if path.exists() else {}
        described = {
            **content,
            "metrics": metrics if metrics is not None else known,
            "file": onnx.name,
            "sha256": hashlib.sha256(onnx.read_bytes()).hexdigest(),
        }
        path.write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
