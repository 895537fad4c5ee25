"""Scores as probabilities: read from the manifest, undone exactly, fitted and measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_service.vision.damage_score import Calibration
from models.recipes.detection_release import calibrate, fit
from models.recipes.evaluate_detection import Photo, boxes_right, calibration_error

pytestmark = pytest.mark.unit

NO_BOXES = np.zeros((0, 4), np.float32)
slopes = st.floats(0.2, 5)
offsets = st.floats(-3, 3)


def test_a_manifest_without_calibration_leaves_scores_as_they_are() -> None:
    scores = np.array([0.1, 0.5, 0.9], np.float32)
    assert Calibration.of({})(scores) == pytest.approx(scores, abs=1e-6)


def test_the_manifest_says_slope_and_offset() -> None:
    assert Calibration.of({"calibration": {"slope": 2, "offset": 0.5, "method": "Platt"}}) == Calibration(
        2.0, 0.5
    )


@given(slopes, offsets, st.lists(st.floats(0.001, 0.999), min_size=2, max_size=9))
def test_the_order_of_scores_stays(slope: float, offset: float, scores: list[float]) -> None:
    probabilities = Calibration(slope, offset)(np.sort(np.array(scores, np.float32)))
    assert (np.diff(probabilities) >= 0).all()
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


@given(slopes, offsets, st.floats(0.02, 0.98))
def test_a_threshold_on_probabilities_is_the_same_one_on_scores(
    slope: float, offset: float, score: float
) -> None:
    calibration = Calibration(slope, offset)
    probability = float(calibration(np.array([score], np.float32))[0])
    if 0.001 < probability < 0.999:
        assert calibration.raw(probability) == pytest.approx(score, abs=2e-3)


def test_ends_of_the_scale_are_probabilities_too() -> None:
    assert np.isfinite(Calibration(3.0, -1.0)(np.array([0.0, 1.0], np.float32))).all()


def test_what_was_distorted_is_put_right() -> None:
    """Scores that are right less often than they say, by a known rule: the fit finds the rule."""
    rng = np.random.default_rng(3)
    scores = rng.uniform(0.05, 0.95, 4000).astype(np.float32)
    truth = Calibration(1.5, -1.0)
    right = rng.random(4000) < truth(scores)
    found = fit(scores, right)
    assert found.slope == pytest.approx(1.5, abs=0.2)
    assert found.offset == pytest.approx(-1.0, abs=0.2)
    assert calibration_error(found(scores), right) < 0.03 < calibration_error(scores, right)


def test_too_little_to_fit_changes_nothing() -> None:
    assert fit(np.array([0.2, 0.8], np.float32), np.array([False, True])) == Calibration()


def test_the_error_is_the_distance_between_said_and_so() -> None:
    said = np.array([0.95] * 10 + [0.15] * 10, np.float32)
    so = np.array([True] * 5 + [False] * 5 + [False] * 10)
    assert calibration_error(said, so) == pytest.approx((0.45 + 0.15) / 2, abs=1e-5)


def photo(score: float, *, right: bool, group: str) -> Photo:
    box = np.array([[0, 0, 50, 50]], np.float32)
    return Photo(
        box if right else NO_BOXES, NO_BOXES, box, np.array([score], np.float32), right, "made", group
    )


def test_boxes_below_the_least_score_do_not_count() -> None:
    scores, right = boxes_right([photo(0.05, right=False, group="a"), photo(0.6, right=True, group="b")], 0.1)
    assert (scores.tolist(), right.tolist()) == ([pytest.approx(0.6)], [True])


def test_the_error_after_is_measured_on_photos_that_were_not_fitted_on() -> None:
    rng = np.random.default_rng(5)
    truth = Calibration(2.0, -1.5)
    scores = rng.uniform(0.15, 0.9, 1200).astype(np.float32)
    photos = [
        photo(float(s), right=bool(rng.random() < p), group=str(i % 300))
        for i, (s, p) in enumerate(zip(scores, truth(scores), strict=True))
    ]
    shipped, before, after = calibrate(photos)
    assert shipped.slope > 1.5
    assert after < 0.06 < before
