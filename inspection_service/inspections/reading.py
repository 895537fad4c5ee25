"""Reading inspections: each answer is one moment, never a mixture of two."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Final

from inspection_service.errors import InvalidInput
from inspection_service.inspections.changes import Acts
from inspection_service.inspections.outline import PlatformOutline
from inspection_service.inspections.records import (
    Capture,
    CaptureId,
    Dossier,
    Event,
    Inspection,
    InspectionId,
    ReportFiles,
)
from inspection_service.inspections.requests import Listed, Upload, Wanted

_LONGEST_PAGE: Final = 200


class Reading(Acts):
    """What may be asked about inspections."""

    async def get(self, inspection_id: InspectionId) -> Inspection:
        """Return one inspection. Raises ``InspectionUnknown``."""
        return await self._asking().inspection(inspection_id)

    async def is_there(self, inspection_id: InspectionId) -> bool:
        """Say whether there is such an inspection in this scope."""
        async with self._reading() as repository:
            return await repository.is_there(inspection_id)

    async def page(
        self, wanted: Wanted | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> Listed[PlatformOutline]:
        """List inspections, newest first."""
        limit = max(1, min(limit, _LONGEST_PAGE))
        found = await self._asking().page(wanted or Wanted(), _read_cursor(cursor), limit + 1)
        shown = tuple(found[:limit])
        return Listed(shown, _write_cursor(shown[-1].inspection) if len(found) > limit else None)

    async def outline(self, inspection_id: InspectionId) -> PlatformOutline:
        """Return one inspection as its platform sees it. Raises ``InspectionUnknown``."""
        return await self._asking().outline(inspection_id)

    async def dossier(self, inspection_id: InspectionId) -> Dossier:
        """Read everything about one inspection at one moment. Raises ``InspectionUnknown``."""
        return await self._asking().dossier(inspection_id)

    async def summary(self, inspection_id: InspectionId) -> Dossier:
        """Read one inspection at one moment, but not everything about it. Raises ``InspectionUnknown``."""
        return await self._asking().dossier(inspection_id, "summary")

    async def events(
        self, inspection_id: InspectionId, *, after: int = 0, limit: int = 500
    ) -> tuple[Event, ...]:
        """Return events with ``seq > after``, oldest first."""
        async with self._reading() as repository:
            return await repository.events(inspection_id, after, limit)

    async def head(self, inspection_id: InspectionId) -> int:
        """Return the number of the newest event as it stood a second ago at most; of a known inspection of the scope.

        Cheap where many ask: see ``heads``.
        """
        return await self._heads.of(inspection_id)

    async def capture(self, inspection_id: InspectionId, capture_id: CaptureId) -> Capture:
        """Return a capture. Raises ``InspectionUnknown``, ``CaptureUnknown``."""
        return await self._asking().capture(inspection_id, capture_id)

    async def photo(self, inspection_id: InspectionId, capture_id: CaptureId) -> tuple[Capture, bytes]:
        """Return a capture and its bytes exactly as they arrived (with EXIF: strip before handing out)."""
        capture = await self.capture(inspection_id, capture_id)
        return capture, await self._store.get(capture.object_key)

    async def report_files(self, inspection_id: InspectionId) -> ReportFiles:
        """Return where the sealed report rests (read its keys from the object store). Raises ``ReportUnknown``."""
        async with self._reading() as repository:
            return await (await repository.case(inspection_id)).report()

    # -- what is to do ---------------------------------------------------------------------------------------
    async def to_judge(self, limit: int = 100) -> list[Capture]:
        """Return captures that nobody has judged yet, oldest first."""
        async with self._reading() as repository:
            return await repository.to_judge(limit)

    async def to_seal(self, limit: int = 1000) -> list[InspectionId]:
        """Return inspections that are signed off, every photo judged: many, so that those that fail hide no others."""
        async with self._reading() as repository:
            return await repository.to_seal(limit)

    async def sealing_waits(self) -> tuple[str, ...]:
        """Return the codes of what reports wait for that could be sealed else."""
        async with self._reading() as repository:
            return await repository.sealing_waits()

    async def to_expire(self, limit: int = 100) -> list[InspectionId]:
        """Return inspections whose deadline has passed before the seller signed."""
        async with self._reading() as repository:
            return await repository.to_expire(self._clock.now(), limit)

    async def to_finish(self, limit: int = 20) -> list[Upload]:
        """Return uploads whose bytes are all there while their capture is not."""
        async with self._reading() as repository:
            return await repository.to_finish(limit)

    async def to_drop(self, limit: int = 100) -> list[Upload]:
        """Return uploads that nobody continued in time."""
        async with self._reading() as repository:
            return await repository.to_drop(self._clock.now(), limit)


def _write_cursor(last: Inspection) -> str:
    place = f"{last.created_at.astimezone(UTC).isoformat()} {last.id}"
    return base64.urlsafe_b64encode(place.encode()).decode()


def _read_cursor(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    try:
        moment, last_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
        created_at = datetime.fromisoformat(moment)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("This cursor is not one of ours; start without one.", field="cursor") from error
    if created_at.tzinfo is None or "\x00" in last_id:
        raise InvalidInput("This cursor is not one of ours; start without one.", field="cursor")
    return created_at, last_id
