"""What a platform sees of its inspections and of the checklists."""

from __future__ import annotations

from inspection_service.api.dto.platform import ChecklistRef, PlatformInspection, ReportRef
from inspection_service.api.present.proof import correction_view
from inspection_service.api.present.steps import progress_view, vehicle_view
from inspection_service.inspections.records import Dossier

PHOTOS_URL = "/v1/inspections/{id}/captures"


def platform_inspection(dossier: Dossier) -> PlatformInspection:
    """Show one inspection to its platform."""
    case = dossier.inspection
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
        progress=progress_view(dossier),
        report=None
        if dossier.report is None
        else ReportRef(
            sealed_at=dossier.report.sealed_at,
            json_sha256=dossier.report.json_sha256,
            pdf_sha256=dossier.report.pdf_sha256,
            corrections=[correction_view(entry) for entry in dossier.corrections],
        ),
    )


def photos_url(inspection_id: str) -> str:
    """Return the address under which a platform fetches photos of an inspection."""
    return PHOTOS_URL.format(id=inspection_id)
