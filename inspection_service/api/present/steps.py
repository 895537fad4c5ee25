"""Steps, photos and findings in the words of the one who looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inspection_service.api.dto.common import (
    ActorView,
    AdviceView,
    CaptureView,
    EventView,
    FailureView,
    FindingView,
    Progress,
    StepView,
    VehicleView,
)
from inspection_service.api.words import advice as general_advice
from inspection_service.api.words import kind_label
from inspection_service.inspections import views
from inspection_service.inspections.outline import OperatorOutline
from inspection_service.inspections.records import (
    Actor,
    Capture,
    Dossier,
    Event,
    Finding,
    Inspection,
    Language,
    Vehicle,
)

_FAULT: Final = "vision_failed"
"""Why a file that nobody could look at was refused, where the log that says it more closely is not at hand."""


def step_view(dossier: Dossier, step: views.Step[Capture], language: Language, photos_url: str) -> StepView:
    """Show one step.

    Args:
        dossier: The case.
        step: How far it is.
        language: Of the words.
        photos_url: Under which address this party fetches photos, such as ``/v1/seller/captures``.
    """
    words = words_of(dossier.inspection, step.id)
    advice: AdviceView | None = None
    if step.advice_code is not None:
        refused = max((c for c in dossier.captures if c.step_id == step.id), key=lambda c: c.attempt)
        advice = _capture_advice(dossier, refused, language)
    return StepView(
        id=step.id,
        kind=words["kind"],
        title=words["title"][language],
        instruction=words["instruction"][language],
        overlay_url=_asset_url(dossier.inspection.checklist_id, words.get("overlay")),
        example_url=_asset_url(dossier.inspection.checklist_id, words.get("example")),
        required=step.is_required,
        status=step.status,
        attempts=step.attempts,
        failed_attempts=step.failed_attempts,
        can_keep=step.can_keep,
        capture=None if step.capture is None else capture_view(dossier, step.capture, language, photos_url),
        advice=advice,
    )


def words_of(inspection: Inspection, step_id: str | None) -> Mapping[str, Any]:
    """Return a step of the frozen checklist by its id; empty when there is none."""
    return next((s for s in views.checklist_steps(inspection) if s["id"] == step_id), {})


def reasons_of(words: Mapping[str, Any], language: Language) -> list[AdviceView]:
    """List the reasons for a retake that a step knows, in words."""
    return [
        AdviceView(code=code, sentence=texts[language]) for code, texts in words.get("retake", {}).items()
    ]


def capture_view(dossier: Dossier, capture: Capture, language: Language, photos_url: str) -> CaptureView:
    """Show one photo."""
    judgement = capture.judgement
    return CaptureView(
        id=capture.id,
        step_id=capture.step_id,
        attempt=capture.attempt,
        state=capture.state,
        received_at=capture.received_at,
        thumb_url=f"{photos_url}/{capture.id}/photo?size=thumb",
        photo_url=f"{photos_url}/{capture.id}/photo?size=full",
        width=None if judgement is None else judgement.get("width"),
        height=None if judgement is None else judgement.get("height"),
        judgement=None if judgement is None else dict(judgement),
        decided_by=actor_view(capture.decided_by),
        decision_reason=capture.decision_reason,
        advice=_capture_advice(dossier, capture, language),
    )


def finding_view(finding: Finding, language: Language) -> FindingView:
    """Show one finding."""
    return FindingView(
        id=finding.id,
        capture_id=finding.capture_id,
        more_capture_ids=list(finding.more_captures),
        source=finding.source,
        kind=finding.kind,
        kind_label=kind_label(finding.kind, language),
        box=finding.box,
        part=finding.part,
        severity=finding.severity,
        model_score=finding.model_score,
        text=finding.text,
        verdict=finding.verdict,
        verdict_by=actor_view(finding.verdict_by),
        verdict_note=finding.verdict_note,
        dispute=finding.dispute,
        annotation_id=finding.annotation_id,
    )


def event_view(event: Event) -> EventView:
    """Show one line of the log."""
    return EventView(
        seq=event.seq, at=event.at, kind=event.kind, actor=named_actor(event.actor), data=dict(event.data)
    )


def vehicle_view(vehicle: Vehicle) -> VehicleView:
    """Show what the platform said of the car."""
    return VehicleView.model_validate(vehicle)


def progress_view(dossier: views.Photographed[views.P]) -> Progress:
    """Show how far the case is."""
    return Progress.model_validate(views.progress(dossier))


def actor_view(actor: Actor | None) -> ActorView | None:
    """Show who did something."""
    return None if actor is None else named_actor(actor)


def named_actor(actor: Actor) -> ActorView:
    """Show somebody by kind and name."""
    return ActorView(kind=actor.kind, name=actor.name)


def failure_view(outline: OperatorOutline, language: Language) -> FailureView | None:
    """Show what went wrong last, when its step has no answer yet."""
    refused = views.last_failure(outline)
    if refused is None:
        return None
    advice = _advice(outline.inspection, refused, _FAULT, language)
    return FailureView(
        step_id=refused.step_id,
        step_title=words_of(outline.inspection, refused.step_id).get("title", {}).get(language),
        code=advice.code if advice else "unusable",
        sentence=advice.sentence if advice else "",
        at=refused.received_at,
    )


def _capture_advice(dossier: Dossier, capture: Capture, language: Language) -> AdviceView | None:
    fault = _FAULT if capture.is_judged else _fault(dossier, capture)
    return _advice(dossier.inspection, capture, fault, language)


def _advice(inspection: Inspection, capture: views.P, fault: str, language: Language) -> AdviceView | None:
    if capture.state != "retake":
        return None
    code = capture.decision_reason or "unusable"
    if not capture.is_judged:
        # Nobody has looked at the picture, because the file cannot be opened: what to do follows from why.
        return AdviceView(code=code, sentence=capture.decision_note or general_advice(fault, language))
    words = words_of(inspection, capture.step_id)
    return AdviceView(code=code, sentence=capture.decision_note or _sentence(words, code, language))


def _fault(dossier: Dossier, capture: Capture) -> str:
    return next(
        (
            str(event.data["fault"])
            for event in reversed(dossier.events)
            if event.kind == "capture.judged"
            and event.data.get("capture_id") == capture.id
            and "fault" in event.data
        ),
        _FAULT,
    )


def _sentence(words: Mapping[str, Any], code: str, language: Language) -> str:
    texts = words.get("retake", {}).get(code)
    return general_advice(code, language) if texts is None else str(texts[language])


def _asset_url(checklist_id: str, asset: str | None) -> str | None:
    return None if asset is None else f"/v1/checklist-assets/{checklist_id}/{asset.rsplit('/', 1)[-1]}"
