"""Who looks after a platform's cases: its own operators, or an organisation it lets in."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path

from inspection_service.api.dependencies import ByKeyManager, Opened
from inspection_service.api.dto.organisations import (
    GrantList,
    GrantView,
    OrganisationInput,
    OrganisationMade,
)
from inspection_service.api.dto.team import OrganisationView
from inspection_service.api.problems import problems
from inspection_service.api.team import invitation_made
from inspection_service.identity.records_team import Grant

router = APIRouter(prefix="/v1", tags=["organisations"])
_WRITE: Final = problems(401, 403, 404, 409, 422, 503)
Id = Annotated[str, Path(max_length=64)]


@router.post("/organisations", status_code=201, responses=_WRITE)
async def found_organisation(
    body: OrganisationInput, door: ByKeyManager, services: Opened
) -> OrganisationMade:
    """Found an organisation for your own operators: it sees your cases, and its first admin is invited."""
    identity, admin = services.identity, body.admin
    made, invitation, token = await identity.found_organisation(
        door.platform.tenant_id, body.name, email=admin.email, name_of_admin=admin.name
    )
    await services.accesses.note(
        door.platform.actor,
        "grant",
        tenant_id=door.platform.tenant_id,
        detail={"key": door.platform.key_id, "organisation": made.id},
    )
    return OrganisationMade(
        id=made.id,
        name=made.name,
        invitation=await invitation_made(services, invitation, token, admin.language),
    )


@router.get("/grants", responses=problems(401, 403, 503))
async def list_grants(door: ByKeyManager, services: Opened) -> GrantList:
    """List which organisations may see your cases, and which might before."""
    found = await services.identity.grants(door.platform.tenant_id)
    return GrantList(items=[_shown(grant) for grant in found])


@router.put("/grants/{organisation_id}", responses=_WRITE)
async def grant(organisation_id: Id, door: ByKeyManager, services: Opened) -> GrantView:
    """Let an organisation see your cases, those there are and those to come; repeating it is fine."""
    made = await services.identity.grant(door.platform.tenant_id, organisation_id)
    await services.accesses.note(
        door.platform.actor,
        "grant",
        tenant_id=door.platform.tenant_id,
        detail={"key": door.platform.key_id, "organisation": organisation_id},
    )
    return _shown(made)


@router.delete("/grants/{organisation_id}", status_code=204, responses=problems(401, 403, 503))
async def revoke_grant(organisation_id: Id, door: ByKeyManager, services: Opened) -> None:
    """Close your cases to an organisation; desks where one is open close within a heartbeat. Repeating it is fine."""
    await services.identity.revoke_grant(door.platform.tenant_id, organisation_id)
    await services.accesses.note(
        door.platform.actor,
        "grant_revoked",
        tenant_id=door.platform.tenant_id,
        detail={"key": door.platform.key_id, "organisation": organisation_id},
    )


def _shown(grant: Grant) -> GrantView:
    return GrantView(
        organisation=OrganisationView(id=grant.organisation.id, name=grant.organisation.name),
        granted_at=grant.granted_at,
        revoked_at=grant.revoked_at,
    )
