"""Where platforms want to be told, as they manage it themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.clock import Clock, new_id
from inspection_service.inspections.records import TenantId
from inspection_service.platforms.addresses import target_of
from inspection_service.platforms.errors import WebhookKindUnknown, WebhooksTooMany, WebhookUnknown
from inspection_service.platforms.kinds import KINDS
from inspection_service.platforms.records import DisabledWhy, Endpoint, Secret
from inspection_service.platforms.rows import endpoint_from
from inspection_service.platforms.signing import OVERLAP, SecretBox, new_secret, rotated, valid
from inspection_service.settings import WebhookSettings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database

_e = t.webhook_endpoints.c
_CHANGEABLE: Final[tuple[str, ...]] = ("url", "description", "kinds")


class Endpoints:
    """The endpoints of all tenants; every call names the tenant it is made for."""

    def __init__(
        self, database: Database, clock: Clock, settings: WebhookSettings, secrets: SecretBox
    ) -> None:
        """Keep the collaborators."""
        self._database = database
        self._clock = clock
        self._settings = settings
        self._secrets = secrets

    async def create(
        self,
        tenant_id: TenantId,
        url: str,
        *,
        description: str = "",
        kinds: Collection[str] | None = None,
        seed: str | None = None,
    ) -> tuple[Endpoint, str]:
        """Add an endpoint; it hears of every event from now on.

        Args:
            tenant_id: Whose.
            url: Where messages go.
            description: For its owner.
            kinds: Of these only; ``None``: of all.
            seed: The same request again, and no other: then the endpoint it made before is the answer.

        Returns:
            The endpoint and its secret, which is shown this once.

        Raises:
            WebhookUrlRefused: Not an address we send to.
            WebhookKindUnknown: ``unknown`` names the kinds that are none.
            WebhooksTooMany: There are as many as there may be (``limit``).
        """
        target_of(url, allow_private=self._settings.allow_private)
        endpoint_id = new_id("whk") if seed is None else _derived_id(tenant_id, seed)
        secret = new_secret()
        row = {
            "id": endpoint_id,
            "tenant_id": tenant_id,
            "url": url,
            "description": description,
            "kinds": _checked(kinds),
            "secrets_wrapped": self._secrets.close(endpoint_id, (Secret(secret, None),)),
            "created_at": self._clock.now(),
        }
        async with self._database.write() as transaction:
            connection = transaction.connection
            # The tenant's row is the lock: two that arrive together must not both be the last one allowed.
            await connection.execute(
                select(t.tenants.c.id).where(t.tenants.c.id == tenant_id).with_for_update()
            )
            if seed is not None and (earlier := await self._made_before(connection, tenant_id, endpoint_id)):
                return earlier
            query = select(func.count()).where(_e.tenant_id == tenant_id, _e.deleted_at.is_(None))
            limit = self._settings.max_endpoints
            if int((await connection.execute(query)).scalar_one()) >= limit:
                raise WebhooksTooMany(limit=limit)
            await connection.execute(insert(t.webhook_endpoints).values(row))
            return await _get(connection, tenant_id, endpoint_id), secret

    async def list(self, tenant_id: TenantId) -> tuple[Endpoint, ...]:
        """Return a tenant's endpoints, oldest first."""
        query = (
            select(t.webhook_endpoints)
            .where(_e.tenant_id == tenant_id, _e.deleted_at.is_(None))
            .order_by(_e.created_at, _e.id)
        )
        async with self._database.read() as transaction:
            return tuple(map(endpoint_from, (await transaction.connection.execute(query)).mappings()))

    async def get(self, tenant_id: TenantId, endpoint_id: str) -> Endpoint:
        """Return one endpoint. Raises ``WebhookUnknown``."""
        async with self._database.read() as transaction:
            return await _get(transaction.connection, tenant_id, endpoint_id)

    async def change(
        self, tenant_id: TenantId, endpoint_id: str, *, enabled: bool | None = None, **fields: Any
    ) -> Endpoint:
        """Change an endpoint.

        Args:
            tenant_id: Whose.
            endpoint_id: Which.
            enabled: Whether it is sent anything. What waits while it is taken out of use is given up (``failed``) and
                can be sent again afterwards; what happens meanwhile is not recorded for it.
            fields: ``url``, ``description``, ``kinds``: only what is named changes.

        Raises:
            WebhookUnknown: There is no such endpoint.
            WebhookUrlRefused, WebhookKindUnknown: As for a new one.
        """
        values = {name: fields[name] for name in _CHANGEABLE if name in fields}
        if "url" in values:
            target_of(values["url"], allow_private=self._settings.allow_private)
            values["failing_since"] = None
        if "kinds" in values:
            values["kinds"] = _checked(values["kinds"])
        async with self._database.write() as transaction:
            connection = transaction.connection
            endpoint = await _get(connection, tenant_id, endpoint_id, lock=True)
            if enabled and not endpoint.is_enabled:
                values |= {"disabled_at": None, "disabled_why": None, "failing_since": None}
            if values:
                await connection.execute(
                    update(t.webhook_endpoints).where(_e.id == endpoint_id).values(values)
                )
            if enabled is False and endpoint.is_enabled:
                await disable(connection, endpoint_id, "requested", self._clock.now())
            return await _get(connection, tenant_id, endpoint_id)

    async def delete(self, tenant_id: TenantId, endpoint_id: str) -> None:
        """Remove an endpoint; its past deliveries can be looked at until their time is over.

        Raises:
            WebhookUnknown: There is no such endpoint.
        """
        async with self._database.write() as transaction:
            connection, now = transaction.connection, self._clock.now()
            await _get(connection, tenant_id, endpoint_id, lock=True)
            nothing = self._secrets.close(endpoint_id, ())
            await connection.execute(
                update(t.webhook_endpoints)
                .where(_e.id == endpoint_id)
                .values(deleted_at=now, secrets_wrapped=nothing)
            )
            await give_up(connection, endpoint_id, now)

    async def rotate(
        self, tenant_id: TenantId, endpoint_id: str, *, overlap: timedelta = OVERLAP
    ) -> tuple[Endpoint, str, datetime]:
        """Draw a new secret.

        Args:
            tenant_id: Whose.
            endpoint_id: Which.
            overlap: How long the former one signs beside it; none when it has leaked.

        Returns:
            The endpoint, its new secret, shown this once, and when the former one ends.

        Raises:
            WebhookUnknown: There is no such endpoint.
        """
        async with self._database.write() as transaction:
            connection, now = transaction.connection, self._clock.now()
            endpoint = await _get(connection, tenant_id, endpoint_id, lock=True)
            query = select(_e.secrets_wrapped).where(_e.id == endpoint_id)
            kept = self._secrets.open(endpoint_id, (await connection.execute(query)).scalar_one())
            after = rotated(kept, now, overlap)
            await connection.execute(
                update(t.webhook_endpoints)
                .where(_e.id == endpoint_id)
                .values(secrets_wrapped=self._secrets.close(endpoint_id, after))
            )
            return endpoint, after[0].secret, now + overlap

    async def _made_before(
        self, connection: AsyncConnection, tenant_id: TenantId, endpoint_id: str
    ) -> tuple[Endpoint, str] | None:
        query = select(_e.secrets_wrapped).where(_e.id == endpoint_id)
        wrapped = (await connection.execute(query)).scalar()
        if wrapped is None:
            return None
        endpoint = await _get(connection, tenant_id, endpoint_id)
        return endpoint, self._secrets.open(endpoint_id, wrapped)[0].secret

    async def opened(self, tenant_id: TenantId, endpoint_id: str) -> tuple[Endpoint, tuple[Secret, ...]]:
        """Return an endpoint with the secrets that sign now. Raises ``WebhookUnknown``."""
        async with self._database.read() as transaction:
            endpoint = await _get(transaction.connection, tenant_id, endpoint_id)
            query = select(_e.secrets_wrapped).where(_e.id == endpoint_id)
            wrapped = (await transaction.connection.execute(query)).scalar_one()
        return endpoint, valid(self._secrets.open(endpoint_id, wrapped), self._clock.now())


def _derived_id(tenant_id: TenantId, seed: str) -> str:
    return "whk_" + hashlib.sha256(f"{tenant_id}\x1f{seed}".encode()).hexdigest()[:24]


async def disable(connection: AsyncConnection, endpoint_id: str, why: DisabledWhy, now: datetime) -> None:
    """Take an endpoint out of use; what waits for it is given up."""
    await connection.execute(
        update(t.webhook_endpoints)
        .where(_e.id == endpoint_id, _e.disabled_at.is_(None))
        .values(disabled_at=now, disabled_why=why)
    )
    await give_up(connection, endpoint_id, now)


async def give_up(connection: AsyncConnection, endpoint_id: str, now: datetime) -> None:
    """End all that waits for an endpoint."""
    column = t.webhook_deliveries.c
    await connection.execute(
        update(t.webhook_deliveries)
        .where(column.endpoint_id == endpoint_id, column.state == "pending")
        .values(state="failed", next_at=None, finished_at=now)
    )


async def _get(
    connection: AsyncConnection, tenant_id: TenantId, endpoint_id: str, *, lock: bool = False
) -> Endpoint:
    query = select(t.webhook_endpoints).where(
        _e.id == endpoint_id, _e.tenant_id == tenant_id, _e.deleted_at.is_(None)
    )
    row = (
        (await connection.execute(query.with_for_update(key_share=True) if lock else query))
        .mappings()
        .first()
    )
    if row is None:
        raise WebhookUnknown
    return endpoint_from(row)


def _checked(kinds: Collection[str] | None) -> list[str] | None:
    if kinds is None:
        return None
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise WebhookKindUnknown(unknown=unknown, known=list(KINDS))
    if not kinds:
        raise WebhookKindUnknown("Name at least one kind, or none at all (null) to hear of every kind.")
    return [kind for kind in KINDS if kind in kinds]
