"""What is in the picture: cars and people, or number plates, by a model of each.

Framing asks where the car is, privacy what to hide, reading where the plate is. The classes and their thresholds come
from the model's manifest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.detector import BoxXyxy, Network, as_box, detect

OVERLAP = 0.6
"""Source: the value the COCO start was published with."""


@dataclass(frozen=True)
class SceneObject:
    """One thing seen.

    Attributes:
        kind: ``car``, ``person`` or ``plate``; a car is any motor vehicle with four wheels or more.
        box: xyxy, pixels of the upright photo.
        score: 0..1.
    """

    kind: str
    box: BoxXyxy
    score: float

    def to_json(self) -> dict[str, Any]:
        """As the judgement carries it."""
        return {"kind": self.kind, "box": list(self.box), "score": self.score}


class Scene:
    """Finds things in a photo; safe to use from several threads."""

    def __init__(self, model: Network) -> None:
        """Use an opened ``scene`` or ``plate`` model; its manifest gives one threshold for each class."""
        self._model = model
        self._thresholds = np.array([model.thresholds[c] for c in model.classes], np.float32)

    def __call__(self, image: NDArray[np.uint8]) -> tuple[SceneObject, ...]:
        """Find things in a photo.

        Args:
            image: ``(H, W, 3)`` uint8 BGR, upright.

        Returns:
            What was found, surest first.

        Raises:
            UnusableImage: A side is 0, or the aspect ratio is too large.
        """
        found = detect(self._model, image, self._thresholds, OVERLAP)
        return tuple(
            SceneObject(self._model.classes[label], as_box(box), round(float(score), 4))
            for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True)
        )
