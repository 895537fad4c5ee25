"""Platforms and their API keys, and the order that opens an inspection together with its link."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from inspection_service.clock import new_id
from inspection_service.identity.base import Room
from inspection_service.identity.errors import KeyUnknown
from inspection_service.identity.links import insert_link
from inspection_service.identity.records import OpenedLink, Platform, Tenant
from inspection_service.identity.secrets import KEY_PREFIX, derived_token, new_token, sha256
from inspection_service.inspections.ordering import as_ordered
from inspection_service.inspections.records import TenantId
from inspection_service.inspections.requests import IdempotencyKey, Order, Placed
from inspection_service.storage import tables as t


class Platforms(Room):
    """Who may order."""

    async def create_tenant(self, name: str) -> Tenant:
        """Admit a platform."""
        tenant = Tenant(TenantId(new_id("ten")), name)
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                insert(t.tenants).values(id=tenant.id, name=name, created_at=self._clock.now())
            )
        return tenant

    async def issue_key(self, tenant_id: TenantId, label: str = "") -> str:
        """Return a new API key ``isk_...``, shown once; only its hash is kept."""
        key = KEY_PREFIX + new_token()
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                insert(t.api_keys).values(
                    id=new_id("key"),
                    tenant_id=tenant_id,
                    label=label,
                    secret_sha256=sha256(key),
                    created_at=self._clock.now(),
                )
            )
        return key

    async def revoke_key(self, tenant_id: TenantId, key_id: str) -> None:
        """Make a key worthless; it must be this tenant's."""
        keys = t.api_keys.c
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                update(t.api_keys)
                .where(keys.id == key_id, keys.tenant_id == tenant_id, keys.revoked_at.is_(None))
                .values(revoked_at=self._clock.now())
            )

    async def platform(self, key: str) -> Platform:
        """Return whose key this is. Raises ``KeyUnknown``."""
        keys = t.api_keys.c
        query = (
            select(keys.id, keys.tenant_id, t.tenants.c.name)
            .join(t.tenants)
            .where(keys.secret_sha256 == sha256(key), keys.revoked_at.is_(None))
        )
        async with self._database.read() as transaction:
            row = (await transaction.connection.execute(query)).first()
        if row is None or not key.startswith(KEY_PREFIX):
            raise KeyUnknown
        return Platform(TenantId(row.tenant_id), row.name, row.id)

    async def order(
        self, platform: Platform, order: Order, *, key: IdempotencyKey | None = None
    ) -> tuple[Placed, OpenedLink]:
        """Place an order and make its seller link, both in one transaction; a replay gives the same answer and link.

        Raises:
            IdempotencyKeyReused: The key came with another body before.
            ChecklistUnknown: There is no such checklist.
        """
        try:
            return await self._order(platform, order, key)
        except IntegrityError:
            # Two requests with one key at the same moment: the other one won, so this one is the replay.
            if key is None:
                raise
            return await self._order(platform, order, key)

    async def _order(
        self, platform: Platform, order: Order, key: IdempotencyKey | None
    ) -> tuple[Placed, OpenedLink]:
        # With a key the token follows from it, so that a replay can name the link although only its hash is kept.
        token = derived_token(self._pepper, "order-link", platform.tenant_id, key.key) if key else new_token()
        inspections = self._inspections.of(platform.tenant_id)
        async with self._database.write() as transaction:
            placed = await inspections.order(
                platform.tenant_id, order, by=platform.actor, key=key, within=transaction
            )
            expires_at = placed.inspection.created_at + timedelta(seconds=self._links.valid_s)
            if not placed.is_replay:
                invited = await inspections.invite(
                    placed.inspection.id, by=platform.actor, within=transaction
                )
                await insert_link(transaction, invited, token, invited.created_at, expires_at)
                placed = Placed(as_ordered(invited), is_replay=False)
        return placed, OpenedLink(token, expires_at)
