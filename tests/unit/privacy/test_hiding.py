"""What is hidden is gone, and the proposal errs on the side of hiding."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection_service.privacy.hiding import (
    HIDDEN_KINDS,
    PLATE_VIEWS,
    Region,
    Seen,
    cleaned,
    encode,
    hide,
    propose,
)

pytestmark = pytest.mark.unit
SIZE = (1200, 900)
CAR = Seen("car", (200, 200, 1000, 800), 0.9, is_sure=True)
PLATE = Seen("plate", (500, 650, 700, 700), 0.8, is_sure=True)


def written(text: str) -> NDArray[np.uint8]:
    """Paint a plate with a text on grey, on a textured picture."""
    image = np.random.default_rng(7).integers(90, 160, (900, 1200, 3), dtype=np.uint8)
    cv2.rectangle(image, (500, 650), (700, 700), (245, 245, 245), -1)
    cv2.putText(image, text, (508, 690), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (10, 10, 10), 3)
    return image


def test_two_plates_of_the_same_ink_cannot_be_told_apart() -> None:
    """Nothing that tells one text from another is left, so nothing can bring it back."""
    regions = [Region("plate", (490, 640, 710, 710), "model")]
    first, second = (encode(hide(written(text), regions)) for text in ("AB 123 CD", "CD 321 BA"))
    decoded = [cv2.imdecode(np.frombuffer(d, np.uint8), cv2.IMREAD_COLOR) for d in (first, second)]
    inside = [np.asarray(d)[650:700, 500:700].astype(int) for d in decoded]
    assert np.abs(inside[0] - inside[1]).max() <= 2
    assert inside[0].std(axis=(0, 1)).max() < 1


def test_a_person_keeps_a_handful_of_squares() -> None:
    """Of a person no more than the averages of a few squares is left: no detail correlates with what was there."""
    image = np.random.default_rng(3).integers(0, 255, (900, 1200, 3), dtype=np.uint8)
    hidden = hide(image, [Region("person", (100, 100, 400, 800), "model")])
    inside = hidden[100:800, 100:400, 1].astype(float)
    was = image[100:800, 100:400, 1].astype(float)
    fine = inside - cv2.GaussianBlur(inside, (0, 0), 60)
    detail = was - cv2.GaussianBlur(was, (0, 0), 4)
    assert abs(np.corrcoef(fine.ravel(), detail.ravel())[0, 1]) < 0.05
    assert (hidden[:, 401:] == image[:, 401:]).all()


def test_surroundings_leave_only_the_car() -> None:
    """Everything outside the box changes, nothing inside it; the original is not touched."""
    image = np.random.default_rng(5).integers(0, 255, (900, 1200, 3), dtype=np.uint8)
    before = image.copy()
    hidden = hide(image, [Region("surroundings", (200, 200, 1000, 800), "model")])
    assert (image == before).all()
    assert (hidden[200:800, 200:1000] == image[200:800, 200:1000]).all()
    strips = (hidden[:200], hidden[800:], hidden[:, :200], hidden[:, 1000:])
    assert all(np.abs(np.diff(strip.astype(int), axis=1)).mean() < 3 for strip in strips)


@pytest.mark.parametrize("view", sorted(PLATE_VIEWS))
def test_a_view_that_shows_a_plate_never_goes_without_a_box(view: str) -> None:
    """Found ones grow; where none is sure, its usual place goes, whole on the right side of the car, and is a doubt."""
    found = propose([CAR, PLATE], view, SIZE)
    (region,) = found.regions
    assert region.box[0] < 500
    assert region.box[3] > 700
    assert found.doubts == ()
    missing = propose([CAR, Seen("plate", (500, 650, 560, 665), 0.21, is_sure=False)], view, SIZE)
    assert missing.doubts == ("plate_not_found",)
    assert "rule" in {r.by for r in missing.regions}
    none = propose([], view, SIZE)
    assert set(none.doubts) == {"car_not_found", "plate_not_found"}
    assert [(r.kind, r.by) for r in none.regions] == [("plate", "rule")]


def test_documents_vin_and_unknown_photos() -> None:
    """Photos of nothing but what must be hidden go whole; a photo nobody named is a doubt."""
    assert [(r.kind, r.box) for r in propose([], "vin_plate", SIZE).regions] == [("vin", (0, 0, 1200, 900))]
    whole = propose([], "registration_document", SIZE, surroundings=True).regions
    assert [(r.kind, r.box) for r in whole] == [("document", (0, 0, 1200, 900))]
    assert propose([CAR], None, SIZE).doubts == ("unknown_view",)
    assert propose([], "dashboard", SIZE, surroundings=True).regions == ()
    assert propose([], "left_side", SIZE, surroundings=True).regions[0].box == (0, 0, 1200, 900)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(HIDDEN_KINDS),
    box=st.tuples(*[st.floats(-5000, 5000, allow_nan=False)] * 4),
)
def test_any_box_is_cut_to_the_photo_or_refused(kind: str, box: tuple[float, float, float, float]) -> None:
    """Whatever is drawn, in any direction and however far outside, hides without failing and keeps the size."""
    region = cleaned(kind, box, "operator", (60, 40))  # type: ignore[arg-type]
    image = np.random.default_rng(1).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    if region is None:
        return
    x1, y1, x2, y2 = region.box
    assert 0 <= x1 < x2 <= 60
    assert 0 <= y1 < y2 <= 40
    assert hide(image, [region]).shape == image.shape
    assert Region.of_json(region.to_json()) == region
