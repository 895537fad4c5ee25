"""Platforms, and the order that opens an inspection together with its link."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from inspection_service.clock import new_id
from inspection_service.identity.keys import Keys
from inspection_service.identity.links import insert_link
from inspection_service.identity.records import OpenedLink, Platform, Tenant, TenantKind
from inspection_service.identity.secrets import derived_token, new_token
from inspection_service.inspections.records import TenantId
from inspection_service.inspections.requests import IdempotencyKey, Order, Placed
from inspection_service.inspections.sandbox import story_of
from inspection_service.storage import tables as t


class Platforms(Keys):
    """Who may order."""

    async def create_tenant(
        self, name: str, *, kind: TenantKind = "live", organisation_id: str | None = t.HOUSE
    ) -> Tenant:
        """Admit a platform.

        Args:
            name: As sellers and operators read it.
            kind: ``sandbox``: its inspections are carried out by a simulated seller, its keys start ``isk_test_``.
            organisation_id: Whose operators look after its cases; ``None``: nobody's, until it grants them to one.
        """
        tenant, now = Tenant(TenantId(new_id("ten")), name, kind), self._clock.now()
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                insert(t.tenants).values(id=tenant.id, name=name, kind=kind, created_at=now)
            )
            if organisation_id is not None:
                await transaction.connection.execute(
                    insert(t.grants).values(
                        tenant_id=tenant.id, organisation_id=organisation_id, granted_at=now
                    )
                )
        return tenant

    async def order(
        self, platform: Platform, order: Order, *, key: IdempotencyKey | None = None
    ) -> tuple[Placed, OpenedLink]:
        """Place an order and make its seller link, both in one transaction; a replay gives the same answer and link.

        Raises:
            IdempotencyKeyReused: The key came with another body before.
            ChecklistUnknown: There is no such checklist.
            InvalidInput: A sandbox is asked for a story it does not know.
        """
        if platform.kind == "sandbox":
            story_of(order.reference)
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
                platform.tenant_id, order, by=platform.actor, key=key, is_invited=True, within=transaction
            )
            ordered = placed.inspection
            expires_at = ordered.created_at + timedelta(seconds=self._links.valid_s)
            if not placed.is_replay:
                await insert_link(transaction, ordered, token, ordered.created_at, expires_at)
                if order.send_link:
                    await inspections.plan_reminder(ordered.id, "invitation", 1, within=transaction)
        return placed, OpenedLink(token, expires_at)
