"""Reading who had personal data before them: a platform about its own cases, a supervisor about one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from inspection_service.api.dependencies import ByPrivacyManager, MayDo, Opened
from inspection_service.api.dto.organisations import AccessPage, AccessView, WhoView
from inspection_service.api.operator import OnCase
from inspection_service.api.problems import problems
from inspection_service.errors import InvalidInput
from inspection_service.identity.records_team import Access
from inspection_service.inspections.records import InspectionId

router = APIRouter(prefix="/v1")
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=20, description="`next_cursor` of the page before.")]


@router.get("/accesses", tags=["platform"], responses=problems(401, 403, 404, 422, 503))
async def list_accesses(
    *,
    door: ByPrivacyManager,
    services: Opened,
    inspection_id: Annotated[str | None, Query(max_length=64, description="Only to this inspection.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> AccessPage:
    """List who had personal data of your inspections before them, newest first.

    Looking at the same thing again within ten minutes counts once. What a key reads as JSON is one line an hour for
    each inspection and part of it; `detail` names both. Lines are added, never changed, and deleted after
    `privacy.accesses_days`. No IP addresses are kept.
    """
    case = None if inspection_id is None else InspectionId(inspection_id)
    if case is not None:
        await door.inspections.get(case)
    found = await services.accesses.of_tenant(
        door.platform.tenant_id, inspection_id=case, before=_before(cursor), limit=limit + 1
    )
    return _page(found, limit)


@router.get(
    "/operator/inspections/{inspection_id}/accesses",
    tags=["operator"],
    dependencies=[Depends(MayDo("see_accesses"))],
    responses=problems(401, 403, 404, 422, 503),
)
async def list_accesses_of_case(case: OnCase, cursor: Cursor = None, limit: Limit = 100) -> AccessPage:
    """List who had personal data of a case before them, newest first; for supervisors."""
    await case.inspections.get(case.id)
    found = await case.services.accesses.of_case(case.id, before=_before(cursor), limit=limit + 1)
    return _page(found, limit)


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and int(cursor) < 2**63):
        raise InvalidInput("This cursor is not one of ours; start without one.", field="cursor")
    return int(cursor)


def _page(found: list[Access], limit: int) -> AccessPage:
    shown = found[:limit]
    return AccessPage(
        items=[_shown(access) for access in shown],
        next_cursor=str(shown[-1].id) if len(found) > limit else None,
    )


def _shown(access: Access) -> AccessView:
    who = access.actor
    return AccessView(
        at=access.at,
        who=WhoView(kind=who.kind, id=who.id, name=who.name, organisation=access.organisation),
        what=access.what,
        inspection_id=access.inspection_id,
        detail=access.detail,
    )
