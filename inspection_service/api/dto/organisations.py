"""What a platform says about who looks after its cases, and what it is told about who looked."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from inspection_service.api.dto.common import Input, Moment, View
from inspection_service.api.dto.team import Email, InvitationMade, Name, OrganisationView
from inspection_service.inspections.records import ActorKind, Language


class FirstAdmin(Input):
    """Who will invite the others."""

    email: Email
    name: Name
    language: Language = Field(default="en", description="Of the message.")


class OrganisationInput(Input):
    """An organisation of one's own operators."""

    name: Name
    admin: FirstAdmin


class OrganisationMade(OrganisationView):
    """An organisation just founded; it sees your cases, and its admin is invited."""

    invitation: InvitationMade


class GrantView(View):
    """An organisation that was let in."""

    organisation: OrganisationView
    granted_at: Moment
    revoked_at: Moment | None = Field(description="Since when it sees nothing any more; null while it does.")


class GrantList(View):
    """Who was let in; those who still are first."""

    items: list[GrantView]


class WhoView(View):
    """Who looked."""

    kind: ActorKind
    id: str
    name: str
    organisation: str | None = Field(description="Of an operator.")


class AccessView(View):
    """Somebody had personal data before them, or did something grave to it."""

    at: Moment
    who: WhoView
    what: str = Field(examples=["photo"])
    inspection_id: str | None
    detail: dict[str, Any] | None = Field(description="Ids that say which part.")


class AccessPage(View):
    """One page, newest first."""

    items: list[AccessView]
    next_cursor: str | None
