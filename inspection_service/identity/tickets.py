"""Tickets for uploads: who holds one may put the bytes of one photo, and nothing else, for an hour.

A ticket is not kept anywhere: it says what it is for, under a MAC that only this instance can make (RFC 2104).
"""

from __future__ import annotations

import binascii
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from inspection_service.identity.base import Room
from inspection_service.identity.errors import TicketInvalid
from inspection_service.inspections.records import InspectionId, TenantId

_PURPOSE: Final = b"upload-ticket"


@dataclass(frozen=True, slots=True)
class UploadTicket:
    """What somebody may do who holds it."""

    tenant_id: TenantId
    inspection_id: InspectionId
    upload_id: str
    expires_at: datetime
    """To the second."""


class Tickets(Room):
    """Rights that are carried, not kept."""

    def write_ticket(self, ticket: UploadTicket) -> str:
        """Return it as it stands in an address."""
        said = [ticket.tenant_id, ticket.inspection_id, ticket.upload_id, int(ticket.expires_at.timestamp())]
        body = urlsafe_b64encode(json.dumps(said, separators=(",", ":")).encode()).decode().rstrip("=")
        return f"{body}.{self._mac(body)}"

    def read_ticket(self, written: str) -> UploadTicket:
        """Return what a ticket is for. Raises ``TicketInvalid``: it is not ours, or its hour is over."""
        body, _, mac = written.partition(".")
        if not hmac.compare_digest(mac.encode(), self._mac(body).encode()):
            raise TicketInvalid
        try:
            tenant_id, inspection_id, upload_id, expires = json.loads(
                urlsafe_b64decode(body + "=" * (-len(body) % 4))
            )
        except (ValueError, binascii.Error) as error:
            raise TicketInvalid from error
        expires_at = datetime.fromtimestamp(expires, UTC)
        if expires_at <= self._clock.now():
            raise TicketInvalid
        return UploadTicket(TenantId(tenant_id), InspectionId(inspection_id), upload_id, expires_at)

    def _mac(self, body: str) -> str:
        key = hmac.digest(self._pepper, _PURPOSE, "sha256")
        return hmac.new(key, body.encode(), "sha256").hexdigest()
