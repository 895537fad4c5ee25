"""Looks for what privacy hides, harder than judgement does: lower thresholds, and a second look close to every car.

The models see 416 and 640 px: on a photo of a whole car a plate is some thirty of them wide. So each car is looked at
again on its own, in overlapping halves; a false box costs a smudge, a missed one a person's plate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.decode import Limits, decode_photo
from inspection_service.vision.detector import BoxXyxy, Network, as_box, detect
from inspection_service.vision.engine import Model
from inspection_service.vision.manifest import model_set
from inspection_service.vision.scene import OVERLAP, SceneObject

LOOK_PX: Final = 1600
"""Longer side a photo is decoded to for looking."""
LEAST: Final[Mapping[str, float]] = {"car": 0.25, "person": 0.25, "plate": 0.12}
"""Scores that are enough to hide; judgement asks for more (the models' manifests)."""
CLOSE_LEAST: Final[Mapping[str, float]] = {"plate": 0.16}
"""For plates in a second look, where each is larger.

Source: 103 photos that trained the plate model, a third of them, where both limits cover 97 of 100 plates at 3.8 boxes
too many a photo; on the 150 kept apart, which took no part in the choice, 94 at 4.2. Many of the boxes too many cover
other writing and lamps. Lower limits found 2 more of 100 and smudged twice as much.
"""
_MOST_CARS: Final = 3
_AROUND: Final = 0.08


@dataclass(frozen=True, slots=True)
class Found:
    """What one photo shows that may have to be hidden.

    Attributes:
        objects: Boxes in pixels of the upright photo at full scale.
        sure: Those that judgement would count, too.
        width: Of the upright photo, in pixels.
        height: Likewise.
    """

    objects: tuple[SceneObject, ...]
    sure: frozenset[SceneObject]
    width: int
    height: int


class Hideable:
    """Finds cars, people and plates to hide; safe to use from several threads."""

    def __init__(self, scene: Network, plate: Network, sha256: str, limits: Limits | None = None) -> None:
        """Use opened ``scene`` and ``plate`` models; this SHA-256 names them both."""
        self._sha256 = sha256
        self._scene, self._plate = scene, plate
        self._limits = limits or Limits()

    @classmethod
    def open(cls, models_dir: Path) -> Hideable:
        """Open and verify the models.

        Raises:
            ModelMissing, ModelCorrupt: One is not there, or not the file its manifest describes.
        """
        scene, plate = Model.open(models_dir, "scene"), Model.open(models_dir, "plate")
        return cls(scene, plate, model_set([scene.manifest, plate.manifest]))

    @property
    def model_sha256(self) -> str:
        """Of the model files that look, as one."""
        return self._sha256

    def find(self, data: bytes) -> Found:
        """Look at a photo as it was received; blocks for some tenths of a second.

        Raises:
            UnusableImage: It cannot be decoded.
        """
        photo = decode_photo(data, LOOK_PX, self._limits)
        found = _look(self._scene, photo.pixels, (0, 0), LEAST)
        cars = sorted((o for o in found if o.kind == "car"), key=lambda o: -_area(o.box))[:_MOST_CARS]
        found += _look(self._plate, photo.pixels, (0, 0), LEAST)
        for left, top, right, bottom in _close_looks(photo.pixels, [car.box for car in cars]):
            part = photo.pixels[top:bottom, left:right]
            found += [o for o in _look(self._scene, part, (left, top), LEAST) if o.kind != "car"]
            found += _look(self._plate, part, (left, top), CLOSE_LEAST)
        scaled = tuple(
            SceneObject(o.kind, as_box(np.array(o.box, np.float32) * photo.scale), o.score) for o in found
        )
        judged = {**self._scene.thresholds, **self._plate.thresholds}
        sure = frozenset(o for o in scaled if o.score >= judged[o.kind])
        return Found(scaled, sure, photo.width, photo.height)


def _look(
    model: Network, image: NDArray[np.uint8], at: tuple[int, int], least: Mapping[str, float]
) -> list[SceneObject]:
    cells = detect(model, image, np.array([least[name] for name in model.classes], np.float32), OVERLAP)
    offset = np.array([*at, *at], np.float32)
    return [
        SceneObject(model.classes[label], as_box(box + offset), round(float(score), 4))
        for box, score, label in zip(cells.boxes, cells.scores, cells.labels, strict=True)
    ]


def _close_looks(image: NDArray[np.uint8], cars: list[BoxXyxy]) -> list[tuple[int, int, int, int]]:
    """Return the parts to look at again: for each car, or the whole picture without one, two overlapping halves."""
    height, width = image.shape[:2]
    looks = []
    for x1, y1, x2, y2 in cars or [(0.0, 0.0, float(width), float(height))]:
        dx, dy = _AROUND * (x2 - x1), _AROUND * (y2 - y1)
        left, right = max(0, int(x1 - dx)), min(width, int(x2 + dx) + 1)
        top, bottom = max(0, int(y1 + 0.2 * (y2 - y1))), min(height, int(y2 + dy) + 1)
        wide = (right - left) * 6 // 10
        looks += [(left, top, left + wide, bottom), (right - wide, top, right, bottom)]
    return [look for look in looks if min(look[2] - look[0], look[3] - look[1]) >= 32 and _is_seemly(look)]


def _is_seemly(look: tuple[int, int, int, int]) -> bool:
    wide, high = look[2] - look[0], look[3] - look[1]
    return max(wide, high) <= 6 * min(wide, high)


def _area(box: BoxXyxy) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
