"""Links that messages carry: each message its own, beside the one the platform was given, and one to stop them."""

from __future__ import annotations

import hmac
from datetime import timedelta

from sqlalchemy import select

from inspection_service.identity.base import Room
from inspection_service.identity.errors import LinkUnknown
from inspection_service.identity.links import insert_link
from inspection_service.identity.records import OpenedLink
from inspection_service.identity.secrets import derived_token, sha256
from inspection_service.inspections.records import InspectionId, TenantId
from inspection_service.storage import tables as t

_STOP_CHARACTERS = 22
"""132 bits: it stands in messages people read."""


class MessageLinks(Room):
    """What messages to sellers lead to."""

    async def link_of_message(
        self, tenant_id: TenantId, inspection_id: InspectionId, message_id: str
    ) -> OpenedLink:
        """Return the link a message carries; the same again for a message that is sent again.

        Earlier links stay good, unlike with ``open_link``: whoever still has the first message may use it. Only hashes
        are kept, so the token follows from the message's id and the pepper.
        """
        token = derived_token(self._pepper, "message-link", message_id)
        async with self._database.write() as transaction:
            links = t.links.c
            query = select(links.expires_at).where(links.token_sha256 == sha256(token))
            expires_at = (await transaction.connection.execute(query)).scalar_one_or_none()
            if expires_at is None:
                now = self._clock.now()
                expires_at = now + timedelta(seconds=self._links.valid_s)
                inspection = await self._inspections.of(tenant_id).get(inspection_id)
                await insert_link(transaction, inspection, token, now, expires_at)
        return OpenedLink(token, expires_at)

    def stop_token(self, inspection_id: InspectionId) -> str:
        """Return what proves that somebody read a message about this inspection; it opens nothing."""
        return derived_token(self._pepper, "stop-messages", inspection_id)[:_STOP_CHARACTERS]

    def check_stop_token(self, inspection_id: InspectionId, token: str) -> None:
        """Raise ``LinkUnknown`` unless the token is the one of this inspection."""
        if not hmac.compare_digest(self.stop_token(inspection_id).encode(), token.encode()):
            raise LinkUnknown
