"""The drawing of the car: every panel is there, tells in greyscale how it was seen, and no number covers another."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import pytest

from inspection_service.reports.coverage import OUTSIDE
from inspection_service.reports.render.car import (
    AREAS,
    FRAMES,
    HEIGHT,
    MIDDLES,
    PANELS,
    WIDTH,
    drawing,
    on_view,
    swatch,
)
from inspection_service.reports.render.coverage import panels_seen, seen, spots

pytestmark = pytest.mark.unit
SVG = "{http://www.w3.org/2000/svg}"


def test_every_area_that_a_report_lists_is_on_the_drawing() -> None:
    """And nothing else is."""
    assert set(AREAS) == set(OUTSIDE)
    assert set(MIDDLES) == set(AREAS)


def test_the_drawing_is_a_picture_with_a_shape_for_each_panel() -> None:
    """Well-formed, within its frame, without text that would need a typeface."""
    root = ElementTree.fromstring(drawing({}))
    named = {path.get("data-area") for path in root.iter(f"{SVG}path")} - {None}
    assert named == set(AREAS)
    assert not list(root.iter(f"{SVG}text"))
    for view, panels in PANELS.items():
        for path in panels.values():
            numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", path)]
            assert max(numbers) <= max(FRAMES[view].width, FRAMES[view].height)


def test_how_a_panel_was_seen_shows_in_black_and_white() -> None:
    """The three fills differ in pattern: plain, hatched, cross-hatched."""
    fills = {
        re.findall(rb'<rect [^>]*fill="([^"]+)" stroke="#2b3a48"', swatch(grade))[0]
        for grade in ("well", "poor", "absent")
    }
    assert len(fills) == 3
    assert sum(fill.startswith(b"url(") for fill in fills) == 2


def test_a_panel_is_filled_as_it_was_seen() -> None:
    """In every view that shows it."""
    shapes = re.findall(rb'data-area="bonnet" fill="([^"]+)"', drawing({"bonnet": "absent"}))
    assert set(shapes) == {b"url(#absent)"}


def row(**changes: Any) -> dict[str, Any]:
    return {
        "area": "bonnet",
        "captures": ["c"],
        "best_px_across": 900,
        "glare_share": 0.0,
        "smallest_visible_mm": 8.0,
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "state", "grade"),
    [
        ({}, "accepted", "well"),
        ({"captures": []}, "accepted", "absent"),
        ({}, "overridden", "poor"),
        ({"glare_share": 0.3}, "accepted", "poor"),
        ({"glare_share": 0.29}, "accepted", "well"),
        ({"smallest_visible_mm": 20.1}, "accepted", "poor"),
        ({"smallest_visible_mm": None, "glare_share": None}, "accepted", "well"),
    ],
)
def test_an_area_is_graded_by_its_photos(changes: dict[str, Any], state: str, grade: str) -> None:
    """No photo, only bad ones, too much light, too small to see anything: each counts."""
    assert seen(row(**changes), {"c": state}) == grade


def test_a_record_from_before_coverage_has_no_grades() -> None:
    """The drawing stays white instead of claiming something."""
    assert panels_seen({"captures": []}) == {}


def finding(number: int, **changes: Any) -> dict[str, Any]:
    return {"id": f"f{number}", "capture_id": "c", "part": None, "box": None, **changes}


def record(view: str | None, box: list[float] | None = None) -> dict[str, Any]:
    scene = [] if box is None else [{"kind": "car", "box": box, "score": 0.9}]
    return {
        "captures": [{"id": "c", "step_id": "s", "judgement": {"scene": scene}}],
        "steps": [{"id": "s", "view": view}],
    }


def test_a_finding_stands_on_the_panel_that_was_named() -> None:
    """Whatever photo it was seen on."""
    placed = spots(record("wheel"), [finding(1, part="bonnet")])
    assert (placed["f1"].x, placed["f1"].y) == on_view(*MIDDLES["bonnet"])
    assert placed["f1"].is_named


def test_without_a_panel_its_place_in_a_straight_photo_counts() -> None:
    """The front half of the left side lies in the front half of the left view, and the rim says it is an estimate."""
    case = record("left_side", [100.0, 100.0, 1100.0, 500.0])
    placed = spots(case, [finding(1, box=[200.0, 250.0, 300.0, 350.0])])
    assert placed["f1"].x < FRAMES["left"].x + FRAMES["left"].width / 3
    assert not placed["f1"].is_named


def test_beside_the_car_is_not_on_a_panel() -> None:
    """A box outside the car's own is put in the middle of its side, as an estimate."""
    case = record("left_side", [100.0, 100.0, 1100.0, 500.0])
    placed = spots(case, [finding(1, box=[1200.0, 600.0, 1300.0, 700.0])])
    assert placed["f1"].x == FRAMES["left"].x + FRAMES["left"].width / 2
    assert not placed["f1"].is_named


@pytest.mark.parametrize("view", ["odometer", "front_seats", None])
def test_what_is_not_outside_the_car_is_not_on_the_drawing(view: str | None) -> None:
    """It is listed beside it."""
    assert spots(record(view), [finding(1), finding(2, capture_id=None)]) == {}


def test_no_number_covers_another() -> None:
    """Also with forty findings on one door; those that find no room are listed beside the drawing."""
    placed = spots(record("left_side"), [finding(n, part="rear_left_door") for n in range(60)])
    assert len(placed) >= 40
    for one, other in combinations(placed.values(), 2):
        assert (one.x - other.x) ** 2 + (one.y - other.y) ** 2 >= 5.3**2
    assert all(0 <= spot.x <= WIDTH and 0 <= spot.y <= HEIGHT for spot in placed.values())
