"""The record says whether the ordered car is shown, and keeps no plate and no VIN for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inspection_service.inspections.records import Vehicle
from inspection_service.work.identifying import identified

pytestmark = pytest.mark.unit

VIN = "WVWZZZ1JZ3W558842"


def read(text: str | None) -> dict[str, Any]:
    return {
        "text": text,
        "confidence": 0.9 if text else 0.0,
        "box": [1.0, 2.0, 3.0, 4.0],
        "why_not": None if text else "readings_disagree",
        "evidence": ["cuts", "pattern:FR"] if text else [],
    }


@pytest.mark.parametrize(
    ("ordered", "text", "says"),
    [
        ("AB-123-CD", "AB123CD", "yes"),
        ("ab 1o1 ci", "AB101CI", "yes"),
        ("AB-123-CD", "AB128CD", "no"),
        ("AB-123-CD", None, "not_read"),
        (None, "AB123CD", "not_stated"),
        ("-", "AB123CD", "not_stated"),
    ],
)
def test_a_plate_is_held_against_the_order(ordered: str | None, text: str | None, says: str) -> None:
    plate = identified({"plate": read(text), "vin": None}, Vehicle(plate=ordered))["plate"]
    assert plate["matches_order"] == says
    assert plate["box"] == [1.0, 2.0, 3.0, 4.0]


def test_a_vin_is_held_against_the_order() -> None:
    judgement = {"plate": None, "vin": read(VIN)}
    assert identified(judgement, Vehicle(vin=VIN))["vin"]["matches_order"] == "yes"
    assert identified(judgement, Vehicle(vin=VIN[:-1] + "3"))["vin"]["matches_order"] == "no"


def test_nothing_of_the_text_is_left() -> None:
    kept = identified({"view": "rear", "plate": read("AB123CD"), "vin": read(VIN)}, Vehicle(plate="XX-1-YY"))
    words = json.dumps(kept)
    assert "AB123CD" not in words
    assert VIN not in words
    assert "pattern" not in words
    assert kept["view"] == "rear"


def test_a_judgement_of_a_photo_without_plate_or_of_older_models_stays_as_it_is() -> None:
    assert identified({"view": "boot"}, Vehicle()) == {"view": "boot", "plate": None, "vin": None}


@pytest.mark.parametrize(
    ("ordered", "says"), [("AB-123-CD", "yes"), ("XX-987-YY", "not_read"), (None, "not_stated")]
)
def test_a_document_can_confirm_the_plate_and_never_speaks_against_it(ordered: str | None, says: str) -> None:
    """On a document many lines may be plates; none of them is kept."""
    lines = [{**read(text), "evidence": ["document"]} for text in ("EF456GH", "AB123CD")]
    plate = identified({"plate": {**read(None), "among": lines}}, Vehicle(plate=ordered))["plate"]
    assert plate["matches_order"] == says
    assert (plate["evidence"] == ["document"]) == (says == "yes")
    assert not {"AB123CD", "EF456GH"} & set(json.dumps(plate).split('"'))
    assert "among" not in plate
