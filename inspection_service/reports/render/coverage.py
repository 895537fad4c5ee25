"""How well each panel of the car was seen, and where on the drawing each finding lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from inspection_service.reports.render.car import FRAMES, HEIGHT, MIDDLES, WIDTH, Seen, View, on_view
from inspection_service.reports.render.inputs import Json, Record

POOR_GLARE_SHARE: Final = 0.3
POOR_SMALLEST_MM: Final = 20.0
"""Where nothing smaller than this would have been visible, a panel counts as poorly seen; the legend says so."""
MARK_SIZE: Final = 5.4
"""Distance that two numbers keep from each other on the drawing, in its units."""
_STRAIGHT: Final[Mapping[str, View]] = {
    "front": "front",
    "left_side": "left",
    "rear": "rear",
    "right_side": "right",
}
_BODY: Final[Mapping[View, tuple[float, float, float, float]]] = {
    "left": (2.4, 2.8, 97.6, 33.4),
    "right": (2.4, 2.8, 97.6, 33.4),
    "front": (3.4, 3.4, 36.6, 32.6),
    "rear": (3.4, 3.4, 36.6, 32.6),
}
"""The outline of the car within a view: the car box of a photo is laid over it."""
_SLANTED: Final[Mapping[str, tuple[View, float, float]]] = {
    "front_left": ("left", 6, 7),
    "rear_left": ("left", 94, 7),
    "front_right": ("right", 94, 7),
    "rear_right": ("right", 6, 7),
}
"""Free places above bonnet and boot, for what a slanted photo shows without naming the panel."""
_BESIDE: Final = tuple(
    (dx * MARK_SIZE, dy * MARK_SIZE)
    for dx, dy in sorted(
        ((dx, dy) for dx in range(-3, 4) for dy in range(-3, 4)), key=lambda d: (d[0] ** 2 + d[1] ** 2, d)
    )
)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a finding is numbered on the drawing."""

    x: float
    y: float
    is_named: bool
    """Whether a panel was named; otherwise the place is taken from the photo."""


def seen(row: Json, decided: Mapping[str, str]) -> Seen:
    """Grade one row of the record's coverage.

    Args:
        row: ``area``, ``captures`` and what is known of their resolution.
        decided: State of each capture, by id.
    """
    if not row["captures"]:
        return "absent"
    states = [decided.get(capture_id) for capture_id in row["captures"]]
    glare, smallest = row.get("glare_share"), row.get("smallest_visible_mm")
    is_poor = (
        all(state == "overridden" for state in states)
        or (glare is not None and glare >= POOR_GLARE_SHARE)
        or (smallest is not None and smallest > POOR_SMALLEST_MM)
    )
    return "poor" if is_poor else "well"


def panels_seen(record: Record) -> dict[str, Seen]:
    """Grade every area of the record; empty for records from before coverage was noted."""
    decided = {capture["id"]: capture["state"] for capture in record["captures"]}
    return {row["area"]: seen(row, decided) for row in record.get("coverage", ())}


def spots(record: Record, findings: Sequence[Json]) -> dict[str, Spot]:
    """Place findings on the drawing, so that no number covers another.

    Returns:
        By finding id; a finding that nobody can place (declared without photo, inside the car) has none.
    """
    captures = {capture["id"]: capture for capture in record["captures"]}
    steps = {step["id"]: step for step in record["steps"]}
    placed: dict[str, Spot] = {}
    taken: list[tuple[float, float]] = []
    for finding in findings:
        capture = captures.get(finding["capture_id"] or "")
        step = steps.get(capture["step_id"]) if capture else None
        wanted = _wanted(finding, capture, step)
        if wanted is None:
            continue
        (x, y), is_named = wanted
        for dx, dy in _BESIDE:
            place = (min(max(x + dx, 3.0), WIDTH - 3), min(max(y + dy, 3.0), HEIGHT - 3))
            if all((place[0] - a) ** 2 + (place[1] - b) ** 2 >= MARK_SIZE**2 * 0.98 for a, b in taken):
                taken.append(place)
                placed[finding["id"]] = Spot(*place, is_named)
                break
    return placed


def _wanted(
    finding: Json, capture: Json | None, step: Json | None
) -> tuple[tuple[float, float], bool] | None:
    view = step["view"] if step else None
    if finding["part"] in MIDDLES:
        return on_view(*MIDDLES[finding["part"]]), True
    straight = _STRAIGHT.get(str(view))
    if straight is not None and capture is not None and finding["box"] is not None:
        inside = _inside_car(finding["box"], capture)
        if inside is not None:
            x1, y1, x2, y2 = _BODY[straight]
            return on_view(straight, x1 + inside[0] * (x2 - x1), y1 + inside[1] * (y2 - y1)), False
    if view in _SLANTED:
        return on_view(*_SLANTED[str(view)]), False
    if straight is not None:
        frame = FRAMES[straight]
        return on_view(straight, frame.width / 2, frame.height / 2), False
    if view == "windscreen":
        return on_view(*MIDDLES["windscreen"]), False
    return None


def _inside_car(box: Sequence[float], capture: Json) -> tuple[float, float] | None:
    """Give the middle of a box in shares of the largest car in the photo; ``None`` when it lies beside that car."""
    judgement = capture["judgement"] or {}
    cars = [found["box"] for found in judgement.get("scene", ()) if found["kind"] == "car"]
    if not cars:
        return None
    left, top, right, bottom = max(cars, key=lambda car: (car[2] - car[0]) * (car[3] - car[1]))
    if right - left < 1 or bottom - top < 1:
        return None
    x, y = ((box[0] + box[2]) / 2 - left) / (right - left), ((box[1] + box[3]) / 2 - top) / (bottom - top)
    return (x, y) if 0 <= x <= 1 and 0 <= y <= 1 else None
