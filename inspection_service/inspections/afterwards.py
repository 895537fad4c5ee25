"""What happens to an inspection once it is closed: corrections, legal holds, erasure. Nothing edits what was sealed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import func, insert, or_, select, true, update

from inspection_service.inspections import rows
from inspection_service.inspections.changes import Acts, Change, checked_text
from inspection_service.inspections.errors import CorrectionRaced, NotSealed, StillOpen, UnderLegalHold
from inspection_service.inspections.letting_go import let_go_of_pictures, let_go_of_session
from inspection_service.inspections.mileages import EarlierReading, plate_key, reading_km, settled_reading
from inspection_service.inspections.records import (
    Actor,
    CaptureId,
    CorrectionEntry,
    InspectionId,
    InspectionState,
    LegalHold,
)
from inspection_service.inspections.scrubbing import scrub
from inspection_service.inspections.states import CLOSED
from inspection_service.storage import tables as t
from inspection_service.storage.database import Transaction

Erased = Literal["seller", "photos", "report"]
"""What one erasure removes: the seller's personal values, the bytes of photos, or the report's files."""
_MOST_EARLIER: Final = 50


@dataclass(frozen=True, slots=True)
class ErasureWork:
    """Bytes that an erasure promised to remove and that may still be there."""

    id: int
    inspection_id: InspectionId
    object_keys: tuple[str, ...]


class Afterwards(Acts):
    """Acts on closed inspections."""

    # -- corrections -----------------------------------------------------------------------------------------
    async def add_correction(
        self, inspection_id: InspectionId, entry: CorrectionEntry, *, by: Actor, within: Transaction
    ) -> None:
        """Write an entry whose files are stored; its leaf goes into the log in the same transaction.

        Raises:
            NotSealed: There is no report.
            CorrectionRaced: Another entry has this number already.
        """
        async with self._change(inspection_id, by, within=within) as change:
            if change.inspection.state != "sealed":
                raise NotSealed(state=change.inspection.state)
            column = t.corrections.c
            query = select(func.count()).where(column.inspection_id == inspection_id)
            connection = within.connection
            if int((await connection.execute(query)).scalar_one()) != entry.no - 1:
                raise CorrectionRaced
            await connection.execute(
                insert(t.corrections).values(inspection_id=inspection_id, **rows.correction_row(entry))
            )
            await change.record(
                "report.corrected",
                no=entry.no,
                kind=entry.kind,
                reason=entry.reason,
                json_sha256=entry.json_sha256,
                pdf_sha256=entry.pdf_sha256,
            )

    async def note_publication(
        self,
        inspection_id: InspectionId,
        act: Literal["prepared", "edited", "approved", "withdrawn"],
        *,
        by: Actor,
        within: Transaction,
        **facts: Any,
    ) -> None:
        """Write into the log what was done about copies for the public.

        Raises:
            NotSealed: There is no report.
        """
        async with self._change(inspection_id, by, within=within) as change:
            if change.inspection.state != "sealed":
                raise NotSealed(state=change.inspection.state)
            await change.record(f"publication.{act}", **facts)

    # -- legal hold ------------------------------------------------------------------------------------------
    async def place_hold(self, inspection_id: InspectionId, reason: str, *, by: Actor) -> LegalHold:
        """Keep everything of an inspection until the hold is lifted; a hold that stands stays as it is."""
        async with (
            self._database.write() as transaction,
            self._change(inspection_id, by, within=transaction) as change,
        ):
            (dossier,) = await change.repository.dossiers([change.inspection], "summary")
            if dossier.legal_hold is not None:
                return dossier.legal_hold
            hold = LegalHold(change.now, by, checked_text(reason, "reason", at_most=500))
            await transaction.connection.execute(
                insert(t.legal_holds).values(
                    inspection_id=inspection_id, at=hold.at, by=rows.actor_to_json(by), reason=hold.reason
                )
            )
            await change.record("hold.placed")
            return hold

    async def lift_hold(self, inspection_id: InspectionId, *, by: Actor) -> None:
        """Let the clocks go on; without a hold nothing happens."""
        async with (
            self._database.write() as transaction,
            self._change(inspection_id, by, within=transaction) as change,
        ):
            column = t.legal_holds.c
            done = await transaction.connection.execute(
                update(t.legal_holds)
                .where(column.inspection_id == inspection_id, column.lifted_at.is_(None))
                .values(lifted_at=change.now, lifted_by=rows.actor_to_json(by))
            )
            if done.rowcount:
                await change.record("hold.lifted")

    # -- erasure ---------------------------------------------------------------------------------------------
    async def erase(
        self,
        inspection_id: InspectionId,
        what: Erased,
        *,
        object_keys: Sequence[str],
        photos: Collection[CaptureId] = (),
        reason: str,
        by: Actor,
        within: Transaction,
    ) -> None:
        """Scrub the records; the bytes named are removed afterwards, and again until they are gone.

        Args:
            inspection_id: A closed inspection.
            what: With ``seller`` every personal value of the seller goes.
            object_keys: Of the store.
            photos: Whose bytes are among them.
            reason: A code.
            by: Who asks.
            within: The transaction that also writes what is issued instead.

        Raises:
            StillOpen: The case goes on.
            UnderLegalHold: It is kept for now.
        """
        async with self._change(inspection_id, by, within=within) as change:
            await _may_be_erased(change)
            left: list[str] = []
            if what == "photos":
                left = await let_go_of_pictures(change, self._store, kept=True)
            if what == "seller":
                left = await let_go_of_session(change, self._store)
                await scrub(within.connection, change.inspection.id)
                # The scrubbed row is the truth now; what was read before must not be written back.
                case = await change.repository.case(inspection_id)
                change.case, change.inspection = case, case.inspection
            column = t.erased_photos.c
            query = select(column.capture_id).where(column.inspection_id == inspection_id)
            before = set((await within.connection.execute(query)).scalars())
            for capture_id in sorted(set(photos) - before):
                await within.connection.execute(
                    insert(t.erased_photos).values(
                        inspection_id=inspection_id, capture_id=capture_id, at=change.now
                    )
                )
            await within.connection.execute(
                insert(t.erasures).values(
                    inspection_id=inspection_id,
                    what=what,
                    at=change.now,
                    by=rows.actor_to_json(by),
                    reason=reason,
                    object_keys=[*object_keys, *left],
                )
            )
            await change.record("data.erased", what=what, photos=len(photos), reason=reason)

    async def erasures_to_finish(self, limit: int = 20) -> list[ErasureWork]:
        """Return erasures whose bytes may still be there."""
        column = t.erasures.c
        query = select(t.erasures).where(column.finished_at.is_(None)).order_by(column.id).limit(limit)
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).mappings().all()
        return [
            ErasureWork(r["id"], InspectionId(r["inspection_id"]), tuple(r["object_keys"])) for r in found
        ]

    async def finish_erasure(self, work: ErasureWork) -> None:
        """Remove the bytes of an erasure and note that they are gone."""
        for key in work.object_keys:
            await self._store.delete(key)
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                update(t.erasures)
                .where(t.erasures.c.id == work.id)
                .values(finished_at=self._clock.now(), object_keys=[])
            )

    async def closed_before(self, moment: datetime, what: Erased, limit: int = 20) -> list[InspectionId]:
        """Return inspections closed before a moment, not on hold, of which this was not erased yet, oldest first."""
        column = t.inspections.c
        held = select(t.legal_holds.c.id).where(
            t.legal_holds.c.inspection_id == column.id, t.legal_holds.c.lifted_at.is_(None)
        )
        done = select(t.erasures.c.id).where(
            t.erasures.c.inspection_id == column.id, t.erasures.c.what == what
        )
        photo = select(t.captures.c.id).where(t.captures.c.inspection_id == column.id)
        report = select(t.reports.c.json_sha256).where(t.reports.c.inspection_id == column.id)
        is_there = {"seller": true(), "photos": photo.exists(), "report": report.exists()}[what]
        sealed_at = (
            select(t.reports.c.sealed_at).where(t.reports.c.inspection_id == column.id).scalar_subquery()
        )
        closed_at = func.coalesce(sealed_at, column.updated_at)
        query = (
            select(column.id)
            .where(column.state.in_(CLOSED), closed_at < moment, ~held.exists(), ~done.exists(), is_there)
            .order_by(closed_at)
            .limit(limit)
        )
        async with self._database.read() as transaction:
            return [InspectionId(found) for found in (await transaction.connection.execute(query)).scalars()]

    async def help_numbers(self, inspection_id: InspectionId) -> list[dict[str, Any]]:
        """Return every call for help with the number to call back."""
        async with self._reading() as repository:
            await repository.case(inspection_id)
            column = t.help_requests.c
            query = (
                select(column.asked_at, column.phone)
                .where(column.inspection_id == inspection_id)
                .order_by(column.id)
            )
            return [dict(row) for row in (await repository.connection.execute(query)).mappings()]

    async def not_logged(self, limit: int) -> list[InspectionId]:
        """Return sealed inspections whose report has no leaf in the log."""
        column = t.reports.c
        leaf = select(t.ledger_leaves.c.seq).where(t.ledger_leaves.c.json_sha256 == column.json_sha256)
        query = select(column.inspection_id).where(~leaf.exists()).order_by(column.sealed_at).limit(limit)
        async with self._database.read() as transaction:
            return [InspectionId(found) for found in (await transaction.connection.execute(query)).scalars()]

    # -- the same car earlier --------------------------------------------------------------------------------
    async def earlier_readings(self, inspection_id: InspectionId) -> tuple[EarlierReading, ...]:
        """Return what sealed inspections of the same car, by VIN or plate, of the same tenant read before."""
        async with self._reading() as repository:
            case = (await repository.case(inspection_id)).inspection
            column = t.inspections.c
            same = []
            if case.vehicle.vin:
                same.append(column.vin == case.vehicle.vin)
            key = plate_key(case.vehicle.plate)
            if key:
                same.append(column.plate_key == key)
            if not same:
                return ()
            sealed: InspectionState = "sealed"
            query = (
                select(column.id)
                .where(
                    column.tenant_id == case.tenant_id,
                    column.state == sealed,
                    column.id != inspection_id,
                    or_(*same),
                )
                .order_by(column.created_at.desc())
                .limit(_MOST_EARLIER)
            )
            ids = [InspectionId(row) for row in (await repository.connection.execute(query)).scalars()]
            cases = [(await repository.case(each)).inspection for each in ids]
            found = [_reading(d) for d in await repository.dossiers(cases, "summary")]
        return tuple(sorted((one for one in found if one is not None), key=lambda one: one.at))


def _reading(dossier: Any) -> EarlierReading | None:
    if dossier.report is None:
        return None
    settled = settled_reading((s.voice, s.value) for s in dossier.statements if s.control_point == "odometer")
    km = None if settled is None else reading_km(settled["reading"], settled["unit"])
    if km is None:
        return None
    return EarlierReading(km, dossier.report.sealed_at, "inspection", dossier.report.json_sha256)


async def _may_be_erased(change: Change) -> None:
    if change.inspection.state not in CLOSED:
        raise StillOpen(state=change.inspection.state)
    (dossier,) = await change.repository.dossiers([change.inspection], "summary")
    if dossier.legal_hold is not None:
        raise UnderLegalHold
