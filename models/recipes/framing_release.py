"""Choose the fault thresholds of a trained framing model, measure it, and write its manifest beside it.

    python -m models.recipes.framing_release --data DATA [--models models/]

Runs after training, with the run-time classes and without torch, so that the figures in the manifest are those of the
file that is shipped. Of the photos kept apart, half (by group) choose and the other half measures; no generated picture
takes part in either.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inspection_service.vision.framing import VIEWS
from models.recipes import evaluate_framing as evaluation
from models.recipes import phone
from models.recipes.evaluate_same_car import same_car_metrics

THRESHOLDS = {
    "accept": 0.35,
    "accept_best": 0.25,
    "outside": 0.3,
    "sharpness": 0.15,
    "brightness": 38.0,
    "highlights": 130.0,
    "display": 150.0,
    "blur": 0.6,
    "dark": 0.6,
    "glare": 0.6,
    "screen_photo": 0.6,
    "cut_off": 0.75,
    "cut_off_at_edge": 0.6,
    "too_small": 0.4,
    "margin": 0.008,
    "car_share": 0.06,
}

MANIFEST: dict[str, Any] = {
    "name": "framing",
    "version": "2026.11.22",
    "file": "framing.onnx",
    "sha256": "",
    "licence": "Apache-2.0",
    "task": "Which of twenty views a photo shows, and what makes it unfit",
    "input": {
        "name": "image",
        "shape": [1, 3, 224, 224],
        "colour": "BGR",
        "range": "0..255",
        "fit": "stretch",
    },
    "outputs": {
        "views": "(1, 20) probabilities in the order of classes, sum 1, of one look; photos get two",
        "faults": "(1, 6) probabilities of blur, dark, glare, cut_off, too_small, screen_photo, independent",
        "car": "(1, 128) how a car looks: 64 numbers to compare whole pictures, 64 to compare cars cut out of them",
    },
    "classes": list(VIEWS),
    "thresholds": THRESHOLDS,
    "metrics": {},
    "training_data": [
        {"name": "ImageNet, by way of the published EfficientNet-Lite0 weights", "photos": 1281167,
         "licence": "weights Apache-2.0"},
        {"name": "ustymhentosh/CarPhotoQualityEnforcer (auto.ria.com listings)", "photos": 749,
         "licence": "none stated; never published"},
        {"name": "dsmlr/Car-Parts-Segmentation", "photos": 497, "licence": "none stated; never published"},
        {"name": "SultanovAR/show_vallib, VIN plates", "photos": 142, "licence": "CC BY 4.0 / not stated"},
        {"name": "TRODO and alireza00bin/Odometer_Detection", "photos": 307, "licence": "not stated / MIT"},
        {"name": "plates set (Open Images CC BY 2.0, openalpr AGPL-3.0)", "photos": 116,
         "licence": "train and measure only"},
        {"name": "damage set, close-ups as `other`", "photos": 211, "licence": "CC BY 4.0"},
        {"name": "generated documents and renders of a generated car", "photos": 57, "licence": "ours"},
    ],
    "recipe": "models/recipes/framing.py",
    "measured_on": "2026-11-22",
    "limits": (
        "Passenger cars and pick-ups in daylight. Two photos of tyre treads and some twenty of boots taught: those "
        "views are weak or unmeasured. Faults are learned from imitations (blur, darkness, glare, photos of screens); "
        "no real photo of a screen was at hand. Interiors come from one listing site."
    ),
}  # fmt: skip

PHOTOS = "listed in models/splits/framing.json: car models and originals that never taught"


def fault_thresholds(good: list[evaluation.Look]) -> dict[str, float]:
    """Set each fault's threshold a quarter above what 99 % of good photos stay below, between 0.15 and 0.6."""
    found = {}
    for code in phone.FAULTS:
        high = float(np.percentile([x.seen.faults[code] for x in good], 99))
        found[code] = round(min(0.6, max(0.15, 1.25 * high)), 3)
    return found


def write(models: Path, metrics: dict[str, Any]) -> None:
    """Write the manifest of ``framing.onnx`` as it lies in ``models``, with the thresholds as they now are."""
    digest = hashlib.sha256((models / "framing.onnx").read_bytes()).hexdigest()
    content = {**MANIFEST, "sha256": digest, "metrics": metrics}
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (models / "framing.manifest.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Write the thresholds, measure with them, write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path(__file__).parent.parent)
    a = parser.parse_args()
    cv2.setNumThreads(1)
    write(a.models, {})
    eyes = evaluation.Eyes(a.models)
    chosen = [eyes.look(p) for p in evaluation.held_out(a.data) if evaluation.chose_thresholds(p)]
    THRESHOLDS.update(fault_thresholds(evaluation.good_ones(chosen)))
    write(a.models, {})
    rows = evaluation.framing_metrics(a.data, a.models) + same_car_metrics(a.data, a.models)
    write(
        a.models,
        {r["name"]: {"value": r["value"], "n": r["n"], "photos": PHOTOS, "aim": r["aim"]} for r in rows},
    )
    for r in rows:
        print(f"{r['value']:.4f}  {r['name']} (n {r['n']})" + (f"  (aim {r['aim']})" if r["aim"] else ""))


if __name__ == "__main__":
    main()
