"""Where a car is damaged, as far as a photo shows it: boxes with a score and, where the model is sure, a type.

The model has one score for damage of any kind; that one is measured, thresholded and reported. The type is a second,
weaker statement about the same place, and is withheld (``other_damage``) when no type is likely enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.damage_mirrored import detect_both_ways
from inspection_service.vision.damage_score import Calibration
from inspection_service.vision.detector import BoxXyxy, Network, as_box, detect
from inspection_service.vision.engine import Model

OVERLAP = 0.4
"""Damages lie beside each other, seldom on each other; a nested box is mostly the same damage seen twice."""

UNTYPED = "other_damage"

CAR_SHARE = 0.2
"""A car that fills a fifth of the photo is what was photographed; a smaller one stands behind a close-up."""

ON_CAR = 0.5
"""Share of a damage that must lie on a car.

Source: on the photos kept apart, the two values change the average precision by less than 0.01, for the better.
"""


@dataclass(frozen=True)
class Detection:
    """One damage, as the model sees it: a statement in pixels, no finding yet.

    Attributes:
        kind: ``dent``, ``scratch``, ``glass_shatter``, ``lamp_broken`` or ``other_damage``.
        box: xyxy, pixels of the upright photo.
        score: Probability, 0..1, that there is damage of any kind.
    """

    kind: str
    box: BoxXyxy
    score: float

    def to_json(self) -> dict[str, Any]:
        """As the judgement carries it."""
        return {"kind": self.kind, "box": list(self.box), "score": self.score}


class Damage:
    """Finds damage; safe to use from several threads."""

    def __init__(
        self,
        model: Network,
        threshold: float | None = None,
        calibration: Calibration | None = None,
        *,
        both_ways: bool = False,
    ) -> None:
        """Use an opened ``damage`` model; :meth:`of` also takes the calibration from its manifest.

        Args:
            model: Its classes name the types; its manifest's thresholds are ``damage`` (least probability) and
                ``type`` (least probability at which a type is named).
            threshold: Least probability, instead of the manifest's; evaluation asks for all of them.
            calibration: From the network's score to a probability; without one the score is taken for it.
            both_ways: Look at the mirror image too and take the mean: fewer misses for twice the time.
        """
        self._model = model
        self._calibration = calibration or Calibration()
        least = model.thresholds["damage"] if threshold is None else threshold
        self._least = self._calibration.raw(least)
        self._both_ways = both_ways
        self._type_threshold = model.thresholds["type"]

    @classmethod
    def of(cls, model: Model, threshold: float | None = None) -> Self:
        """Use an opened model as its manifest says, calibration included."""
        content = model.manifest.content
        both_ways = bool(content.get("both_ways", False))
        return cls(model, threshold, Calibration.of(content), both_ways=both_ways)

    def __call__(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Find damage in a photo.

        Args:
            image: ``(H, W, 3)`` uint8 BGR, upright.

        Returns:
            What was found, surest first.

        Raises:
            UnusableImage: A side is 0, or the aspect ratio is too large.
        """
        if self._both_ways:
            found = detect_both_ways(self._model, image, self._least, OVERLAP)
        else:
            found = detect(self._model, image, np.array([self._least], np.float32), OVERLAP)
        sure = self._calibration(found.scores)
        return tuple(
            Detection(self._kind(types), as_box(box), round(float(score), 4))
            for box, score, types in zip(found.boxes, sure, found.types, strict=True)
        )

    def _kind(self, types: NDArray[np.float32]) -> str:
        best = int(types.argmax())
        return self._model.classes[best] if types[best] >= self._type_threshold else UNTYPED


def on_cars(
    detections: Sequence[Detection], cars: Sequence[BoxXyxy], width_px: float, height_px: float
) -> tuple[Detection, ...]:
    """Drop what was found beside the cars: trees and houses are not damaged.

    Args:
        detections: As :class:`Damage` gives them.
        cars: Boxes of cars in the same pixels.
        width_px: Width of the photo in these pixels.
        height_px: Height likewise.

    Returns:
        The detections of which half or more lies on a car; all of them when no car fills a fifth of the photo.
    """
    least = CAR_SHARE * width_px * height_px
    large = [c for c in cars if (c[2] - c[0]) * (c[3] - c[1]) >= least]
    if not large:
        return tuple(detections)
    return tuple(d for d in detections if any(lies_on(d.box, c) >= ON_CAR for c in large))


def lies_on(box: BoxXyxy, by: BoxXyxy) -> float:
    """Share of ``box`` that lies inside ``by``, 0..1."""
    wide = max(0.0, min(box[2], by[2]) - max(box[0], by[0]))
    high = max(0.0, min(box[3], by[3]) - max(box[1], by[1]))
    return wide * high / max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)
