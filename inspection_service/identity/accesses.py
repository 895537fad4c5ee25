"""Who had personal data before them, when: appended, never edited, kept for as long as the setting says.

One insert for an access at most. Looking at the same thing again within ten minutes is the same look: first this
process remembers, then the insert itself asks the table, so that two nodes do not count one look twice. Addresses of
people are not kept.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, String, delete, insert, literal, select

from inspection_service.clock import Clock
from inspection_service.identity.records_team import Access
from inspection_service.inspections.records import Actor, InspectionId, TenantId
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database

Look = Literal[
    "case", "photo", "frame", "chat", "recording", "report", "bundle", "publication", "live", "accesses"
]
"""What is looked at; again within ten minutes it is the same look."""
Deed = Literal[
    "export", "erasure", "hold", "key_made", "key_revoked", "grant", "grant_revoked", "secret_shown"
]
"""What is done; each time counts."""
_LOOKS: Final = frozenset(
    ("case", "photo", "frame", "chat", "recording", "report", "bundle", "publication", "live", "accesses")
)
_SAME_LOOK: Final = timedelta(minutes=10)
_REMEMBERED: Final = 20_000


class Accesses:
    """The log of accesses."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep the collaborators."""
        self._database = database
        self._clock = clock
        self._recent: OrderedDict[tuple[str, ...], datetime] = OrderedDict()

    async def note(
        self,
        actor: Actor,
        what: Look | Deed,
        inspection_id: InspectionId | None = None,
        tenant_id: TenantId | None = None,
        detail: Mapping[str, str] | None = None,
    ) -> None:
        """Write down that somebody had personal data before them, or did something grave to it.

        Args:
            actor: Who; a platform's key goes into ``detail`` as ``key``.
            what: One of ``Look`` or ``Deed``.
            inspection_id: Whose data; the tenant follows from it.
            tenant_id: Where there is no inspection.
            detail: Ids that say which part: ``{"capture": "..."}``. Never personal data.
        """
        now = self._clock.now()
        about = dict(detail or {})
        is_look = what in _LOOKS
        key = (actor.kind, actor.id, what, inspection_id or "", json.dumps(about, sort_keys=True))
        if is_look and self._is_same_look(key, now):
            return
        table = t.accesses
        values: dict[str, Any] = {
            "at": now,
            "actor_kind": actor.kind,
            "actor_id": actor.id,
            "inspection_id": inspection_id,
            "what": what,
            "detail": about or None,
        }
        async with self._database.write() as transaction:
            if inspection_id is None:
                await transaction.connection.execute(insert(table).values(tenant_id=tenant_id, **values))
            else:
                names = [*values, "tenant_id"]
                query = select(
                    *(literal(value, table.c[name].type) for name, value in values.items()),
                    t.inspections.c.tenant_id,
                ).where(t.inspections.c.id == inspection_id)
                if is_look:
                    query = query.where(~self._noted_elsewhere(values, now))
                await transaction.connection.execute(insert(table).from_select(names, query))
        if is_look:
            self._remember(key, now)

    async def of_tenant(
        self,
        tenant_id: TenantId,
        *,
        inspection_id: InspectionId | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Access]:
        """List accesses to a tenant's data, the newest first.

        Args:
            tenant_id: Whose data; nobody else's is ever in the list.
            inspection_id: Only of this inspection.
            before: ``id`` of the last one already seen.
            limit: At most so many.
        """
        where = [t.accesses.c.tenant_id == tenant_id]
        if inspection_id is not None:
            where.append(t.accesses.c.inspection_id == inspection_id)
        return await self._list(where, before, limit)

    async def of_case(
        self, inspection_id: InspectionId, *, before: int | None = None, limit: int = 100
    ) -> list[Access]:
        """List accesses to one inspection, the newest first; whoever asks has been let in to it."""
        return await self._list([t.accesses.c.inspection_id == inspection_id], before, limit)

    async def forget(self, days: int | None) -> int:
        """Delete what was kept long enough; returns how many lines. ``None`` keeps everything."""
        if days is None:
            return 0
        old = t.accesses.c.at < self._clock.now() - timedelta(days=days)
        async with self._database.write() as transaction:
            gone = await transaction.connection.execute(delete(t.accesses).where(old))
        return int(gone.rowcount)

    # -- within ----------------------------------------------------------------------------------------------
    def _is_same_look(self, key: tuple[str, ...], now: datetime) -> bool:
        seen = self._recent.get(key)
        return seen is not None and now - seen < _SAME_LOOK

    def _remember(self, key: tuple[str, ...], now: datetime) -> None:
        self._recent[key] = now
        self._recent.move_to_end(key)
        while len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)

    def _noted_elsewhere(self, values: Mapping[str, Any], now: datetime) -> ColumnElement[bool]:
        """Whether another node has noted the same look; the few lines an actor makes in ten minutes are compared."""
        other = t.accesses.alias()
        same_detail = (
            other.c.detail.is_(None)
            if values["detail"] is None
            else other.c.detail.cast(String)
            == literal(values["detail"], t.accesses.c.detail.type).cast(String)
        )
        return (
            select(other.c.id)
            .where(
                other.c.actor_id == values["actor_id"],
                other.c.at > now - _SAME_LOOK,
                other.c.actor_kind == values["actor_kind"],
                other.c.what == values["what"],
                other.c.inspection_id == values["inspection_id"],
                same_detail,
            )
            .exists()
        )

    async def _list(
        self, where: Sequence[ColumnElement[bool]], before: int | None, limit: int
    ) -> list[Access]:
        column = t.accesses.c
        query = select(t.accesses).where(*where).order_by(column.id.desc()).limit(limit)
        if before is not None:
            query = query.where(column.id < before)
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).mappings().all()
            people = {row["actor_id"] for row in found if row["actor_kind"] == "operator"}
            tenants = {row["actor_id"] for row in found if row["actor_kind"] == "platform"}
            who = await transaction.connection.execute(
                select(t.operators.c.id, t.operators.c.name, t.organisations.c.name.label("organisation"))
                .join(t.organisations, t.organisations.c.id == t.operators.c.organisation_id)
                .where(t.operators.c.id.in_(sorted(people)))
            )
            names = {row.id: (row.name, row.organisation) for row in who}
            platforms = await transaction.connection.execute(
                select(t.tenants.c.id, t.tenants.c.name).where(t.tenants.c.id.in_(sorted(tenants)))
            )
            names |= {row.id: (row.name, None) for row in platforms}
        return [
            Access(
                id=row["id"],
                at=row["at"],
                actor=Actor(row["actor_kind"], row["actor_id"], names.get(row["actor_id"], ("", None))[0]),
                organisation=names.get(row["actor_id"], ("", None))[1],
                what=row["what"],
                tenant_id=None if row["tenant_id"] is None else TenantId(row["tenant_id"]),
                inspection_id=None if row["inspection_id"] is None else InspectionId(row["inspection_id"]),
                detail=row["detail"],
            )
            for row in found
        ]
