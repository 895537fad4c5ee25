"""Where a report's surroundings come from, where its clear values rest, and where its leaf goes."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from inspection_service.inspections.records import Dossier, InspectionId, ReportFiles
from inspection_service.inspections.service import Inspections
from inspection_service.ledger import Leaf, Ledger, leaf_of
from inspection_service.privacy import PersonalData
from inspection_service.storage.errors import ObjectMissing
from inspection_service.storage.objects import ObjectStore
from inspection_service.work.sealing import Beside, SealedFiles


class RecordArchive:
    """An ``Archive`` on the service's own records and log."""

    def __init__(
        self, inspections: Inspections, store: ObjectStore, ledger: Ledger, personal: PersonalData
    ) -> None:
        """Keep the collaborators."""
        self._inspections = inspections
        self._store = store
        self._ledger = ledger
        self._personal = personal

    async def beside(self, dossier: Dossier) -> Beside:
        """Read the keys of personal values, what earlier inspections read, and the frames that were kept."""
        inspection_id = dossier.inspection.id
        return Beside(
            keys=await self._personal.keys(inspection_id),
            earlier=await self._inspections.earlier_readings(inspection_id),
            frames=await self._kept_frames(dossier),
        )

    async def keep(self, inspection_id: InspectionId, sealed: SealedFiles) -> None:
        """Keep the clear values, closed under the inspection's keys."""
        await self._personal.keep(inspection_id, sealed.disclosures)

    async def log(self, inspection_id: InspectionId, files: ReportFiles) -> None:
        """Append the report's leaf: the same files make the same leaf, so that a second time changes nothing."""
        await self._ledger.append(report_leaf(inspection_id, files))

    async def _kept_frames(self, dossier: Dossier) -> dict[str, bytes]:
        frames: dict[str, bytes] = {}
        for annotation in dossier.annotations:
            with suppress(
                ObjectMissing
            ):  # the record holds its hash; the document says that the picture is gone
                frames[annotation.frame_id] = await self._store.get(annotation.object_key)
        return frames


def report_leaf(inspection_id: InspectionId, files: ReportFiles) -> Leaf:
    """Make the leaf of a sealed report."""
    return leaf_of(
        "report",
        inspection_id,
        json_sha256=files.json_sha256,
        pdf_sha256=files.pdf_sha256,
        previous=None,
        at=files.sealed_at,
    )


async def put_hashed(store: ObjectStore, folder: str, ending: str, data: bytes) -> tuple[str, str]:
    """Store bytes under their own hash; returns key and hash."""
    digest = hashlib.sha256(data).hexdigest()
    key = f"{folder}{digest}.{ending}"
    await store.put(key, data)
    return key, digest
