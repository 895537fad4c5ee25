"""How many faces are hidden in a public copy, by what looks for them there: people, whose whole boxes are hidden.

    python -m models.recipes.evaluate --only face --data DATA

There is no model of faces. The truth is what YuNet proposes and a person confirmed (``face_boxes.json``), so faces that
YuNet misses are not counted. A face is hidden when one box, grown as the copy grows it, covers 80 % of it; a box that
touches no face is false, also when it shows somebody from behind. No torch here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inspection_service.privacy.hiding import GROWN
from inspection_service.vision.hideable import LEAST, Hideable
from models.recipes.evaluate_detection import Photo, false_boxes_threshold, hidden

MODELS = Path(__file__).parents[1]
FACES: dict[str, Any] = json.loads(Path(__file__).with_name("face_boxes.json").read_text())


def face_photos(data: Path, models: Path) -> list[Photo]:
    """Faces and what would be hidden, on every photo of the list."""
    find, out = Hideable.open(models).find, []
    for name in [*FACES["faces"], *FACES["none"]]:
        truth = np.array(FACES["faces"].get(name, []), np.float32).reshape(-1, 4)
        truth[:, 2:] += truth[:, :2]
        people = [o for o in find((data / name).read_bytes()).objects if o.kind == "person"]
        out.append(
            Photo(
                truth=truth,
                small=np.zeros((0, 4), np.float32),
                found=np.array([o.box for o in people], np.float32).reshape(-1, 4),
                scores=np.array([o.score for o in people], np.float32),
                damaged=len(truth) > 0,
                source=name.split("/")[0],
            )
        )
    return out


def false_boxes(photos: Sequence[Photo]) -> float:
    """Boxes a photo without a face, on average: each smudges what nobody had to hide."""
    empty = [len(p.found) for p in photos if not len(p.truth)]
    return float(np.mean(empty)) if empty else 0.0


def face_metrics(data: Path, models: Path = MODELS) -> list[dict[str, Any]]:
    """Figures of faces in public copies."""
    photos, margin = face_photos(data, models), GROWN["person"]
    n = sum(len(p.truth) for p in photos)
    empty = len(FACES["none"])
    at_one = max(LEAST["person"], false_boxes_threshold(photos, 1.0))
    return [
        _row(f"face hidden, public copy as shipped ({n} faces)", hidden(photos, 0.0, margin)),
        _row(f"face hidden, one false box a photo (score {at_one:.2f})", hidden(photos, at_one, margin)),
        _row(f"face, boxes on a photo without one ({empty} photos)", false_boxes(photos)),
    ]


def _row(name: str, value: float) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(("reference", "reference_value", "ratio", "aim", "met"))
    return {"name": name, "value": round(value, 4), "unit": "", **empty}
