"""What a platform sees of its inspections and of the checklists."""

from __future__ import annotations

from inspection_service.api.dto.platform import (
    ChecklistRef,
    FindingList,
    PhotoRequestView,
    PlatformInspection,
    ReadingList,
    ReadingView,
    ReportRef,
)
from inspection_service.api.present.proof import correction_view
from inspection_service.api.present.steps import finding_view, progress_view, vehicle_view
from inspection_service.inspections import views
from inspection_service.inspections.outline import PlatformOutline
from inspection_service.inspections.records import Dossier

PHOTOS_URL = "/v1/inspections/{id}/captures"


def platform_inspection(outline: PlatformOutline) -> PlatformInspection:
    """Show one inspection to its platform."""
    case = outline.inspection
    return PlatformInspection(
        id=case.id,
        state=case.state,
        language=case.language,
        purpose=case.purpose,
        vehicle=vehicle_view(case.vehicle),
        checklist=ChecklistRef(id=case.checklist_id, sha256=case.checklist_sha256),
        sign_off=case.sign_off,
        reference=case.reference,
        deadline_at=case.deadline_at,
        created_at=case.created_at,
        updated_at=case.updated_at,
        progress=progress_view(outline),
        photo_requests=photo_requests(outline),
        cancel_reason=case.closing_reason,
        report=None
        if outline.report is None
        else ReportRef(
            sealed_at=outline.report.sealed_at,
            json_sha256=outline.report.json_sha256,
            pdf_sha256=outline.report.pdf_sha256,
            corrections=[correction_view(entry) for entry in outline.corrections],
        ),
    )


def photo_requests(outline: PlatformOutline) -> list[PhotoRequestView]:
    """Show what the platform asked for besides the checklist, and how far each is."""
    steps = {step.id: step for step in views.steps(outline)} if outline.inspection.asked else {}
    return [
        PhotoRequestView(
            id=asked.id,
            text=asked.text,
            step_id=asked.about,
            asked_at=asked.at,
            status=steps[asked.id].status,
            capture_id=None if (capture := steps[asked.id].capture) is None else capture.id,
        )
        for asked in outline.inspection.asked
    ]


def findings(dossier: Dossier) -> FindingList:
    """Show all statements about damage."""
    language = dossier.inspection.language
    found = (*views.visible_findings(dossier), *views.declared_damage(dossier))
    return FindingList(items=[finding_view(finding, language) for finding in found])


def readings(dossier: Dossier) -> ReadingList:
    """Show the latest word of each voice."""
    said = (*views.odometer(dossier).values(), *views.statements_now(dossier))
    return ReadingList(
        items=[
            ReadingView(
                control_point=statement.control_point,
                voice=statement.voice,
                value=dict(statement.value),
                at=statement.at,
                capture_ids=list(statement.evidence),
            )
            for statement in said
        ]
    )


def photos_url(inspection_id: str) -> str:
    """Return the address under which a platform fetches photos of an inspection."""
    return PHOTOS_URL.format(id=inspection_id)
