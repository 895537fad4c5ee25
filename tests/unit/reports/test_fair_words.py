"""The document never says more than the record does: about photos, voices, counts, panels and units."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inspection_service.inspections.records import (
    Capture,
    CaptureId,
    Dossier,
    Event,
    Finding,
    FindingId,
    Language,
)
from inspection_service.reports.build import build
from inspection_service.reports.render.context import Pictures
from inspection_service.reports.render.view import page_data
from tests.unit.reports.dossiers import (
    MODELS,
    SEALED_AT,
    SERVICE_ACTOR,
    START,
    dossier,
    judgement,
)

pytestmark = pytest.mark.unit
AT = START + timedelta(minutes=25)
Box = tuple[float, float, float, float]


def page_of(case: Dossier) -> Any:
    draft = build(case, sealed_at=SEALED_AT, models=MODELS, has_development_keys=False)
    return plain(page_data(draft.record, draft.sha256, Pictures()))


def plain(value: Any) -> Any:
    """Fold the spaces and break marks of typesetting."""
    if isinstance(value, str):
        return value.replace("\u00a0", " ").replace("\u200b", "")
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def finding(name: str, source: Any, box: Box | None, capture: Capture, kind: str = "dent") -> Finding:
    score = 0.4 if source == "model" else None
    return Finding(
        FindingId(name), capture.inspection_id, capture.id, source, kind, box, None, None, score, None, AT
    )


def with_declared_photo(language: Language, *, declared_box: Box | None = None) -> Dossier:
    """The seller sends a photo of a damage on which the model, asked for no view, judges ``wrong_view``."""
    case, _ = dossier(language, has_findings=False)
    judged = judgement("other", width_px=320, height_px=240, accepted=False, reasons=["wrong_view"])
    sent = replace(
        case.captures[0],
        id=CaptureId("cap_sent"),
        step_id=None,
        method="file",
        received_at=AT,
        judgement={**judged, "asked": None},
        decided_by=SERVICE_ACTOR,
    )
    found = (
        finding("fnd_model", "model", (10.0, 10.0, 60.0, 60.0), sent),
        finding("fnd_seller", "seller", declared_box, sent, "declared"),
    )
    event = Event(90, AT, "capture.accepted", SERVICE_ACTOR, {"capture_id": sent.id, "step_id": sent.step_id})
    return replace(case, captures=(*case.captures, sent), findings=found, events=(*case.events, event))


def voices(page: Any, standing: str) -> dict[str, str]:
    entry = next(f for f in page["findings"] if f["standing"] == standing)
    return dict(entry["voices"])


@pytest.mark.parametrize(
    ("language", "kept", "accepted"),
    [
        ("fr", "gardée telle que le vendeur a voulu la montrer ; aucune vue n’était demandée", "accepté"),
        ("en", "kept as what the seller wanted to show; no view was asked for", "accepted"),
    ],
)
def test_a_photo_of_declared_damage_is_kept_and_never_said_to_be_accepted(
    language: Language, kept: str, accepted: str
) -> None:
    """Neither beside it nor in the timeline: its judgement says that it is of another view."""
    page = page_of(with_declared_photo(language))
    assert page["photos"][-1]["verdict"] == kept
    assert accepted in page["photos"][0]["verdict"]
    lines = [(text, who) for at, text, who in page["timeline"] if at == f"{AT:%Y-%m-%d %H:%M:%S}"]
    ((text, who),) = lines
    assert accepted not in text.lower()
    assert who == {"fr": "le service", "en": "the service"}[language]


def test_a_photo_of_declared_damage_does_not_hide_in_a_run_of_accepted_ones() -> None:
    """The run ends before it, even when the same actor decided."""
    case = with_declared_photo("en")
    accepted = [event for event in case.events if event.kind == "capture.accepted"]
    assert len(accepted) > 4
    page = page_of(replace(case, events=tuple(accepted)))
    assert [text.split(" – ")[0] for _, text, _ in page["timeline"]] == [
        "Photo accepted",
        "Photo of declared damage kept; no view was asked for",
    ]


def test_voices_on_a_photo_of_declared_damage_do_not_contradict_it() -> None:
    """The seller declared it there, the model suspects it there; nobody "has not commented" or "did not report"."""
    page = page_of(with_declared_photo("en"))
    assert voices(page, "suspected by the model only")["Seller"] == "declared damage on this photo"
    assert voices(page, "declared by the seller")["Model"] == "suspects damage on this photo: D2"


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ((50.0, 50.0, 90.0, 90.0), "suspects damage in the same place: D2"),
        ((60.0, 60.0, 90.0, 90.0), "did not report this"),
    ],
)
def test_a_declared_place_is_the_models_too_only_where_they_overlap(box: Box, said: str) -> None:
    """Touching boxes do not."""
    assert (
        voices(page_of(with_declared_photo("en", declared_box=box)), "declared by the seller")["Model"]
        == said
    )


def test_silence_is_still_said() -> None:
    """On photos on which the seller declared nothing, and for what was declared without a photo."""
    case, _ = dossier("en")
    page = page_of(case)
    assert voices(page, "confirmed by an operator")["Seller"] == "has not commented"
    assert voices(page, "declared by the seller")["Model"] == "did not report this"
    assert voices(page, "stated by an operator")["Model"] == "did not report this"


@pytest.mark.parametrize(
    ("language", "big", "small"),
    [
        ("fr", "4 constats", "2 confirmés, 1 déclaré, 1 non jugé"),
        ("en", "4 findings", "2 confirmed, 1 declared, 1 not judged"),
    ],
)
def test_the_figure_of_damage_counts_findings_as_the_list_does(
    language: Language, big: str, small: str
) -> None:
    """What the seller declared is not what somebody confirmed, and one damage can be several findings."""
    case, _ = dossier(language)
    page = page_of(case)
    assert (page["cards"][0]["big"], page["cards"][0]["small"]) == (big, small)
    assert [line.split()[0] for line in page["state"]["lines"][:3]] == ["2", "1", "1"]
    assert (
        page["state"]["lines"][-1]
        == {
            "fr": "Un dommage vu sur plusieurs photos peut y compter plusieurs fois.",
            "en": "Damage seen on several photos may count several times.",
        }[language]
    )


def test_one_photo_counts_no_damage_twice() -> None:
    """Then nothing is said about it."""
    lines = page_of(with_declared_photo("en"))["state"]["lines"]
    assert lines == ["1 declared by the seller", "1 suspected by the model, not judged by a person"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_panels_that_were_not_seen_are_named_where_it_says_what_was_not_seen(language: Language) -> None:
    """Every view was photographed, and yet no photo shows the roof."""
    case, _ = dossier(language)
    plan = page_of(case)["plan"]
    roof = {"fr": "toit", "en": "roof"}[language]
    assert any(roof in line for line in plan["unseen"])
    assert len(plan["unseen"]) == 2
    assert not plan["is_all_well"]
    poor = {row["area"].split(" (")[0] for row in page_of(case)["coverage"] if row["grade"] == "poor"}
    panels = poor - {"wheel", "roue"}  # a wheel photographed on its own is no panel of the drawing
    assert panels
    assert all(panel in plan["unseen_named"][1] for panel in panels)


@pytest.mark.parametrize(
    ("language", "lines", "reading"),
    [
        (
            "fr",
            "Le nombre lu dépasse de 506 celui du kilométrage déclaré ; l’unité n’a pas été lue.",
            "127 506 (unité non lue)",
        ),
        (
            "en",
            "The number read is 506 above that of the declared mileage; its unit was not read.",
            "127,506 (unit not read)",
        ),
    ],
)
def test_a_mileage_without_its_unit_is_compared_without_a_unit(
    language: Language, lines: str, reading: str
) -> None:
    """The record's ``difference_km`` takes it for kilometres; the document does not say so."""
    case, _ = dossier(language)
    statements = tuple(
        replace(s, value={**s.value, "unit": None}) if s.control_point == "odometer" else s
        for s in case.statements
    )
    page = page_of(replace(case, statements=statements))
    assert lines in page["mileage"]["lines"]
    assert reading in [value for _, value, *_ in page["facts"]]
    card = page["cards"][2]
    assert card["big"] in ("127 506", "127,506")
    assert {"fr": "unité non lue", "en": "unit not read"}[language] in card["small"]


def test_a_mileage_with_its_unit_is_compared_in_kilometres() -> None:
    """As before."""
    case, _ = dossier("en")
    page = page_of(case)
    assert "The reading is 506 km above the declared mileage." in page["mileage"]["lines"]
    assert page["cards"][2]["big"] == "127,506 km"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_score_is_said_to_be_a_frequency_on_other_cars(language: Language) -> None:
    """As models/damage.md has it; neither a certainty about this car nor a severity."""
    case, _ = dossier(language)
    said = page_of(case)["sure"][-1]
    for words in {
        "fr": ("avec quelle fréquence", "autres voitures", "gravité"),
        "en": ("how often", "other cars", "severity"),
    }[language]:
        assert words in said
    assert "probab" not in said


def test_who_declared_is_the_seller() -> None:
    """Their own finding keeps their own words."""
    case = with_declared_photo("en")
    told = replace(case.findings[1], text="hit a post")
    page = page_of(replace(case, findings=(case.findings[0], told)))
    assert voices(page, "declared by the seller")["Seller"].startswith("declares this, “")
