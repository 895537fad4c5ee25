"""Measure the shipped detectors on photos that no training saw, with the classes the service runs.

    python -m models.recipes.evaluate --only damage scene --data DATA

The photos kept apart are named in `detection_split.json`. Damage is scored as `score_damage.py` of the data kit does
(COCO's 101-point average precision, several boxes on one damage count as false, boxes under 16 px neither right nor
wrong), plates as `score_boxes.py` does (covered by at least 80 %). No torch here.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.damage import Damage
from inspection_service.vision.detector import Network, iou
from inspection_service.vision.engine import Model
from inspection_service.vision.scene import Scene, SceneObject

MODELS = Path(__file__).parents[1]
SPLIT: dict[str, list[str]] = json.loads(Path(__file__).with_name("detection_split.json").read_text())
ALL = 0.01
"""Least score asked for when the whole curve is wanted."""
ALL_DAMAGE = 0.001
"""The same as a calibrated probability of damage: a raw score of some 0.06."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Photo:
    """One photo's truth and what was found in it.

    Attributes:
        truth: ``(n, 4)`` xyxy boxes to be found.
        small: ``(m, 4)`` boxes that need not be found, and are not wrong when found.
        found: ``(k, 4)`` xyxy; scores: ``(k,)``, any order.
        damaged: Whether anything is there at all, boxes or not.
        source: Where the photo is from.
        group: Photos of one listing or claim share it.
    """

    truth: Floats
    small: Floats
    found: Floats
    scores: Floats
    damaged: bool
    source: str
    group: str = ""


def matched(photo: Photo, limit: float) -> list[tuple[float, bool]]:
    """(score, right?) of every detection that counts, surest first; each true box is found once."""
    used = np.zeros(len(photo.truth), bool)
    out = []
    for k in np.argsort(-photo.scores, kind="stable"):
        over = np.where(used, -1, iou(photo.found[k], photo.truth)) if len(used) else np.zeros(0)
        if len(over) and over.max() >= limit:
            used[int(over.argmax())] = True
            out.append((float(photo.scores[k]), True))
        elif len(photo.small) and iou(photo.found[k], photo.small).max() >= limit:
            continue
        else:
            out.append((float(photo.scores[k]), False))
    return out


def average_precision(photos: Sequence[Photo], limit: float) -> float:
    """COCO's 101-point average precision at one IoU."""
    total = sum(len(p.truth) for p in photos)
    hits = sorted((h for p in photos for h in matched(p, limit)), key=lambda h: -h[0])
    if not hits or not total:
        return 0.0
    right = np.cumsum([h[1] for h in hits])
    recall, precision = right / total, right / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101) - 1e-12)
    return float(np.mean([precision[i] if i < len(precision) else 0.0 for i in at]))


def auroc(photos: Sequence[Photo]) -> float:
    """How often a damaged photo's surest box is surer than an undamaged one's."""
    top = [float(p.scores.max()) if len(p.scores) else 0.0 for p in photos]
    yes = np.array([t for t, p in zip(top, photos, strict=True) if p.damaged])[:, None]
    no = np.array([t for t, p in zip(top, photos, strict=True) if not p.damaged])[None]
    return float((yes > no).mean() + 0.5 * (yes == no).mean())


def threshold_at(photos: Sequence[Photo], false_per_clean: float) -> float:
    """Least score at which undamaged photos show at most so many boxes each, on average."""
    clean = [p for p in photos if not p.damaged]
    scores = np.sort(np.concatenate([p.scores for p in clean]))[::-1]
    k = int(false_per_clean * len(clean) + 1e-9)
    return float(scores[k]) if len(scores) > k else 0.0


def recall_above(photos: Sequence[Photo], threshold: float, limit: float) -> float:
    """Share of the true boxes found by boxes surer than a threshold."""
    total = sum(len(p.truth) for p in photos)
    found = sum(s > threshold and ok for p in photos for s, ok in matched(p, limit))
    return found / max(total, 1)


def boxes_right(photos: Sequence[Photo], least: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Scores from ``least`` on, and whether each box marks a damage (IoU 0.3, 16 px or more)."""
    counted = [(s, ok) for p in photos for s, ok in matched(p, 0.3) if s >= least]
    return np.array([s for s, _ in counted], np.float32), np.array([ok for _, ok in counted], bool)


def calibration_error(probabilities: Floats, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Mean distance between what is said and what is so, over bins of equal width weighted by their boxes (ECE)."""
    at = np.minimum((probabilities * bins).astype(int), bins - 1)
    total = 0.0
    for k in range(bins):
        inside = at == k
        if inside.any():
            total += inside.mean() * abs(float(probabilities[inside].mean()) - float(right[inside].mean()))
    return float(total)


def damage_photos(
    data: Path, detect: Callable[[NDArray[np.uint8]], Sequence[tuple[Floats, float]]], min_size_px: float = 16
) -> list[Photo]:
    """Run a damage detector over the photos kept apart."""
    folder = data / "damage"
    content = json.loads((folder / "annotations.json").read_text())
    kept = set(SPLIT["damage"])
    boxes: dict[int, list[list[float]]] = {}
    for a in content["annotations"]:
        x, y, w, h = a["bbox"]
        boxes.setdefault(a["image_id"], []).append([x, y, x + w, y + h])
    out = []
    for row in content["images"]:
        if row["file_name"] not in kept:
            continue
        truth = np.array(boxes.get(row["id"], []), np.float32).reshape(-1, 4)
        large = (truth[:, 2] - truth[:, 0]) * (truth[:, 3] - truth[:, 1]) >= min_size_px**2
        found = detect(np.asarray(cv2.imread(str(folder / "images" / row["file_name"])), np.uint8))
        out.append(
            Photo(
                truth=truth[large],
                small=truth[~large],
                found=np.array([b for b, _ in found], np.float32).reshape(-1, 4),
                scores=np.array([s for _, s in found], np.float32),
                damaged=bool(row["damaged"]),
                source=row["source"].split("-")[0],
                group=f"{row['source']}:{re.split(r'[-_.]', row['original_file'])[0]}",
            )
        )
    return out


def plate_photos(data: Path, kind: str, scene: Callable[[bytes], Iterable[SceneObject]]) -> list[Photo]:
    """Look for plates or cars, as ``kind`` says, in the plate photos kept apart (cars: Open Images only)."""
    kept, out = set(SPLIT["plates"]), []
    for row in json.loads((data / "plates" / "labels.json").read_text()):
        truth = np.array(row["plates" if kind == "plate" else "vehicles"] or [], np.float32).reshape(-1, 4)
        if row["file"] not in kept or (kind == "car" and row["vehicles"] is None):
            continue
        truth[:, 2:] += truth[:, :2]
        found = [o for o in scene((data / "plates" / row["file"]).read_bytes()) if o.kind == kind]
        out.append(
            Photo(
                truth=truth,
                small=np.zeros((0, 4), np.float32),
                found=np.array([o.box for o in found], np.float32).reshape(-1, 4),
                scores=np.array([o.score for o in found], np.float32),
                damaged=len(truth) > 0,
                source=row["file"].split("/")[-1].split("_")[0],
            )
        )
    return out


def _covered(box: Floats, others: Floats) -> Floats:
    """Share of ``box`` that each of ``others`` covers."""
    wide = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0])
    high = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1])
    area = max(float((box[2] - box[0]) * (box[3] - box[1])), 1e-9)
    return np.asarray(np.clip(wide, 0, None) * np.clip(high, 0, None) / area, np.float32)


def hidden(photos: Sequence[Photo], threshold: float, margin: float = 0.1) -> float:
    """Share of the true boxes covered to 80 % by boxes surer than a threshold, each grown by a margin."""
    right = total = 0
    for p in photos:
        boxes = p.found[p.scores > threshold]
        size = np.concatenate([boxes[:, 2:] - boxes[:, :2]] * 2, 1) if len(boxes) else boxes
        grown = boxes + size * margin * np.array([-1, -1, 1, 1], np.float32)
        total += len(p.truth)
        right += sum(bool(len(grown)) and bool((_covered(t, grown) >= 0.8).any()) for t in p.truth)
    return right / max(total, 1)


def false_boxes_threshold(photos: Sequence[Photo], per_photo: float) -> float:
    """Least score at which boxes that touch no true one number at most so many a photo, on average."""
    false = sorted((score for each in _false(photos) for score in each), reverse=True)
    k = int(per_photo * len(photos))
    return false[k] if len(false) > k else 0.0


def _false(photos: Sequence[Photo]) -> list[list[float]]:
    """Of each photo, the scores of the boxes that touch no true one."""
    out: list[list[float]] = []
    for p in photos:
        out.append([])
        for box, score in zip(p.found, p.scores, strict=True):
            touching = len(p.truth) and (
                (_covered(box, p.truth) >= 0.1).any()
                or any(_covered(t, box[None])[0] >= 0.1 for t in p.truth)
            )
            if not touching:
                out[-1].append(float(score))
    return out


def at_least(photos: Sequence[Photo], side_px: float) -> list[Photo]:
    """The same photos with only the true boxes whose root of area is at least so large."""
    out = []
    for p in photos:
        large = (p.truth[:, 2] - p.truth[:, 0]) * (p.truth[:, 3] - p.truth[:, 1]) >= side_px**2
        out.append(replace(p, truth=p.truth[large], small=np.concatenate([p.small, p.truth[~large]])))
    return out


class AllScores:
    """A model with its thresholds lowered, so that whole curves can be drawn with the run-time classes."""

    def __init__(self, model: Network) -> None:
        self.classes, self.prepare, self.run = model.classes, model.prepare, model.run
        self.thresholds: Mapping[str, float] = dict.fromkeys(model.thresholds, ALL)


def row(
    name: str, value: float, reference: str, reference_value: float | None, aim: float | None
) -> dict[str, Any]:
    """One line of the evaluation; ``ratio`` is ours over the reference's, ``met`` whether the aim is reached."""
    return {
        "name": name,
        "value": round(value, 4),
        "unit": "",
        "reference": reference,
        "reference_value": reference_value,
        "ratio": round(value / reference_value, 2) if reference_value else None,
        "aim": aim,
        "met": None if aim is None else bool(value >= aim),
    }


def damage_metrics(data: Path, models: Path = MODELS) -> list[dict[str, Any]]:
    """Figures of the damage model on the photos kept apart."""
    model = Model.open(models, "damage")
    damage = Damage.of(model, ALL_DAMAGE)
    photos = damage_photos(data, lambda im: [(np.array(d.box, np.float32), d.score) for d in damage(im)])
    n = f"{sum(p.damaged for p in photos)} damaged and {sum(not p.damaged for p in photos)} undamaged photos kept apart"
    base = "NanoDet-Plus-m, one class, 512 px, three passes, on other photos"
    at_one = threshold_at(photos, 1.0)
    shipped = float(model.thresholds["damage"])
    clean = [p for p in photos if not p.damaged]
    rows = [
        row(f"damage AP30 ({n})", average_precision(photos, 0.3), base, 0.20, 0.45),
        row("damage AP50", average_precision(photos, 0.5), base, 0.09, None),
        row("damage AUROC", auroc(photos), base, 0.94, 0.97),
        row("damage recall at 1 false box per clean car", recall_above(photos, at_one, 0.3), base, 0.43, 0.65),
        row(f"damage recall at the shipped threshold {shipped}", recall_above(photos, shipped, 0.3), "", None, None),
        row(
            "damage false boxes per clean car at the shipped threshold",
            sum(float((p.scores >= shipped).sum()) for p in clean) / max(len(clean), 1), "", None, None,
        ),
    ]  # fmt: skip
    said, right = boxes_right(photos, shipped)
    rows.append(
        row(f"damage calibration error (ECE) of the {len(said)} boxes that are shown, lower is better",
            calibration_error(said, right), "", None, None)
    )  # fmt: skip
    for source in sorted({p.source for p in photos if p.damaged}):
        part = [p for p in photos if p.source == source or not p.damaged]
        rows.append(row(f"damage AP30, {source}", average_precision(part, 0.3), "", None, None))
    return rows


def things(model: Network) -> Callable[[bytes], tuple[SceneObject, ...]]:
    """What one look of a detector finds in a photo, whatever its score."""
    scene = Scene(AllScores(model))
    return lambda data: scene(
        np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    )


def scene_metrics(data: Path, models: Path = MODELS) -> list[dict[str, Any]]:
    """Figures of the scene model on the photos kept apart."""
    model = Model.open(models, "scene")
    cars = plate_photos(data, "car", things(model))
    coco = "the COCO start, whose car heads are kept as they are"
    largest = [largest_car_found(p, float(model.thresholds["car"])) for p in cars if len(p.truth)]
    return [
        row(f"car AP50 ({len(cars)} photos)", average_precision(cars, 0.5), coco, None, None),
        row("largest car of the photo found", float(np.mean(largest)), coco, None, None),
    ]


def false_boxes(photos: Sequence[Photo]) -> float:
    """Boxes that touch no true one, on average of the photos."""
    return sum(map(len, _false(photos))) / max(len(photos), 1)


def largest_car_found(photo: Photo, threshold: float) -> bool:
    """Whether the largest true box of a photo is met by one surer than a threshold, at IoU 0.5."""
    area = (photo.truth[:, 2] - photo.truth[:, 0]) * (photo.truth[:, 3] - photo.truth[:, 1])
    boxes = photo.found[photo.scores >= threshold]
    return bool(len(boxes)) and bool(iou(photo.truth[int(area.argmax())], boxes).max() >= 0.5)
