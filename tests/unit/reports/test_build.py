"""What the record says, and what it must never say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import inspection_service.reports
from inspection_service.inspections.personal import PersonalKeys
from inspection_service.inspections.records import Dossier, Event, Language, StepId
from inspection_service.reports.build import build
from inspection_service.reports.commitments import disclosed
from inspection_service.reports.errors import NotReadyToSeal
from inspection_service.reports.records import DraftReport
from inspection_service.reports.render.context import Pictures
from inspection_service.reports.render.view import page_data
from inspection_service.reports.said import masked_contact
from inspection_service.reports.words import Words
from tests.unit.reports.dossiers import MODELS, OPERATOR, SEALED_AT, SELLER, SERVICE_ACTOR, dossier

pytestmark = pytest.mark.unit
SCHEMA = json.loads(
    (Path(inspection_service.reports.__file__).parent / "schema" / "report.schema.json").read_text()
)


KEYS = PersonalKeys(b"s" * 32, b"o" * 32)


def draft(case: Dossier) -> DraftReport:
    return build(case, sealed_at=SEALED_AT, models=MODELS, has_development_keys=True, keys=KEYS)


def clear(case: Dossier) -> dict[str, Any]:
    """The record with every personal value in place, as the document prints it."""
    made = draft(case)
    return disclosed(made.record, made.values)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("photographed", [0, 5, 12])
def test_every_record_follows_the_published_schema(language: Language, photographed: int) -> None:
    """The schema allows nothing it does not name."""
    case, _ = dossier(language, photographed=photographed)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(draft(case).json_bytes))


def test_the_same_dossier_gives_the_same_bytes() -> None:
    """Nothing but the dossier, the models and the seal's time goes in."""
    assert draft(dossier()[0]).json_bytes == draft(dossier()[0]).json_bytes


@pytest.mark.parametrize("state", ["in_progress", "review", "seller_signed", "sealed", "cancelled"])
def test_only_a_signed_off_inspection_becomes_a_report(state: Any) -> None:
    """A report of an open case would say what nobody signed."""
    case, _ = dossier()
    with pytest.raises(NotReadyToSeal) as caught:
        draft(replace(case, inspection=replace(case.inspection, state=state)))
    assert caught.value.attributes == {"state": state}


def test_contacts_are_masked() -> None:
    """The report shows that the seller could be reached, not where."""
    text = json.dumps(clear(dossier()[0]), ensure_ascii=False)
    assert "camille.durand" not in text
    assert "+33600000042" not in text
    assert "c…@example.com" in text


@pytest.mark.parametrize(
    ("email", "phone", "expected"),
    [
        ("a@b.fr", None, {"email": "a…@b.fr", "phone": None}),
        ("no address", "1", {"email": None, "phone": "…1"}),
        (None, None, {"email": None, "phone": None}),
    ],
)
def test_masking_never_fails(email: str | None, phone: str | None, expected: dict[str, str | None]) -> None:
    """Whatever a platform sent as a contact."""
    case, _ = dossier()
    assert masked_contact(replace(case.inspection.contact, email=email, phone=phone)) == expected


def test_what_was_not_seen_is_named() -> None:
    """A skipped step with its reason, missing steps, a poor photo with its faults, a control point nobody looked at."""
    record = clear(dossier(photographed=9)[0])
    gaps = {(gap["kind"], gap["id"]): gap for gap in record["not_seen"]}
    assert gaps["step", "dashboard"]["why"] == "skipped"
    assert gaps["step", "dashboard"]["reason"] == "Rayure faite au parking"
    assert gaps["step", "odometer"]["why"] == "not_photographed"
    assert gaps["step", "odometer"]["required"] is True
    assert gaps["step", "front_seats"]["required"] is False
    assert gaps["poor_photo", "wheel"]["faults"] == ["blur", "cut_off"]
    assert ("control_point", "spare_wheel") in gaps


def test_damage_is_counted_by_voice() -> None:
    """Rejected findings stay in the record and do not count as damage."""
    record = clear(dossier()[0])
    assert record["summary"]["findings"] == {
        "confirmed": 2,
        "suspected": 1,
        "declared": 1,
        "rejected": 1,
        "disputed": 1,
    }
    assert record["summary"]["damage"] == "stated"


def test_no_finding_means_none_seen_and_no_photo_means_nothing_at_all() -> None:
    """Silence about a car nobody photographed is not good news."""
    assert clear(dossier(has_findings=False)[0])["summary"]["damage"] == "none_seen"
    assert clear(dossier(photographed=0)[0])["summary"]["damage"] == "nothing_photographed"


def test_a_suspicion_alone_is_not_a_statement() -> None:
    """The model's voice stays the model's."""
    case, _ = dossier()
    only_model = tuple(f for f in case.findings if f.source == "model" and f.verdict is None)
    assert clear(replace(case, findings=only_model))["summary"]["damage"] == "suspected"


def test_findings_on_a_retaken_photo_are_kept_but_not_in_force() -> None:
    """The record keeps them; the count does not."""
    case, _ = dossier()
    captures = tuple(replace(c, state="retake") if c.step_id == "front_left" else c for c in case.captures)
    record = clear(replace(case, captures=captures))
    assert {f["id"]: f["in_report"] for f in record["findings"]}["fnd_1"] is False
    assert record["summary"]["findings"]["confirmed"] == 1
    assert next(s for s in record["steps"] if s["id"] == "front_left")["outcome"] == "refused"


def test_the_last_accepted_attempt_answers_the_step() -> None:
    """Earlier attempts stay as evidence."""
    case, _ = dossier()
    first = case.captures[0]
    second = replace(first, id=type(first.id)("cap_again"), attempt=2)
    record = clear(replace(case, captures=(second, *case.captures)))
    assert record["steps"][0]["capture_id"] == "cap_again"
    assert record["steps"][0]["attempts"] == 2


def test_the_operator_settles_the_mileage() -> None:
    """Both readings stay; the difference to the declared value is in kilometres."""
    case, _ = dossier()
    model = case.statements[0]
    operator = replace(model, voice="operator", value={"reading": "80000", "unit": "mi"})
    mileage = clear(replace(case, statements=(model, operator)))["mileage"]
    assert mileage["settled"] == {"reading": "80000", "unit": "mi", "voice": "operator"}
    assert mileage["difference_km"] == round(80000 * 1.609344) - 127000
    assert [r["voice"] for r in mileage["readings"]] == ["model", "operator"]


def test_a_reading_that_was_refused_settles_nothing() -> None:
    """The model abstains rather than guesses, and the report says so."""
    case, _ = dossier()
    abstained = replace(
        case.statements[0], value={"reading": None, "unit": None, "confidence": 0.2, "why_not": "unsure"}
    )
    mileage = clear(replace(case, statements=(abstained,)))["mileage"]
    assert mileage["settled"] is None
    assert mileage["difference_km"] is None
    assert mileage["readings"][0]["why_not"] == "unsure"


def test_notes_name_everything_that_is_missing_from_a_full_proof() -> None:
    """Development keys, no second factor, no operator, no timestamp authority."""
    notes = clear(dossier(is_signed_off=False)[0])["notes"]
    assert notes == {
        "development_keys": True,
        "no_seller_signature": False,
        "no_second_factor": True,
        "demonstration_pictures": False,
        "no_operator_sign_off": True,
        "no_timestamp_authority": True,
        "time": "service_clock",
        "after_seller_signature": [],
    }


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_picture_that_was_not_taken_for_the_inspection_is_told_on_page_one_and_beside_it(
    language: Language,
) -> None:
    """A stranger must not take a demonstration for an inspection."""
    case = dossier(language)[0]
    made = draft(replace(case, captures=tuple(replace(c, method="demo") for c in case.captures)))
    assert made.record["notes"]["demonstration_pictures"] is True
    page = page_data(disclosed(made.record, made.values), made.sha256, Pictures())
    words = Words(language)
    assert {"text": words.say("note.demonstration_pictures"), "tone": "bad"} in page["notes"]
    how = words.say("caption.method", how=words.label("method", "demo"))
    assert all(how in photo["lines"] for photo in page["photos"])


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_was_judged_after_the_seller_signed_is_named(language: Language) -> None:
    """The seller's signature is of an earlier state, and the report says so on its first page and in its timeline."""
    case, _ = dossier(language)
    signed = case.events[-1]
    at = signed.at  # the same instant: the order of events counts, not the clock
    later = tuple(
        Event(signed.seq + n, at, kind, OPERATOR)
        for n, kind in enumerate(("operator.claimed", "finding.rejected", "odometer.edited"), 1)
    )
    made = draft(replace(case, events=(*case.events, *later)))
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(made.json_bytes))
    listed = disclosed(made.record, made.values)["notes"]["after_seller_signature"]
    assert [(e["seq"], e["kind"]) for e in listed] == [
        (signed.seq + 2, "finding.rejected"),
        (signed.seq + 3, "odometer.edited"),
    ]
    assert listed[0]["by"] == {"kind": "operator", "name": OPERATOR.name}
    page = page_data(disclosed(made.record, made.values), made.sha256, Pictures())
    words = Words(language)
    warning = {"text": words.count("note.after_seller_signature", 2), "tone": "warn"}
    assert page["notes"].index(warning) == 1, "right after the development keys"
    mark = words.say("timeline.after_seller_signature")
    assert [mark in what for _, what, _ in page["timeline"]][-4:] == [False, False, True, True]


def test_only_the_signature_in_force_counts() -> None:
    """What was judged before the seller signed again was shown to them."""
    case, _ = dossier()
    signed = case.events[-1]
    again = (
        Event(signed.seq + 1, signed.at, "finding.rejected", OPERATOR),
        Event(signed.seq + 2, signed.at, "seller.signed", SELLER),
    )
    record = clear(replace(case, events=(*case.events, *again)))
    assert record["notes"]["after_seller_signature"] == []


def test_a_judgement_that_is_not_the_operators_is_not_said_to_be() -> None:
    """The warning names the operator only when every later point is an operator's."""
    case, _ = dossier("en")
    signed = case.events[-1]
    later = Event(signed.seq + 1, signed.at, "odometer.read", SERVICE_ACTOR)
    made = draft(replace(case, events=(*case.events, later)))
    texts = [
        note["text"]
        for note in page_data(disclosed(made.record, made.values), made.sha256, Pictures())["notes"]
    ]
    assert "One point was judged or changed after the seller signed: see the timeline." in texts


@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_signature_says_what_its_hash_covers(language: Language) -> None:
    """The seller's and the operator's are of the same list at different times."""
    made = draft(dossier(language)[0])
    seller, operator = page_data(disclosed(made.record, made.values), made.sha256, Pictures())["signatures"]
    assert seller["covers"] == Words(language).say("signature.covers.seller")
    assert operator["covers"] == Words(language).say("signature.covers.operator")


def test_a_photo_waiting_for_a_decision_answers_nothing() -> None:
    """Undecided is not seen."""
    case, _ = dossier()
    captures = tuple(replace(c, state="judged") if c.step_id == StepId("rear") else c for c in case.captures)
    record = clear(replace(case, captures=captures))
    assert next(s for s in record["steps"] if s["id"] == "rear")["outcome"] == "undecided"
