"""What operating organisations are made of, as frozen values: people, invitations, second factors, sessions, grants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from inspection_service.identity.records import Operator, Role
from inspection_service.inspections.records import Actor, InspectionId, OperatorId, TenantId


@dataclass(frozen=True, slots=True)
class OperatorPolicy:
    """What is asked of operators."""

    second_factor: Literal["required", "optional"] = "optional"
    invitation_s: int = 72 * 3600
    """Seconds an invitation is good for."""

    @property
    def needs_second_factor(self) -> bool:
        """Whether everybody needs one."""
        return self.second_factor == "required"


@dataclass(frozen=True, slots=True)
class Organisation:
    """Those who look after cases for platforms."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A tenant lets an organisation see its cases."""

    tenant_id: TenantId
    organisation: Organisation
    granted_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A second factor about to be set up; nothing is kept of it before it is confirmed."""

    secret: str
    """Base32, for who cannot scan."""
    uri: str
    """``otpauth://``, what the QR code says."""
    pending: str
    """Sealed; comes back with the first code. Good for ten minutes, for this account only."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """How an account's second factor stands."""

    is_on: bool
    since: datetime | None
    recovery_codes_left: int
    is_required: bool


@dataclass(frozen=True, slots=True)
class OperatorSession:
    """One browser in which an operator is signed in."""

    id: str
    device: str | None
    """Browser and system, such as ``Firefox, Linux``."""
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """An operator as the admins of their organisation see them."""

    operator: Operator
    has_second_factor: bool
    signed_in_at: datetime | None
    locked_until: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody who may join a team."""

    id: str
    organisation: Organisation
    email: str
    name: str
    role: Role
    invited_by: OperatorId | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody had personal data before them."""

    id: int
    at: datetime
    actor: Actor
    organisation: str | None
    """An operator's organisation, by name."""
    what: str
    tenant_id: TenantId | None
    inspection_id: InspectionId | None
    detail: dict[str, Any] | None
