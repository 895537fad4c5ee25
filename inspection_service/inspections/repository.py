"""Reads and writes inspections in the database, never outside the scope it was made for.

Everything that hangs on an inspection is reached through a ``Case``, and a ``Case`` is only given after the inspection
was found within the scope: a query that forgets the tenant cannot be written by mistake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import JSON, ColumnElement, Table, and_, case, func, insert, literal, null, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.inspections import rows
from inspection_service.inspections.case import Case
from inspection_service.inspections.errors import InspectionUnknown
from inspection_service.inspections.queue_repository import QueueRepository
from inspection_service.inspections.records import (
    Annotation,
    Capture,
    CaptureId,
    Dossier,
    Event,
    Frame,
    Inspection,
    InspectionId,
    Recording,
    RecordingId,
    TenantId,
)
from inspection_service.inspections.requests import Upload, Wanted
from inspection_service.inspections.scope import OrganisationScope, TenantScope
from inspection_service.inspections.states import CLOSED
from inspection_service.storage import tables as t

Record = TypeVar("Record")

_WITHOUT_JUDGEMENT: Final = (
    *(column for column in t.captures.columns if column.name != "judgement"),
    case((t.captures.c.judgement.is_not(null()), literal({}, JSON()))).label("judgement"),
)


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
        query = self._within(select(t.inspections)).where(t.inspections.c.id == inspection_id)
        row = (await self._connection.execute(query.with_for_update() if lock else query)).mappings().first()
        if row is None:
            raise InspectionUnknown
        return Case(self._connection, rows.inspection_from(row))

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
    async def page(self, wanted: Wanted, before: tuple[datetime, str] | None, limit: int) -> list[Inspection]:
        """Return inspections, newest first.

        Args:
            wanted: Only these.
            before: ``created_at`` and id of the last one already seen.
            limit: At most so many.
        """
        column = t.inspections.c
        query = (
            self._within(select(t.inspections))
            .order_by(column.created_at.desc(), column.id.desc())
            .limit(limit)
        )
        query = query.where(*_matches(wanted))
        if before is not None:
            moment, last_id = before
            query = query.where(
                or_(column.created_at < moment, and_(column.created_at == moment, column.id < last_id))
            )
        found = (await self._connection.execute(query)).mappings().all()
        return [rows.inspection_from(row) for row in found]

    async def dossiers(
        self,
        inspections: Sequence[Inspection],
        *,
        kinds: frozenset[str] | None = None,
        with_judgements: bool = True,
    ) -> list[Dossier]:
        """Read everything about some inspections of this scope.

        Args:
            inspections: As this repository returned them.
            kinds: Only events of these kinds and the newest one, and neither annotations nor recordings, as lists
                need it; everything when ``None``.
            with_judgements: Else a photo that was judged has an empty judgement: the queue's page has a thousand
                photos, shows none of what the models saw, and would spend most of its time on reading it.
        """
        ids = [inspection.id for inspection in inspections]
        wanted: ColumnElement[bool] = true()
        if kinds is not None:
            newest = t.events.alias()
            last = (
                select(func.max(newest.c.seq))
                .where(newest.c.inspection_id == t.events.c.inspection_id)
                .scalar_subquery()
            )
            wanted = or_(t.events.c.kind.in_(kinds), t.events.c.seq == last)
        event_rows = await self._rows(t.events, ids, [t.events.c.seq], wanted)
        operators = {row["actor_id"] for found in event_rows.values() for row in found}
        operators |= {inspection.claimed_by for inspection in inspections if inspection.claimed_by}
        names = await self._operator_names(operators)
        tenants = await self._tenants({inspection.tenant_id for inspection in inspections})
        names |= {tenant_id: name for tenant_id, (name, _) in tenants.items()}
        captures = await self._records(
            t.captures,
            ids,
            [t.captures.c.received_at, t.captures.c.attempt],
            rows.capture_from,
            columns=() if with_judgements else _WITHOUT_JUDGEMENT,
        )
        findings = await self._records(t.findings, ids, [t.findings.c.position], rows.finding_from)
        statements = await self._records(t.statements, ids, [t.statements.c.id], rows.statement_from)
        consents = await self._records(t.consents, ids, [t.consents.c.id], rows.consent_from)
        skipped = await self._records(t.skipped_steps, ids, [t.skipped_steps.c.at], rows.skipped_from)
        valid = t.signatures.c.voided_at.is_(None)
        signatures = await self._records(t.signatures, ids, [t.signatures.c.id], rows.signature_from, valid)
        reports = await self._records(t.reports, ids, [t.reports.c.sealed_at], rows.report_from)
        help_requests = await self._records(t.help_requests, ids, [t.help_requests.c.id], rows.help_from)
        corrections = await self._records(t.corrections, ids, [t.corrections.c.no], rows.correction_from)
        in_force = t.legal_holds.c.lifted_at.is_(None)
        holds = await self._records(t.legal_holds, ids, [t.legal_holds.c.id], rows.hold_from, in_force)
        erased = await self._records(
            t.erased_photos, ids, [t.erased_photos.c.at], lambda row: CaptureId(row["capture_id"])
        )
        live = await self._live(inspections) if kinds is None else {}
        return [
            Dossier(
                inspection=inspection,
                platform_name=tenants.get(inspection.tenant_id, ("", False))[0],
                is_sandbox=tenants.get(inspection.tenant_id, ("", False))[1],
                captures=captures[inspection.id],
                findings=findings[inspection.id],
                statements=statements[inspection.id],
                consents=consents[inspection.id],
                skipped=skipped[inspection.id],
                signatures=signatures[inspection.id],
                events=tuple(rows.event_from(row, names) for row in event_rows[inspection.id]),
                report=next(iter(reports[inspection.id]), None),
                claimed_by_name=names.get(inspection.claimed_by) if inspection.claimed_by else None,
                annotations=live[inspection.id][0] if live else (),
                recordings=live[inspection.id][1] if live else (),
                help=next(reversed(help_requests[inspection.id]), None),
                corrections=corrections[inspection.id],
                legal_hold=next(iter(holds[inspection.id]), None),
                erased_photos=frozenset(erased[inspection.id]),
            )
            for inspection in inspections
        ]

    async def _live(
        self, inspections: Sequence[Inspection]
    ) -> dict[InspectionId, tuple[tuple[Annotation, ...], tuple[Recording, ...]]]:
        """Return what calls left with each inspection; lists go without it."""
        found = {}
        for inspection in inspections:
            case = Case(self._connection, inspection)
            found[inspection.id] = (await case.annotations(), await case.recordings())
        return found

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
    async def _rows(
        self,
        table: Table,
        ids: Sequence[InspectionId],
        order: Sequence[ColumnElement[Any]],
        where: ColumnElement[bool],
        columns: Sequence[ColumnElement[Any]] = (),
    ) -> dict[InspectionId, list[rows.Row]]:
        query = (
            select(*(columns or table.columns)).where(table.c.inspection_id.in_(ids), where).order_by(*order)
        )
        found: dict[InspectionId, list[rows.Row]] = defaultdict(list)
        for row in (await self._connection.execute(query)).mappings():
            found[row["inspection_id"]].append(row)
        return found

    async def _records(
        self,
        table: Table,
        ids: Sequence[InspectionId],
        order: Sequence[ColumnElement[Any]],
        read: Callable[[rows.Row], Record],
        where: ColumnElement[bool] | None = None,
        columns: Sequence[ColumnElement[Any]] = (),
    ) -> dict[InspectionId, tuple[Record, ...]]:
        found = await self._rows(table, ids, order, true() if where is None else where, columns)
        return {inspection_id: tuple(map(read, found.get(inspection_id, ()))) for inspection_id in ids}

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


def _matches(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """Write what a list shows as conditions."""
    column = t.inspections.c
    if wanted.states:
        yield column.state.in_(wanted.states)
    if wanted.reference is not None:
        yield column.reference == wanted.reference
    if wanted.plate is not None:
        yield _bare(column.vehicle["plate"].as_string()) == _bare(literal(wanted.plate))
    if wanted.vin is not None:
        yield column.vehicle["vin"].as_string() == wanted.vin
    if wanted.created_from is not None:
        yield column.created_at >= wanted.created_from
    if wanted.created_to is not None:
        yield column.created_at < wanted.created_to
    if wanted.updated_since is not None:
        yield column.updated_at >= wanted.updated_since


def _bare(plate: ColumnElement[str]) -> ColumnElement[str]:
    return func.replace(func.replace(func.upper(plate), "-", ""), " ", "")


def _is_held(inspection_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a legal hold keeps everything of an inspection."""
    column = t.legal_holds.c
    hold = select(column.id).where(column.inspection_id == inspection_id, column.lifted_at.is_(None))
    return hold.exists()
