"""The people and programs that come to the service, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from inspection_service.inspections.records import Actor, InspectionId, OperatorId, TenantId

Role = Literal["operator", "supervisor", "admin"]
CodePurpose = Literal["takeover", "signature"]
Channel = Literal["email", "phone"]


@dataclass(frozen=True, slots=True)
class Tenant:
    """A platform that orders inspections."""

    id: TenantId
    name: str


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform that has shown its key."""

    tenant_id: TenantId
    name: str
    key_id: str

    @property
    def actor(self) -> Actor:
        """Who acts, as the event log knows them."""
        return Actor("platform", self.tenant_id, self.name)


@dataclass(frozen=True, slots=True)
class Operator:
    """A person who guides sellers from afar."""

    id: OperatorId
    email: str
    name: str
    role: Role

    @property
    def actor(self) -> Actor:
        """Who acts, as the event log knows them."""
        return Actor("operator", self.id, self.name)


@dataclass(frozen=True, slots=True)
class Seller:
    """A browser that has spent the link of one inspection."""

    session_id: str
    tenant_id: TenantId
    inspection_id: InspectionId

    @property
    def actor(self) -> Actor:
        """Who acts: the seller of this inspection, without a name."""
        return Actor("seller", self.inspection_id)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just made; ``token`` goes into the cookie and is never seen again."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A seller link just made; only its hash is kept."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkPreview:
    """What a link leads to, told without spending it."""

    tenant_id: TenantId
    inspection_id: InspectionId
    status: Literal["ready", "in_use", "yours"]
    code_sent_to: str | None
    """Masked contact a takeover code would go to; ``None`` without a contact."""


@dataclass(frozen=True, slots=True)
class SentCode:
    """A one-time code on its way."""

    sent_to: str
    """Masked, such as ``s…@example.com``."""
    channel: Channel
    expires_at: datetime
