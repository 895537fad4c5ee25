"""Cars, people and plates, as the pipeline gets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection_service.vision.engine import Placement, letterbox
from inspection_service.vision.scene import Scene, SceneObject

pytestmark = pytest.mark.unit


class Answers:
    """A scene network of 64 px that answers with fixed cells."""

    classes: tuple[str, ...] = ("car", "person", "plate")
    thresholds: Mapping[str, float] = {"car": 0.4, "person": 0.5, "plate": 0.3}

    def __init__(self, boxes: Sequence[Sequence[float]], scores: Sequence[Sequence[float]]) -> None:
        self._out = {"boxes": np.array([boxes], np.float32), "scores": np.array([scores], np.float32)}

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Placement]:
        fitted, placement = letterbox(image, 64, 64)
        return np.asarray(fitted.transpose(2, 0, 1)[None], np.float32), placement

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        return self._out


PHOTO = np.zeros((640, 640, 3), np.uint8)


def test_things_are_named_scored_and_placed() -> None:
    scene = Scene(Answers([[4, 4, 60, 60], [20, 40, 30, 44]], [[0.8, 0, 0], [0, 0, 0.7]]))
    assert scene(PHOTO) == (
        SceneObject("car", (40.0, 40.0, 600.0, 600.0), 0.8),
        SceneObject("plate", (200.0, 400.0, 300.0, 440.0), 0.7),
    )


def test_each_kind_has_the_threshold_of_the_manifest() -> None:
    boxes = [[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]]
    scene = Scene(Answers(boxes, [[0.45, 0, 0], [0, 0.45, 0], [0, 0, 0.45]]))
    assert [o.kind for o in scene(PHOTO)] == ["car", "plate"]


def test_a_plate_on_a_car_hides_neither() -> None:
    scene = Scene(Answers([[0, 0, 40, 40], [0, 0, 41, 40]], [[0.9, 0, 0], [0, 0, 0.8]]))
    assert [o.kind for o in scene(PHOTO)] == ["car", "plate"]


def test_what_the_judgement_carries() -> None:
    assert SceneObject("person", (1.0, 2.0, 3.0, 4.0), 0.5).to_json() == {
        "kind": "person",
        "box": [1.0, 2.0, 3.0, 4.0],
        "score": 0.5,
    }
