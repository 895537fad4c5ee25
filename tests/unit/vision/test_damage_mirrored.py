"""A photo and its mirror image, looked at as one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection_service.vision.damage_mirrored import detect_both_ways, mean_of, mirrored
from inspection_service.vision.detector import Cells
from inspection_service.vision.engine import Placement, letterbox

pytestmark = pytest.mark.unit


def cells(*boxes: tuple[float, float, float, float], scores: tuple[float, ...]) -> Cells:
    n = len(scores)
    return Cells(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), np.zeros(n, np.int64),
        np.tile(np.array([0.5, 0.5], np.float32), (n, 1)),
    )  # fmt: skip


class BrightSpots:
    """A network of 64 px that finds the white square of a photo, surer on the left than on the right."""

    classes: tuple[str, ...] = ("dent",)
    thresholds: Mapping[str, float] = {}

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Placement]:
        fitted, placement = letterbox(image, 64, 64)
        return np.asarray(fitted.transpose(2, 0, 1)[None], np.float32), placement

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        ys, xs = np.nonzero(batch[0, 0] > 200)
        box = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
        return {
            "boxes": np.array([[box]], np.float32),
            "scores": np.array([[[0.8 if xs.mean() < 32 else 0.4]]], np.float32),
            "types": np.array([[[1.0]]], np.float32),
        }


def test_both_looks_make_one_box_with_the_mean_score() -> None:
    photo = np.zeros((128, 128, 3), np.uint8)
    photo[40:60, 10:30] = 255
    found = detect_both_ways(BrightSpots(), photo, 0.3, 0.4)
    assert found.boxes.round().tolist() == [[10, 40, 30, 60]]
    assert found.scores.tolist() == [pytest.approx(0.6)]


@pytest.mark.parametrize("width", [96, 97, 101, 128, 301])
def test_a_photo_is_fitted_in_once_and_both_looks_still_meet(width: int) -> None:
    """Also where the grey beside an upright photo is not equally wide on both sides."""

    class Counts(BrightSpots):
        def __init__(self) -> None:
            self.prepared, self.runs = 0, 0
            self.seen: list[NDArray[np.float32]] = []

        def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Placement]:
            self.prepared += 1
            return super().prepare(image)

        def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
            self.runs += 1
            self.seen.append(batch)
            return super().run(batch)

    photo = np.zeros((256, width, 3), np.uint8)
    photo[80:120, 20:60] = 255
    network = Counts()
    found = detect_both_ways(network, photo, 0.3, 0.4)
    assert (network.prepared, network.runs) == (1, 2)
    assert found.scores.tolist() == [pytest.approx(0.6)]  # both saw it in one place
    other, _ = BrightSpots().prepare(np.ascontiguousarray(photo[:, ::-1]))
    assert np.abs(network.seen[1] - other).max() <= 1  # what fitting the mirror image in would have given
    assert np.abs(found.boxes[0] - [20, 80, 60, 120]).max() <= 6  # a pixel and a half of the network's


def test_what_only_one_look_sees_counts_half() -> None:
    both = mean_of(cells((0, 0, 20, 20), scores=(0.8,)), cells((50, 50, 70, 70), scores=(0.6,)), 0.4)
    assert both.scores.tolist() == [pytest.approx(0.4), pytest.approx(0.3)]


def test_the_surer_look_decides_more_of_the_place() -> None:
    both = mean_of(cells((0, 0, 20, 20), scores=(0.6,)), cells((0, 0, 20, 26), scores=(0.2,)), 0.4)
    assert both.boxes.tolist() == [[0, 0, 20, pytest.approx(21.5)]]


def test_a_box_has_one_partner_only() -> None:
    one = cells((0, 0, 20, 20), scores=(0.8,))
    two = cells((0, 0, 20, 20), (0, 0, 20, 19), scores=(0.6, 0.4))
    assert sorted(mean_of(one, two, 0.4).scores.tolist()) == [pytest.approx(0.2), pytest.approx(0.7)]


def test_nothing_twice_is_nothing() -> None:
    assert len(mean_of(cells(scores=()), cells(scores=()), 0.4).scores) == 0


def test_mirrored_twice_is_as_before() -> None:
    found = cells((3, 4, 20, 30), scores=(0.5,))
    assert mirrored(mirrored(found, 100), 100).boxes.tolist() == found.boxes.tolist()
    assert mirrored(found, 100).boxes.tolist() == [[80, 4, 97, 30]]
