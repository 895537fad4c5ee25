"""Choose thresholds of a `scene`, `plate` or `damage` model, measure it, and write its manifest beside it.

    python -m models.recipes.detection_release damage --data DATA --models models/

Runs after training, with the run-time classes and without torch, so the figures in a manifest are those of the file
that is shipped. Thresholds are chosen on the photos kept apart from training (`detection_split.json`); no generated
picture takes part in that choice.
"""

import argparse
import hashlib
import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.damage import Damage
from inspection_service.vision.damage_score import Calibration, logit
from inspection_service.vision.engine import Model
from models.recipes import evaluate_detection as evaluation

CALIBRATED_FROM = 0.1
"""Least score of a box that takes part in the calibration; what is below is never shown."""
FEWEST_BOXES = 20
"""Right ones and wrong ones that a calibration needs each."""

OPEN_IMAGES = {
    "name": "Open Images subset 'License Plates' (Roboflow, samrat-sahoo)",
    "photos": 0,
    "licence": "images CC BY 2.0, annotations CC BY 4.0",
}
COCO = {
    "name": "COCO 2017, by way of the published NanoDet-Plus-m weights",
    "photos": 118287,
    "licence": "CC BY 4.0",
}


def _input(longer_side_px: int) -> dict[str, Any]:
    """What every detector takes: a photo in its own shape, sides that are multiples of 32."""
    return {
        "name": "image",
        "shape": [1, 3, longer_side_px, longer_side_px],
        "colour": "BGR",
        "range": "0..255",
        "fit": "letterbox",
        "multiple_px": 32,
    }


SCENE: dict[str, Any] = {
    "name": "scene",
    "version": "2026.11.22.3",
    "file": "scene.onnx",
    "sha256": "",
    "licence": "Apache-2.0",
    "task": "Boxes of cars and people in a photo",
    "input": _input(416),
    "outputs": {
        "boxes": "(1, N, 4) xyxy in pixels of the input",
        "scores": "(1, N, 2) one independent score 0..1 for each class; non-maximum suppression is outside",
    },
    "classes": ["car", "person"],
    "training_data": [COCO],
    "recipe": "models/recipes/scene.py",
    "measured_on": "2026-11-22",
    "limits": "People are found as the COCO start finds them; that was not measured here. Faces are not a class.",
}

PLATE: dict[str, Any] = {
    "name": "plate",
    "version": "2026.11.22",
    "file": "plate.onnx",
    "sha256": "",
    "licence": "Apache-2.0",
    "task": "Boxes of number plates in a photo",
    "input": _input(640),
    "outputs": {
        "boxes": "(1, N, 4) xyxy in pixels of the input",
        "scores": "(1, N, 1) score 0..1; non-maximum suppression is outside",
    },
    "classes": ["plate"],
    "training_data": [
        COCO,
        {**OPEN_IMAGES, "photos": 231},
        {"name": "openalpr/benchmarks endtoend/eu", "photos": 77, "licence": "AGPL-3.0 (repository)"},
        {
            "name": "car interiors of the framing set (no plates in them but drawn ones)",
            "photos": 232,
            "licence": "none stated; never published",
        },
        {"name": "drawn plates", "photos": 0, "licence": "Apache-2.0 (models/recipes/plate_drawn.py)"},
    ],
    "recipe": "models/recipes/plate.py",
    "measured_on": "2026-11-22",
    "limits": "Of the plates under 24 px (root of area, photos of 416 to 512 px) one in three is missed. "
    "Plates of Europe, and of whatever Open Images shows, in daylight; few at night; other shapes only as drawn ones.",
}

DAMAGE: dict[str, Any] = {
    "name": "damage",
    "version": "2026.11.22.4",
    "file": "damage.onnx",
    "sha256": "",
    "licence": "Apache-2.0",
    "task": "Boxes of damage on a car, with a type where the model is sure of it",
    "input": _input(512),
    "outputs": {
        "boxes": "(1, N, 4) xyxy in pixels of the input",
        "scores": "(1, N, 1) score 0..1 of damage of any kind; non-maximum suppression is outside",
        "types": "(1, N, 5) probabilities of the classes, summing to 1, meaningful where the score is high",
    },
    "classes": ["dent", "scratch", "glass_shatter", "lamp_broken", "other_damage"],
    "training_data": [
        COCO,
        {
            "name": "Bilgi University Car Damage (Roboflow)",
            "photos": 1204,
            "licence": "CC BY 4.0 (uploader's claim)",
        },
        {
            "name": "lensor case study (Roboflow export)",
            "photos": 372,
            "licence": "CC BY 4.0 (uploader's claim)",
        },
        {**OPEN_IMAGES, "photos": 220},
        {
            "name": "framing set: auto.ria.com listings and dsmlr car parts, undamaged; dents and scratches "
            "painted on dsmlr panels",
            "photos": 1341,
            "licence": "none stated; never published",
        },
        {"name": "renders of a generated car", "photos": 37, "licence": "ours"},
    ],
    "both_ways": True,
    "recipe": "models/recipes/damage.py",
    "measured_on": "2026-11-22",
    "limits": "Never seen in training: cracks and flat tyres as such, damage at night or in rain, motorcycles, "
    "undamaged close-ups (they are imitated by cutting whole photos). Scratches under 16 px in the 512 px input are "
    "mostly missed. Photos are from Turkey and India. A box is a place to look at, not an assessment.",
}


def _figure(value: float, n: int, photos: str, aim: float | None = None) -> dict[str, Any]:
    """One metric of a manifest; shares carry their 95 % interval (Wilson)."""
    z, p = 1.96, min(max(value, 0.0), 1.0)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    out: dict[str, Any] = {"value": round(value, 3), "n": n, "photos": photos, "aim": aim}
    if value <= 1:
        out["interval"] = [round(middle - half, 3), round(middle + half, 3)]
    return out


def fit(scores: evaluation.Floats, right: NDArray[np.bool_], steps: int = 50) -> Calibration:
    """Platt's two numbers by Newton's method; scores stay as they are where there is too little to fit."""
    if right.sum() < FEWEST_BOXES or (~right).sum() < FEWEST_BOXES:
        return Calibration()
    x = np.stack([logit(scores), np.ones(len(scores))], 1)
    weights = np.array([1.0, 0.0])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-(x @ weights)))
        bend = (x * (p * (1 - p))[:, None]).T @ x + 1e-6 * np.eye(2)
        weights = weights - np.linalg.solve(bend, x.T @ (p - right))
    return Calibration(round(float(weights[0]), 4), round(float(weights[1]), 4))


def calibrate(photos: Sequence[evaluation.Photo]) -> tuple[Calibration, float, float]:
    """The calibration to ship, and the error before and after.

    The error after is measured on the half of the listings and claims that did not take part in the fit, for both
    halves in turn; what is shipped is fitted on all of them.
    """
    halves = [[p for p in photos if zlib.crc32(p.group.encode()) % 2 == k] for k in (0, 1)]
    said, so = [], []
    for half, other in (halves, halves[::-1]):
        scores, right = evaluation.boxes_right(other, CALIBRATED_FROM)
        said.append(fit(*evaluation.boxes_right(half, CALIBRATED_FROM))(scores))
        so.append(right)
    scores, right = evaluation.boxes_right(photos, CALIBRATED_FROM)
    after = evaluation.calibration_error(np.concatenate(said), np.concatenate(so))
    return fit(scores, right), evaluation.calibration_error(scores, right), after


def measure_damage(data: Path, models: Path) -> tuple[dict[str, float], dict[str, Any], Calibration]:
    """(thresholds, metrics, calibration) of ``damage.onnx`` on the photos kept apart."""
    damage = Damage(Model.open(models, "damage"), evaluation.ALL, both_ways=bool(DAMAGE["both_ways"]))
    photos = evaluation.damage_photos(
        data, lambda im: [(np.array(d.box, np.float32), d.score) for d in damage(im)]
    )
    calibration, before, after = calibrate(photos)
    boxes = max(1, len(evaluation.boxes_right(photos, CALIBRATED_FROM)[0]))
    photos = [replace(p, scores=calibration(p.scores)) for p in photos]
    clean = [p for p in photos if not p.damaged]
    at_one = math.ceil(evaluation.threshold_at(photos, 1.0) * 1000) / 1000
    n = sum(len(p.truth) for p in photos)
    where = (
        f"{len(photos) - len(clean)} damaged and {len(clean)} undamaged photos of the training sources, kept "
        "apart by listing, claim and look; boxes of 16 px or more, IoU 0.3 unless said"
    )
    fourth = math.ceil(evaluation.threshold_at(photos, 0.25) * 1000) / 1000
    metrics = {
        "ap30": _figure(evaluation.average_precision(photos, 0.3), n, where, 0.45),
        "ap50": _figure(evaluation.average_precision(photos, 0.5), n, where),
        "auroc": _figure(evaluation.auroc(photos), len(photos), where, 0.97),
        "recall_at_1_false_box_per_clean_car": _figure(
            evaluation.recall_above(photos, at_one, 0.3), n, where, 0.65
        ),
        "recall_at_1_false_box_per_4_clean_cars": _figure(
            evaluation.recall_above(photos, fourth, 0.3), n, where
        ),
    }
    said = f"boxes scored {CALIBRATED_FROM} or more before; ten bins"
    metrics["calibration_error_before"] = _figure(before, boxes, said)
    metrics["calibration_error"] = _figure(
        after,
        boxes,
        said + "; fitted on one half of the listings and claims, measured on the other, both ways",
    )
    for source in sorted({p.source for p in photos if p.damaged}):
        part = [p for p in photos if p.source == source or not p.damaged]
        metrics[f"ap30_{source}"] = _figure(
            evaluation.average_precision(part, 0.3), sum(len(p.truth) for p in part), f"{source} alone"
        )
    return {"damage": at_one, "damage_sure": fourth, "type": 0.5}, metrics, calibration


def measure_scene(data: Path, models: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """(thresholds, metrics) of ``scene.onnx`` on the photos kept apart."""
    cars = evaluation.plate_photos(data, "car", evaluation.things(Model.open(models, "scene")))
    thresholds = {"car": 0.4, "person": 0.4}
    metrics = {
        "car_ap50": _figure(
            evaluation.average_precision(cars, 0.5),
            sum(len(p.truth) for p in cars),
            f"{len(cars)} photos of Open Images; the car heads are those of the COCO start, which scores the same",
        ),
        "largest_car_found": _figure(
            float(
                np.mean([evaluation.largest_car_found(p, thresholds["car"]) for p in cars if len(p.truth)])
            ),
            len(cars),
            "the same photos; IoU 0.5 with the largest vehicle, score 0.4",
        ),
    }
    return thresholds, metrics


def measure_plate(data: Path, models: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """(thresholds, metrics) of ``plate.onnx`` on the photos kept apart."""
    plates = evaluation.plate_photos(data, "plate", evaluation.things(Model.open(models, "plate")))
    # a false box costs a blurred patch, a missed plate somebody's privacy: one false box a photo is the price
    chosen = math.ceil(evaluation.false_boxes_threshold(plates, 1.0) * 1000) / 1000
    fewer = evaluation.false_boxes_threshold(plates, 0.5)
    where = f"{len(plates)} photos (Open Images, openalpr Europe) kept apart from the training"
    readable = evaluation.at_least(plates, 24)
    n, m = sum(len(p.truth) for p in plates), sum(len(p.truth) for p in readable)
    european = [p for p in plates if p.source == "alpr"]
    metrics = {
        "plates_hidden_at_1_false_box": _figure(evaluation.hidden(plates, chosen), n, where, 0.99),
        "plates_hidden_at_1_false_box_in_2_photos": _figure(evaluation.hidden(plates, fewer), n, where),
        "plates_24px_hidden_at_1_false_box": _figure(
            evaluation.hidden(readable, chosen), m, where + "; plates of 24 px (root of area) or more", 0.99
        ),
        "plates_hidden_europe": _figure(
            evaluation.hidden(european, chosen), len(european), "openalpr Europe alone; shipped threshold"
        ),
        "plate_ap50": _figure(evaluation.average_precision(plates, 0.5), n, where),
    }
    return {"plate": chosen}, metrics


def main() -> None:
    """Write the manifest twice: first so that the file can be opened, then with what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=["scene", "plate", "damage"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    a = parser.parse_args()
    cv2.setNumThreads(1)
    content = {"scene": SCENE, "plate": PLATE, "damage": DAMAGE}[a.name]
    onnx, manifest = a.models / content["file"], a.models / f"{a.name}.manifest.json"
    content["sha256"] = hashlib.sha256(onnx.read_bytes()).hexdigest()
    names = ["damage", "damage_sure", "type"] if a.name == "damage" else content["classes"]
    content["thresholds"], content["metrics"] = dict.fromkeys(names, evaluation.ALL), {}
    manifest.write_text(json.dumps(content, indent=2) + "\n")
    if a.name != "damage":
        measure = measure_scene if a.name == "scene" else measure_plate
        content["thresholds"], content["metrics"] = measure(a.data, a.models)
    else:
        content["thresholds"], content["metrics"], calibration = measure_damage(a.data, a.models)
        content["calibration"] = {
            "method": "Platt: logit(probability) = slope * logit(score) + offset",
            **asdict(calibration),
            "fitted_on": "the photos that are measured; the calibration error is measured across halves of them",
        }
    manifest.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, figure in content["metrics"].items():
        print(f"{figure['value']:.3f}  {name}  (n {figure['n']})")
    print(content["thresholds"])


if __name__ == "__main__":
    main()
