"""What the models say about one photo: the record that the database, the pages and the report all carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inspection_service.vision.car_text import CarText
from inspection_service.vision.damage import Detection
from inspection_service.vision.odometer import OdometerReading
from inspection_service.vision.quality import Measures
from inspection_service.vision.scene import SceneObject

REASONS = (
    "no_car",
    "other_side",
    "wrong_view",
    "too_small",
    "cut_off",
    "dark",
    "blur",
    "glare",
    "screen_photo",
    "not_readable",
)
"""Every code that can stand against a photo, in the order in which a seller should mend them."""


@dataclass(frozen=True)
class Quality:
    """Pixel measures and the faults found in them and by the framing model."""

    measures: Measures
    faults: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As the judgement carries it."""
        return {
            "sharpness": round(self.measures.sharpness, 3),
            "brightness": round(self.measures.brightness, 1),
            "clipped_share": round(self.measures.clipped_share, 4),
            "faults": list(self.faults),
        }


@dataclass(frozen=True)
class Judgement:
    """One photo, judged once by one set of models; never altered, re-judging makes another.

    Attributes:
        model_set: SHA-256 in hexadecimal over all manifests' hashes.
        width: Of the upright photo, pixels.
        height: Likewise.
        asked: The view that the step wants; None when nothing was asked.
        view: The view found.
        view_score: 0..1.
        views: The three likeliest views and their scores.
        accepted: Whether the photo serves the step.
        reasons: Codes of ``REASONS``; empty exactly when accepted.
        quality: Measures and faults.
        scene: Cars, people, plates; boxes xyxy in pixels of the upright photo, as all boxes here.
        detections: Damage.
        odometer: The reading or why there is none; None when no odometer was looked for.
        plate: What stands on the car's plate; None when no plate was seen. The record keeps no text of it, see
            ``work.identifying``.
        vin: Likewise the VIN; None when none was looked for.
        look: Fingerprint by which a copy of the photo is recognised; None for a picture that shows nothing.
        car_look: How the car looks, to be held against other photos by ``vision.same_car``; None where no whole car is
            shown.
        seconds: How long judging took.
    """

    model_set: str
    width: int
    height: int
    asked: str | None
    view: str
    view_score: float
    views: Mapping[str, float]
    accepted: bool
    reasons: tuple[str, ...]
    quality: Quality
    scene: tuple[SceneObject, ...]
    detections: tuple[Detection, ...]
    odometer: OdometerReading | None
    plate: CarText | None
    vin: CarText | None
    look: str | None
    car_look: str | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, with scores rounded to what they are worth."""
        return {
            "model_set": self.model_set,
            "width": self.width,
            "height": self.height,
            "asked": self.asked,
            "view": self.view,
            "view_score": round(self.view_score, 4),
            "views": {name: round(score, 4) for name, score in self.views.items()},
            "accepted": self.accepted,
            "reasons": list(self.reasons),
            "quality": self.quality.to_json(),
            "scene": [s.to_json() for s in self.scene],
            "detections": [d.to_json() for d in self.detections],
            "odometer": self.odometer.to_json() if self.odometer else None,
            "plate": self.plate.to_json() if self.plate else None,
            "vin": self.vin.to_json() if self.vin else None,
            "look": self.look,
            "car_look": self.car_look,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class Guidance:
    """What to tell the person who holds the camera, now.

    Attributes:
        code: ``ok``, or the first of ``reasons``.
        ok: Whether a photo taken now would be accepted, as far as a small frame shows.
        asked: The view wanted.
        view: The view found.
        view_score: 0..1.
        reasons: Codes of ``REASONS``.
        car: Where the car is, xyxy as shares of the frame's width and height, 0..1; None when none was seen.
    """

    code: str
    ok: bool
    asked: str | None
    view: str
    view_score: float
    reasons: tuple[str, ...]
    car: tuple[float, float, float, float] | None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "code": self.code,
            "ok": self.ok,
            "asked": self.asked,
            "view": self.view,
            "view_score": round(self.view_score, 4),
            "reasons": list(self.reasons),
            "car": [round(x, 4) for x in self.car] if self.car else None,
        }
