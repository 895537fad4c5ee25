"""What is said of faces in public copies counts what it says it counts."""

from __future__ import annotations

import numpy as np
import pytest

from models.recipes.evaluate_detection import Photo, hidden
from models.recipes.evaluate_faces import FACES, false_boxes

pytestmark = pytest.mark.unit


def photo(faces: list[list[float]], people: list[list[float]]) -> Photo:
    return Photo(
        truth=np.array(faces, np.float32).reshape(-1, 4),
        small=np.zeros((0, 4), np.float32),
        found=np.array(people, np.float32).reshape(-1, 4),
        scores=np.full(len(people), 0.5, np.float32),
        damaged=bool(faces),
        source="test",
    )


def test_a_face_counts_as_hidden_under_its_person() -> None:
    seen = photo([[10, 10, 20, 20], [60, 10, 70, 20]], [[5, 8, 30, 90]])
    assert hidden([seen], 0.0, 0.12) == 0.5


def test_boxes_are_counted_on_photos_without_a_face_alone() -> None:
    crowd = photo([[10, 10, 20, 20]], [[5, 8, 30, 90], [50, 8, 60, 90]])
    assert false_boxes([crowd, photo([], [[0, 0, 5, 5]]), photo([], [])]) == 0.5
    assert false_boxes([crowd]) == 0.0


def test_the_list_has_faces_with_area_and_no_photo_twice() -> None:
    assert all(w > 0 and h > 0 for boxes in FACES["faces"].values() for _, _, w, h in boxes)
    assert not set(FACES["faces"]) & set(FACES["none"])
