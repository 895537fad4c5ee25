"""What is known of the car says how it is known: what a model read on photos confirms the order or casts a doubt."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from inspection_service.inspections.records import Dossier, Language
from inspection_service.reports.commitments import disclosed
from inspection_service.reports.render.context import Pictures
from inspection_service.reports.render.view import page_data
from inspection_service.reports.vehicle import vehicle_entry
from inspection_service.reports.words import Words
from tests.unit.reports.dossiers import dossier
from tests.unit.reports.test_build import SCHEMA, draft

pytestmark = pytest.mark.unit


def having_read(language: Language = "en", **answers: tuple[str, int]) -> Dossier:
    """A case in which the models read items on so many of its first photos."""
    case, _ = dossier(language)
    captures = list(case.captures)
    for name, (says, times) in answers.items():
        for index in range(times):
            read = {"matches_order": says, "confidence": 0.9, "box": None, "why_not": None, "evidence": []}
            captures[index] = replace(
                captures[index], judgement={**(captures[index].judgement or {}), name: read}
            )
    return replace(case, captures=tuple(captures))


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("says", ["yes", "no"])
def test_the_first_page_says_it_in_words_and_a_doubt_before_a_confirmation(
    language: Language, says: str
) -> None:
    case = having_read(language, plate=("yes", 3))
    if says == "no":
        last = case.captures[-1]
        doubt = {**(last.judgement or {}), "plate": {"matches_order": "no"}}
        case = replace(case, captures=(*case.captures[:-1], replace(last, judgement=doubt)))
    made = draft(case)
    page = page_data(disclosed(made.record, made.values), made.sha256, Pictures())
    words = Words(language)
    said = words.count("known.plate_read", 3) if says == "yes" else words.count("known.plate_other", 1)
    assert said in {row[2] for row in page["facts"]}


def test_photos_that_read_the_ordered_plate_and_those_that_read_another_are_named() -> None:
    case = having_read(plate=("yes", 2), vin=("no", 1))
    entry = vehicle_entry(case.inspection.vehicle, case.captures)
    assert entry["plate"]["read_in"] == ["cap_0000", "cap_0001"]
    assert entry["vin"]["other_in"] == ["cap_0000"]
    assert "other_in" not in entry["plate"]
    assert "read_in" not in entry["make"]


@pytest.mark.parametrize("says", ["not_read", "not_stated"])
def test_what_was_not_read_confirms_nothing(says: str) -> None:
    case = having_read(plate=(says, 3))
    assert "read_in" not in vehicle_entry(case.inspection.vehicle, case.captures)["plate"]


def test_a_photo_that_is_not_in_the_report_confirms_nothing() -> None:
    case = having_read(plate=("yes", 1))
    retaken = (replace(case.captures[0], state="retake"), *case.captures[1:])
    assert "read_in" not in vehicle_entry(case.inspection.vehicle, retaken)["plate"]


def test_the_record_follows_the_schema_with_what_was_read() -> None:
    case = having_read(plate=("yes", 2), vin=("no", 1))
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(draft(case).json_bytes))
