"""Makes parts of a photo unrecognisable, and proposes which: rather too much than a plate too few.

What is hidden keeps nothing that could be computed back: a plate becomes one colour, a person a handful of large
squares, and only these are smoothed. Which places are proposed is a policy of values; who looks for them comes from
elsewhere (``Seen``), and a person looks at every copy before anybody else does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

HiddenKind = Literal["plate", "person", "vin", "document", "surroundings", "other"]
"""``person`` is a person's whole box: there is no model of faces. ``surroundings`` is everything outside its box."""
HIDDEN_KINDS: Final[tuple[HiddenKind, ...]] = ("plate", "person", "vin", "document", "surroundings", "other")
FoundBy = Literal["model", "rule", "operator", "platform"]
"""``rule``: nobody saw anything there, but there should be something."""
Doubt = Literal["plate_not_found", "car_not_found", "unknown_view", "not_looked"]
"""Why a photo needs a person's eyes most: no plate on a view that shows one; no car; nobody knows what it shows; there
was no model to look."""

Image = NDArray[np.uint8]
BoxXyxy = tuple[int, int, int, int]

PLATE_VIEWS: Final[Mapping[str, tuple[float, float]]] = {
    "front": (0.15, 0.85),
    "rear": (0.15, 0.85),
    "front_left": (0.0, 0.6),
    "front_right": (0.4, 1.0),
    "rear_right": (0.0, 0.6),
    "rear_left": (0.4, 1.0),
}
"""Views that show a plate, and between which shares of the car's width it can be: seen from its front left, the car's
front is on the left of the picture. Source: the sides of STYLE's vocabulary; azimuths of the checklists' viewpoints."""
PLATE_HEIGHT: Final = (0.38, 0.98)
"""Between which shares of the car's height, from the top, a plate can be: tailgates carry theirs half way up."""
SIDE_VIEWS: Final = frozenset({"left_side", "right_side"})
WHOLE_VIEWS: Final[Mapping[str, HiddenKind]] = {"vin_plate": "vin", "registration_document": "document"}
"""Photos of nothing but what must be hidden."""
INSIDE_VIEWS: Final = frozenset({"dashboard", "odometer", "front_seats", "rear_seats", "boot", "engine_bay"})
GROWN: Final[Mapping[HiddenKind, float]] = {"plate": 0.4, "person": 0.12}
"""By which share of its larger side a found box grows on every side: boxes of the model cut edges off."""
LEAST_GROWN: Final = 0.004
"""Of the picture's longer side, at least."""
CAR_KEPT: Final = 0.03
"""How much around the car stays when surroundings go, in shares of the car's sides."""
_SQUARES: Final[Mapping[HiddenKind, int]] = {
    "plate": 1,
    "vin": 1,
    "document": 1,
    "other": 1,
    "person": 5,
    "surroundings": 16,
}
"""Squares along the longer side of what is hidden."""
QUALITY: Final = 88
_TONES: Final = 16
"""Steps between two tones that are left of a square's colour."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Something found in a photo.

    Attributes:
        kind: ``car``, ``person`` or ``plate``.
        box: xyxy, pixels of the upright photo.
        score: 0..1.
        is_sure: Whether the score is what judgement asks for; for hiding less is enough.
    """

    kind: str
    box: tuple[float, float, float, float]
    score: float
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Region:
    """One part that is hidden; a box in whole pixels of the upright photo, ``x1 < x2``, ``y1 < y2``."""

    kind: HiddenKind
    box: BoxXyxy
    by: FoundBy

    @property
    def is_outside(self) -> bool:
        """Whether everything but the box is hidden."""
        return self.kind == "surroundings"

    def to_json(self) -> dict[str, Any]:
        """Return it as it is stored and signed."""
        return {"kind": self.kind, "box": list(self.box), "by": self.by}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Region:
        """Read what ``to_json`` wrote."""
        x1, y1, x2, y2 = value["box"]
        return cls(value["kind"], (x1, y1, x2, y2), value["by"])


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a machine would hide in one photo, and what it is not sure of; never a verdict that it is enough."""

    regions: tuple[Region, ...]
    doubts: tuple[Doubt, ...]


def propose(
    seen: Sequence[Seen], view: str | None, size_px: tuple[int, int], *, surroundings: bool = False
) -> Proposal:
    """Choose what to hide.

    Args:
        seen: What was found, with low thresholds.
        view: What the photo is meant to show; ``None`` when nobody knows (declared damage).
        size_px: Width and height of the upright photo.
        surroundings: Whether everything but the car goes too.
    """
    width, height = size_px
    whole = (0, 0, width, height)
    if view is not None and view in WHOLE_VIEWS:
        return Proposal((Region(WHOLE_VIEWS[view], whole, "rule"),), ())
    regions = [_grown(one, size_px) for one in seen if one.kind in ("person", "plate")]
    doubts: list[Doubt] = []
    car = main_car(seen)
    is_outdoors = view in PLATE_VIEWS or view in SIDE_VIEWS
    if car is None and is_outdoors:
        doubts.append("car_not_found")
    if (
        view is not None
        and view in PLATE_VIEWS
        and not any(one.kind == "plate" and one.is_sure for one in seen)
    ):
        doubts.append("plate_not_found")
        regions.append(_where_a_plate_is(view, car or (0.0, 0.0, float(width), float(height)), size_px))
    if view is None or not (is_outdoors or view in INSIDE_VIEWS or view == "wheel"):
        doubts.append("unknown_view")
    if surroundings and view not in INSIDE_VIEWS and car is not None:
        kept = _clipped(_wider(car, CAR_KEPT, CAR_KEPT), size_px)
        if kept is not None and kept != whole:
            regions.append(Region("surroundings", kept, "model"))
    elif surroundings and is_outdoors:
        regions.append(Region("other", whole, "rule"))
    return Proposal(tuple(_distinct(regions)), tuple(doubts))


def main_car(seen: Sequence[Seen]) -> tuple[float, float, float, float] | None:
    """Return the box of the largest car; those that judgement would not count only when there is no other."""
    cars = [one for one in seen if one.kind == "car"]
    cars = [one for one in cars if one.is_sure] or cars
    return max((one.box for one in cars), key=_area, default=None)


def hide(image: Image, regions: Collection[Region]) -> Image:
    """Return the picture with the regions made unrecognisable.

    Args:
        image: ``(H, W, 3)`` uint8 BGR, upright; not modified.
        regions: Boxes in its pixels; what reaches over the edge is cut.

    Returns:
        A new picture of the same size. No pixel of a hidden part depends on more than a few averages of it.
    """
    height, width = image.shape[:2]
    hidden = image.copy()
    # Surroundings first: what is hidden within them, too, then loses the rest.
    for region in sorted(regions, key=lambda r: not r.is_outside):
        box = _clipped(region.box, (width, height))
        if box is None:
            if region.is_outside:
                hidden[:] = _squares(image, region.kind)
            continue
        x1, y1, x2, y2 = box
        if region.is_outside:
            kept = image[y1:y2, x1:x2].copy()
            rest = image.copy()
            rest[y1:y2, x1:x2] = np.uint8(round(float(image.mean())))
            hidden = _squares(rest, region.kind)
            hidden[y1:y2, x1:x2] = kept
        else:
            hidden[y1:y2, x1:x2] = _squares(hidden[y1:y2, x1:x2], region.kind)
    return hidden


def encode(image: Image) -> bytes:
    """Encode ``(H, W, 3)`` uint8 BGR as a baseline JPEG with nothing in it but the picture."""
    is_ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not is_ok:
        raise RuntimeError("the JPEG encoder refused the picture")
    return data.tobytes()


def cleaned(kind: HiddenKind, box: Sequence[float], by: FoundBy, size_px: tuple[int, int]) -> Region | None:
    """Make a region of a box that a person drew; ``None`` when nothing of it lies in the picture."""
    x1, y1, x2, y2 = box
    clipped = _clipped((min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)), size_px)
    return None if clipped is None else Region(kind, clipped, by)


def _squares(part: Image, kind: HiddenKind) -> Image:
    """Average a part into few squares, forget the fine tones of these, and smooth what is left."""
    height, width = part.shape[:2]
    count = _SQUARES[kind]
    side = max(height, width) / count
    columns, rows = max(1, min(count, round(width / side))), max(1, min(count, round(height / side)))
    small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    coarse = np.clip((small.astype(np.int16) // _TONES) * _TONES + _TONES // 2, 0, 255).astype(np.uint8)
    large = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
    if columns * rows > 1:
        blur = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        large = cv2.addWeighted(large, 0.5, blur, 0.5, 0)
    return np.asarray(large, np.uint8)


def _grown(one: Seen, size_px: tuple[int, int]) -> Region:
    kind: HiddenKind = "plate" if one.kind == "plate" else "person"
    x1, y1, x2, y2 = one.box
    by = max(
        GROWN[kind] * max(x2 - x1, y2 - y1) * (0.5 if kind == "plate" else 1), LEAST_GROWN * max(size_px)
    )
    box = _clipped((x1 - by, y1 - by, x2 + by, y2 + by), size_px)
    return Region(kind, box or (0, 0, *size_px), "model")


def _where_a_plate_is(view: str, car: tuple[float, float, float, float], size_px: tuple[int, int]) -> Region:
    x1, y1, x2, y2 = car
    left, right = PLATE_VIEWS[view]
    top, bottom = PLATE_HEIGHT
    wide, high = x2 - x1, y2 - y1
    box = _clipped((x1 + left * wide, y1 + top * high, x1 + right * wide, y1 + bottom * high), size_px)
    return Region("plate", box or (0, 0, *size_px), "rule")


def _wider(
    box: tuple[float, float, float, float], across: float, along: float
) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    dx, dy = across * (x2 - x1), along * (y2 - y1)
    return x1 - dx, y1 - dy, x2 + dx, y2 + dy


def _clipped(box: Sequence[float], size_px: tuple[int, int]) -> BoxXyxy | None:
    """Round a box outwards and cut it to the picture; ``None`` when nothing is left."""
    width, height = size_px
    x1, y1 = max(0, int(np.floor(box[0]))), max(0, int(np.floor(box[1])))
    x2, y2 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def _distinct(regions: Sequence[Region]) -> list[Region]:
    """Drop boxes that lie within another of the same kind."""
    kept: list[Region] = []
    for region in sorted(regions, key=lambda r: -_area(r.box)):
        if not any(_is_within(region.box, other.box) and region.kind == other.kind for other in kept):
            kept.append(region)
    return kept


def _is_within(box: BoxXyxy, other: BoxXyxy) -> bool:
    return box[0] >= other[0] and box[1] >= other[1] and box[2] <= other[2] and box[3] <= other[3]


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
