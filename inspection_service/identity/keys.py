"""API keys: made, shown without their secret, exchanged for new ones, and let in.

The database keeps the SHA-256 of a key (256 random bits need no more) and its first characters to know it by.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import RowMapping, bindparam, func, insert, or_, select, update

from inspection_service.clock import new_id
from inspection_service.errors import InspectionServiceError, InvalidInput, NotFound
from inspection_service.identity.base import Room
from inspection_service.identity.errors import ApiKeyUnknown, KeyUnknown, ScopeNotHeld, TooManyKeys
from inspection_service.identity.records import ApiKey, IssuedKey, KeyScope, Platform, TenantKind
from inspection_service.identity.secrets import KEY_PREFIX, TEST_KEY_PREFIX, derived_token, new_token, sha256
from inspection_service.inspections.records import TenantId
from inspection_service.storage import tables as t
from inspection_service.storage.database import Transaction

LONGEST_OVERLAP_S: Final = 7 * 86400
"""Seconds an old key may go on working beside the one that replaces it."""
MOST_KEYS: Final = 100
"""Keys of one platform that work at the same time."""
_SHOWN: Final = 4
_USED_AT_MOST_EVERY: Final = timedelta(minutes=1)
_OWNER: Final = (
    select(t.api_keys, t.tenants.c.name.label("tenant_name"), t.tenants.c.kind.label("tenant_kind"))
    .join(t.tenants)
    .where(t.api_keys.c.secret_sha256 == bindparam("sha256"))
)
"""Whose key it is: asked with every call, so made once, and answered by the database each time: a key that was revoked
is worthless at once, on every node."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is made for."""

    label: str = ""
    scopes: frozenset[KeyScope] | None = None
    """``None``: every scope."""
    expires_at: datetime | None = None
    seed: str | None = None
    """Makes the key once: the same seed gives the same key and secret again (an answer that was lost on its way)."""


class Keys(Room):
    """The keys of platforms."""

    async def make_key(
        self, tenant_id: TenantId, new: NewKey, *, granted_by: Platform | None = None
    ) -> IssuedKey:
        """Make a key; its secret is in the answer and nowhere else.

        Args:
            tenant_id: Whose key it will be.
            new: What it is for.
            granted_by: Who asks with a key of their own; ``None``: whoever runs the service.

        Raises:
            ScopeNotHeld: It would be able to do what the asking key is not; ``scopes`` names that.
            TooManyKeys: ``limit`` keys work already.
            InvalidInput: It would be expired from the beginning.
        """
        _hold(granted_by, new.scopes)
        if new.expires_at is not None and new.expires_at <= self._clock.now():
            raise InvalidInput("The key would be expired from the beginning.", field="expires_at")
        async with self._database.write() as transaction:
            return await self._insert(transaction, tenant_id, new)

    async def issue_key(self, tenant_id: TenantId, label: str = "") -> str:
        """Return a new key with every scope, shown once."""
        return (await self.make_key(tenant_id, NewKey(label))).secret

    async def keys(self, tenant_id: TenantId) -> tuple[ApiKey, ...]:
        """Return a platform's keys, newest first, revoked ones included."""
        column = t.api_keys.c
        query = (
            select(t.api_keys)
            .where(column.tenant_id == tenant_id)
            .order_by(column.created_at.desc(), column.id.desc())
        )
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).mappings().all()
        return tuple(_key_from(row) for row in found)

    async def rotate_key(
        self,
        tenant_id: TenantId,
        key_id: str,
        *,
        overlap_s: int = 0,
        granted_by: Platform | None = None,
        seed: str | None = None,
    ) -> IssuedKey:
        """Make a key like another one, which goes on working for ``overlap_s`` seconds (7 days at most).

        Raises:
            ApiKeyUnknown: This platform has no such key, or it works no longer.
            ScopeNotHeld: The key can do what the asking one cannot.
        """
        if not 0 <= overlap_s <= LONGEST_OVERLAP_S:
            raise InvalidInput("Both keys may work for at most 7 days.", field="overlap_s")
        now = self._clock.now()
        column = t.api_keys.c
        async with self._database.write() as transaction:
            if seed is not None:
                made = await self._seeded(transaction, tenant_id, seed)
                if made is not None:
                    return made
            query = select(t.api_keys).where(column.id == key_id, column.tenant_id == tenant_id)
            row = (await transaction.connection.execute(query.with_for_update())).mappings().first()
            if row is None or not _works(row, now):
                raise ApiKeyUnknown(key_id=key_id)
            old = _key_from(row)
            _hold(granted_by, old.scopes)
            ends_at = now + timedelta(seconds=overlap_s)
            # First the end of the old one, so that a platform at its limit of keys can still change them.
            await transaction.connection.execute(
                update(t.api_keys)
                .where(column.id == key_id)
                .values(expires_at=ends_at if old.expires_at is None else min(ends_at, old.expires_at))
            )
            like = NewKey(old.label, old.scopes, old.expires_at, seed)
            return await self._insert(transaction, tenant_id, like, apart_from=key_id)

    async def revoke_key(self, tenant_id: TenantId, key_id: str) -> None:
        """Make a key worthless at once; repeating it is fine. Raises ``ApiKeyUnknown``: it is not this platform's."""
        column = t.api_keys.c
        mine = (column.id == key_id, column.tenant_id == tenant_id)
        async with self._database.write() as transaction:
            if (await transaction.connection.execute(select(column.id).where(*mine))).first() is None:
                raise ApiKeyUnknown(key_id=key_id)
            await transaction.connection.execute(
                update(t.api_keys)
                .where(*mine, column.revoked_at.is_(None))
                .values(revoked_at=self._clock.now())
            )

    async def platform(self, key: str) -> Platform:
        """Return whose key this is, and note that it was used. Raises ``KeyUnknown``."""
        now = self._clock.now()
        found = await self._database.ask(_OWNER, {"sha256": sha256(key)})
        row = next(iter(found), None)
        if row is None or not key.startswith(KEY_PREFIX) or not _works(row, now):
            raise KeyUnknown
        await self._note_use(row["id"], row["last_used_at"], now)
        return Platform(
            TenantId(row["tenant_id"]),
            row["tenant_name"],
            row["id"],
            _scopes(row["scopes"]),
            row["tenant_kind"],
        )

    async def _note_use(self, key_id: str, last_used_at: datetime | None, now: datetime) -> None:
        """Write down that a key was used, once a minute: reading must not become writing."""
        before = now - _USED_AT_MOST_EVERY
        if last_used_at is not None and last_used_at > before:
            return
        column = t.api_keys.c
        with suppress(
            InspectionServiceError
        ):  # a full disk or a read-only database must not lock readers out
            async with self._database.write() as transaction:
                await transaction.connection.execute(
                    update(t.api_keys)
                    .where(
                        column.id == key_id, or_(column.last_used_at.is_(None), column.last_used_at <= before)
                    )
                    .values(last_used_at=now)
                )

    async def _insert(
        self, transaction: Transaction, tenant_id: TenantId, new: NewKey, *, apart_from: str | None = None
    ) -> IssuedKey:
        if new.seed is not None:
            made = await self._seeded(transaction, tenant_id, new.seed)
            if made is not None:
                return made
        now, column = self._clock.now(), t.api_keys.c
        working = select(func.count()).where(
            column.tenant_id == tenant_id,
            column.revoked_at.is_(None),
            or_(column.expires_at.is_(None), column.expires_at > now),
            column.id != (apart_from or ""),
        )
        if int((await transaction.connection.execute(working)).scalar_one()) >= MOST_KEYS:
            raise TooManyKeys(limit=MOST_KEYS)
        kind = await self._kind(transaction, tenant_id)
        secret = self._secret(tenant_id, kind, new.seed)
        start = TEST_KEY_PREFIX if kind == "sandbox" else KEY_PREFIX
        key = ApiKey(
            id=new_id("key"),
            label=new.label,
            prefix=secret[: len(start) + _SHOWN],
            scopes=new.scopes,
            created_at=now,
            expires_at=new.expires_at,
            last_used_at=None,
            revoked_at=None,
        )
        await transaction.connection.execute(
            insert(t.api_keys).values(
                id=key.id,
                tenant_id=tenant_id,
                label=key.label,
                prefix=key.prefix,
                secret_sha256=sha256(secret),
                scopes=None if key.scopes is None else sorted(key.scopes),
                created_at=key.created_at,
                expires_at=key.expires_at,
            )
        )
        return IssuedKey(secret, key)

    async def _seeded(self, transaction: Transaction, tenant_id: TenantId, seed: str) -> IssuedKey | None:
        secret = self._secret(tenant_id, await self._kind(transaction, tenant_id), seed)
        query = select(t.api_keys).where(t.api_keys.c.secret_sha256 == sha256(secret))
        row = (await transaction.connection.execute(query)).mappings().first()
        return None if row is None else IssuedKey(secret, _key_from(row))

    def _secret(self, tenant_id: TenantId, kind: TenantKind, seed: str | None) -> str:
        start = TEST_KEY_PREFIX if kind == "sandbox" else KEY_PREFIX
        token = new_token() if seed is None else derived_token(self._pepper, "api-key", tenant_id, seed)
        return start + token

    async def _kind(self, transaction: Transaction, tenant_id: TenantId) -> TenantKind:
        query = select(t.tenants.c.kind).where(t.tenants.c.id == tenant_id)
        kind: TenantKind | None = (await transaction.connection.execute(query)).scalar()
        if kind is None:
            raise NotFound("There is no such platform.")
        return kind


def _hold(granted_by: Platform | None, scopes: Collection[KeyScope] | None) -> None:
    """Refuse to give what one has not: a key that may only manage keys must not make itself a better one."""
    if granted_by is None or granted_by.scopes is None:
        return
    beyond = None if scopes is None else sorted(set(scopes) - granted_by.scopes)
    if beyond is None or beyond:
        raise ScopeNotHeld(scopes=beyond)


def _works(row: RowMapping, now: datetime) -> bool:
    return row["revoked_at"] is None and (row["expires_at"] is None or row["expires_at"] > now)


def _scopes(value: Any) -> frozenset[KeyScope] | None:
    return None if value is None else frozenset(value)


def _key_from(row: RowMapping) -> ApiKey:
    values = {name: row[name] for name in ApiKey.__dataclass_fields__}
    return ApiKey(**values | {"scopes": _scopes(row["scopes"])})
