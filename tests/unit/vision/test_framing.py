"""Which photo serves which step, and what a seller is told when it does not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection_service.vision.engine import Placement, stretch
from inspection_service.vision.framing import FAULTS, RING, VIEWS, Framing, Seen, Verdict, decide, mirrored
from inspection_service.vision.quality import Measures
from inspection_service.vision.scene import SceneObject

pytestmark = pytest.mark.unit

GOOD = Measures(sharpness=0.6, brightness=110, highlights=240, clipped_share=0.0)
WHOLE_CAR = (SceneObject("car", (100.0, 150.0, 700.0, 500.0), 0.9),)
LIMITS = {
    "accept": 0.5,
    "accept_best": 0.4,
    "outside": 0.3,
    "sharpness": 0.2,
    "brightness": 38.0,
    "highlights": 130.0,
    "display": 150.0,
    "blur": 0.7,
    "dark": 0.7,
    "glare": 0.7,
    "screen_photo": 0.7,
    "cut_off": 0.7,
    "cut_off_at_edge": 0.3,
    "too_small": 0.7,
    "margin": 0.01,
    "car_share": 0.05,
}


def seen(faults: Mapping[str, float] | None = None, /, **views: float) -> Seen:
    """What the model would see; what is left of the probability goes to ``other``."""
    all_views = dict.fromkeys(VIEWS, 0.0) | views
    if "other" not in views:
        all_views["other"] = 1 - sum(views.values())
    return Seen(all_views, dict.fromkeys(FAULTS, 0.0) | dict(faults or {}))


def verdict(
    asked: str | None,
    what: Seen,
    measures: Measures = GOOD,
    scene: tuple[SceneObject, ...] = WHOLE_CAR,
) -> Verdict:
    return decide(asked, what, measures, scene, size=(800, 600), limits=LIMITS)


@pytest.mark.parametrize("view", [v for v in VIEWS if v != "other"])
def test_the_view_asked_for_is_accepted(view: str) -> None:
    assert verdict(view, seen(**{view: 0.9})) == Verdict(True, (), ())


@pytest.mark.parametrize("view", ["front_left", "left_side", "rear_right"])
def test_the_other_side_is_told_apart_from_a_wrong_view(view: str) -> None:
    assert verdict(view, seen(**{mirrored(view): 0.9})).reasons == ("other_side",)
    assert verdict(view, seen(front=0.9)).reasons == ("wrong_view",)


def test_mirroring_swaps_sides_and_nothing_else() -> None:
    assert [mirrored(v) for v in RING] == [
        "front",
        "front_right",
        "right_side",
        "rear_right",
        "rear",
        "rear_left",
        "left_side",
        "front_left",
    ]
    assert all(mirrored(v) == v for v in VIEWS if v not in RING)


def test_a_picture_without_a_car_says_so() -> None:
    assert verdict("front", seen(other=0.95, front=0.05), scene=()).reasons == ("no_car",)


def test_a_close_up_never_passes_for_a_view() -> None:
    assert verdict("wheel", seen(other=0.8, wheel=0.2)).reasons == ("wrong_view",)
    assert verdict(None, seen(other=0.8, wheel=0.2)).reasons == ("wrong_view",)
    assert not verdict("other", seen(other=0.99)).accepted


def test_a_cluster_serves_the_dashboard_but_a_dashboard_is_no_odometer() -> None:
    assert verdict("dashboard", seen(odometer=0.9)).accepted
    assert not verdict("odometer", seen(dashboard=0.9)).accepted


def test_less_is_enough_where_nothing_else_is_likelier() -> None:
    assert verdict("rear", seen(rear=0.45, front=0.3)).accepted
    assert not verdict("front", seen(rear=0.5, front=0.45)).accepted


def test_without_a_step_the_view_found_is_judged() -> None:
    assert verdict(None, seen(rear=0.8)).accepted
    assert not verdict(None, seen(rear=0.35, front=0.34)).accepted


@pytest.mark.parametrize(
    ("measures", "code"),
    [
        (Measures(0.1, 110, 240, 0), "blur"),
        (Measures(0.6, 20, 80, 0), "dark"),
    ],
)
def test_pixels_alone_can_refuse(measures: Measures, code: str) -> None:
    found = verdict("rear", seen(rear=0.9), measures)
    assert (found.accepted, found.reasons, found.faults) == (False, (code,), (code,))


@pytest.mark.parametrize("fault", ["blur", "dark", "glare", "screen_photo", "cut_off", "too_small"])
def test_the_models_eye_alone_can_refuse(fault: str) -> None:
    assert verdict("rear", seen({fault: 0.9}, rear=0.9)).reasons == (fault,)


def test_a_lit_cluster_at_night_is_not_dark() -> None:
    night = Measures(sharpness=0.5, brightness=12, highlights=220, clipped_share=0)
    assert verdict("odometer", seen({"dark": 0.9}, odometer=0.9), night).accepted
    assert verdict("rear", seen({"dark": 0.9}, rear=0.9), night).reasons == ("dark",)


def test_a_car_that_touches_the_edge_needs_the_models_doubt_to_be_refused() -> None:
    touching = (SceneObject("car", (0.0, 150.0, 700.0, 500.0), 0.9),)
    assert verdict("rear", seen({"cut_off": 0.1}, rear=0.9), scene=touching).accepted
    assert verdict("rear", seen({"cut_off": 0.4}, rear=0.9), scene=touching).reasons == ("cut_off",)
    assert verdict("rear", seen({"cut_off": 0.4}, rear=0.9)).accepted


def test_a_car_far_away_is_too_small() -> None:
    far = (SceneObject("car", (400.0, 300.0, 460.0, 340.0), 0.9),)
    assert verdict("rear", seen(rear=0.9), scene=far).reasons == ("too_small",)


def test_inside_views_do_not_ask_for_a_whole_car() -> None:
    assert verdict("boot", seen({"cut_off": 0.9, "too_small": 0.9}, boot=0.9), scene=()).accepted


def test_every_reason_is_given_the_one_to_mend_first_in_front() -> None:
    found = verdict(
        "left_side", seen({"glare": 0.9, "cut_off": 0.9}, right_side=0.9), Measures(0.1, 100, 200, 0)
    )
    assert found.reasons == ("other_side", "cut_off", "blur", "glare")
    assert found.faults == ("blur", "glare")


class Answers:
    """A framing network that says the same of every picture."""

    classes = VIEWS
    thresholds: Mapping[str, float] = LIMITS

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Placement]:
        fitted, placement = stretch(image, 8, 8)
        return fitted.transpose(2, 0, 1)[None].astype(np.float32), placement

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        views, faults = np.zeros((1, 20), np.float32), np.zeros((1, 6), np.float32)
        views[0, 4], views[0, 3], faults[0, 3] = 0.75, 0.25, 0.5
        return {"views": views, "faults": faults}


def test_channels_are_named() -> None:
    found = Framing(Answers()).glance(np.zeros((60, 80, 3), np.uint8))
    assert (found.view, found.score) == ("rear", 0.75)
    assert found.top(2) == {"rear": 0.75, "rear_left": 0.25}
    assert found.faults["cut_off"] == 0.5


class BrightSide(Answers):
    """Takes the brighter half for the front of the car, and is surer of what it sees on the right."""

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        left, right = np.split(batch, 2, axis=3)
        views = np.zeros((1, 20), np.float32)
        if left.mean() > right.mean():
            views[0, VIEWS.index("left_side")], views[0, VIEWS.index("front")] = 0.6, 0.4
        else:
            views[0, VIEWS.index("right_side")], views[0, VIEWS.index("front")] = 0.9, 0.1
        return {"views": views, "faults": np.full((1, 6), 0.1, np.float32)}


def test_a_photo_is_also_seen_in_the_mirror_so_that_no_side_is_preferred() -> None:
    """The same car from either side gets the same score for its own side."""
    photo = np.zeros((60, 80, 3), np.uint8)
    photo[:, :40] = 200
    framing = Framing(BrightSide())
    straight, turned = framing(photo), framing(np.ascontiguousarray(photo[:, ::-1]))
    assert straight.views["left_side"] == pytest.approx(0.75)
    assert turned.views["right_side"] == pytest.approx(0.75)
    assert sum(straight.views.values()) == pytest.approx(1.0)
