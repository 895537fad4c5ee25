"""The same picture twice: photos whose fingerprints are so near that one is a copy of the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import null, select

from inspection_service.inspections.changes import Acts
from inspection_service.inspections.records import Capture, CaptureId, InspectionId
from inspection_service.storage import tables as t

MOST_APART: Final = 44
"""Bits of 256 in which a copy may differ. Source: the measurement in ``vision/look.py``."""
LOOKED_THROUGH: Final = 5000
"""Newest photos of the tenant that are compared: some milliseconds; a copy of an older one is not noticed."""
_DEMONSTRATION: Final = "demo"


@dataclass(frozen=True, slots=True)
class KnownPicture:
    """A photo that looks like a copy of another."""

    capture_id: CaptureId
    inspection_id: InspectionId


class Recognising(Acts):
    """Recognises pictures that were sent before."""

    async def known_pictures(self, capture: Capture, look: str | None) -> tuple[KnownPicture, ...]:
        """Return the photos of the same tenant that look like this one, newest first.

        Another try at the same step does not count, for it is meant to look alike; nor do demonstration pictures.

        Args:
            capture: The photo.
            look: Its fingerprint; a photo without one is like no other.
        """
        own = numbers(look)
        if not own or capture.method == _DEMONSTRATION:
            return ()
        async with self._reading() as repository:
            tenant_id = (await repository.case(capture.inspection_id)).inspection.tenant_id
            photo, case = t.captures.c, t.inspections.c
            query = (
                select(photo.id, photo.inspection_id, photo.step_id, photo.judgement["look"].as_string())
                .join(t.inspections, case.id == photo.inspection_id)
                .where(
                    case.tenant_id == tenant_id,
                    photo.id != capture.id,
                    photo.judgement.is_not(null()),
                    photo.method != _DEMONSTRATION,
                )
                .order_by(photo.received_at.desc())
                .limit(LOOKED_THROUGH)
            )
            rows = (await repository.connection.execute(query)).all()
        return tuple(
            KnownPicture(CaptureId(row[0]), InspectionId(row[1]))
            for row in rows
            if not (row[1] == capture.inspection_id and row[2] == capture.step_id)
            and apart(own, numbers(row[3])) <= MOST_APART
        )


def numbers(look: str | None) -> tuple[int, ...]:
    """Read a fingerprint; what is none has no numbers."""
    try:
        return tuple(int(part, 16) for part in look.split()) if look else ()
    except ValueError:
        return ()


def apart(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """Bits in which the most alike parts of two pictures differ; very many when one has no fingerprint."""
    return min(((a ^ b).bit_count() for a in one for b in other), default=1 << 16)
