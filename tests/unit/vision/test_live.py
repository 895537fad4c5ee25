"""What a seller is told in a call costs no more looks than it needs, and is the same as with all of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection_service.vision.engine import Placement, stretch
from inspection_service.vision.framing import FAULTS, VIEWS, Framing, Seen, decide, needs_scene
from inspection_service.vision.live import (
    FRAMING_PX,
    SCENE_AT_LATEST_S,
    SCENE_EVERY_S,
    LiveGuide,
    quickly_shrunk,
)
from inspection_service.vision.quality import Measures
from inspection_service.vision.scene import SceneObject
from tests.unit.vision.test_framing import LIMITS

pytestmark = pytest.mark.unit

Image = NDArray[np.uint8]
GOOD = Measures(sharpness=0.6, brightness=110, highlights=240, clipped_share=0.0)
WHOLE = SceneObject("car", (100.0, 150.0, 700.0, 500.0), 0.9)
TINY = SceneObject("car", (300.0, 300.0, 340.0, 330.0), 0.9)
AT_THE_EDGE = SceneObject("car", (0.0, 0.0, 800.0, 500.0), 0.9)


class View:
    """A framing network that always sees one view."""

    classes = VIEWS
    thresholds: Mapping[str, float] = LIMITS

    def __init__(self, view: str) -> None:
        self.view = view
        self.car: NDArray[np.float32] | None = None
        self.cut_off = 0.0

    def prepare(self, image: Image) -> tuple[NDArray[np.float32], Placement]:
        fitted, placement = stretch(image, 8, 8)
        return fitted.transpose(2, 0, 1)[None].astype(np.float32), placement

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        views = np.zeros((1, 20), np.float32)
        views[0, VIEWS.index(self.view)] = 1.0
        faults = np.zeros((1, 6), np.float32)
        faults[0, FAULTS.index("cut_off")] = self.cut_off
        car = {} if self.car is None else {"car": self.car[None]}
        return {"views": views, "faults": faults, **car}


class Session:
    """A guide that sees one view, with its clock and how often it looked at the scene."""

    def __init__(self, view: str, phase: float = 0.0) -> None:
        self.now_s = 0.0
        self.looked_s: list[float] = []
        self.things: tuple[SceneObject, ...] = (WHOLE,)
        self.network = View(view)
        self.guide = LiveGuide(self.scene, Framing(self.network), lambda: self.now_s, phase=phase)
        self._frame = np.random.default_rng(3).integers(0, 255, (360, 640, 3)).astype(np.uint8)

    def scene(self, image: Image) -> tuple[SceneObject, ...]:
        self.looked_s.append(self.now_s)
        return self.things

    def watch(self, asked: str | None, seconds: float) -> list[str]:
        """Look at four frames a second for some seconds."""
        codes = []
        for _ in range(round(seconds * 4)):
            codes.append(self.guide.hint(self._frame, asked).code)
            self.now_s += 0.25
        return codes


def test_the_scene_is_looked_at_now_and_then() -> None:
    session = Session("rear")
    session.watch("rear", 3 * SCENE_EVERY_S)
    assert session.looked_s == [0, SCENE_EVERY_S, 2 * SCENE_EVERY_S]


def test_sessions_that_begin_together_look_at_different_moments() -> None:
    sessions = [Session("rear", phase) for phase in (0.0, 0.25, 0.5)]
    for session in sessions:
        session.watch("rear", 3 * SCENE_EVERY_S)
    assert [session.looked_s[0] for session in sessions] == [0, 0, 0]  # the first hint is whole
    later = [set(session.looked_s[1:]) for session in sessions]
    assert not later[0] & later[1]
    assert not later[1] & later[2]


@pytest.mark.parametrize(
    ("view", "asked"), [("dashboard", "dashboard"), ("rear", "boot"), ("left_side", "rear")]
)
def test_a_scene_that_cannot_change_the_hint_is_not_looked_at(view: str, asked: str) -> None:
    session = Session(view)
    session.watch(asked, 5)
    assert session.looked_s == []


def test_the_scene_is_looked_at_as_soon_as_it_matters() -> None:
    session = Session("left_side")
    session.watch("rear", 1)
    session.network.view = "rear"
    session.watch("rear", 1)
    assert session.looked_s == [1.0]


def look_of(*starts: float) -> NDArray[np.float32]:
    """How a picture looks, as the framing network says it: its first half is of the whole picture."""
    look = np.zeros(128, np.float32)
    look[: len(starts)] = starts
    return look


def test_while_the_seller_holds_still_an_older_scene_is_enough() -> None:
    session = Session("rear")
    session.network.car = look_of(1.0, 0.1)
    session.watch("rear", 2 * SCENE_AT_LATEST_S)
    assert session.looked_s == [0, SCENE_AT_LATEST_S]


def test_a_step_back_has_the_scene_looked_at_when_its_time_has_come() -> None:
    session = Session("rear")
    session.network.car = look_of(1.0, 0.1)
    session.watch("rear", 1)
    session.network.car = look_of(1.0, 0.6)  # another look by more than a shaking hand makes
    session.things = (TINY,)
    codes = session.watch("rear", 3)
    assert session.looked_s == [0, SCENE_EVERY_S]
    assert codes[-1] == "too_small"


@pytest.mark.parametrize(
    ("things", "cut_off"),
    [
        ((), 0.0),  # whether there is no car at all
        ((SceneObject("car", (300.0, 100.0, 460.0, 240.0), 0.9),), 0.0),  # nearly too small
        ((WHOLE,), LIMITS["cut_off_at_edge"]),  # a little aside, and it is cut off
    ],
)
def test_near_a_limit_the_scene_is_looked_at_as_often_as_ever(
    things: tuple[SceneObject, ...], cut_off: float
) -> None:
    session = Session("rear")
    session.network.car, session.network.cut_off, session.things = look_of(1.0), cut_off, things
    session.watch("rear", 3 * SCENE_EVERY_S)
    assert session.looked_s == [0, SCENE_EVERY_S, 2 * SCENE_EVERY_S]


def test_a_frame_is_halved_into_the_network_and_a_large_picture_left_to_it() -> None:
    frame = np.zeros((360, 640, 3), np.uint8)
    assert quickly_shrunk(frame).shape == (FRAMING_PX, FRAMING_PX, 3)
    photo = np.zeros((1200, 1600, 3), np.uint8)
    assert quickly_shrunk(photo) is photo


def test_what_is_no_view_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="roof"):
        Session("rear").watch("roof", 1)


def test_without_a_look_the_first_reason_is_the_same() -> None:
    """For many answers of the framing model, and for every scene that might have been seen."""
    numbers = np.random.default_rng(11)
    skipped = 0
    for _ in range(4000):
        shares = numbers.dirichlet(np.full(len(VIEWS), 0.15))
        faults = {fault: float(numbers.random() ** 2) for fault in FAULTS}
        seen = Seen(dict(zip(VIEWS, map(float, shares), strict=True)), faults)
        asked = [None, *VIEWS][int(numbers.integers(0, len(VIEWS) + 1))]
        if needs_scene(asked, seen, LIMITS):
            continue
        skipped += 1
        told = {
            (verdict.accepted, verdict.reasons[:1])
            for scene in ((), (WHOLE,), (TINY,), (AT_THE_EDGE,))
            for verdict in [decide(asked, seen, GOOD, scene, size=(800, 600), limits=LIMITS)]
        }
        assert len(told) == 1, (asked, seen, told)
    assert 1000 < skipped < 4000
