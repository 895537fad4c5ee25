"""The shipped models, trained on real photos, see the demo car: the proof that they work at all, on pictures of ours.

The thirteen pictures were never trained on, and no threshold was chosen on them; see tests/data/demo_car/README.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inspection_service.vision import Judgement, Pipeline, check_models
from inspection_service.vision.framing import RING
from inspection_service.vision.same_car import odd_ones

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "tests" / "data" / "demo_car"
STEPS = (
    "front",
    "front_left",
    "left_side",
    "rear_left",
    "rear",
    "rear_right",
    "right_side",
    "front_right",
    "wheel",
    "dashboard",
    "odometer",
    "front_seats",
)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    """What is to be found, projected from the model of the car."""
    found: dict[str, Any] = json.loads((PICTURES / "truth.json").read_text())
    return found


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    """The models as shipped."""
    return Pipeline.open(ROOT / "models")


@pytest.fixture(scope="module")
def judgements(pipeline: Pipeline) -> dict[str, Judgement]:
    """All pictures, each judged for its own step."""
    return {s: pipeline.judge((PICTURES / f"{s}.webp").read_bytes(), s) for s in STEPS}


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Shared area of two xyxy boxes, pixels squared."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, wide) * max(0.0, high)


def test_every_shipped_model_is_the_one_its_manifest_describes() -> None:
    checks = check_models(ROOT / "models")
    assert [c.says for c in checks if not c.ok] == []


def test_the_models_folder_stays_small() -> None:
    """A deployment carries it everywhere."""
    assert sum(p.stat().st_size for p in (ROOT / "models").glob("*.onnx")) <= 60_000_000


@pytest.mark.parametrize("step", STEPS)
def test_each_view_of_the_demo_car_is_accepted_for_its_step(
    step: str, judgements: dict[str, Judgement]
) -> None:
    said = judgements[step]
    assert (said.view, said.accepted, said.reasons) == (step, True, ())


def test_the_mirrored_side_is_refused_as_the_other_side(pipeline: Pipeline) -> None:
    said = pipeline.judge((PICTURES / "left_side.webp").read_bytes(), "right_side")
    assert said.reasons[0] == "other_side"


def test_the_odometer_of_the_demo_car_is_read(
    judgements: dict[str, Judgement], truth: dict[str, Any]
) -> None:
    said = judgements["odometer"].odometer
    assert said is not None
    assert said.reading == truth["odometer"]["reading"]


def test_the_planted_dent_is_found_where_it_is(
    judgements: dict[str, Judgement], truth: dict[str, Any]
) -> None:
    """In at least one of the views that show the rear left door."""
    hits = [
        step
        for step in STEPS
        for planted in truth["boxes"].get(step, [])
        if planted["kind"] == "dent"
        for found in judgements[step].detections
        if overlap(found.box, tuple(planted["box"])) > 0
    ]
    assert hits


def test_all_pictures_show_one_car(judgements: dict[str, Judgement]) -> None:
    """Eight views from outside have a look and fit each other; the others are not judged by it."""
    kept = {step: said.to_json() for step, said in judgements.items()}
    assert {step for step, said in kept.items() if said["car_look"]} == set(RING)
    assert odd_ones(kept) == ()
