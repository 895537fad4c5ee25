"""Who had personal data before them, when: appended, never edited, kept for as long as the setting says.

One insert for an access at most. Looking at the same thing again within ten minutes is the same look: first this
process remembers, then the insert itself asks the table, so that two nodes do not count one look twice. What a
platform's program reads as JSON is noted aside and written in batches, one line an hour for each key, inspection and
part: reading waits for no write. Only ``kill -9`` can lose such lines, those of the last second or two. Addresses of
people are not kept.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, String, delete, insert, literal, select

from inspection_service.clock import Clock
from inspection_service.errors import Unavailable
from inspection_service.identity.records_team import Access
from inspection_service.inspections.records import Actor, InspectionId, TenantId
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database, Transaction
from inspection_service.telemetry import logs

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
_SAME_READ: Final = timedelta(hours=1)
_REMEMBERED: Final = 20_000
_MOST_WAITING: Final = 20_000
"""Reads that wait for a database that takes no writes; what comes beyond is read and not noted, as the log says."""
_PAUSE_S: Final = 1.0
"""For which reads are gathered before they are written."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One access, ready to be written."""

    values: Mapping[str, Any]
    inspection_id: InspectionId | None
    tenant_id: TenantId | None
    once_within: timedelta | None
    """The same one within this time is the same access; ``None``: each counts."""


class Accesses:
    """The log of accesses."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep the collaborators."""
        self._database = database
        self._clock = clock
        self._recent: OrderedDict[tuple[str, ...], datetime] = OrderedDict()
        self._waiting: list[_Line] = []
        self._writing = asyncio.Lock()
        self._stir, self._is_closing = asyncio.Event(), asyncio.Event()

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
        within = _SAME_LOOK if what in _LOOKS else None
        line, key = self._line(actor, what, inspection_id, tenant_id, detail, within)
        if within is not None and self._is_same(key, within):
            return
        async with self._database.write() as transaction:
            await _insert(transaction, line)
        if within is not None:
            self._remember(key)

    def note_read(
        self, actor: Actor, tenant_id: TenantId, inspection_id: InspectionId | None, detail: Mapping[str, str]
    ) -> None:
        """Note that a platform's program reads personal data; it is written soon, and this waits for nothing.

        Args:
            actor: The platform.
            tenant_id: Its tenant; an inspection that is not of it is not noted.
            inspection_id: What is read; ``None``: a list of them.
            detail: ``key``: by which key; ``part``: what of it.
        """
        line, key = self._line(actor, "case", inspection_id, tenant_id, detail, _SAME_READ)
        if self._is_same(key, _SAME_READ):
            return
        if len(self._waiting) >= _MOST_WAITING:
            return
        self._remember(key)
        self._waiting.append(line)
        self._stir.set()

    async def write_reads(self) -> None:
        """Write the reads that wait.

        Raises:
            Unavailable: The database does not answer; they go on waiting.
        """
        async with self._writing:
            batch = tuple(self._waiting)
            if not batch:
                return
            async with self._database.write() as transaction:
                for line in batch:
                    await _insert(transaction, line)
            del self._waiting[: len(batch)]

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write the reads that wait, while the block runs and once more at its end."""
        task = asyncio.create_task(self._write_on())
        try:
            yield
        finally:
            self._is_closing.set()
            self._stir.set()
            await task

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
        await self.write_reads()
        where = [t.accesses.c.tenant_id == tenant_id]
        if inspection_id is not None:
            where.append(t.accesses.c.inspection_id == inspection_id)
        return await self._list(where, before, limit)

    async def of_case(
        self, inspection_id: InspectionId, *, before: int | None = None, limit: int = 100
    ) -> list[Access]:
        """List accesses to one inspection, the newest first; whoever asks has been let in to it."""
        await self.write_reads()
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
    async def _write_on(self) -> None:
        is_last = False
        while not is_last:
            await self._stir.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_closing.wait(), _PAUSE_S)
            self._stir.clear()
            is_last = self._is_closing.is_set()
            try:
                await self.write_reads()
            except Unavailable as error:
                logs.resource_missing("accesses", error)
                self._stir.set()  # again after the pause

    def _line(
        self,
        actor: Actor,
        what: str,
        inspection_id: InspectionId | None,
        tenant_id: TenantId | None,
        detail: Mapping[str, str] | None,
        within: timedelta | None,
    ) -> tuple[_Line, tuple[str, ...]]:
        about = dict(detail or {})
        values: dict[str, Any] = {
            "at": self._clock.now(),
            "actor_kind": actor.kind,
            "actor_id": actor.id,
            "inspection_id": inspection_id,
            "what": what,
            "detail": about or None,
        }
        key = (actor.kind, actor.id, what, inspection_id or "", json.dumps(about, sort_keys=True))
        return _Line(values, inspection_id, tenant_id, within), key

    def _is_same(self, key: tuple[str, ...], within: timedelta) -> bool:
        seen = self._recent.get(key)
        return seen is not None and self._clock.now() - seen < within

    def _remember(self, key: tuple[str, ...]) -> None:
        self._recent[key] = self._clock.now()
        self._recent.move_to_end(key)
        while len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)

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


async def _insert(transaction: Transaction, line: _Line) -> None:
    """Add a line; nothing for an inspection that is not there, or for an access that another node has noted."""
    table, values = t.accesses, line.values
    if line.inspection_id is None:
        await transaction.connection.execute(insert(table).values(tenant_id=line.tenant_id, **values))
        return
    names = [*values, "tenant_id"]
    query = select(
        *(literal(value, table.c[name].type) for name, value in values.items()), t.inspections.c.tenant_id
    ).where(t.inspections.c.id == line.inspection_id)
    if line.tenant_id is not None:
        query = query.where(t.inspections.c.tenant_id == line.tenant_id)
    if line.once_within is not None:
        query = query.where(~_noted_elsewhere(values, line.once_within))
    await transaction.connection.execute(insert(table).from_select(names, query))


def _noted_elsewhere(values: Mapping[str, Any], within: timedelta) -> ColumnElement[bool]:
    """Whether another node has noted the same; the few lines an actor makes about one inspection are compared."""
    other = t.accesses.alias()
    same_detail = (
        other.c.detail.is_(None)
        if values["detail"] is None
        else other.c.detail.cast(String) == literal(values["detail"], t.accesses.c.detail.type).cast(String)
    )
    return (
        select(other.c.id)
        .where(
            other.c.actor_id == values["actor_id"],
            other.c.at > values["at"] - within,
            other.c.actor_kind == values["actor_kind"],
            other.c.what == values["what"],
            other.c.inspection_id == values["inspection_id"],
            same_detail,
        )
        .exists()
    )
