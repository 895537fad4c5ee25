"""The yardsticks that model cards quote: cases small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.recipes.evaluate_detection import (
    Photo,
    at_least,
    auroc,
    average_precision,
    false_boxes_threshold,
    hidden,
    recall_above,
    threshold_at,
)

pytestmark = pytest.mark.unit

Boxes = list[list[float]]


def photo(truth: Boxes, found: Boxes, scores: list[float], small: Boxes | None = None) -> Photo:
    return Photo(
        truth=np.array(truth, np.float32).reshape(-1, 4),
        small=np.array(small or [], np.float32).reshape(-1, 4),
        found=np.array(found, np.float32).reshape(-1, 4),
        scores=np.array(scores, np.float32),
        damaged=bool(truth),
        source="test",
    )


A, B, FAR = [0.0, 0, 10, 10], [20.0, 0, 30, 10], [60.0, 60, 70, 70]


def test_all_found_first_is_a_perfect_score() -> None:
    assert average_precision([photo([A, B], [A, B, FAR], [0.9, 0.8, 0.1])], 0.5) == pytest.approx(1.0)


def test_half_found_without_a_false_box_is_half() -> None:
    assert average_precision([photo([A, B], [A], [0.9])], 0.5) == pytest.approx(51 / 101)


def test_the_second_box_on_one_damage_is_false() -> None:
    """Recall 1 is reached only behind one false box: precision 1 up to a half, then two thirds."""
    score = average_precision([photo([A, B], [A, A, B], [0.9, 0.8, 0.7])], 0.5)
    assert score == pytest.approx((51 * 1 + 50 * 2 / 3) / 101)


def test_a_small_damage_is_neither_right_nor_wrong() -> None:
    assert average_precision([photo([A], [B, A], [0.9, 0.8], small=[B])], 0.5) == pytest.approx(1.0)


def test_false_boxes_on_clean_cars_lower_the_score() -> None:
    clean = photo([], [FAR], [0.95])
    assert average_precision([photo([A], [A], [0.9]), clean], 0.5) == pytest.approx(0.5)


def test_nothing_found_is_nothing() -> None:
    assert average_precision([photo([A], [], [])], 0.5) == 0.0


def test_auroc_counts_ties_half() -> None:
    photos = [photo([A], [A], [0.9]), photo([A], [], []), photo([], [FAR], [0.5]), photo([], [], [])]
    assert auroc(photos) == pytest.approx((1 + 1 + 0 + 0.5) / 4)


def test_the_threshold_allows_so_many_false_boxes_and_no_more() -> None:
    clean = [photo([], [FAR, A, B], [0.9, 0.6, 0.3]), photo([], [FAR], [0.5])]
    threshold = threshold_at(clean, 1.0)
    assert sum(int((p.scores > threshold).sum()) for p in clean) == 2
    assert recall_above([photo([A, B], [A, B], [0.55, 0.4])], threshold, 0.3) == 0.5


def test_a_plate_is_hidden_when_most_of_it_is_covered() -> None:
    plate = [0.0, 0, 100, 20]
    assert hidden([photo([plate], [[0, 0, 80, 20]], [0.9])], 0.5) == 1.0
    assert hidden([photo([plate], [[0, 0, 60, 20]], [0.9])], 0.5) == 0.0
    assert hidden([photo([plate], [plate], [0.4])], 0.5) == 0.0


def test_only_boxes_that_touch_no_plate_are_false() -> None:
    photos = [photo([A], [A, [0, 0, 5, 5], FAR], [0.9, 0.8, 0.3])]
    assert false_boxes_threshold(photos, 0.0) == pytest.approx(0.3)


def test_asking_for_large_plates_only_makes_small_ones_doubtful() -> None:
    (kept,) = at_least([photo([A, [0, 0, 100, 100]], [], [])], 24)
    assert (len(kept.truth), len(kept.small)) == (1, 1)
