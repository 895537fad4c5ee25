"""What an admin does with the people of their organisation, and with nobody else's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select

from inspection_service.identity.errors import LastAdmin, MemberUnknown
from inspection_service.identity.invitations import Invitations
from inspection_service.identity.operator_sessions import PERSON
from inspection_service.identity.operators import checked_email
from inspection_service.identity.organisations import Organisations, grant_within
from inspection_service.identity.records import Operator, Role
from inspection_service.identity.records_team import Invitation, Member, Organisation
from inspection_service.identity.secrets import new_token
from inspection_service.inspections.records import OperatorId, TenantId
from inspection_service.storage import tables as t
from inspection_service.storage.database import Transaction


class Team(Invitations, Organisations):
    """The people of one organisation."""

    async def found_organisation(
        self, tenant_id: TenantId, name: str, *, email: str, name_of_admin: str
    ) -> tuple[Organisation, Invitation, str]:
        """Found an organisation that sees a tenant's cases, with an invitation for its first admin.

        Raises:
            EmailTaken, InvalidInput: Nothing was founded.
        """
        address, token = checked_email(email), new_token()
        async with self._database.write() as transaction:
            made = await self._insert_organisation(transaction, name)
            await grant_within(transaction, tenant_id, made.id, self._clock.now())
            invitation = await self._invite(transaction, made.id, address, name_of_admin, "admin", token)
        return made, invitation, token

    async def members(self, organisation_id: str) -> list[Member]:
        """List everybody, those whose account is closed last."""
        people, sessions = t.operators.c, t.operator_sessions.c
        last = (
            select(func.max(sessions.created_at)).where(sessions.operator_id == people.id).scalar_subquery()
        )
        query = (
            select(*PERSON, people.disabled_at, last.label("signed_in_at"))
            .where(people.organisation_id == organisation_id)
            .order_by(people.disabled_at.is_not(None), people.name, people.id)
        )
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).all()
        locked = await self._locked_until(row.email for row in found)
        return [
            Member(
                operator=self._person(row._mapping),
                has_second_factor=row.totp_confirmed_at is not None,
                signed_in_at=row.signed_in_at,
                locked_until=locked.get(row.email),
                disabled_at=row.disabled_at,
            )
            for row in found
        ]

    async def change_role(self, organisation_id: str, operator_id: OperatorId, role: Role) -> None:
        """Let somebody do more, or less. Raises ``MemberUnknown``, ``LastAdmin``."""
        async with self._database.write() as transaction:
            person = await self._locked(transaction, organisation_id, operator_id)
            if role != "admin":
                self._keep_an_admin(person)
            await self._set(transaction, operator_id, {"role": role})

    async def disable(self, organisation_id: str, operator_id: OperatorId) -> None:
        """Close an account; its sessions end at once. Raises ``MemberUnknown``, ``LastAdmin``."""
        async with self._database.write() as transaction:
            person = await self._locked(transaction, organisation_id, operator_id)
            self._keep_an_admin(person)
            if person.disabled_at is None:
                await self._set(transaction, operator_id, {"disabled_at": self._clock.now()})
            await self._end_all(transaction, operator_id)

    async def enable(self, organisation_id: str, operator_id: OperatorId) -> None:
        """Open a closed account again; its old sessions stay ended. Raises ``MemberUnknown``."""
        async with self._database.write() as transaction:
            await self._locked(transaction, organisation_id, operator_id)
            await self._set(transaction, operator_id, {"disabled_at": None})

    async def reset_second_factor(self, organisation_id: str, operator_id: OperatorId) -> None:
        """Take back a second factor that was lost; the person signs in anew. Raises ``MemberUnknown``."""
        async with self._database.write() as transaction:
            await self._locked(transaction, organisation_id, operator_id)
            await self._forget_factor(operator_id, transaction)
            await self._end_all(transaction, operator_id)

    async def unlock_member(self, organisation_id: str, operator_id: OperatorId) -> None:
        """Let somebody try again at once. Raises ``MemberUnknown``."""
        async with self._database.write() as transaction:
            person = await self._locked(transaction, organisation_id, operator_id)
            await self._forgive(transaction, person.email)

    async def operator_by_email(self, email: str) -> Operator:
        """Find an account, for who runs the service. Raises ``MemberUnknown``."""
        query = select(*PERSON).where(t.operators.c.email == email.strip().lower())
        async with self._database.read() as transaction:
            row = (await transaction.connection.execute(query)).first()
        if row is None:
            raise MemberUnknown("There is no operator with this e-mail address.")
        return self._person(row._mapping)

    async def _locked(
        self, transaction: Transaction, organisation_id: str, operator_id: OperatorId
    ) -> _Person:
        """Find somebody of this organisation, and keep every other admin's hand off it until this has ended."""
        people = t.operators.c
        query = (
            select(people.id, people.email, people.role, people.disabled_at)
            .where(people.organisation_id == organisation_id)
            .order_by(people.id)
            .with_for_update()
        )
        everybody = (await transaction.connection.execute(query)).all()
        person = next((row for row in everybody if row.id == operator_id), None)
        if person is None:
            raise MemberUnknown
        return _Person(person, everybody)

    def _keep_an_admin(self, person: _Person) -> None:
        if person.is_last_admin:
            raise LastAdmin


class _Person:
    """Somebody, among the people of their organisation."""

    def __init__(self, row: Any, everybody: Iterable[Any]) -> None:
        self.email: str = row.email
        self.disabled_at = row.disabled_at
        others = [one for one in everybody if one.id != row.id]
        self.is_last_admin = (
            row.role == "admin"
            and row.disabled_at is None
            and not any(one.role == "admin" and one.disabled_at is None for one in others)
        )
