"""Who is there and what they may see; the one place where secrets are made, hashed and compared."""

from __future__ import annotations

from typing import Literal

from inspection_service.clock import Clock
from inspection_service.identity.messenger import Messenger
from inspection_service.identity.records import (
    CodePurpose,
    LinkPreview,
    OpenedLink,
    Operator,
    Platform,
    Role,
    Seller,
    SentCode,
    SignedIn,
    Tenant,
)
from inspection_service.inspections.records import Actor, InspectionId, OperatorId, TenantId
from inspection_service.inspections.requests import IdempotencyKey, Order, Placed
from inspection_service.inspections.service import Inspections
from inspection_service.settings import LinkSettings
from inspection_service.storage.database import Database


class Identity:
    """Tenants and their keys, operators and their sessions, sellers with their links and codes."""

    def __init__(
        self,
        database: Database,
        inspections: Inspections,
        clock: Clock,
        messenger: Messenger,
        links: LinkSettings,
        pepper: bytes,
    ) -> None: ...

    # -- platforms -------------------------------------------------------------------------------------------------------
    async def create_tenant(self, name: str) -> Tenant:
        """Admit a platform."""
        raise NotImplementedError

    async def issue_key(self, tenant_id: TenantId, label: str = "") -> str:
        """Return a new API key ``isk_...``, shown once; only its hash is kept."""
        raise NotImplementedError

    async def revoke_key(self, tenant_id: TenantId, key_id: str) -> None:
        """Make a key worthless."""
        raise NotImplementedError

    async def platform(self, key: str) -> Platform:
        """Return whose key this is. Raises ``KeyUnknown``."""
        raise NotImplementedError

    async def order(
        self, platform: Platform, order: Order, *, key: IdempotencyKey | None = None
    ) -> tuple[Placed, OpenedLink]:
        """Place an order and make its seller link, both in one transaction; a replay gives the same answer and link.

        Raises:
            IdempotencyKeyReused: The key came with another body before.
            ChecklistUnknown: There is no such checklist.
        """
        raise NotImplementedError

    # -- operators -------------------------------------------------------------------------------------------------------
    async def create_operator(self, email: str, name: str, password: str, role: Role = "operator") -> Operator:
        """Admit an operator. Raises ``EmailTaken``."""
        raise NotImplementedError

    async def login(self, email: str, password: str) -> tuple[Operator, SignedIn]:
        """Check a password. Raises ``LoginFailed``, ``TooManyTries`` (``retry_after_s``)."""
        raise NotImplementedError

    async def logout(self, token: str) -> None:
        """End an operator's session; fine when there is none."""
        raise NotImplementedError

    async def operator(self, token: str) -> Operator:
        """Return whose session this is. Raises ``SessionMissing``."""
        raise NotImplementedError

    async def operator_names(self, ids: frozenset[OperatorId]) -> dict[OperatorId, str]:
        """Return display names."""
        raise NotImplementedError

    # -- sellers ---------------------------------------------------------------------------------------------------------
    async def open_link(self, tenant_id: TenantId, inspection_id: InspectionId, *, by: Actor) -> OpenedLink:
        """Make a new seller link; earlier links die, a browser already inside stays inside."""
        raise NotImplementedError

    async def preview(self, token: str, session_token: str | None = None) -> LinkPreview:
        """Say what a link leads to without spending it. Raises ``LinkUnknown``, ``LinkExpired``."""
        raise NotImplementedError

    async def spend(
        self, token: str, *, session_token: str | None = None, code: str | None = None
    ) -> tuple[Seller, SignedIn | None]:
        """Let a browser in: the first one, the same one again (``SignedIn`` is ``None``), or another with a takeover code.

        Raises:
            LinkUnknown, LinkExpired: No such way in.
            LinkUsedElsewhere: Another browser is inside (``can_send_code``).
            CodeWrong: ``tries_left``.
        """
        raise NotImplementedError

    async def ask_takeover(self, token: str) -> SentCode:
        """Send a takeover code to the contact of the order. Raises ``NoContact``, ``TooManyTries``, ``MessengerFailed``."""
        raise NotImplementedError

    async def seller(self, session_token: str) -> Seller:
        """Return whose session this is. Raises ``SessionMissing``, ``SessionTakenOver``."""
        raise NotImplementedError

    async def send_code(self, seller: Seller, purpose: CodePurpose = "signature") -> SentCode:
        """Send a one-time code to the contact of the order. Raises ``NoContact``, ``TooManyTries``, ``MessengerFailed``."""
        raise NotImplementedError

    async def second_factor(self, seller: Seller, code: str | None) -> Literal["email", "phone", "none"]:
        """Check the code a seller signs with; ``none`` when the order has no contact (the report says so).

        Raises:
            CodeNeeded: There is a contact and no code was given.
            CodeWrong: ``tries_left``.
        """
        raise NotImplementedError
