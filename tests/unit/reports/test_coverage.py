"""Coverage says what photos show and nothing they do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inspection_service.inspections.records import Capture, Dossier
from inspection_service.reports.coverage import OUTSIDE, coverage
from tests.unit.reports.dossiers import OPERATOR, SELLER, dossier

pytestmark = pytest.mark.unit


def covered(case: Dossier) -> dict[str, dict[str, Any]]:
    views = {str(step["id"]): step["view"] for step in case.inspection.checklist["steps"]}
    return {row["area"]: row for row in coverage(case, views)}


def only(*views: str, **changes: Any) -> Dossier:
    """An inspection with these photos alone."""
    case, _ = dossier("en")
    return replace(
        case, captures=tuple(replace(c, **changes) for c in case.captures if c.step_id in views), findings=()
    )


def capture(case: Dossier) -> Capture:
    return case.captures[0]


def test_every_outside_area_is_listed_and_the_roof_is_never_seen() -> None:
    """Twelve good photos show all sides from the height of a person, and no roof."""
    rows = covered(dossier("en")[0])
    assert set(OUTSIDE) <= set(rows)
    assert [area for area in OUTSIDE if not rows[area]["captures"]] == ["roof"]


def test_no_photo_covers_nothing() -> None:
    """Everything is listed, nothing is claimed."""
    case, _ = dossier("en", photographed=0)
    rows = covered(case).values()
    assert all(not row["captures"] and row["best_px_across"] is None for row in rows)
    assert all(row["smallest_visible_mm"] is None and row["glare_share"] is None for row in rows)


def test_a_side_shows_its_own_doors_and_not_the_others() -> None:
    """Sides are the car's own."""
    rows = covered(only("left_side"))
    assert rows["front_left_door"]["captures"]
    assert rows["left_sill"]["captures"]
    assert not rows["front_right_door"]["captures"]
    assert not rows["front_bumper"]["captures"]


def test_sizes_come_from_the_box_of_the_car() -> None:
    """290 pixels for 4.3 m: four pixels are 59 mm, and a door is a quarter of them."""
    rows = covered(only("left_side"))
    door = rows["front_left_door"]
    assert door["best_px_across"] == round(290 * 0.24)
    assert door["smallest_visible_mm"] == round(4300 / 290 * 4, 1)
    assert door["glare_share"] == 0.001


def test_without_a_box_or_when_blurred_nothing_is_measured() -> None:
    """Unknown is null: the area is covered, how well nobody knows."""
    case = only("left_side")
    judged = dict(capture(case).judgement or {})
    boxless = replace(case, captures=(replace(capture(case), judgement={**judged, "scene": []}),))
    door = covered(boxless)["front_left_door"]
    assert (door["captures"], door["best_px_across"], door["smallest_visible_mm"]) == (
        [capture(case).id],
        None,
        None,
    )
    blurred = replace(
        case,
        captures=(
            replace(
                capture(case),
                state="overridden",
                decided_by=SELLER,
                judgement={**judged, "reasons": ["blur"]},
            ),
        ),
    )
    door = covered(blurred)["front_left_door"]
    assert door["best_px_across"] is not None
    assert door["smallest_visible_mm"] is None


@pytest.mark.parametrize("reason", ["wrong_view", "other_side", "no_car", "screen_photo"])
def test_a_photo_kept_by_a_seller_although_it_shows_something_else_covers_nothing(reason: str) -> None:
    """Unless an operator looked and decided that it does."""
    case = only("left_side", state="overridden", decided_by=SELLER)
    judged = {**(capture(case).judgement or {}), "reasons": [reason], "view": "front"}
    kept = replace(case, captures=(replace(capture(case), judgement=judged),))
    assert not covered(kept)["front_left_door"]["captures"]
    assert not covered(kept)["front_bumper"]["captures"], "nor what the model takes it for"
    decided = replace(kept, captures=(replace(kept.captures[0], decided_by=OPERATOR),))
    assert covered(decided)["front_left_door"]["captures"]


def test_refused_photos_and_photos_of_damage_cover_nothing() -> None:
    """Neither answers a step."""
    assert not covered(only("left_side", state="retake"))["front_left_door"]["captures"]
    assert not covered(only("left_side", step_id=None))["front_left_door"]["captures"]


def test_what_the_checklist_asks_inside_is_listed_too() -> None:
    """Seats, dashboard, odometer, and one wheel of which nobody knows which."""
    rows = covered(dossier("en")[0])
    assert {"front_seats", "dashboard", "odometer", "wheel"} <= set(rows)
    assert rows["odometer"]["captures"]
    assert rows["odometer"]["best_px_across"] is None
