"""The operators' list, and one case with everything that is known about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from inspection_service.api.dto.common import ActorView
from inspection_service.api.dto.live import HandoverView
from inspection_service.api.dto.operator import (
    ControlPointView,
    LiveView,
    OddPhoto,
    OdometerView,
    OperatorInspection,
    OperatorRef,
    OperatorSignature,
    OperatorStepView,
    OperatorView,
    PresenceView,
    QueueCall,
    QueueItem,
    ReplayView,
    SkippedView,
    StatementView,
)
from inspection_service.api.present.live import (
    annotation_view,
    chat_message_view,
    frame_view,
    operator_help_view,
    recording_view,
)
from inspection_service.api.present.proof import correction_view, withheld_view
from inspection_service.api.present.seller import consents_view, masked_contact
from inspection_service.api.present.steps import (
    capture_view,
    event_view,
    failure_view,
    finding_view,
    named_actor,
    progress_view,
    reasons_of,
    step_view,
    vehicle_view,
    words_of,
)
from inspection_service.inspections import views
from inspection_service.inspections.outline import OperatorOutline
from inspection_service.inspections.queueing import QueueEntry
from inspection_service.inspections.records import (
    Capture,
    ChatMessage,
    Dossier,
    Frame,
    Language,
    OperatorId,
    Statement,
)
from inspection_service.inspections.states import CLOSED
from inspection_service.vision.same_car import odd_ones

_EVENTS_SHOWN = 200
_CLOSING = frozenset({"report.sealed", "inspection.cancelled", "inspection.expired", "inspection.rejected"})


def photos_url(inspection_id: str) -> str:
    """Return the address under which an operator fetches photos of an inspection."""
    return f"/v1/operator/inspections/{inspection_id}/captures"


def queue_item(
    entry: QueueEntry, language: Language, now: datetime, *, call: QueueCall | None, is_seller_live: bool
) -> QueueItem:
    """Show one line of the list."""
    outline = entry.outline
    case = outline.inspection
    title = words_of(case, case.current_step).get("title", {})
    return QueueItem(
        id=case.id,
        state=case.state,
        vehicle=vehicle_view(case.vehicle),
        platform_name=outline.platform_name,
        seller_name=case.contact.name,
        progress=progress_view(outline),
        current_step=case.current_step,
        step_title=title.get(language),
        age_s=max(0, int((now - case.created_at).total_seconds())),
        last_event_at=outline.last_event_at,
        failure=failure_view(outline, language) if case.state in ("in_progress", "review") else None,
        needs=list(entry.needs),
        need_since=entry.need_since,
        rank=entry.rank,
        claimed_by=_claim(outline),
        call=call,
        live=LiveView(seller=is_seller_live),
    )


def operator_view(
    dossier: Dossier, language: Language, presence: PresenceView, *, looks_on: str | None = None
) -> OperatorView:
    """Show one case.

    Args:
        dossier: The case.
        language: Of the operator.
        presence: Who looks at it now.
        looks_on: Id of the operator it is shown to; only who holds the case sees the number to call back.
    """
    url = photos_url(dossier.inspection.id)
    return OperatorView(
        inspection=_inspection(dossier),
        checklist_title=dossier.inspection.checklist["title"][language],
        event_seq=dossier.event_seq,
        steps=[_step(dossier, step, language, url) for step in views.steps(dossier)],
        damages=[finding_view(f, language) for f in views.declared_damage(dossier)],
        findings=[finding_view(f, language) for f in dossier.findings],
        damage_captures=[
            capture_view(dossier, c, language, url) for c in dossier.captures if c.step_id is None
        ],
        control_points=[
            ControlPointView(
                id=point["id"],
                title=point["title"][language],
                section=point["section"],
                step=point.get("step"),
            )
            for point in dossier.inspection.checklist.get("control_points", ())
        ],
        statements=[_statement(statement) for statement in dossier.statements],
        odometer=_odometer(dossier),
        consents=consents_view(dossier),
        skipped=[SkippedView.model_validate(skipped) for skipped in dossier.skipped],
        signatures=[OperatorSignature.model_validate(signature) for signature in dossier.signatures],
        events=[event_view(event) for event in dossier.events[-_EVENTS_SHOWN:]],
        presence=presence,
        help=operator_help_view(dossier, is_holder=looks_on == dossier.inspection.claimed_by is not None),
        annotations=[annotation_view(annotation) for annotation in dossier.annotations],
        recordings=[recording_view(recording) for recording in dossier.recordings],
        report_ready=dossier.report is not None,
        corrections=[correction_view(entry) for entry in dossier.corrections],
        withheld=withheld_view(dossier),
        odd_photos=odd_photos(dossier.captures),
        texts_language=language,
    )


def odd_photos(captures: Sequence[Capture]) -> list[OddPhoto]:
    """Name the photos that may show another car than the rest, of those that stand as evidence."""
    standing = {str(c.id): c.judgement for c in captures if c.is_evidence and c.judgement}
    return [OddPhoto.model_validate(odd, from_attributes=True) for odd in odd_ones(standing)]


def _inspection(dossier: Dossier) -> OperatorInspection:
    case = dossier.inspection
    return OperatorInspection(
        id=case.id,
        state=case.state,
        language=case.language,
        purpose=case.purpose,
        vehicle=vehicle_view(case.vehicle),
        platform_name=dossier.platform_name,
        reference=case.reference,
        sign_off=case.sign_off,
        deadline_at=case.deadline_at,
        created_at=case.created_at,
        updated_at=case.updated_at,
        current_step=case.current_step,
        seller_name=case.contact.name,
        contact_masked=masked_contact(case.contact),
        claimed_by=_claim(dossier),
        handover=None
        if case.handover is None
        else HandoverView(by=named_actor(case.handover.by), note=case.handover.note, at=case.handover.at),
        progress=progress_view(dossier),
    )


def replay_view(
    dossier: Dossier,
    chat: Sequence[ChatMessage],
    frames: Sequence[Frame],
    names: Mapping[OperatorId, str],
    language: Language,
) -> ReplayView:
    """Show all that happened, for the flight recorder."""
    case, url = dossier.inspection, photos_url(dossier.inspection.id)
    is_over = case.state in CLOSED and bool(dossier.events)
    # What comes after the seal (a recording deleted, a correction) is told, and does not make the session longer.
    closing = [event.at for event in dossier.events if event.kind in _CLOSING]
    return ReplayView(
        inspection=_inspection(dossier),
        steps=[_step(dossier, step, language, url) for step in views.steps(dossier)],
        started_at=views.seller_joined_at(dossier) or case.created_at,
        ended_at=(closing[0] if closing else dossier.events[-1].at) if is_over else None,
        events=[event_view(event) for event in dossier.events],
        captures=[capture_view(dossier, capture, language, url) for capture in dossier.captures],
        annotations=[annotation_view(annotation) for annotation in dossier.annotations],
        recordings=[recording_view(recording) for recording in dossier.recordings],
        chat=[chat_message_view(message, case.contact.name) for message in chat],
        frames=[frame_view(frame) for frame in frames],
        operators=[OperatorRef(id=key, name=name) for key, name in names.items()],
    )


def operators_named(dossier: Dossier) -> frozenset[OperatorId]:
    """Say whom the log names by id, beside those who act in it."""
    named = (event.data.get(key) for event in dossier.events for key in ("operator_id", "from_id"))
    return frozenset(OperatorId(each) for each in named if isinstance(each, str))


def _step(dossier: Dossier, step: views.Step[Capture], language: Language, url: str) -> OperatorStepView:
    shown = step_view(dossier, step, language, url)
    tries = sorted((c for c in dossier.captures if c.step_id == step.id), key=lambda c: c.attempt)
    return OperatorStepView(
        **{name: getattr(shown, name) for name in type(shown).model_fields},
        captures=[capture_view(dossier, capture, language, url) for capture in tries],
        reasons=reasons_of(words_of(dossier.inspection, step.id), language),
    )


def _claim(dossier: Dossier | OperatorOutline) -> OperatorRef | None:
    holder = dossier.inspection.claimed_by
    return None if holder is None else OperatorRef(id=holder, name=dossier.claimed_by_name or "")


def _statement(statement: Statement) -> StatementView:
    return StatementView(
        control_point=statement.control_point,
        voice=statement.voice,
        value=dict(statement.value),
        actor=ActorView(kind=statement.actor.kind, name=statement.actor.name),
        at=statement.at,
        evidence=list(statement.evidence),
    )


def _odometer(dossier: Dossier) -> OdometerView:
    voices = views.odometer(dossier)

    def value(voice: str) -> dict[str, Any] | None:
        return dict(voices[voice].value) if voice in voices else None

    return OdometerView(
        model=value("model"),
        operator=value("operator"),
        declared_km=dossier.inspection.vehicle.declared_mileage_km,
    )
