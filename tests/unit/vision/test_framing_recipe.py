"""What the framing recipe teaches is what the product expects, and its yardsticks measure what they say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inspection_service.vision import framing
from inspection_service.vision.quality import Measures, measure
from models.recipes import evaluate_framing as evaluation
from models.recipes import framing_data as data
from models.recipes import phone
from tests.unit.vision.test_framing import GOOD, LIMITS, WHOLE_CAR, seen
from tests.unit.vision.test_quality import scene

pytestmark = pytest.mark.unit


def test_channels_mean_the_same_in_training_and_at_run_time() -> None:
    assert data.VIEWS == framing.VIEWS
    assert data.FAULTS == framing.FAULTS


def test_labels_are_mirrored_as_views_are() -> None:
    assert [data.VIEWS[i] for i in data.MIRROR] == [framing.mirrored(v) for v in framing.VIEWS]


def test_the_shipped_manifest_names_the_views_and_every_threshold_that_is_used() -> None:
    manifest = json.loads((data.SPLIT_FILE.parents[1] / "framing.manifest.json").read_text())
    assert tuple(manifest["classes"]) == framing.VIEWS
    assert set(manifest["thresholds"]) == set(LIMITS)


def test_no_group_both_teaches_and_examines() -> None:
    held = json.loads(data.SPLIT_FILE.read_text())["held_out"]
    assert len(held) == len(set(held)) > 200
    extra = json.loads(data.EXTRA_FILE.read_text())["views"]
    named = [n for names in extra.values() for n in names]
    assert len(named) == len(set(named)), "a photo has two views"


def test_the_test_set_of_renders_never_teaches(tmp_path: Path) -> None:
    for name in ("silver_overcast/front", "blue_sun/front", "blue_sun/odometer_2", "blue_sun/damage"):
        path = tmp_path / f"{name}.webp"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    taught = {p.name: p.view for p in data.rendered_photos(tmp_path)}
    assert taught == {
        "render/blue_sun/damage.webp": "other",
        "render/blue_sun/front.webp": "front",
        "render/blue_sun/odometer_2.webp": "odometer",
    }


@pytest.mark.parametrize("code", ["blur", "dark"])
def test_what_the_phone_model_spoils_the_pixel_measures_see(code: str) -> None:
    rng = np.random.default_rng(3)
    good = scene()
    bad = [measure(phone.FAULTS[code](good, rng)) for _ in range(5)]
    if code == "blur":
        assert max(m.sharpness for m in bad) < 0.7 * measure(good).sharpness
    else:
        assert max(m.brightness for m in bad) < 38


def look(
    view: str, shows: str, *, acceptable: bool | None = True, measures: Measures = GOOD
) -> evaluation.Look:
    photo = data.Photo(Path("x"), f"{view}.webp", view, "source", view, acceptable=acceptable)
    return evaluation.Look(photo, seen(**{shows: 0.9}), measures, WHOLE_CAR, (800, 600))


def test_acceptance_is_scored_as_the_shared_scorer_does() -> None:
    """One right, one wrongly refused, one rightly refused, one wrongly accepted, one unknown."""
    looks = [
        look("rear", "rear"),
        look("front", "rear"),
        look("other", "wheel"),
        look("rear", "rear", acceptable=False),
        look("rear", "rear", acceptable=None),
    ]
    asks = evaluation.asks_of(looks)
    assert len(asks) == 4
    assert evaluation.precision_recall(asks, LIMITS) == (0.5, 0.5)


def test_a_photo_is_asked_for_the_other_side_and_its_neighbours() -> None:
    asked = {a.asked for a in evaluation.wrong_asks_of([look("left_side", "left_side")])}
    assert asked == {"right_side", "front_left", "rear_left", "front_seats", "wheel"}


def test_ties_count_half_in_the_area_under_the_curve() -> None:
    assert evaluation.auc([1.0, 3.0], [1.0, 0.0]) == 0.875


def test_the_risk_of_a_fault_is_one_at_its_threshold() -> None:
    blurred = look("rear", "rear", measures=Measures(LIMITS["sharpness"], 110, 240, 0))
    assert evaluation.risk("blur", blurred, LIMITS) == pytest.approx(1)
    dim = look("rear", "rear", measures=Measures(0.6, LIMITS["brightness"], LIMITS["highlights"], 0))
    assert evaluation.risk("dark", dim, LIMITS) == pytest.approx(1)
