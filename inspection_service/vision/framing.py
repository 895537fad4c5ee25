"""Which view a photo shows, and whether it serves the step that asked for it.

Sides are the car's own: ``left_side`` has its nose at the picture's left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.detector import Network
from inspection_service.vision.judgement import REASONS
from inspection_service.vision.quality import Measures
from inspection_service.vision.scene import SceneObject

RING = (
    "front",
    "front_left",
    "left_side",
    "rear_left",
    "rear",
    "rear_right",
    "right_side",
    "front_right",
)
"""The views from outside, anticlockwise seen from above."""

VIEWS = (
    *RING,
    "wheel",
    "windscreen",
    "dashboard",
    "odometer",
    "front_seats",
    "rear_seats",
    "boot",
    "engine_bay",
    "vin_plate",
    "tyre_tread",
    "registration_document",
    "other",
)

FAULTS = ("blur", "dark", "glare", "cut_off", "too_small", "screen_photo")
"""What the second output of the framing model says, channel by channel."""

ALSO: Mapping[str, Mapping[str, float]] = {
    "dashboard": {"odometer": 1.0, "front_seats": 0.3},
    "front_seats": {"dashboard": 0.3},
    "wheel": {"tyre_tread": 1.0},
}
"""Views that serve a step although it asked for another: a cluster is part of the dashboard, a tread of a wheel."""

_OTHER_END = {"left": "right", "right": "left"}


def known(view: str | None) -> None:
    """Raise ``ValueError`` for what is no view; a caller's mistake."""
    if view is not None and view not in VIEWS:
        raise ValueError(f"{view!r} is not a view")


def mirrored(view: str) -> str:
    """Return the view that a mirror makes of ``view``; most are their own."""
    return "_".join(_OTHER_END.get(part, part) for part in view.split("_"))


@dataclass(frozen=True)
class Seen:
    """What the framing model sees: probabilities of the twenty views (sum 1) and of six faults (each 0..1).

    ``car`` is how a car looks, in numbers for ``vision.same_car``: ``(128,)`` float32, the first half to compare whole
    pictures, the second to compare cars cut out of them; None from a model that was not taught to say so.
    """

    views: Mapping[str, float]
    faults: Mapping[str, float]
    car: NDArray[np.float32] | None = field(default=None, compare=False)

    @property
    def view(self) -> str:
        """The likeliest view."""
        return max(self.views, key=self.views.__getitem__)

    @property
    def score(self) -> float:
        """Its probability."""
        return self.views[self.view]

    def top(self, count: int) -> dict[str, float]:
        """The likeliest views, best first."""
        return dict(sorted(self.views.items(), key=lambda item: -item[1])[:count])

    def serves(self, asked: str) -> float:
        """How likely the photo serves a step that asks for ``asked``, 0..1."""
        near = sum(self.views[v] * share for v, share in ALSO.get(asked, {}).items())
        return self.views[asked] + near

    def likeness(self, other: Seen) -> float:
        """How alike two whole pictures look, at most 1; 0 where the model was not taught to say so."""
        if self.car is None or other.car is None:
            return 0.0
        half = len(self.car) // 2
        one, two = self.car[:half], other.car[:half]
        return float(one @ two) / max(float(np.linalg.norm(one) * np.linalg.norm(two)), 1e-9)


class Framing:
    """Names the view; safe to use from several threads."""

    def __init__(self, model: Network) -> None:
        """Use an opened ``framing`` model; its classes must be the twenty views."""
        self._model = model

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Thresholds of the manifest, for :func:`decide`."""
        return self._model.thresholds

    def __call__(self, image: NDArray[np.uint8]) -> Seen:
        """Look at an upright photo, ``(H, W, 3)`` uint8 BGR, and at its mirror image: so no side is preferred."""
        batch, _ = self._model.prepare(image)
        straight, other = self._look(batch), self._look(np.ascontiguousarray(batch[:, :, :, ::-1]))
        return Seen(
            {view: (share + other.views[mirrored(view)]) / 2 for view, share in straight.views.items()},
            {fault: (share + other.faults[fault]) / 2 for fault, share in straight.faults.items()},
            None
            if straight.car is None or other.car is None
            else np.asarray((straight.car + other.car) / 2, np.float32),
        )

    def glance(self, image: NDArray[np.uint8]) -> Seen:
        """Look once, at half the cost: for live frames, where the next one comes in a third of a second."""
        return self._look(self._model.prepare(image)[0])

    def _look(self, batch: NDArray[np.float32]) -> Seen:
        out = self._model.run(batch)
        return Seen(
            dict(zip(self._model.classes, map(float, out["views"][0]), strict=True)),
            dict(zip(FAULTS, map(float, out["faults"][0]), strict=True)),
            out["car"][0] if "car" in out else None,
        )


@dataclass(frozen=True)
class Verdict:
    """Whether a photo serves its step; ``reasons`` in the order of ``REASONS``, empty exactly when accepted."""

    accepted: bool
    reasons: tuple[str, ...]
    faults: tuple[str, ...]


def decide(
    asked: str | None,
    seen: Seen,
    measures: Measures,
    scene: Sequence[SceneObject],
    *,
    size: tuple[int, int],
    limits: Mapping[str, float],
) -> Verdict:
    """Apply the rules of acceptance.

    Args:
        asked: The view wanted; None asks for whatever the photo shows best, and refuses only ``other``.
        seen: What the framing model sees.
        measures: Of the pixels.
        scene: What the scene model found, in pixels of a picture of ``size``.
        size: ``(width, height)``.
        limits: Thresholds of the framing model's manifest.

    Returns:
        The verdict, with every reason that applies.
    """
    reasons: set[str] = set()
    subject = asked or seen.view
    if subject == "other":
        reasons.add("wrong_view")
    elif not _shows(subject, seen, limits):
        reasons.add(_why_wrong(subject, seen, scene, limits))
    faults = _faults(subject, seen, measures, limits)
    reasons.update(faults)
    if subject in RING and not reasons & {"no_car", "wrong_view"}:
        reasons.update(_framing_faults(seen, scene, size, limits))
    ordered = tuple(code for code in REASONS if code in reasons)
    return Verdict(not ordered, ordered, tuple(code for code in REASONS if code in faults))


def needs_scene(asked: str | None, seen: Seen, limits: Mapping[str, float]) -> bool:
    """Say whether what the scene model finds can change the first reason of :func:`decide`, or its acceptance."""
    subject = asked or seen.view
    if subject not in RING:
        return False
    if _shows(subject, seen, limits):
        return seen.faults["too_small"] < limits["too_small"]
    return _why_wrong(subject, seen, (), limits) == "no_car"


def _shows(asked: str, seen: Seen, limits: Mapping[str, float]) -> bool:
    """Whether the photo serves the step likely enough; less is enough where nothing else is likelier."""
    least = limits["accept_best"] if seen.view == asked else limits["accept"]
    return seen.serves(asked) >= least


def _why_wrong(asked: str, seen: Seen, scene: Sequence[SceneObject], limits: Mapping[str, float]) -> str:
    other_side = mirrored(asked)
    if other_side != asked and seen.views[other_side] >= max(0.3, seen.views[asked]):
        return "other_side"
    outside = sum(seen.views[v] for v in RING)
    if asked in RING and outside < limits["outside"] and not any(s.kind == "car" for s in scene):
        return "no_car"
    return "wrong_view"


def _faults(subject: str, seen: Seen, measures: Measures, limits: Mapping[str, float]) -> set[str]:
    """Faults of the picture itself, by its pixels or by the model's eye."""
    found = set()
    if measures.sharpness < limits["sharpness"] or seen.faults["blur"] >= limits["blur"]:
        found.add("blur")
    dim = measures.brightness < limits["brightness"] and measures.highlights < limits["highlights"]
    lit_display = subject in ("odometer", "dashboard") and measures.highlights >= limits["display"]
    if dim or (seen.faults["dark"] >= limits["dark"] and not lit_display):
        found.add("dark")
    if seen.faults["glare"] >= limits["glare"]:
        found.add("glare")
    if seen.faults["screen_photo"] >= limits["screen_photo"]:
        found.add("screen_photo")
    return found


def _framing_faults(
    seen: Seen, scene: Sequence[SceneObject], size: tuple[int, int], limits: Mapping[str, float]
) -> set[str]:
    """Whether the car is whole and large enough, by the model's eye and by the box of the largest car."""
    found = set()
    car = largest_car(scene)
    touches, share = 0, 1.0
    if car is not None:
        width, height = size
        x1, y1, x2, y2 = car.box
        margins = (x1 / width, y1 / height, 1 - x2 / width, 1 - y2 / height)
        touches = sum(m < limits["margin"] for m in margins)
        share = (x2 - x1) * (y2 - y1) / (width * height)
    cut = seen.faults["cut_off"]
    if cut >= limits["cut_off"] or (touches >= 1 and cut >= limits["cut_off_at_edge"]):
        found.add("cut_off")
    if seen.faults["too_small"] >= limits["too_small"] or share < limits["car_share"]:
        found.add("too_small")
    return found


def largest_car(scene: Sequence[SceneObject]) -> SceneObject | None:
    """Return the car with the largest box; None when there is none."""
    cars = [s for s in scene if s.kind == "car"]
    return max(cars, key=lambda s: (s.box[2] - s.box[0]) * (s.box[3] - s.box[1]), default=None)
