"""Corrections of sealed reports: a platform's, a supervisor's, and who may read them."""

from __future__ import annotations

from typing import Any, Final, Literal

from fastapi import APIRouter, Depends
from starlette.responses import Response

from inspection_service.api.dependencies import ByReportReader, BySeller, ByWriter, MayDo, Opened
from inspection_service.api.dto.proof import CorrectionInput, CorrectionList, CorrectionView
from inspection_service.api.operator import OnCase
from inspection_service.api.present.proof import correction_view
from inspection_service.api.problems import problems
from inspection_service.api.services import Services
from inspection_service.inspections.errors import CorrectionUnknown
from inspection_service.inspections.records import Actor, InspectionId
from inspection_service.inspections.service import Inspections

router = APIRouter()
_PLATFORM: Final = "/v1/inspections/{inspection_id}/corrections"
_OPERATOR: Final = "/v1/operator/inspections/{inspection_id}/corrections"
_WRITE: Final = problems(401, 403, 404, 409, 422, 503)
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "Exactly as it was signed."}
}


@router.post(_PLATFORM, status_code=201, tags=["platform"], responses=_WRITE)
async def correct(
    inspection_id: str, body: CorrectionInput, door: ByWriter, services: Opened
) -> CorrectionView:
    """Add to a sealed report, or withdraw it: a signed entry linked to it; the report itself never changes."""
    return await _add(services, door.inspections, InspectionId(inspection_id), body, by=door.platform.actor)


@router.get(_PLATFORM, tags=["platform"], responses=problems(401, 404, 503))
async def list_corrections(inspection_id: str, door: ByReportReader) -> CorrectionList:
    """List what was said after the report was sealed."""
    return await _list(door.inspections, InspectionId(inspection_id))


@router.get(
    _PLATFORM + "/{no}.{ending}",
    tags=["platform"],
    response_class=Response,
    responses=problems(401, 404, 422, 503) | _FILE,
)
async def get_correction_file(
    inspection_id: str, no: int, ending: Literal["json", "jws"], door: ByReportReader, services: Opened
) -> Response:
    """Fetch one entry as it was signed, or its detached signature."""
    dossier = await door.inspections.summary(InspectionId(inspection_id))
    entry = next((entry for entry in dossier.corrections if entry.no == no), None)
    if entry is None:
        raise CorrectionUnknown
    data = await services.store.get(entry.json_key if ending == "json" else entry.jws_key)
    media_type = "application/json" if ending == "json" else "application/jose"
    return Response(data, media_type=media_type, headers={"Cache-Control": "private, no-cache"})


@router.post(
    _OPERATOR,
    status_code=201,
    tags=["operator"],
    dependencies=[Depends(MayDo("correct"))],
    responses=_WRITE,
)
async def correct_as_supervisor(body: CorrectionInput, case: OnCase) -> CorrectionView:
    """Add to a sealed report, or withdraw it; for supervisors."""
    return await _add(case.services, case.inspections, case.id, body, by=case.by)


@router.get(_OPERATOR, tags=["operator"], responses=problems(401, 404, 503))
async def list_corrections_of_case(case: OnCase) -> CorrectionList:
    """List what was said after the report was sealed."""
    return await _list(case.inspections, case.id)


@router.get("/v1/seller/corrections", tags=["seller"], responses=problems(401, 503))
async def list_own_corrections(door: BySeller) -> CorrectionList:
    """List what was said after the report was sealed."""
    return await _list(door.inspections, door.inspection_id)


async def _add(
    services: Services, scoped: Inspections, case: InspectionId, body: CorrectionInput, *, by: Actor
) -> CorrectionView:
    entry = await services.proof.corrections.add(
        scoped, case, body.kind, reason=body.reason, text=body.text, by=by
    )
    return correction_view(entry)


async def _list(scoped: Inspections, case: InspectionId) -> CorrectionList:
    dossier = await scoped.summary(case)
    return CorrectionList(items=[correction_view(entry) for entry in dossier.corrections])
