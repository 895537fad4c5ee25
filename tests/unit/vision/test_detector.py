"""The way from raw cells to boxes in the photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection_service.vision.detector import MOST_CELLS, as_box, detect, iou, suppress
from inspection_service.vision.engine import Placement, letterbox
from inspection_service.vision.errors import UnusableImage

pytestmark = pytest.mark.unit

SIDE = 128


class Answers:
    """A network that answers with the cells it was given, in pixels of a square input."""

    def __init__(
        self,
        boxes: Sequence[Sequence[float]],
        scores: Sequence[Sequence[float]],
        types: Sequence[Sequence[float]] | None = None,
    ) -> None:
        self.classes: tuple[str, ...] = ("car", "person")
        self.thresholds: Mapping[str, float] = {"car": 0.5, "person": 0.5}
        self._out = {
            "boxes": np.array([boxes], np.float32).reshape(1, -1, 4),
            "scores": np.array([scores], np.float32).reshape(1, len(boxes), 2),
        }
        if types is not None:
            self._out["types"] = np.array([types], np.float32)
        self.seen: NDArray[np.float32] | None = None

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Placement]:
        fitted, placement = letterbox(image, SIDE, SIDE)
        return np.asarray(fitted.transpose(2, 0, 1)[None], np.float32), placement

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        self.seen = batch
        return self._out


def picture(width: int, height: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 90, np.uint8)


HALF = np.array([0.5, 0.5], np.float32)


def test_boxes_come_back_in_pixels_of_the_photo() -> None:
    """A photo twice as wide as the input is high lies in its middle; boxes are freed of scale and border."""
    found = detect(Answers([[0, 32, 64, 96]], [[0.9, 0.1]]), picture(256, 128), HALF, 0.6)
    assert as_box(found.boxes[0]) == (0.0, 0.0, 128.0, 128.0)
    assert found.labels.tolist() == [0]


def test_boxes_are_cut_at_the_edge_of_the_photo() -> None:
    found = detect(Answers([[-20, -20, 300, 300]], [[0.9, 0.1]]), picture(100, 100), HALF, 0.6)
    assert as_box(found.boxes[0]) == (0.0, 0.0, 100.0, 100.0)


def test_a_box_in_the_grey_border_is_nothing() -> None:
    found = detect(Answers([[10, 2, 60, 20]], [[0.9, 0.1]]), picture(256, 128), HALF, 0.6)
    assert len(found.boxes) == 0


def test_each_channel_has_its_own_threshold() -> None:
    network = Answers([[0, 0, 50, 50], [60, 60, 120, 120]], [[0.6, 0.1], [0.1, 0.6]])
    found = detect(network, picture(128, 128), np.array([0.7, 0.5], np.float32), 0.6)
    assert found.labels.tolist() == [1]


def test_the_surest_of_overlapping_boxes_stands_for_them() -> None:
    network = Answers([[0, 0, 50, 50], [2, 0, 52, 50], [60, 0, 110, 50]], [[0.6, 0], [0.9, 0], [0.7, 0]])
    found = detect(network, picture(128, 128), HALF, 0.6)
    assert found.scores.tolist() == pytest.approx([0.9, 0.7])


def test_boxes_of_two_kinds_may_lie_on_each_other() -> None:
    """A person stands in front of a car: neither hides the other."""
    network = Answers([[0, 0, 50, 50], [1, 0, 51, 50]], [[0.9, 0], [0, 0.8]])
    assert detect(network, picture(128, 128), HALF, 0.6).labels.tolist() == [0, 1]


def test_types_stay_with_their_box() -> None:
    network = Answers([[0, 0, 50, 50], [60, 0, 110, 50]], [[0.6, 0], [0.9, 0]], [[1, 0, 0], [0, 0, 1]])
    assert detect(network, picture(128, 128), HALF, 0.6).types.tolist() == [[0, 0, 1], [1, 0, 0]]


def test_a_model_without_types_gives_none() -> None:
    assert detect(Answers([[0, 0, 9, 9]], [[0.9, 0]]), picture(128, 128), HALF, 0.6).types.shape == (1, 0)


def test_nothing_sure_gives_nothing() -> None:
    found = detect(Answers([[0, 0, 50, 50]], [[0.2, 0.3]]), picture(128, 128), HALF, 0.6)
    assert found.boxes.shape == (0, 4)
    assert found.scores.shape == (0,)


def test_the_work_is_bounded() -> None:
    """A wild input may make every cell fire; only the surest are compared with each other."""
    many = MOST_CELLS + 50
    # one square pixel each, none on another: only the bound can make them fewer
    boxes = [[i % 100, i // 100, i % 100 + 1, i // 100 + 1] for i in range(many)]
    scores = [[0.5 + i / (4 * many), 0.0] for i in range(many)]
    found = detect(Answers(boxes, scores), picture(128, 128), HALF, 0.6)
    assert len(found.scores) == MOST_CELLS
    assert found.scores.min() > scores[49][0]


def test_a_photo_without_pixels_is_refused() -> None:
    with pytest.raises(UnusableImage):
        detect(Answers([], []), np.zeros((0, 10, 3), np.uint8), HALF, 0.6)


boxes_strategy = st.lists(
    st.tuples(*[st.floats(0, 90)] * 2, *[st.floats(1, 30)] * 2).map(
        lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]]
    ),
    min_size=1,
    max_size=25,
)


@given(boxes_strategy, st.floats(0.1, 0.9))
def test_what_stays_never_overlaps_and_what_goes_overlaps_something_surer(
    rows: list[list[float]], limit: float
) -> None:
    """Both halves of what non-maximum suppression promises, for any boxes."""
    boxes = np.array(rows, np.float32)
    scores = np.linspace(0.1, 0.9, len(rows), dtype=np.float32)
    kept = suppress(boxes, scores, np.zeros(len(rows), np.int64), limit)
    for place, k in enumerate(kept):
        assert (iou(boxes[k], boxes[kept[place + 1 :]]) <= limit).all()
    for gone in set(range(len(rows))) - set(kept.tolist()):
        surer = kept[scores[kept] > scores[gone]]
        assert (iou(boxes[gone], boxes[surer]) > limit).any()


def test_overlap_of_known_boxes() -> None:
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 0, 0]], np.float32)
    assert iou(others[0], others).tolist() == pytest.approx([1, 1 / 3, 0, 0])
