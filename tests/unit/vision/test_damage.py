"""Damage, as the pipeline gets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection_service.vision.damage import Damage, Detection, on_cars
from inspection_service.vision.damage_score import Calibration
from inspection_service.vision.engine import Placement, letterbox

pytestmark = pytest.mark.unit


class Answers:
    """A damage network of 64 px that answers with fixed cells."""

    classes: tuple[str, ...] = ("dent", "scratch", "other_damage")
    thresholds: Mapping[str, float] = {"damage": 0.4, "type": 0.6}

    def __init__(
        self, boxes: Sequence[Sequence[float]], scores: Sequence[float], types: Sequence[Sequence[float]]
    ) -> None:
        self._out = {
            "boxes": np.array([boxes], np.float32),
            "scores": np.array([scores], np.float32)[..., None],
            "types": np.array([types], np.float32),
        }

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Placement]:
        fitted, placement = letterbox(image, 64, 64)
        return np.asarray(fitted.transpose(2, 0, 1)[None], np.float32), placement

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        return self._out


PHOTO = np.zeros((640, 640, 3), np.uint8)


def test_a_likely_type_is_named() -> None:
    damage = Damage(Answers([[10, 10, 20, 20]], [0.7], [[0.1, 0.8, 0.1]]))
    assert damage(PHOTO) == (Detection("scratch", (100.0, 100.0, 200.0, 200.0), 0.7),)


def test_a_doubtful_type_is_withheld() -> None:
    """The place is sure, the type is not: better no word than a wrong one."""
    damage = Damage(Answers([[10, 10, 20, 20]], [0.7], [[0.5, 0.4, 0.1]]))
    assert [d.kind for d in damage(PHOTO)] == ["other_damage"]


def test_the_threshold_is_the_one_of_the_manifest() -> None:
    network = Answers([[0, 0, 9, 9], [30, 30, 50, 50]], [0.39, 0.41], [[1, 0, 0]] * 2)
    assert [d.score for d in Damage(network)(PHOTO)] == [0.41]


def test_evaluation_may_ask_for_less_sure_ones() -> None:
    network = Answers([[0, 0, 9, 9], [30, 30, 50, 50]], [0.39, 0.41], [[1, 0, 0]] * 2)
    assert len(Damage(network, threshold=0.1)(PHOTO)) == 2


def test_scores_are_the_probabilities_of_the_manifest_and_so_is_the_threshold() -> None:
    """A timid network: its 0.3 is right more often than not, and its 0.2 is not worth a box."""
    network = Answers([[0, 0, 9, 9], [30, 30, 50, 50]], [0.2, 0.3], [[1, 0, 0]] * 2)
    found = Damage(network, calibration=Calibration(1.5, 1.4))(PHOTO)
    assert [d.score for d in found] == [pytest.approx(0.5322, abs=1e-3)]


def test_one_damage_is_reported_once_whatever_its_type() -> None:
    network = Answers([[0, 0, 30, 30], [0, 0, 30, 28]], [0.9, 0.8], [[1, 0, 0], [0, 1, 0]])
    assert [d.kind for d in Damage(network)(PHOTO)] == ["dent"]


def test_what_the_judgement_carries() -> None:
    assert Detection("dent", (1.0, 2.0, 3.0, 4.0), 0.5).to_json() == {
        "kind": "dent",
        "box": [1.0, 2.0, 3.0, 4.0],
        "score": 0.5,
    }


TREE = Detection("other_damage", (0.0, 0.0, 100.0, 100.0), 0.6)
DOOR = Detection("dent", (300.0, 300.0, 340.0, 340.0), 0.4)
EDGE = Detection("scratch", (180.0, 300.0, 220.0, 340.0), 0.4)


def test_a_tree_beside_the_car_is_no_damage() -> None:
    assert on_cars((TREE, DOOR), [(200.0, 200.0, 600.0, 500.0)], 640, 480) == (DOOR,)


def test_half_on_the_car_is_on_the_car() -> None:
    assert on_cars((EDGE,), [(200.0, 200.0, 600.0, 500.0)], 640, 480) == (EDGE,)
    assert on_cars((EDGE,), [(201.0, 200.0, 600.0, 500.0)], 640, 480) == ()


def test_a_small_car_behind_a_close_up_decides_nothing() -> None:
    assert on_cars((TREE, DOOR), [(500.0, 0.0, 620.0, 80.0)], 640, 480) == (TREE, DOOR)


def test_without_a_car_nothing_is_dropped() -> None:
    """A close-up of a panel shows no car to a detector of whole cars."""
    assert on_cars((TREE, DOOR), [], 640, 480) == (TREE, DOOR)
