"""Makes a report public: copies of its photos with parts hidden, looked at by a person, and a document without names.

Prepared by a machine, corrected and checked by people, approved by one of them; only then anything has an address that
others can open. What is published is named, hash by hash, in a signed entry after the report.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from inspection_service.clock import Clock
from inspection_service.inspections.errors import NotSealed
from inspection_service.inspections.records import Actor, Capture, CaptureId, Dossier, InspectionId
from inspection_service.inspections.service import Inspections
from inspection_service.privacy.errors import (
    PublicationChanged,
    PublicationImpossible,
    PublicationUnchecked,
    PublicationUnknown,
    RegionInvalid,
)
from inspection_service.privacy.hiding import HiddenKind, Region, cleaned
from inspection_service.privacy.publications import Approval, CopyFile, Publication, Publications, PublicPhoto
from inspection_service.reports.addenda import RedactedCopy
from inspection_service.reports.canonical import sha256_hex
from inspection_service.reports.credentials import CredentialedPhoto, Source
from inspection_service.reports.seen import is_in_report
from inspection_service.storage.database import Database
from inspection_service.storage.errors import ObjectMissing
from inspection_service.storage.objects import ObjectStore
from inspection_service.vision.errors import UnusableImage
from inspection_service.work.archive import put_hashed
from inspection_service.work.correcting import Corrections
from inspection_service.work.redacting import (
    RedactedPhotos,
    Redactor,
    Stored,
    public_files,
    public_folder,
    step_views,
)
from inspection_service.work.reissuing import Documents, issue, named_or_removed, original_of, until_not_raced

REASON: Final = "publication"
_TEXT: Final = "A copy for the public was made: people, plates and personal values are hidden in it."
_MOST_REGIONS: Final = 60


class Credentials(Protocol):
    """Signs copies of photos; ``reports.credentials`` has the real one. Called in a thread."""

    def put_on(self, jpeg: bytes, source: Source) -> CredentialedPhoto:
        """Return the copy as it is handed out."""
        ...


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A box a person drew or took away; xyxy in pixels of the upright photo."""

    kind: HiddenKind
    box: tuple[float, float, float, float]


class Publishing:
    """Prepares, changes, approves and withdraws copies for the public."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        publications: Publications,
        redactor: Redactor,
        corrections: Corrections,
        documents: Documents,
        credentials: Credentials,
        clock: Clock,
    ) -> None:
        """Keep the collaborators."""
        self._database = database
        self._store = store
        self._publications = publications
        self._redactor = redactor
        self._corrections = corrections
        self._documents = documents
        self._credentials = credentials
        self._clock = clock

    async def standing(
        self, scoped: Inspections, inspection_id: InspectionId
    ) -> tuple[Publication | None, Publication | None]:
        """Return the set that is being prepared, and the one that is public.

        Raises:
            InspectionUnknown: Not in this scope.
        """
        await scoped.summary(inspection_id)
        found = self._publications
        return await found.prepared(inspection_id), await found.approved(inspection_id)

    async def prepare(
        self, scoped: Inspections, inspection_id: InspectionId, *, surroundings: bool, by: Actor
    ) -> Publication:
        """Look at every photo of a report and propose what to hide; some tenths of a second for each.

        Args:
            scoped: The inspections this person may see.
            inspection_id: A sealed one.
            surroundings: Whether everything but the car goes, too.
            by: Who asks.

        Raises:
            InspectionUnknown: Not in this scope.
            NotSealed: There is no report.
            PublicationImpossible: Its record holds personal values in clear.
        """
        dossier = await scoped.dossier(inspection_id)
        if dossier.report is None:
            raise NotSealed(state=dossier.inspection.state)
        if (await original_of(self._store, dossier)).is_in_clear:
            raise PublicationImpossible
        views = step_views(dossier)
        photos = []
        for capture in _in_report(dossier):
            try:
                original = await self._original(capture)
                view = views.get(str(capture.step_id))
                looked = await self._redactor.look(original, view, surroundings=surroundings)
            except (UnusableImage, ObjectMissing):
                continue  # what cannot be shown is not published
            proposal = looked.proposal
            width, height = looked.size_px
            photos.append(
                PublicPhoto(capture.id, capture.sha256, width, height, proposal.regions, proposal.doubts)
            )
        async with self._database.write() as transaction:
            await scoped.note_publication(
                inspection_id, "prepared", by=by, within=transaction, photos=len(photos)
            )
            return await self._publications.prepare(
                inspection_id, photos, surroundings=surroundings, by=by, within=transaction
            )

    async def change(
        self,
        scoped: Inspections,
        inspection_id: InspectionId,
        capture_id: CaptureId,
        *,
        add: Sequence[DrawnBox] = (),
        remove: Sequence[DrawnBox] = (),
        is_checked: bool = False,
        by: Actor,
    ) -> Publication:
        """Hide more or less of one photo, or say that its copy, as it is, was looked at.

        A change takes a check back: what is to be seen now has not been looked at.

        Raises:
            InspectionUnknown, PublicationUnknown: Not here.
            RegionInvalid: A box lies outside the photo, there are too many, or what is to go is not there.
            PublicationChanged: Somebody else changed the set at the same time.
        """
        publication = await self._prepared(scoped, inspection_id)
        photo = publication.photo(capture_id)
        gone = [_find(photo, box) for box in remove]
        drawn = [_drawn(photo, box, by) for box in add]
        regions = (
            *(r for r in photo.regions if r not in gone),
            *(r for r in drawn if r not in photo.regions),
        )
        if len(regions) > _MOST_REGIONS:
            raise RegionInvalid(f"At most {_MOST_REGIONS} boxes can be hidden in one photo.")
        is_changed = regions != photo.regions
        checked = is_checked and not is_changed
        changed = replace(
            photo,
            regions=regions,
            removed=(*photo.removed, *(Region(r.kind, r.box, _hand(by)) for r in gone)),
            checked_at=self._clock.now() if checked else None,
            checked_by=by if checked else None,
        )
        async with self._database.write() as transaction:
            facts = {"capture_id": capture_id, "added": len(drawn), "removed": [r.to_json() for r in gone]}
            await scoped.note_publication(
                inspection_id, "edited", by=by, within=transaction, checked=checked, **facts
            )
            return await self._publications.change(publication, changed, within=transaction)

    async def copy(self, scoped: Inspections, inspection_id: InspectionId, capture_id: CaptureId) -> bytes:
        """Return a copy that is being prepared, as it will be published but for its credentials.

        Raises:
            InspectionUnknown, PublicationUnknown: Not here.
            ObjectMissing: The original is gone.
        """
        photo = (await self._prepared(scoped, inspection_id)).photo(capture_id)
        capture = await scoped.capture(inspection_id, capture_id)
        return await self._redactor.kept_copy(
            inspection_id, capture.object_key, photo.original_sha256, photo.regions
        )

    async def approve(
        self,
        scoped: Inspections,
        inspection_id: InspectionId,
        *,
        set_sha256: str,
        seen: Collection[CaptureId] = (),
        by: Actor,
    ) -> Publication:
        """Publish the set: sign every copy, set the document, sign and log what was hidden.

        Args:
            scoped: The inspections this person may see.
            inspection_id: With a set that was prepared.
            set_sha256: Names what was looked at.
            seen: Photos whose copies this person has looked at and found good.
            by: Who approves.

        Raises:
            InspectionUnknown, PublicationUnknown: Not here.
            PublicationChanged: The set, or a photo in it, is not what was looked at.
            PublicationUnchecked: Somebody has to look at some copies first.
            SealingMustWait: The document cannot be signed now.
        """
        publication = await self._prepared(scoped, inspection_id)
        dossier = await scoped.dossier(inspection_id)
        if publication.set_sha256 != set_sha256 or not publication.photos:
            raise PublicationChanged
        captures = _unchanged(publication, dossier)
        publication = _checked(publication, seen, by, self._clock)
        files = {
            photo.capture_id: await self._file(inspection_id, photo, captures[photo.capture_id])
            for photo in publication.photos
        }

        async def publish() -> Publication:
            now = await scoped.dossier(inspection_id)
            _unchanged(publication, now)
            return await self._issue(scoped, publication, now, files, by=by)

        return await until_not_raced(publish)

    async def withdraw(self, scoped: Inspections, inspection_id: InspectionId, *, by: Actor) -> None:
        """End what is public and what is being prepared; repeating it is fine.

        Raises:
            InspectionUnknown: Not in this scope.
        """
        await scoped.summary(inspection_id)
        keys = await public_files(self._store, self._publications, inspection_id)
        async with self._database.write() as transaction:
            if not await self._publications.withdraw(inspection_id, by=by, within=transaction):
                return
            await scoped.note_publication(inspection_id, "withdrawn", by=by, within=transaction)
        for key in keys:
            await self._store.delete(key)

    # -- within ----------------------------------------------------------------------------------------------
    async def _prepared(self, scoped: Inspections, inspection_id: InspectionId) -> Publication:
        await scoped.summary(inspection_id)
        publication = await self._publications.prepared(inspection_id)
        if publication is None:
            raise PublicationUnknown("Nothing is being prepared for the public; prepare it first.")
        return publication

    async def _original(self, capture: Capture) -> bytes:
        """Read an original. Raises ``PublicationChanged`` when it is not the one of the report."""
        original = await self._store.get(capture.object_key)
        if sha256_hex(original) != capture.sha256:
            raise PublicationChanged("A stored photo is not the one of the report.", captures=[capture.id])
        return original

    async def _file(self, inspection_id: InspectionId, photo: PublicPhoto, capture: Capture) -> CopyFile:
        try:
            await self._original(capture)
            made = await self._redactor.kept_copy(
                inspection_id, capture.object_key, photo.original_sha256, photo.regions
            )
        except ObjectMissing as exc:
            raise PublicationChanged(captures=[photo.capture_id]) from exc
        source = Source(photo.capture_id, photo.original_sha256, photo.hidden_json())
        signed = await asyncio.to_thread(self._credentials.put_on, made, source)
        key, sha256 = await put_hashed(self._store, public_folder(inspection_id), "jpg", signed.jpeg)
        return CopyFile(key, sha256, len(signed.jpeg), signed.why_none)

    async def _issue(
        self,
        scoped: Inspections,
        publication: Publication,
        dossier: Dossier,
        files: Mapping[CaptureId, CopyFile],
        *,
        by: Actor,
    ) -> Publication:
        inspection_id = publication.inspection_id
        stated = tuple(
            _stated(photo, files[photo.capture_id], self._redactor) for photo in publication.photos
        )
        loop = asyncio.get_running_loop()
        shown: Any = Stored({name: file.key for name, file in files.items()}, self._store, loop)
        derived = {str(name): file.sha256 for name, file in files.items()}
        document = await issue(
            self._store,
            self._documents,
            dossier,
            await original_of(self._store, dossier),
            RedactedPhotos(photos=shown, frames={}, derived=derived, copies=stated),
            folder=public_folder(inspection_id),
            is_public=True,
        )
        # The entry is public: it says what kind of person approved, and never their name.
        nobody = Actor(by.kind, by.id, "")
        correction = self._corrections.following(
            dossier,
            "redaction",
            reason=REASON,
            text=_TEXT,
            by=nobody,
            pdf_sha256=document.pdf_sha256,
            copies=stated,
        )
        approval = Approval(files, document.no, document.pdf_key, document.pdf_sha256)

        async def along(transaction: Any) -> None:
            await self._publications.approve(publication, approval, by=by, within=transaction)
            await scoped.note_publication(
                inspection_id, "approved", by=by, within=transaction, photos=len(files)
            )

        async with named_or_removed(self._store, document):
            await self._corrections.write(scoped, dossier, correction, along=along)
        approved = await self._publications.approved(inspection_id)
        if approved is None:  # withdrawn in the same moment
            raise PublicationUnknown
        return approved


def _in_report(dossier: Dossier) -> list[Capture]:
    return [c for c in dossier.captures if is_in_report(c) and c.id not in dossier.erased_photos]


def _unchanged(publication: Publication, dossier: Dossier) -> dict[CaptureId, Capture]:
    """Return the photos of a set. Raises ``PublicationChanged`` when one is no longer what was looked at."""
    now = {capture.id: capture for capture in _in_report(dossier)}
    changed = [
        photo.capture_id
        for photo in publication.photos
        if photo.capture_id not in now or now[photo.capture_id].sha256 != photo.original_sha256
    ]
    if changed:
        raise PublicationChanged(captures=changed)
    return now


def _checked(publication: Publication, seen: Collection[CaptureId], by: Actor, clock: Clock) -> Publication:
    """Note who looked. Raises ``PublicationUnchecked`` when nobody did."""
    photos = tuple(
        replace(photo, checked_at=clock.now(), checked_by=by)
        if photo.checked_by is None and photo.capture_id in seen
        else photo
        for photo in publication.photos
    )
    unchecked = [photo.capture_id for photo in photos if photo.checked_by is None]
    if unchecked:
        raise PublicationUnchecked(captures=unchecked)
    return replace(publication, photos=photos)


def _stated(photo: PublicPhoto, file: CopyFile, redactor: Redactor) -> RedactedCopy:
    assert photo.checked_by is not None
    return RedactedCopy(
        capture_id=photo.capture_id,
        original_sha256=photo.original_sha256,
        sha256=file.sha256,
        hidden=tuple(photo.hidden_json()),
        removed=tuple(region.to_json() for region in photo.removed),
        doubts=photo.doubts,
        checked_by=photo.checked_by.kind,
        model=redactor.model_sha256,
    )


def _find(photo: PublicPhoto, box: DrawnBox) -> Region:
    for region in photo.regions:
        if region.kind == box.kind and tuple(map(float, region.box)) == tuple(map(float, box.box)):
            return region
    raise RegionInvalid("What is to be shown again is not hidden.")


def _drawn(photo: PublicPhoto, box: DrawnBox, by: Actor) -> Region:
    region = cleaned(box.kind, box.box, _hand(by), (photo.width, photo.height))
    if region is None:
        raise RegionInvalid(width=photo.width, height=photo.height)
    return region


def _hand(by: Actor) -> Any:
    return "operator" if by.kind == "operator" else "platform"
