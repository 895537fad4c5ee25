"""What is prepared for the public and what is public: which photos, what is hidden in each, who looked and approved.

An inspection has at most one set that is being prepared and one that is public. A set that is approved anew takes over
the address; one that was withdrawn never comes back under its own.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

import rfc8785
from sqlalchemy import delete, insert, select, update

from inspection_service.clock import Clock, new_id
from inspection_service.inspections.records import Actor, CaptureId, InspectionId
from inspection_service.privacy.errors import PublicationChanged, PublicationUnknown, PublicationWithdrawn
from inspection_service.privacy.hiding import Region
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database, Transaction

PublicationState = Literal["prepared", "approved", "replaced", "withdrawn"]
PUBLIC_ID_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class CopyFile:
    """A copy as it is handed out."""

    key: str
    sha256: str
    size_bytes: int
    why_no_credentials: str | None = None


@dataclass(frozen=True, slots=True)
class PublicPhoto:
    """One photo of a set."""

    capture_id: CaptureId
    original_sha256: str
    width: int
    height: int
    regions: tuple[Region, ...]
    doubts: tuple[str, ...]
    """What the machine is not sure of; empty says that it saw no reason for doubt, never that it is right."""
    removed: tuple[Region, ...] = ()
    """What was proposed or drawn and then taken away by a person (``by`` is that person's kind)."""
    checked_at: datetime | None = None
    checked_by: Actor | None = None
    file: CopyFile | None = None
    """Once approved."""

    def hidden_json(self) -> list[dict[str, Any]]:
        """Return what is hidden, as it is signed."""
        return [region.to_json() for region in self.regions]


@dataclass(frozen=True, slots=True)
class Publication:
    """A set of copies and what became of it."""

    id: str
    inspection_id: InspectionId
    public_id: str
    state: PublicationState
    version: int
    surroundings: bool
    prepared_at: datetime
    prepared_by: Actor
    photos: tuple[PublicPhoto, ...]
    approved_at: datetime | None = None
    approved_by: Actor | None = None
    ended_at: datetime | None = None
    correction_no: int | None = None
    pdf_key: str | None = None
    pdf_sha256: str | None = None

    @property
    def set_sha256(self) -> str:
        """Name what is hidden where: whoever approves says which set they looked at."""
        photos: list[Any] = [
            {"capture_id": p.capture_id, "original_sha256": p.original_sha256, "hidden": p.hidden_json()}
            for p in self.photos
        ]
        return hashlib.sha256(rfc8785.dumps(photos)).hexdigest()

    def photo(self, capture_id: CaptureId) -> PublicPhoto:
        """Return one photo. Raises ``PublicationUnknown``."""
        found = next((photo for photo in self.photos if photo.capture_id == capture_id), None)
        if found is None:
            raise PublicationUnknown("This photo is not in the set.")
        return found


@dataclass(frozen=True, slots=True)
class Approval:
    """What an approved set became."""

    files: Mapping[CaptureId, CopyFile]
    correction_no: int
    pdf_key: str
    pdf_sha256: str


class Publications:
    """Keeps sets."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep the collaborators."""
        self._database = database
        self._clock = clock

    async def prepared(self, inspection_id: InspectionId) -> Publication | None:
        """Return the set that is being prepared."""
        return await self._newest(inspection_id, "prepared")

    async def approved(self, inspection_id: InspectionId) -> Publication | None:
        """Return the set that is public."""
        return await self._newest(inspection_id, "approved")

    async def public(self, public_id: str) -> Publication:
        """Return the set that is public at an address.

        Raises:
            PublicationUnknown: There never was one, or it is not approved yet.
            PublicationWithdrawn: It is no longer.
        """
        column = t.publications.c
        query = select(column.id, column.state).where(column.public_id == public_id)
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).all()
            standing = [row.id for row in found if row.state == "approved"]
            if standing:
                return await _read(transaction, standing[0])
        if any(row.state == "withdrawn" for row in found):
            raise PublicationWithdrawn
        raise PublicationUnknown

    async def prepare(
        self,
        inspection_id: InspectionId,
        photos: Sequence[PublicPhoto],
        *,
        surroundings: bool,
        by: Actor,
        within: Transaction,
    ) -> Publication:
        """Begin a set, in place of one that was being prepared."""
        connection, column = within.connection, t.publications.c
        query = select(column.id, column.state, column.public_id).where(column.inspection_id == inspection_id)
        before = (await connection.execute(query)).all()
        for row in before:
            if row.state == "prepared":
                await connection.execute(
                    delete(t.publication_photos).where(t.publication_photos.c.publication_id == row.id)
                )
                await connection.execute(delete(t.publications).where(column.id == row.id))
        address = next((row.public_id for row in before if row.state == "approved"), None)
        begun = Publication(
            id=new_id("pub"),
            inspection_id=inspection_id,
            public_id=address or secrets.token_urlsafe(PUBLIC_ID_BYTES),
            state="prepared",
            version=1,
            surroundings=surroundings,
            prepared_at=self._clock.now(),
            prepared_by=by,
            photos=tuple(photos),
        )
        await connection.execute(
            insert(t.publications).values(
                id=begun.id,
                inspection_id=inspection_id,
                public_id=begun.public_id,
                state=begun.state,
                version=begun.version,
                surroundings=surroundings,
                prepared_at=begun.prepared_at,
                prepared_by=asdict(by),
            )
        )
        rows = [
            {"publication_id": begun.id, "position": place, **_photo_row(photo)}
            for place, photo in enumerate(photos)
        ]
        if rows:
            await connection.execute(insert(t.publication_photos), rows)
        return begun

    async def change(
        self, publication: Publication, photo: PublicPhoto, *, within: Transaction
    ) -> Publication:
        """Write what is hidden in one photo, and whether somebody looked.

        Raises:
            PublicationChanged: Somebody else changed the set meanwhile.
        """
        moved = await self._step(publication, within, "prepared", {})
        column = t.publication_photos.c
        await within.connection.execute(
            update(t.publication_photos)
            .where(column.publication_id == publication.id, column.capture_id == photo.capture_id)
            .values(**_photo_row(photo))
        )
        photos = tuple(photo if p.capture_id == photo.capture_id else p for p in publication.photos)
        return replace(moved, photos=photos)

    async def approve(
        self, publication: Publication, approval: Approval, *, by: Actor, within: Transaction
    ) -> None:
        """Make a set public, in place of the one that is; ``publication.photos`` say who looked at each.

        Raises:
            PublicationChanged: Somebody else changed the set meanwhile.
        """
        now, connection, column = self._clock.now(), within.connection, t.publications.c
        await connection.execute(
            update(t.publications)
            .where(column.inspection_id == publication.inspection_id, column.state == "approved")
            .values(state="replaced", ended_at=now, ended_by=asdict(by))
        )
        values = {
            "state": "approved",
            "approved_at": now,
            "approved_by": asdict(by),
            "correction_no": approval.correction_no,
            "pdf_key": approval.pdf_key,
            "pdf_sha256": approval.pdf_sha256,
        }
        await self._step(publication, within, "prepared", values)
        for photo in publication.photos:
            row = _photo_row(replace(photo, file=approval.files[photo.capture_id]))
            place = t.publication_photos.c
            await connection.execute(
                update(t.publication_photos)
                .where(place.publication_id == publication.id, place.capture_id == photo.capture_id)
                .values(**row)
            )

    async def withdraw(self, inspection_id: InspectionId, *, by: Actor, within: Transaction) -> bool:
        """End every set of an inspection; says whether there was one that stood."""
        column = t.publications.c
        done = await within.connection.execute(
            update(t.publications)
            .where(column.inspection_id == inspection_id, column.state.in_(("prepared", "approved")))
            .values(state="withdrawn", ended_at=self._clock.now(), ended_by=asdict(by))
        )
        return bool(done.rowcount)

    async def _newest(self, inspection_id: InspectionId, state: PublicationState) -> Publication | None:
        column = t.publications.c
        query = (
            select(column.id)
            .where(column.inspection_id == inspection_id, column.state == state)
            .order_by(column.prepared_at.desc())
            .limit(1)
        )
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).scalar_one_or_none()
            return None if found is None else await _read(transaction, found)

    async def _step(
        self,
        publication: Publication,
        within: Transaction,
        state: PublicationState,
        values: Mapping[str, Any],
    ) -> Publication:
        column = t.publications.c
        done = await within.connection.execute(
            update(t.publications)
            .where(
                column.id == publication.id,
                column.version == publication.version,
                column.state == state,
            )
            .values(version=publication.version + 1, **values)
        )
        if done.rowcount != 1:
            raise PublicationChanged
        return replace(publication, version=publication.version + 1)


async def _read(transaction: Transaction, publication_id: str) -> Publication:
    column = t.publication_photos.c
    query = select(t.publications).where(t.publications.c.id == publication_id)
    row = (await transaction.connection.execute(query)).mappings().one()
    photos = (
        select(t.publication_photos).where(column.publication_id == publication_id).order_by(column.position)
    )
    found = (await transaction.connection.execute(photos)).mappings().all()
    approved_by = row["approved_by"]
    return Publication(
        id=row["id"],
        inspection_id=InspectionId(row["inspection_id"]),
        public_id=row["public_id"],
        state=row["state"],
        version=row["version"],
        surroundings=row["surroundings"],
        prepared_at=row["prepared_at"],
        prepared_by=Actor(**row["prepared_by"]),
        photos=tuple(_photo(dict(each)) for each in found),
        approved_at=row["approved_at"],
        approved_by=None if approved_by is None else Actor(**approved_by),
        ended_at=row["ended_at"],
        correction_no=row["correction_no"],
        pdf_key=row["pdf_key"],
        pdf_sha256=row["pdf_sha256"],
    )


def _photo(row: Mapping[str, Any]) -> PublicPhoto:
    checked_by, key = row["checked_by"], row["copy_key"]
    return PublicPhoto(
        capture_id=CaptureId(row["capture_id"]),
        original_sha256=row["original_sha256"],
        width=row["width"],
        height=row["height"],
        regions=tuple(Region.of_json(each) for each in row["regions"]),
        doubts=tuple(row["doubts"]),
        removed=tuple(Region.of_json(each) for each in row["removed"]),
        checked_at=row["checked_at"],
        checked_by=None if checked_by is None else Actor(**checked_by),
        file=None
        if key is None
        else CopyFile(key, row["copy_sha256"], row["copy_bytes"], row["why_no_credentials"]),
    )


def _photo_row(photo: PublicPhoto) -> dict[str, Any]:
    return {
        "capture_id": photo.capture_id,
        "original_sha256": photo.original_sha256,
        "width": photo.width,
        "height": photo.height,
        "regions": photo.hidden_json(),
        "removed": [region.to_json() for region in photo.removed],
        "doubts": list(photo.doubts),
        "checked_at": photo.checked_at,
        "checked_by": None if photo.checked_by is None else asdict(photo.checked_by),
        "copy_key": None if photo.file is None else photo.file.key,
        "copy_sha256": None if photo.file is None else photo.file.sha256,
        "copy_bytes": None if photo.file is None else photo.file.size_bytes,
        "why_no_credentials": None if photo.file is None else photo.file.why_no_credentials,
    }
