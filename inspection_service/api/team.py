"""What admins do with the people of their own organisation."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends

from inspection_service.api.dependencies import ByOperator, MayDo, Opened, OperatorDoor
from inspection_service.api.dto.team import (
    InvitationMade,
    InvitationView,
    InviteInput,
    MemberView,
    OrganisationView,
    RoleInput,
    TeamView,
)
from inspection_service.api.problems import problems
from inspection_service.api.services import Services
from inspection_service.identity.records_team import Invitation
from inspection_service.inspections.records import Language, OperatorId

router = APIRouter(
    prefix="/v1/operator/team", tags=["operator"], dependencies=[Depends(MayDo("manage_team"))]
)
_WRITE: Final = problems(401, 403, 404, 409, 422, 503)


@router.get("", responses=problems(401, 403, 503))
async def get_team(door: ByOperator, services: Opened) -> TeamView:
    """List everybody of the team, and who is invited."""
    return await _team(services, door)


@router.post("/invitations", status_code=201, responses=_WRITE)
async def invite(body: InviteInput, door: ByOperator, services: Opened) -> InvitationMade:
    """Invite somebody; an earlier invitation to the same address no longer opens. The link is shown this once."""
    made, token = await services.identity.invite(
        door.operator.organisation_id, body.email, body.name, body.role, by=door.operator.id
    )
    return await invitation_made(services, made, token, body.language)


@router.delete("/invitations/{invitation_id}", responses=_WRITE)
async def withdraw_invitation(invitation_id: str, door: ByOperator, services: Opened) -> TeamView:
    """Take an invitation back."""
    await services.identity.withdraw_invitation(door.operator.organisation_id, invitation_id)
    return await _team(services, door)


@router.put("/{operator_id}/role", responses=_WRITE)
async def change_role(operator_id: str, body: RoleInput, door: ByOperator, services: Opened) -> TeamView:
    """Let somebody do more, or less; a team keeps an admin."""
    await services.identity.change_role(*_person(door, operator_id), body.role)
    return await _team(services, door)


@router.post("/{operator_id}/disable", responses=_WRITE)
async def disable(operator_id: str, door: ByOperator, services: Opened) -> TeamView:
    """Close an account; its browsers are signed out at once."""
    await services.identity.disable(*_person(door, operator_id))
    return await _team(services, door)


@router.post("/{operator_id}/enable", responses=_WRITE)
async def enable(operator_id: str, door: ByOperator, services: Opened) -> TeamView:
    """Open a closed account again."""
    await services.identity.enable(*_person(door, operator_id))
    return await _team(services, door)


@router.post("/{operator_id}/unlock", responses=_WRITE)
async def unlock(operator_id: str, door: ByOperator, services: Opened) -> TeamView:
    """Let somebody try again who mistyped too often."""
    await services.identity.unlock_member(*_person(door, operator_id))
    return await _team(services, door)


@router.post("/{operator_id}/reset-second-factor", responses=_WRITE)
async def reset_second_factor(operator_id: str, door: ByOperator, services: Opened) -> TeamView:
    """Take back a second factor that was lost; make sure who asks for it."""
    await services.identity.reset_second_factor(*_person(door, operator_id))
    return await _team(services, door)


async def invitation_made(
    services: Services, made: Invitation, token: str, language: Language
) -> InvitationMade:
    """Send an invitation, and show it with its link, which is kept nowhere."""
    link = invitation_link(services.settings.base_url, token)
    is_sent = await services.identity.send_invitation(made, link, language)
    return InvitationMade(**_shown(made).model_dump(), link=link, is_sent=is_sent)


def invitation_link(base_url: str, token: str) -> str:
    """Write the link to join by; the token sits behind ``#``, where no server and no preview sees it."""
    return f"{base_url}/operator/join#{token}"


def _person(door: OperatorDoor, operator_id: str) -> tuple[str, OperatorId]:
    """Name somebody within the admin's own organisation; anybody else does not exist."""
    return door.operator.organisation_id, OperatorId(operator_id)


async def _team(services: Services, door: OperatorDoor) -> TeamView:
    identity, organisation_id = services.identity, door.operator.organisation_id
    organisation = await identity.organisation(organisation_id)
    return TeamView(
        organisation=OrganisationView(id=organisation.id, name=organisation.name),
        is_second_factor_required=services.settings.second_factor == "required",
        members=[
            MemberView(
                id=one.operator.id,
                name=one.operator.name,
                role=one.operator.role,
                email=one.operator.email,
                has_second_factor=one.has_second_factor,
                signed_in_at=one.signed_in_at,
                locked_until=one.locked_until,
                disabled_at=one.disabled_at,
                is_me=one.operator.id == door.operator.id,
            )
            for one in await identity.members(organisation_id)
        ],
        invitations=[_shown(one) for one in await identity.invitations(organisation_id)],
    )


def _shown(invitation: Invitation) -> InvitationView:
    return InvitationView(
        id=invitation.id,
        email=invitation.email,
        name=invitation.name,
        role=invitation.role,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
    )
