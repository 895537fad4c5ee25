"""Reads and writes inspections in the database, never outside the scope it was made for.

Everything that hangs on an inspection is reached through a ``Case``, and a ``Case`` is only given after the inspection
was found within the scope: a query that forgets the tenant cannot be written by mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.inspections import dossiers, rows
from inspection_service.inspections.case import Case
from inspection_service.inspections.confined import NARROW
from inspection_service.inspections.dossiers import Depth
from inspection_service.inspections.errors import InspectionUnknown
from inspection_service.inspections.queue_repository import QueueRepository
from inspection_service.inspections.records import (
    Capture,
    Dossier,
    Event,
    Frame,
    Inspection,
    InspectionId,
    RecordingId,
    TenantId,
)
from inspection_service.inspections.requests import Upload
from inspection_service.inspections.scope import OrganisationScope, TenantScope
from inspection_service.inspections.states import CLOSED
from inspection_service.storage import tables as t


class Repository(QueueRepository):
    """The inspections of one scope, inside one transaction."""

    @property
    def connection(self) -> AsyncConnection:
        """The connection of this transaction."""
        return self._connection

    # -- one -------------------------------------------------------------------------------------------------
    async def case(self, inspection_id: InspectionId, *, lock: bool = False) -> Case:
        """Find one inspection.

        Args:
            inspection_id: Which.
            lock: Keep every other writer of it waiting until this transaction ends.

        Raises:
            InspectionUnknown: There is none in this scope.
        """
        return Case(self._connection, await self.inspection(inspection_id, lock=lock))

    async def inspections(self, ids: Sequence[InspectionId]) -> list[Inspection]:
        """Return some inspections of this scope, in no order; what is not there is left out."""
        query = self._within(select(*NARROW)).where(t.inspections.c.id.in_(ids))
        return await self._with_checklists(await self._ask(query, {}))

    async def is_there(self, inspection_id: InspectionId) -> bool:
        """Say whether there is such an inspection in this scope."""
        query = self._within(select(t.inspections.c.id)).where(t.inspections.c.id == inspection_id)
        return (await self._connection.execute(query)).first() is not None

    async def insert(self, inspection: Inspection) -> Case:
        """Add an inspection; its tenant must lie in the scope."""
        match self._scope:
            case TenantScope(tenant_id) if tenant_id != inspection.tenant_id:
                raise InspectionUnknown
            case OrganisationScope():  # operators look after cases, they order none
                raise InspectionUnknown
            case _:
                pass
        await self._connection.execute(insert(t.inspections).values(rows.inspection_row(inspection)))
        return Case(self._connection, inspection)

    async def ordered_under(self, tenant_id: TenantId, key: str) -> tuple[str, InspectionId] | None:
        """Return the body hash and the inspection an idempotency key stands for."""
        keys = t.idempotency_keys.c
        query = select(keys.body_sha256, keys.inspection_id).where(
            keys.tenant_id == tenant_id, keys.key == key
        )
        row = (await self._connection.execute(query)).first()
        return None if row is None else (row.body_sha256, InspectionId(row.inspection_id))

    async def remember_order(self, inspection: Inspection, key: str, body_sha256: str) -> None:
        """Let an idempotency key stand for an inspection; one key, one inspection (unique)."""
        await self._connection.execute(
            insert(t.idempotency_keys).values(
                tenant_id=inspection.tenant_id,
                key=key,
                body_sha256=body_sha256,
                inspection_id=inspection.id,
                created_at=inspection.created_at,
            )
        )

    # -- many ------------------------------------------------------------------------------------------------
    async def dossiers(self, inspections: Sequence[Inspection], depth: Depth = "whole") -> list[Dossier]:
        """Read what hangs on some inspections of this scope.

        Args:
            inspections: As this repository returned them, or as they are about to be written.
            depth: How much of it.
        """
        if not inspections:
            return []
        asked = {"ids": [inspection.id for inspection in inspections]}
        found = (await self._connection.execute(dossiers.many(depth), asked)).mappings()
        parts = {row["id"]: row for row in found}
        return [dossiers.dossier_from(parts[inspection.id], inspection) for inspection in inspections]

    async def events(self, inspection_id: InspectionId, after: int, limit: int) -> tuple[Event, ...]:
        """Return events after a number, oldest first; of an inspection in this scope only."""
        if not await self.is_there(inspection_id):
            raise InspectionUnknown
        column = t.events.c
        query = (
            select(t.events)
            .where(column.inspection_id == inspection_id, column.seq > after)
            .order_by(column.seq)
            .limit(limit)
        )
        found = (await self._connection.execute(query)).mappings().all()
        ids = {row["actor_id"] for row in found}
        names = await self._operator_names(ids) | await self._tenant_names(ids)
        return tuple(rows.event_from(row, names) for row in found)

    # -- what is to do ---------------------------------------------------------------------------------------
    async def to_judge(self, limit: int) -> list[Capture]:
        """Return captures that nobody has judged yet: each inspection's oldest, then each one's second, and so on.

        So a seller who sends a hundred photos at once keeps nobody else waiting.
        """
        column = t.captures.c
        age = (column.received_at, column.id)
        turn = func.row_number().over(partition_by=column.inspection_id, order_by=age)
        query = (
            self._within(select(t.captures).join(t.inspections))
            .where(column.state == "received", t.inspections.c.state.not_in(CLOSED))
            .order_by(turn, *age)
            .limit(limit)
        )
        found = (await self._connection.execute(query)).mappings().all()
        return [rows.capture_from(row) for row in found]

    async def to_seal(self, limit: int) -> list[InspectionId]:
        """Return inspections that are signed off, with every photo judged."""
        waiting = (
            select(t.captures.c.id)
            .where(t.captures.c.inspection_id == t.inspections.c.id, t.captures.c.state == "received")
            .exists()
        )
        column = t.inspections.c
        query = self._within(select(column.id)).where(column.state == "signed_off", ~waiting).limit(limit)
        return [InspectionId(found) for found in (await self._connection.execute(query)).scalars()]

    async def sealing_waits(self) -> tuple[str, ...]:
        """Return for what the reports of signed-off inspections wait: the last reason each of them was told."""
        column = t.events.c
        newest = (
            select(column.inspection_id, func.max(column.seq).label("seq"))
            .join(t.inspections, t.inspections.c.id == column.inspection_id)
            .where(t.inspections.c.state == "signed_off", column.kind == "sealing.waiting")
            .group_by(column.inspection_id)
            .subquery()
        )
        query = select(column.data).join(
            newest, (newest.c.inspection_id == column.inspection_id) & (newest.c.seq == column.seq)
        )
        found = (await self._connection.execute(query)).scalars()
        return tuple(sorted({str(data.get("reason")) for data in found}))

    async def to_expire(self, now: datetime, limit: int) -> list[InspectionId]:
        """Return inspections whose deadline has passed before the seller signed."""
        column = t.inspections.c
        query = self._within(select(column.id)).where(
            column.state.in_(("ordered", "invited", "in_progress", "review")), column.deadline_at < now
        )
        return [
            InspectionId(found) for found in (await self._connection.execute(query.limit(limit))).scalars()
        ]

    async def to_finish(self, limit: int) -> list[Upload]:
        """Return uploads whose bytes are all there while the process died before it made the capture."""
        query = (
            self._within(select(t.uploads).join(t.inspections))
            .where(
                t.uploads.c.is_finished.is_(False),
                t.uploads.c.offset_bytes == t.uploads.c.length_bytes,
                or_(
                    t.inspections.c.state == "in_progress",
                    and_(t.inspections.c.state == "review", t.uploads.c.step_id.is_(None)),  # declared damage
                ),
            )
            .limit(limit)
        )
        return [rows.upload_from(row) for row in (await self._connection.execute(query)).mappings()]

    async def to_drop(self, now: datetime, limit: int) -> list[Upload]:
        """Return uploads that nobody continued in time."""
        query = (
            self._within(select(t.uploads).join(t.inspections))
            .where(t.uploads.c.expires_at < now)
            .limit(limit)
        )
        return [rows.upload_from(row) for row in (await self._connection.execute(query)).mappings()]

    async def frames_to_forget(self, frozen_before: datetime, limit: int) -> list[Frame]:
        """Return frames that nobody kept in time, and those whose bytes were being deleted when a process died."""
        column = t.frames.c
        query = (
            self._within(select(t.frames).join(t.inspections))
            .where(
                column.has_bytes.is_(True),
                column.is_kept.is_(False),
                column.at < frozen_before,
                ~_is_held(column.inspection_id),
            )
            .order_by(column.at)
            .limit(limit)
        )
        return [rows.frame_from(row) for row in (await self._connection.execute(query)).mappings()]

    async def recordings_to_forget(
        self, idle_since: datetime, ended_before: datetime, limit: int
    ) -> list[tuple[InspectionId, RecordingId]]:
        """Return recordings nobody goes on with, and those that have been kept long enough."""
        column = t.recordings.c
        query = (
            self._within(select(column.inspection_id, column.id).join(t.inspections))
            .where(
                column.has_bytes.is_(True),
                or_(
                    and_(column.ended_at.is_(None), column.touched_at < idle_since),
                    and_(column.ended_at < ended_before, ~_is_held(column.inspection_id)),
                ),
            )
            .order_by(column.started_at)
            .limit(limit)
        )
        return [(InspectionId(row[0]), RecordingId(row[1])) for row in await self._connection.execute(query)]

    # -- within ----------------------------------------------------------------------------------------------
    async def _operator_names(self, ids: Iterable[str]) -> dict[str, str]:
        query = select(t.operators.c.id, t.operators.c.name).where(t.operators.c.id.in_(sorted(ids)))
        return {row.id: row.name for row in await self._connection.execute(query)}

    async def _tenants(self, ids: Iterable[str]) -> dict[str, tuple[str, bool]]:
        """Return name, and whether it is a sandbox, by id."""
        query = select(t.tenants.c.id, t.tenants.c.name, t.tenants.c.kind).where(
            t.tenants.c.id.in_(sorted(ids))
        )
        return {row.id: (row.name, row.kind == "sandbox") for row in await self._connection.execute(query)}

    async def _tenant_names(self, ids: Iterable[str]) -> dict[str, str]:
        return {each: name for each, (name, _) in (await self._tenants(ids)).items()}


def _is_held(inspection_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a legal hold keeps everything of an inspection."""
    column = t.legal_holds.c
    hold = select(column.id).where(column.inspection_id == inspection_id, column.lifted_at.is_(None))
    return hold.exists()
