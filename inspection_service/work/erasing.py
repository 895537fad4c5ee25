"""Erases what a person may have erased, and what was kept long enough: keys destroyed, records scrubbed, bytes removed.

What was sealed is not edited: the record and its signature stay, its personal values can no longer be opened, and a new
document without them is issued as a ``redaction``. Bytes are removed after the transaction that promised it, and again
after a crash, until they are gone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final, Protocol

from inspection_service.clock import Clock
from inspection_service.errors import InspectionServiceError
from inspection_service.inspections.afterwards import Erased
from inspection_service.inspections.errors import StillOpen, UnderLegalHold
from inspection_service.inspections.personal import PersonalValue
from inspection_service.inspections.records import (
    SERVICE,
    Actor,
    CaptureId,
    CorrectionEntry,
    Dossier,
    InspectionId,
)
from inspection_service.inspections.service import Inspections
from inspection_service.inspections.states import CLOSED
from inspection_service.privacy import PersonalData
from inspection_service.privacy.publications import Publications, PublicPhoto
from inspection_service.reports.reissue import erased_pointers
from inspection_service.settings import PrivacySettings
from inspection_service.storage.database import Database, Transaction
from inspection_service.storage.objects import ObjectStore
from inspection_service.work.correcting import Corrections, Reissued
from inspection_service.work.errors import ErasureImpossible
from inspection_service.work.redacting import RedactedPhotos, public_files
from inspection_service.work.reissuing import Documents, issue, named_or_removed, original_of, until_not_raced

_TEXTS: Final = {
    "erasure_request": "Personal data was erased at the request of the person concerned.",
    "retention": "Personal data was erased because its time of keeping has ended.",
}


class PhotoHider(Protocol):
    """Hides in photos what a document without plates must not show; ``work.redacting.Redactor`` is one."""

    async def for_document(
        self,
        dossier: Dossier,
        left_out: frozenset[CaptureId],
        frame_ids: Collection[str],
        checked: Mapping[CaptureId, PublicPhoto],
    ) -> RedactedPhotos:
        """Return the photos and frames with parts hidden."""
        ...


class Erasing:
    """Erases, on request and by the clock."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        inspections: Inspections,
        personal: PersonalData,
        corrections: Corrections,
        copies: Documents,
        clock: Clock,
        settings: PrivacySettings,
        *,
        redactor: PhotoHider,
        publications: Publications,
    ) -> None:
        """Keep the collaborators; ``inspections`` are those of all tenants, for what the clock erases."""
        self._database = database
        self._store = store
        self._inspections = inspections
        self._personal = personal
        self._corrections = corrections
        self._copies = copies
        self._clock = clock
        self._settings = settings
        self._redactor = redactor
        self._publications = publications

    async def erase(
        self,
        scoped: Inspections,
        inspection_id: InspectionId,
        *,
        photos: bool,
        by: Actor,
        reason: str = "erasure_request",
        values: bool = True,
    ) -> CorrectionEntry | None:
        """Erase a seller's personal values, and the bytes of the photos when asked; repeating it is fine.

        Args:
            scoped: The inspections this person may see.
            inspection_id: A closed one.
            photos: Whether the photos and kept frames go too; their hashes stay in the evidence.
            by: Who asks.
            reason: A code.
            values: Whether the personal values go.

        Returns:
            The entry that says so; ``None`` when there is no report, or nothing was left to erase.

        Raises:
            InspectionUnknown: Not in this scope.
            StillOpen: The case goes on.
            UnderLegalHold: It is kept for now.
            ErasureImpossible: The report is of version 1.0.
        """

        async def erase_now() -> CorrectionEntry | None:
            dossier = await scoped.dossier(inspection_id)
            _check(dossier)
            kept = await self._personal.values(inspection_id)
            gone = _pictures_to_go(dossier) if photos else None
            held_values = values and not _was_erased(dossier, "seller")
            if not held_values and gone is None:
                return None
            if held_values:
                kept = tuple(value for value in kept if value.subject != "seller")
            if dossier.report is None or _was_erased(dossier, "report"):
                await self._write(scoped, dossier, held_values, gone, [], reason=reason, by=by)
                entry = None
            else:
                entry = await self._redact(scoped, dossier, kept, held_values, gone, reason=reason, by=by)
            await self.finish()
            return entry

        return await until_not_raced(erase_now)

    async def erase_report(self, inspection_id: InspectionId, *, by: Actor, reason: str) -> None:
        """Remove every file of a report whose time has ended; its leaf stays in the log and proves that it was."""
        dossier = await self._inspections.dossier(inspection_id)
        _check(dossier)
        keys = [
            key
            for folder in ("report", "corrections")
            for key in await self._store.list(f"inspections/{inspection_id}/{folder}/")
        ]
        keys += await public_files(self._store, self._publications, inspection_id)

        async with self._database.write() as transaction:
            await self._inspections.erase(
                inspection_id, "report", object_keys=keys, reason=reason, by=by, within=transaction
            )
            await self._publications.withdraw(inspection_id, by=by, within=transaction)
            await self._personal.destroy(inspection_id, "seller", within=transaction)
            await self._personal.destroy(inspection_id, "operator", within=transaction)
        await self.finish()

    async def finish(self) -> int:
        """Remove the bytes that erasures promised to remove; returns how many erasures were finished."""
        waiting = await self._inspections.erasures_to_finish()
        for work in waiting:
            await self._inspections.finish_erasure(work)
        if waiting:
            await self._database.forget_deleted()
        return len(waiting)

    async def by_the_clock(self) -> int:
        """Erase what was kept long enough; returns how many inspections were touched."""
        settings = self._settings
        clocks: list[tuple[Erased, int | None, Callable[[InspectionId], Awaitable[object]]]] = [
            ("photos", settings.photos_days, self._photos_by_the_clock),
            ("seller", settings.identity_days, self._values_by_the_clock),
            ("report", settings.report_days, self._report_by_the_clock),
        ]
        done = 0
        failed: InspectionServiceError | None = None
        for what, days, erase in clocks:
            for inspection_id in await self._due(what, days):
                try:
                    await erase(inspection_id)
                    done += 1
                except InspectionServiceError as error:  # one case must not hold up the others
                    failed = error
        if failed is not None:
            raise failed
        return done

    # -- within ----------------------------------------------------------------------------------------------
    async def _due(self, what: Erased, days: int | None) -> list[InspectionId]:
        if days is None:
            return []
        return await self._inspections.closed_before(self._clock.now() - timedelta(days=days), what)

    async def _photos_by_the_clock(self, inspection_id: InspectionId) -> None:
        await self._by_the_clock(inspection_id, photos=True, values=False)

    async def _values_by_the_clock(self, inspection_id: InspectionId) -> None:
        await self._by_the_clock(inspection_id, photos=False, values=True)

    async def _by_the_clock(self, inspection_id: InspectionId, *, photos: bool, values: bool) -> None:
        room = self._inspections
        try:
            await self.erase(
                room, inspection_id, photos=photos, values=values, by=SERVICE, reason="retention"
            )
        except ErasureImpossible:  # a document that cannot be issued without them has to go whole
            await self._report_by_the_clock(inspection_id)
            await self.erase(
                room, inspection_id, photos=photos, values=values, by=SERVICE, reason="retention"
            )

    async def _report_by_the_clock(self, inspection_id: InspectionId) -> None:
        await self.erase_report(inspection_id, by=SERVICE, reason="retention")

    async def _redact(
        self,
        scoped: Inspections,
        dossier: Dossier,
        kept: Sequence[PersonalValue],
        held_values: bool,
        gone: Sequence[CaptureId] | None,
        *,
        reason: str,
        by: Actor,
    ) -> CorrectionEntry:
        """Issue the document anew and let the entry, the scrubbing and the end of the key stand together."""
        assert dossier.report is not None
        inspection_id = dossier.inspection.id
        original = await original_of(self._store, dossier)
        if original.is_in_clear:
            raise ErasureImpossible
        away = dossier.erased_photos | set(gone or ())
        has_frames = gone is None and not _was_erased(dossier, "photos")
        frames = [str(a.frame_id) for a in dossier.annotations] if has_frames else []
        public = await self._publications.approved(inspection_id)
        checked = {} if public is None else {photo.capture_id: photo for photo in public.photos}
        # A document without plate and name must not show them in its pictures.
        redacted = await self._redactor.for_document(dossier, away, frames, checked)
        # Apart from the first report's files, which a worker that comes too late tidies up.
        folder = f"inspections/{inspection_id}/corrections/"
        document = await issue(
            self._store, self._copies, dossier, original, redacted, kept=kept, folder=folder
        )
        issued = Reissued(erased_pointers(original.record, kept), tuple(sorted(away)), document.pdf)
        correction = self._corrections.following(
            dossier,
            "redaction",
            reason=reason,
            text=_TEXTS[reason],
            by=by,
            reissued=issued,
            pdf_sha256=document.pdf_sha256,
            copies=redacted.copies,
        )
        old = [dossier.report.pdf_key, *(c.pdf_key for c in dossier.corrections if c.pdf_key)]

        async def along(transaction: Transaction) -> None:
            await self._scrub(scoped, dossier, held_values, gone, old, transaction, reason=reason, by=by)

        async with named_or_removed(self._store, document):
            return await self._corrections.write(
                scoped, dossier, correction, pdf_key=document.pdf_key, along=along
            )

    async def _write(
        self,
        scoped: Inspections,
        dossier: Dossier,
        held_values: bool,
        gone: Sequence[CaptureId] | None,
        old: Sequence[str],
        *,
        reason: str,
        by: Actor,
    ) -> None:
        async with self._database.write() as transaction:
            await self._scrub(scoped, dossier, held_values, gone, old, transaction, reason=reason, by=by)

    async def _scrub(
        self,
        scoped: Inspections,
        dossier: Dossier,
        held_values: bool,
        gone: Sequence[CaptureId] | None,
        old: Sequence[str],
        transaction: Transaction,
        *,
        reason: str,
        by: Actor,
    ) -> None:
        inspection_id = dossier.inspection.id
        if gone is not None:
            by_id = {c.id: c for c in dossier.captures}
            keys = [by_id[capture_id].object_key for capture_id in gone]
            keys += [f"derived/{by_id[i].sha256}/{size}.jpg" for i in gone for size in ("thumb", "full")]
            keys += [key for i in gone for key in await self._store.list(f"derived/{by_id[i].sha256}/")]
            keys += await public_files(self._store, self._publications, inspection_id)
            await self._publications.withdraw(inspection_id, by=by, within=transaction)
            await scoped.erase(
                inspection_id,
                "photos",
                object_keys=keys + list(old),
                photos=gone,
                reason=reason,
                by=by,
                within=transaction,
            )
        if held_values:
            recordings = await self._store.list(f"inspections/{inspection_id}/recordings/")
            await scoped.erase(
                inspection_id,
                "seller",
                object_keys=[*old, *recordings],
                reason=reason,
                by=by,
                within=transaction,
            )
            await self._personal.destroy(inspection_id, "seller", within=transaction)


def _check(dossier: Dossier) -> None:
    """Refuse early what the transaction would refuse too, before a document is set for nothing."""
    if dossier.inspection.state not in CLOSED:
        raise StillOpen(state=dossier.inspection.state)
    if dossier.legal_hold is not None:
        raise UnderLegalHold


def _pictures_to_go(dossier: Dossier) -> tuple[CaptureId, ...] | None:
    """Return the photos that are still there; with none of them, frames may be; ``None``: all of it has gone."""
    photos = tuple(c.id for c in dossier.captures if c.id not in dossier.erased_photos)
    return photos if photos or not _was_erased(dossier, "photos") else None


def _was_erased(dossier: Dossier, what: Erased) -> bool:
    return any(event.kind == "data.erased" and event.data.get("what") == what for event in dossier.events)
