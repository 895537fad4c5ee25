"""Operating organisations, and the tenants that let them see their cases."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update

from inspection_service.clock import new_id
from inspection_service.errors import NotFound
from inspection_service.identity.base import Room
from inspection_service.identity.errors import OrganisationUnknown
from inspection_service.identity.records_team import Grant, Organisation
from inspection_service.inspections.records import TenantId
from inspection_service.storage import tables as t
from inspection_service.storage.database import Transaction


class Organisations(Room):
    """Who looks after whose cases."""

    async def create_organisation(self, name: str) -> Organisation:
        """Found an organisation; it sees nothing until a tenant lets it in."""
        async with self._database.write() as transaction:
            return await self._insert_organisation(transaction, name)

    async def organisation(self, organisation_id: str) -> Organisation:
        """Return one organisation. Raises ``OrganisationUnknown``."""
        column = t.organisations.c
        query = select(column.id, column.name).where(column.id == organisation_id)
        async with self._database.read() as transaction:
            row = (await transaction.connection.execute(query)).first()
        if row is None:
            raise OrganisationUnknown
        return Organisation(row.id, row.name)

    async def organisations(self) -> list[Organisation]:
        """List all of them, for who runs the service."""
        column = t.organisations.c
        async with self._database.read() as transaction:
            found = await transaction.connection.execute(
                select(column.id, column.name).order_by(column.name, column.id)
            )
        return [Organisation(row.id, row.name) for row in found]

    async def grant(self, tenant_id: TenantId, organisation_id: str) -> Grant:
        """Let an organisation see a tenant's cases; fine when it does.

        Raises:
            OrganisationUnknown: There is none to let in.
        """
        async with self._database.write() as transaction:
            await grant_within(transaction, tenant_id, organisation_id, self._clock.now())
        return next(
            grant for grant in await self.grants(tenant_id) if grant.organisation.id == organisation_id
        )

    async def revoke_grant(self, tenant_id: TenantId, organisation_id: str) -> None:
        """Close a tenant's cases to an organisation, from this moment on; fine when they are.

        Desks where one of them is open close within a heartbeat (``api.signalling``). Claims of its people lapse as
        those of anybody who is away.
        """
        column = t.grants.c
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                update(t.grants)
                .where(
                    column.tenant_id == tenant_id,
                    column.organisation_id == organisation_id,
                    column.revoked_at.is_(None),
                )
                .values(revoked_at=self._clock.now())
            )

    async def grants(self, tenant_id: TenantId) -> list[Grant]:
        """List whom a tenant has let in, those that were revoked last."""
        column = t.grants.c
        query = (
            select(column.granted_at, column.revoked_at, t.organisations.c.id, t.organisations.c.name)
            .join(t.organisations)
            .where(column.tenant_id == tenant_id)
            .order_by(column.revoked_at.is_not(None), t.organisations.c.name, t.organisations.c.id)
        )
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).all()
        return [
            Grant(tenant_id, Organisation(row.id, row.name), row.granted_at, row.revoked_at) for row in found
        ]

    async def granted_tenants(self, organisation_id: str) -> frozenset[TenantId]:
        """Return the tenants whose cases an organisation may see now."""
        column = t.grants.c
        query = select(column.tenant_id).where(
            column.organisation_id == organisation_id, column.revoked_at.is_(None)
        )
        async with self._database.read() as transaction:
            return frozenset(
                TenantId(found) for found in (await transaction.connection.execute(query)).scalars()
            )

    async def _insert_organisation(self, transaction: Transaction, name: str) -> Organisation:
        made = Organisation(new_id("org"), name)
        await transaction.connection.execute(
            insert(t.organisations).values(id=made.id, name=name, created_at=self._clock.now())
        )
        return made

    async def tenant_exists(self, tenant_id: TenantId) -> None:
        """Return when there is such a platform, for who runs the service. Raises ``NotFound``."""
        async with self._database.read() as transaction:
            query = select(t.tenants.c.id).where(t.tenants.c.id == tenant_id)
            if (await transaction.connection.execute(query)).first() is None:
                raise NotFound("There is no such platform.")


async def grant_within(
    transaction: Transaction, tenant_id: TenantId, organisation_id: str, now: datetime
) -> None:
    """Let an organisation in, inside the transaction that has a reason for it. Raises ``OrganisationUnknown``."""
    connection, column = transaction.connection, t.grants.c
    known = select(t.organisations.c.id).where(t.organisations.c.id == organisation_id)
    if (await connection.execute(known)).first() is None:
        raise OrganisationUnknown
    both = (column.tenant_id == tenant_id, column.organisation_id == organisation_id)
    query = select(column.revoked_at).where(*both).with_for_update()
    earlier = (await connection.execute(query)).first()
    if earlier is None:
        values = {"tenant_id": tenant_id, "organisation_id": organisation_id, "granted_at": now}
        await connection.execute(insert(t.grants).values(values))
    elif earlier.revoked_at is not None:
        await connection.execute(update(t.grants).where(*both).values(granted_at=now, revoked_at=None))
