"""All photos of an inspection show one car, or the one that does not is named; an honest seller is not accused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection_service.vision.engine import Placement, stretch
from inspection_service.vision.framing import VIEWS, Framing
from inspection_service.vision.same_car import (
    CarLook,
    body_colours,
    car_look,
    from_text,
    likeness,
    odd_ones,
)
from inspection_service.vision.scene import SceneObject
from tests.unit.vision.test_framing import LIMITS

pytestmark = pytest.mark.unit

Image = NDArray[np.uint8]
RED, BLUE = (30, 30, 190), (170, 60, 30)


def unit(values: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(values / np.linalg.norm(values), np.float32)


def car(kind: int, photo: int, colour: tuple[int, int, int] = RED) -> CarLook:
    """A look of one car: what all its photos share, and a third as much that is each photo's own."""
    own = np.random.default_rng([kind, 7]).normal(size=128)
    light = np.random.default_rng([kind, photo, 9]).normal(size=128) / 3
    vector = own + light
    return CarLook(unit(vector[:64]), unit(vector[64:]), body_colours(painted(colour)))


def painted(colour: tuple[int, int, int], light: float = 1.0) -> Image:
    """A body of one colour in uneven light."""
    shade = np.linspace(0.85, 1.1, 120)[None, :, None] * light
    picture = np.ones((80, 120, 1)) * np.array(colour, float)[None, None] * shade
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def judged(*looks: CarLook, plates: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    said = [{"car_look": look.to_text()} for look in looks]
    for each, plate in zip(said, plates, strict=False):
        each["plate"] = {"matches_order": plate}  # type: ignore[assignment]
    return {f"cap_{i}": each for i, each in enumerate(said)}


def named(judgements: dict[str, dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    return {odd.capture_id: odd.why for odd in odd_ones(judgements)}


def test_photos_of_one_car_are_not_named() -> None:
    assert named(judged(*(car(1, photo) for photo in range(8)))) == {}


def test_one_photo_of_another_car_is_named_with_what_differs() -> None:
    rest = [car(1, photo) for photo in range(4)]
    assert named(judged(*rest, car(2, 0, BLUE))) == {"cap_4": ("looks", "colour")}


def test_the_first_photo_may_be_the_odd_one() -> None:
    assert set(named(judged(car(2, 0, BLUE), *(car(1, photo) for photo in range(3))))) == {"cap_0"}


def test_two_photos_of_other_cars_among_five() -> None:
    rest = [car(1, photo) for photo in range(5)]
    assert set(named(judged(*rest, car(2, 0, BLUE), car(3, 0, BLUE)))) == {"cap_5", "cap_6"}


def test_nobody_is_named_where_no_most_of_them_agree() -> None:
    """Two photos, two cars: which one was to be inspected is not for the model to say."""
    assert named(judged(car(1, 0), car(2, 0, BLUE))) == {}
    half = named(judged(car(1, 0), car(1, 1), car(2, 0, BLUE), car(2, 1, BLUE)))
    assert len(half) < 2


def test_another_plate_among_plates_as_ordered_is_named() -> None:
    looks = [car(1, photo) for photo in range(3)]
    assert named(judged(*looks, plates=("yes", "yes", "no"))) == {"cap_2": ("plate",)}


def test_plates_that_all_differ_from_the_order_say_nothing_of_one_photo() -> None:
    """Then the order is wrong, or another car was brought; that is told by each photo already."""
    looks = [car(1, photo) for photo in range(3)]
    assert named(judged(*looks, plates=("no", "no", "no"))) == {}
    assert named(judged(*looks, plates=("not_read", "not_read", "no"))) == {}


def test_photos_without_a_look_are_no_part_of_it() -> None:
    said = judged(*(car(1, photo) for photo in range(3)))
    said |= {"wheel": {"car_look": None}, "old": {}, "odd": {"car_look": "not base64!", "plate": None}}
    assert named(said) == {}


def test_looks_of_an_earlier_model_are_not_held_against_those_of_another() -> None:
    """Numbers of two models have nothing in common; what most photos have is compared."""
    old = CarLook(unit(np.ones(8)), unit(np.ones(8)), body_colours(painted(BLUE)))
    assert named(judged(*(car(1, photo) for photo in range(3)), old)) == {}


def test_a_look_comes_back_from_the_record_nearly_as_it_was() -> None:
    look, other = car(1, 0), car(1, 1)
    kept = from_text(look.to_text())
    assert kept is not None
    assert likeness(kept, other) == pytest.approx(likeness(look, other), abs=0.03)


@pytest.mark.parametrize("text", [None, 7, "", "????", "AAAA", "A" * 769])
def test_what_is_no_look_is_none(text: object) -> None:
    assert from_text(text) is None


def test_colours_tell_paint_from_paint_and_bear_with_light() -> None:
    red = body_colours(painted(RED))
    assert float(red @ body_colours(painted(RED, 0.9))) > 0.78
    assert float(red @ body_colours(painted(BLUE))) < 0.3


class Net:
    """A framing network that says what the test wants, and says of a picture how bright its parts are."""

    classes = VIEWS
    thresholds = LIMITS

    def __init__(self, view: str, *, says: bool = True) -> None:
        self.view, self.says = view, says

    def prepare(self, image: Image) -> tuple[NDArray[np.float32], Placement]:
        fitted, placement = stretch(image, 8, 8)
        return fitted.transpose(2, 0, 1)[None].astype(np.float32), placement

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        views = np.full((1, 20), 0.01, np.float32)
        views[0, VIEWS.index(self.view)] = 0.81
        out = {"views": views, "faults": np.zeros((1, 6), np.float32)}
        return {**out, "car": batch.reshape(1, -1)[:, :128]} if self.says else out


def look_at(view: str, box: tuple[float, float, float, float] | None, *, says: bool = True) -> CarLook | None:
    framing = Framing(Net(view, says=says))
    picture = painted(RED)
    scene = [SceneObject("car", box, 0.9)] if box else []
    return car_look(picture, framing(picture), scene, framing)


def test_a_whole_car_has_a_look() -> None:
    look = look_at("front", (-3.0, 4.0, 118.0, 90.0))
    assert look is not None
    assert np.linalg.norm(look.whole) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(look.colours) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("view", "box"),
    [
        ("wheel", (10.0, 4.0, 110.0, 76.0)),
        ("dashboard", (10.0, 4.0, 110.0, 76.0)),
        ("front", None),
        ("front", (10.0, 4.0, 20.0, 12.0)),
        ("front", (200.0, 200.0, 300.0, 300.0)),
    ],
)
def test_close_ups_interiors_and_cars_far_away_have_none(
    view: str, box: tuple[float, float, float, float] | None
) -> None:
    assert look_at(view, box) is None


def test_a_model_that_was_not_taught_says_nothing() -> None:
    assert look_at("front", (10.0, 4.0, 110.0, 76.0), says=False) is None
