"""Invitations: how somebody joins a team, by a link that works once, for three days.

The token sits in the fragment of the link, so neither a preview nor a server log sees it; the database keeps its hash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Select, insert, select, update

from inspection_service.clock import new_id
from inspection_service.identity.errors import (
    EmailTaken,
    InvitationExpired,
    InvitationUnknown,
    MessengerFailed,
    OrganisationUnknown,
)
from inspection_service.identity.messenger import Message
from inspection_service.identity.operators import Operators, checked_email
from inspection_service.identity.passwords import check_password
from inspection_service.identity.records import Operator, Role, SignedIn
from inspection_service.identity.records_team import Invitation, Organisation
from inspection_service.identity.secrets import hash_password, new_token, sha256
from inspection_service.inspections.records import Language, OperatorId
from inspection_service.storage import tables as t
from inspection_service.storage.database import Transaction

_SUBJECTS: Final[dict[Language, str]] = {
    "fr": "Votre invitation à rejoindre {organisation}",
    "en": "Your invitation to join {organisation}",
}
_TEXTS: Final[dict[Language, str]] = {
    "fr": "Bonjour {name},\n\nvous êtes invité·e à rejoindre l’équipe {organisation} :\n{link}\n\n"
    "Ce lien ne sert qu’une fois, jusqu’au {until} (UTC). Ne le transmettez à personne.",
    "en": "Hello {name},\n\nyou are invited to join the team {organisation}:\n{link}\n\n"
    "This link works once, until {until} (UTC). Pass it on to nobody.",
}


class Invitations(Operators):
    """How teams grow."""

    async def invite(
        self,
        organisation_id: str,
        email: str,
        name: str,
        role: Role,
        *,
        by: OperatorId | None = None,
    ) -> tuple[Invitation, str]:
        """Invite somebody; an earlier invitation to the same e-mail no longer opens.

        Returns:
            The invitation, and the token of its link, which is seen this once.

        Raises:
            OrganisationUnknown, EmailTaken, InvalidInput: Nobody was invited.
        """
        address, token = checked_email(email), new_token()
        async with self._database.write() as transaction:
            return await self._invite(transaction, organisation_id, address, name, role, token, by=by), token

    async def send_invitation(self, invitation: Invitation, link: str, language: Language) -> bool:
        """Send an invitation's link by e-mail; ``False`` when it could not be sent and has to be handed over."""
        words = {"name": invitation.name, "organisation": invitation.organisation.name, "link": link}
        until = f"{invitation.expires_at:%Y-%m-%d %H:%M}"
        message = Message(
            "email",
            invitation.email,
            language,
            _SUBJECTS[language].format(**words),
            _TEXTS[language].format(**words, until=until),
        )
        try:
            await self._messenger.send(message)
        except MessengerFailed:
            return False
        return True

    async def invitations(self, organisation_id: str) -> list[Invitation]:
        """List the invitations that still open, the newest first."""
        invitations = t.invitations.c
        query = (
            _open_invitations()
            .where(invitations.organisation_id == organisation_id, invitations.expires_at > self._clock.now())
            .order_by(invitations.created_at.desc(), invitations.id)
        )
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).mappings().all()
        return [_invitation(row) for row in found]

    async def withdraw_invitation(self, organisation_id: str, invitation_id: str) -> None:
        """Take an invitation back; fine when it no longer opens."""
        invitations = t.invitations.c
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                update(t.invitations)
                .where(
                    invitations.id == invitation_id,
                    invitations.organisation_id == organisation_id,
                    invitations.accepted_at.is_(None),
                    invitations.revoked_at.is_(None),
                )
                .values(revoked_at=self._clock.now())
            )

    async def invitation(self, token: str) -> Invitation:
        """Say what a link invites to, without using it. Raises ``InvitationUnknown``, ``InvitationExpired``."""
        query = _open_invitations().where(t.invitations.c.token_sha256 == sha256(token))
        async with self._database.read() as transaction:
            row = (await transaction.connection.execute(query)).mappings().first()
        if row is None:
            raise InvitationUnknown
        if row["expires_at"] <= self._clock.now():
            raise InvitationExpired
        return _invitation(row)

    async def join(
        self, token: str, name: str, password: str, *, user_agent: str | None = None
    ) -> tuple[Operator, SignedIn]:
        """Make the account an invitation is for, and sign in; the link works this once.

        Raises:
            InvitationUnknown, InvitationExpired: It opens nothing (any more).
            EmailTaken: The account was made another way meanwhile.
            InvalidInput: The password is short or obvious.
        """
        invitation = await self.invitation(token)
        check_password(password, name, invitation.email)
        kept = await asyncio.to_thread(hash_password, password)
        invitations = t.invitations.c
        async with self._database.write() as transaction:
            spent = await transaction.connection.execute(
                update(t.invitations)
                .where(
                    invitations.id == invitation.id,
                    invitations.accepted_at.is_(None),
                    invitations.revoked_at.is_(None),
                )
                .values(accepted_at=self._clock.now())
            )
            if not spent.rowcount:
                raise InvitationUnknown
            operator = await self._insert_operator(
                transaction, invitation.email, name, kept, invitation.role, invitation.organisation.id
            )
            signed_in = await self._sign_in(transaction, operator.id, user_agent)
        return await self.operator(signed_in.token), signed_in

    async def _invite(
        self,
        transaction: Transaction,
        organisation_id: str,
        email: str,
        name: str,
        role: Role,
        token: str,
        *,
        by: OperatorId | None = None,
    ) -> Invitation:
        connection, now = transaction.connection, self._clock.now()
        invitations, people = t.invitations.c, t.operators.c
        found = select(t.organisations.c.name).where(t.organisations.c.id == organisation_id)
        organisation_name = (await connection.execute(found)).scalar()
        if organisation_name is None:
            raise OrganisationUnknown
        if (await connection.execute(select(people.id).where(people.email == email))).first():
            raise EmailTaken
        await connection.execute(
            update(t.invitations)
            .where(
                invitations.email == email,
                invitations.organisation_id == organisation_id,
                invitations.accepted_at.is_(None),
                invitations.revoked_at.is_(None),
            )
            .values(revoked_at=now)
        )
        made = Invitation(
            id=new_id("inv"),
            organisation=Organisation(organisation_id, organisation_name),
            email=email,
            name=name,
            role=role,
            invited_by=by,
            created_at=now,
            expires_at=now + timedelta(seconds=self._policy.invitation_s),
        )
        await connection.execute(
            insert(t.invitations).values(
                id=made.id,
                organisation_id=organisation_id,
                email=email,
                name=name,
                role=role,
                token_sha256=sha256(token),
                invited_by=by,
                created_at=now,
                expires_at=made.expires_at,
            )
        )
        return made


def _open_invitations() -> Select[Any]:
    invitations = t.invitations.c
    return (
        select(t.invitations, t.organisations.c.name.label("organisation_name"))
        .join(t.organisations)
        .where(invitations.accepted_at.is_(None), invitations.revoked_at.is_(None))
    )


def _invitation(row: Mapping[str, Any]) -> Invitation:
    return Invitation(
        id=row["id"],
        organisation=Organisation(row["organisation_id"], row["organisation_name"]),
        email=row["email"],
        name=row["name"],
        role=row["role"],
        invited_by=row["invited_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
