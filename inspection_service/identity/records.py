"""The people and programs that come to the service, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from inspection_service.inspections.records import Actor, InspectionId, OperatorId, TenantId
from inspection_service.storage.tables import HOUSE

Role = Literal["operator", "supervisor", "admin"]
KeyScope = Literal[
    "inspections:read",
    "inspections:write",
    "reports:read",
    "photos:read",
    "webhooks:manage",
    "keys:manage",
    "privacy:manage",
]
"""What a platform's key may do; a key that names no scopes may do everything."""
TenantKind = Literal["live", "sandbox"]
CodePurpose = Literal["takeover", "signature"]
Channel = Literal["email", "phone"]


@dataclass(frozen=True, slots=True)
class Tenant:
    """A platform that orders inspections."""

    id: TenantId
    name: str
    kind: TenantKind = "live"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A platform's key as it may be shown: never its secret."""

    id: str
    label: str
    prefix: str
    """Its first characters, such as ``isk_3fA9``, to know it by; empty for keys older than this."""
    scopes: frozenset[KeyScope] | None
    """``None``: every scope."""
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key just made; ``secret`` is shown this once and only its hash is kept."""

    secret: str = field(repr=False)
    key: ApiKey


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform that has shown its key."""

    tenant_id: TenantId
    name: str
    key_id: str
    scopes: frozenset[KeyScope] | None = None
    """``None``: every scope."""
    kind: TenantKind = "live"

    def may(self, scope: KeyScope) -> bool:
        """Whether its key has a scope."""
        return self.scopes is None or scope in self.scopes

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
    organisation_id: str = HOUSE
    must_enrol: bool = False
    """Whether a second factor is asked of everybody and this account has none yet: it may set one up, nothing else."""
    session_id: str | None = field(default=None, compare=False)
    """The session by which they came, when they came by one."""

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
