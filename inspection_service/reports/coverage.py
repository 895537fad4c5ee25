"""Which areas of the car the photos show, how large, and what could be seen there: no more than the photos support.

An area is covered by a photo when the photo shows the view it was asked for, as the model found it or an operator
decided. Sizes come from the box of the car in the photo and the share of its width an area usually takes; they are
estimates of a car of common size, and unknown (``null``) wherever there is no box.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inspection_service.inspections.records import Capture, Dossier
from inspection_service.reports.seen import is_in_report

CAR_LENGTH_MM: Final = 4300
CAR_WIDTH_MM: Final = 1800
"""A car of common size (European compact class, about 4.3 m by 1.8 m): our own assumption, good to some 15 %."""
PX_TO_SEE: Final = 4
"""Pixels a mark must span to be told from noise: twice the sampling limit of two. Our own bound."""
CORNER_SHORTENING: Final = 1.4142
"""From a corner at 45 degrees each side shows sin 45 of its width."""

_UNTRUSTED: Final = frozenset({"wrong_view", "other_side", "no_car", "screen_photo"})
"""Faults after which a photo that a seller kept shows nothing for certain."""


@dataclass(frozen=True, slots=True)
class _Look:
    """How one view shows the car."""

    width_mm: float
    """Of what the car's box spans."""
    shortening: float
    """Millimetres on the panel for each millimetre across the picture."""
    shares: Mapping[str, float]
    """Share of the box's width that each area takes."""


def _side(side: str) -> _Look:
    return _Look(
        CAR_LENGTH_MM,
        1.0,
        {
            f"front_{side}_wing": 0.18,
            f"front_{side}_door": 0.24,
            f"rear_{side}_door": 0.20,
            f"rear_{side}_wing": 0.20,
            f"{side}_sill": 0.44,
            f"front_{side}_wheel": 0.15,
            f"rear_{side}_wheel": 0.15,
        },
    )


def _corner(end: str, side: str) -> _Look:
    cover = "bonnet" if end == "front" else "boot_lid"
    return _Look(
        (CAR_LENGTH_MM + CAR_WIDTH_MM) / CORNER_SHORTENING,
        CORNER_SHORTENING,
        {
            f"{end}_bumper": 0.30,
            cover: 0.27,
            f"{end}_{side}_lamp": 0.09,
            f"{end}_{side}_wing": 0.13,
            f"{end}_{side}_wheel": 0.11,
            f"{end}_{side}_door": 0.17,
        },
    )


_FRONT: Final = {
    "front_bumper": 1.0,
    "bonnet": 0.8,
    "windscreen": 0.7,
    "front_left_lamp": 0.2,
    "front_right_lamp": 0.2,
}
_REAR: Final = {
    "rear_bumper": 1.0,
    "boot_lid": 0.75,
    "rear_window": 0.65,
    "rear_left_lamp": 0.2,
    "rear_right_lamp": 0.2,
}
LOOKS: Final[Mapping[str, _Look]] = {
    "front": _Look(CAR_WIDTH_MM, 1.0, _FRONT),
    "rear": _Look(CAR_WIDTH_MM, 1.0, _REAR),
    "left_side": _side("left"),
    "right_side": _side("right"),
    "front_left": _corner("front", "left"),
    "front_right": _corner("front", "right"),
    "rear_left": _corner("rear", "left"),
    "rear_right": _corner("rear", "right"),
}
"""Views that show the whole car, and what each shows of it; the roof is in none of them from the height of a person."""
CLOSE_VIEWS: Final[Mapping[str, str]] = {
    "windscreen": "windscreen",
    "wheel": "wheel",
    "tyre_tread": "tyre_tread",
    "dashboard": "dashboard",
    "odometer": "odometer",
    "front_seats": "front_seats",
    "rear_seats": "rear_seats",
    "boot": "boot",
    "engine_bay": "engine_bay",
    "vin_plate": "vin_plate",
}
"""Views that show one thing from near, without a box of the car to measure by; which wheel is not known."""
OUTSIDE: Final = (
    "front_bumper",
    "rear_bumper",
    "bonnet",
    "boot_lid",
    "roof",
    "windscreen",
    "rear_window",
    *(f"{end}_{side}_{part}" for part in ("door", "wing", "wheel", "lamp") for end, side in (
        ("front", "left"), ("rear", "left"), ("front", "right"), ("rear", "right"))),
    "left_sill",
    "right_sill",
)  # fmt: skip
"""Listed in every report, seen or not."""


@dataclass(frozen=True, slots=True)
class _Shown:
    capture_id: str
    px_across: int | None
    glare_share: float | None
    smallest_mm: float | None


def coverage(dossier: Dossier, views: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """List every area with the photos that show it.

    Args:
        dossier: Of the inspection.
        views: The view each step asks for, by step id.

    Returns:
        ``area``, ``captures``, and of the photo that shows it largest: ``best_px_across`` (pixels across the area),
        ``glare_share`` (blown-out share of that whole photo), ``smallest_visible_mm``.
    """
    shown: dict[str, list[_Shown]] = {area: [] for area in OUTSIDE}
    for view in views.values():
        for area in _areas(view):
            shown.setdefault(area, [])
    for capture in dossier.captures:
        view = seen_view(capture, views.get(str(capture.step_id)))
        if view is None:
            continue
        for area in _areas(view):
            shown.setdefault(area, []).append(_measure(capture, view, area))
    return [_entry(area, found) for area, found in shown.items()]


def seen_view(capture: Capture, asked: str | None) -> str | None:
    """Say which view a photo certainly shows; ``None`` when it stands for nothing or nobody can tell."""
    if not is_in_report(capture) or capture.step_id is None or not capture.is_evidence:
        return None
    if capture.decided_by is not None and capture.decided_by.kind == "operator":
        return asked
    judgement = capture.judgement or {}
    if _UNTRUSTED & {str(code) for code in judgement.get("reasons", ())}:
        return None
    found = judgement.get("view")
    return asked if found is None or found == asked else None


def _areas(view: str | None) -> Iterable[str]:
    if view is None:
        return ()
    if view in LOOKS:
        return LOOKS[view].shares
    return (CLOSE_VIEWS[view],) if view in CLOSE_VIEWS else ()


def _measure(capture: Capture, view: str, area: str) -> _Shown:
    judgement = capture.judgement or {}
    glare = (judgement.get("quality") or {}).get("clipped_share")
    look, width_px = LOOKS.get(view), _car_width_px(judgement.get("scene", ()))
    if look is None or width_px is None:
        return _Shown(capture.id, None, glare, None)
    mm_per_px = look.width_mm / width_px * look.shortening
    is_blurred = "blur" in judgement.get("reasons", ())
    return _Shown(
        capture.id,
        round(width_px * look.shares[area]),
        glare,
        None if is_blurred else round(mm_per_px * PX_TO_SEE, 1),
    )


def _car_width_px(scene: Sequence[Mapping[str, Any]]) -> float | None:
    widths = [float(s["box"][2]) - float(s["box"][0]) for s in scene if s.get("kind") == "car"]
    return max(widths) if widths and max(widths) >= 1 else None


def _entry(area: str, found: Sequence[_Shown]) -> dict[str, Any]:
    best = max(found, key=lambda one: (one.px_across or 0, -(one.glare_share or 0.0)), default=None)
    finest = [one.smallest_mm for one in found if one.smallest_mm is not None]
    glare = None if best is None else best.glare_share
    return {
        "area": area,
        "captures": [one.capture_id for one in found],
        "best_px_across": None if best is None else best.px_across,
        "glare_share": None if glare is None else round(float(glare), 4),
        "smallest_visible_mm": min(finest, default=None),
    }
