"""One inspection and all that hangs on it, in one transaction; given by ``Repository`` once the scope was checked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, case, func, insert, select, update

from inspection_service.inspections import rows
from inspection_service.inspections.errors import (
    CaptureUnknown,
    FindingUnknown,
    ReportUnknown,
    UploadUnknown,
    VersionConflict,
)
from inspection_service.inspections.live_case import LiveCase
from inspection_service.inspections.records import (
    Capture,
    CaptureId,
    Consent,
    ConsentPurpose,
    Event,
    Finding,
    FindingId,
    Inspection,
    ReportFiles,
    Signature,
    SkippedStep,
    Statement,
    StepId,
)
from inspection_service.inspections.requests import Load, Upload
from inspection_service.storage import tables as t

# Made once: every act asks them, and to make one costs as much as to run it.
_SAVED: Final = (
    "state",
    "version",
    "updated_at",
    "current_step",
    "claimed_by",
    "claimed_at",
    "deadline_at",
    "closing_reason",
)
_SAVE: Final = update(t.inspections).where(
    t.inspections.c.id == bindparam("saved_id"), t.inspections.c.version == bindparam("read_version")
)
_LAST_SEQ: Final = select(func.coalesce(func.max(t.events.c.seq), 0)).where(
    t.events.c.inspection_id == bindparam("of")
)
_APPEND: Final = insert(t.events)


class Case(LiveCase):
    """Children of one inspection; nothing else can be reached from here."""

    async def save(self, changed: Inspection) -> Inspection:
        """Write the inspection if nobody else did since it was read; its version grows by one.

        Raises:
            VersionConflict: Somebody did.
        """
        saved = replace(changed, version=self.inspection.version + 1)
        done = await self._connection.execute(
            _SAVE,
            {
                "saved_id": saved.id,
                "read_version": self.inspection.version,
                "handover": rows.handover_to_json(saved.handover),
                "asked": rows.asked_to_json(saved.asked),
                **{name: getattr(saved, name) for name in _SAVED},
            },
        )
        if done.rowcount != 1:
            raise VersionConflict
        self.inspection = saved
        return saved

    # -- events ----------------------------------------------------------------------------------------------
    async def last_seq(self) -> int:
        """Return the number of the newest event, 0 before the first."""
        found = await self._connection.execute(_LAST_SEQ, {"of": self.inspection.id})
        return int(found.scalar_one())

    async def has_joined(self) -> bool:
        """Say whether the seller has ever tapped Start."""
        column = t.events.c
        query = select(column.seq).where(self._is_mine(column.inspection_id), column.kind == "seller.joined")
        return (await self._connection.execute(query.limit(1))).first() is not None

    async def append(self, *events: Event) -> None:
        """Add events; numbers are unique, so two writers cannot write the same line."""
        lines = [
            {
                "inspection_id": self.inspection.id,
                "seq": event.seq,
                "at": event.at,
                "kind": event.kind,
                "actor_kind": event.actor.kind,
                "actor_id": event.actor.id,
                "data": dict(event.data),
            }
            for event in events
        ]
        await self._connection.execute(_APPEND, lines)

    # -- captures --------------------------------------------------------------------------------------------
    async def captures(self) -> tuple[Capture, ...]:
        """Return all captures in the order they were received."""
        query = (
            select(t.captures)
            .where(self._is_mine(t.captures.c.inspection_id))
            .order_by(t.captures.c.received_at, t.captures.c.attempt)
        )
        return tuple(rows.capture_from(row) for row in (await self._connection.execute(query)).mappings())

    async def find_capture(self, capture_id: CaptureId) -> Capture | None:
        """Return one capture or ``None``."""
        column = t.captures.c
        query = select(t.captures).where(self._is_mine(column.inspection_id), column.id == capture_id)
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else rows.capture_from(row)

    async def capture(self, capture_id: CaptureId) -> Capture:
        """Return one capture. Raises ``CaptureUnknown``."""
        found = await self.find_capture(capture_id)
        if found is None:
            raise CaptureUnknown(capture_id=capture_id)
        return found

    async def capture_of_bytes(self, sha256: str) -> Capture | None:
        """Return the capture that has exactly these bytes."""
        column = t.captures.c
        query = select(t.captures).where(self._is_mine(column.inspection_id), column.sha256 == sha256)
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else rows.capture_from(row)

    async def add_capture(self, capture: Capture) -> None:
        """Add a capture."""
        await self._connection.execute(insert(t.captures).values(rows.capture_row(capture)))

    async def save_capture(self, capture: Capture) -> Capture:
        """Write what has been decided about a capture; its bytes and facts never change."""
        column = t.captures.c
        await self._connection.execute(
            update(t.captures)
            .where(self._is_mine(column.inspection_id), column.id == capture.id)
            .values(
                state=capture.state,
                judgement=capture.judgement,
                decided_by=rows.actor_to_json(capture.decided_by),
                decision_reason=capture.decision_reason,
                decision_note=capture.decision_note,
            )
        )
        return capture

    async def is_judged_by(self, capture_id: CaptureId, model_set: str) -> bool:
        """Say whether this photo has been judged by this set of models."""
        column = t.judgements.c
        query = select(column.model_set).where(
            self._is_mine(column.inspection_id),
            column.capture_id == capture_id,
            column.model_set == model_set,
        )
        return (await self._connection.execute(query)).first() is not None

    async def add_judgement(
        self, capture_id: CaptureId, model_set: str, judgement: dict[str, object], at: datetime
    ) -> None:
        """Add a judgement; photo and model set are unique."""
        await self._connection.execute(
            insert(t.judgements).values(
                inspection_id=self.inspection.id,
                capture_id=capture_id,
                model_set=model_set,
                judgement=judgement,
                at=at,
            )
        )

    # -- uploads ---------------------------------------------------------------------------------------------
    async def upload(self, upload_id: str) -> Upload:
        """Return an upload. Raises ``UploadUnknown``."""
        column = t.uploads.c
        query = select(t.uploads).where(self._is_mine(column.inspection_id), column.id == upload_id)
        row = (await self._connection.execute(query)).mappings().first()
        if row is None:
            raise UploadUnknown
        return rows.upload_from(row)

    async def upload_of_capture(self, capture_id: CaptureId) -> Upload | None:
        """Return the upload that was announced for a capture."""
        column = t.uploads.c
        query = select(t.uploads).where(self._is_mine(column.inspection_id), column.capture_id == capture_id)
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else rows.upload_from(row)

    async def load(self, now: datetime, *, moving_until: datetime, apart_from: CaptureId) -> Load:
        """Count what was sent and announced.

        Args:
            now: Uploads that expired before this do not count any more.
            moving_until: Uploads that expire after this went on lately.
            apart_from: Leave out the upload of this capture: it is the one that asks.
        """
        upload, capture = t.uploads.c, t.captures.c
        moving = func.coalesce(func.sum(case((upload.expires_at > moving_until, 1), else_=0)), 0)
        opened = select(func.count(), moving, func.coalesce(func.sum(upload.length_bytes), 0)).where(
            self._is_mine(upload.inspection_id),
            upload.is_finished.is_(False),
            upload.expires_at >= now,
            upload.capture_id != apart_from,
        )
        taken = select(func.count(), func.coalesce(func.sum(capture.size_bytes), 0)).where(
            self._is_mine(capture.inspection_id)
        )
        uploads, moving_uploads, announced_bytes = (await self._connection.execute(opened)).one()
        captures, taken_bytes = (await self._connection.execute(taken)).one()
        return Load(
            int(moving_uploads), int(uploads) + int(captures), int(announced_bytes) + int(taken_bytes)
        )

    async def add_upload(self, upload: Upload) -> None:
        """Add an upload; one for each capture id."""
        values = {name: getattr(upload, name) for name in Upload.__dataclass_fields__}
        await self._connection.execute(insert(t.uploads).values(values | {"pieces": list(upload.pieces)}))

    async def advance_upload(self, upload: Upload, *, from_offset: int) -> bool:
        """Write how far an upload is, if it still was at ``from_offset``; say whether it was."""
        column = t.uploads.c
        done = await self._connection.execute(
            update(t.uploads)
            .where(column.id == upload.id, column.offset_bytes == from_offset, column.is_finished.is_(False))
            .values(
                offset_bytes=upload.offset_bytes, pieces=list(upload.pieces), expires_at=upload.expires_at
            )
        )
        return done.rowcount == 1

    async def finish_upload(self, upload_id: str) -> None:
        """Note that the capture of an upload exists."""
        column = t.uploads.c
        await self._connection.execute(
            update(t.uploads)
            .where(self._is_mine(column.inspection_id), column.id == upload_id)
            .values(is_finished=True, pieces=[])
        )

    async def drop_upload(self, upload_id: str) -> None:
        """Remove an upload."""
        column = t.uploads.c
        await self._connection.execute(
            t.uploads.delete().where(self._is_mine(column.inspection_id), column.id == upload_id)
        )

    # -- what was said ---------------------------------------------------------------------------------------
    async def findings_of(self, capture_id: CaptureId) -> tuple[Finding, ...]:
        """Return the findings on a capture."""
        column = t.findings.c
        query = select(t.findings).where(self._is_mine(column.inspection_id), column.capture_id == capture_id)
        return tuple(rows.finding_from(row) for row in (await self._connection.execute(query)).mappings())

    async def finding(self, finding_id: FindingId) -> Finding:
        """Return a finding. Raises ``FindingUnknown``."""
        column = t.findings.c
        query = select(t.findings).where(self._is_mine(column.inspection_id), column.id == finding_id)
        row = (await self._connection.execute(query)).mappings().first()
        if row is None:
            raise FindingUnknown
        return rows.finding_from(row)

    async def finding_of_client(self, client_id: str) -> Finding | None:
        """Return the finding a client's id stands for."""
        column = t.findings.c
        query = select(t.findings).where(self._is_mine(column.inspection_id), column.client_id == client_id)
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else rows.finding_from(row)

    async def add_finding(self, finding: Finding, client_id: str | None = None) -> None:
        """Add a finding after the earlier ones."""
        column = t.findings.c
        query = select(func.coalesce(func.max(column.position), 0)).where(self._is_mine(column.inspection_id))
        position = int((await self._connection.execute(query)).scalar_one()) + 1
        values = rows.finding_row(finding) | {"position": position, "client_id": client_id}
        await self._connection.execute(insert(t.findings).values(values))

    async def save_finding(self, finding: Finding) -> Finding:
        """Write what people say about a finding; what it is never changes."""
        column = t.findings.c
        await self._connection.execute(
            update(t.findings)
            .where(self._is_mine(column.inspection_id), column.id == finding.id)
            .values(
                severity=finding.severity,
                verdict=finding.verdict,
                verdict_by=rows.actor_to_json(finding.verdict_by),
                verdict_note=finding.verdict_note,
                dispute=finding.dispute,
            )
        )
        return finding

    async def add_statement(self, statement: Statement) -> None:
        """Add a statement; earlier ones stay."""
        values = rows.statement_row(statement) | {"inspection_id": self.inspection.id}
        await self._connection.execute(insert(t.statements).values(values))

    async def consents(self) -> dict[ConsentPurpose, bool]:
        """Return the latest word on each purpose that was ever spoken of."""
        column = t.consents.c
        query = select(t.consents).where(self._is_mine(column.inspection_id)).order_by(column.id)
        return {row["purpose"]: row["is_given"] for row in (await self._connection.execute(query)).mappings()}

    async def add_consent(self, consent: Consent) -> None:
        """Add a word on a purpose; earlier ones stay."""
        await self._connection.execute(
            insert(t.consents).values(
                inspection_id=self.inspection.id,
                purpose=consent.purpose,
                is_given=consent.is_given,
                at=consent.at,
            )
        )

    async def skip(self, skipped: SkippedStep) -> None:
        """Write that a step is skipped, in place of an earlier reason."""
        await self.unskip(skipped.step_id)
        await self._connection.execute(
            insert(t.skipped_steps).values(
                inspection_id=self.inspection.id,
                step_id=skipped.step_id,
                reason=skipped.reason,
                at=skipped.at,
            )
        )

    async def unskip(self, step_id: StepId) -> None:
        """Take back that a step is skipped: there is a photo after all."""
        column = t.skipped_steps.c
        await self._connection.execute(
            t.skipped_steps.delete().where(self._is_mine(column.inspection_id), column.step_id == step_id)
        )

    async def add_signature(self, signature: Signature) -> None:
        """Add a signature; since the seller's the case waits for an operator's."""
        values = {name: getattr(signature, name) for name in Signature.__dataclass_fields__}
        await self._connection.execute(
            insert(t.signatures).values(values | {"inspection_id": self.inspection.id})
        )
        if signature.role == "seller":
            await self._note_signed(signature.at)

    async def void_signatures(self, at: datetime) -> None:
        """Make earlier signatures void: what they signed is changing."""
        column = t.signatures.c
        await self._connection.execute(
            update(t.signatures)
            .where(self._is_mine(column.inspection_id), column.voided_at.is_(None))
            .values(voided_at=at)
        )
        await self._note_signed(None)

    async def _note_signed(self, at: datetime | None) -> None:
        column = t.inspections.c
        await self._connection.execute(
            update(t.inspections).where(self._is_mine(column.id)).values(signed_at=at)
        )

    # -- report ----------------------------------------------------------------------------------------------
    async def find_report(self) -> ReportFiles | None:
        """Return where the sealed report rests, or ``None``."""
        query = select(t.reports).where(self._is_mine(t.reports.c.inspection_id))
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else rows.report_from(row)

    async def report(self) -> ReportFiles:
        """Return where the sealed report rests. Raises ``ReportUnknown``."""
        found = await self.find_report()
        if found is None:
            raise ReportUnknown
        return found

    async def add_report(self, files: ReportFiles) -> None:
        """Write where the sealed report rests; one for each inspection."""
        values = {name: getattr(files, name) for name in ReportFiles.__dataclass_fields__}
        await self._connection.execute(
            insert(t.reports).values(values | {"inspection_id": self.inspection.id})
        )

    # -- people ----------------------------------------------------------------------------------------------
    async def operator_name(self, operator_id: str) -> str:
        """Return an operator's display name, empty when unknown."""
        query = select(t.operators.c.name).where(t.operators.c.id == operator_id)
        return (await self._connection.execute(query)).scalar() or ""

    async def is_colleague(self, operator_id: str, of: str) -> bool:
        """Say whether there is such an operator in the organisation of another one, who may still sign in."""
        column = t.operators.c
        house = select(column.organisation_id).where(column.id == of).scalar_subquery()
        query = select(column.id).where(
            column.id == operator_id, column.disabled_at.is_(None), column.organisation_id == house
        )
        return (await self._connection.execute(query)).first() is not None
