"""The same picture twice: photos whose fingerprints are so near that one is a copy of the other."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, insert, select

from inspection_service.inspections.changes import Acts, Change
from inspection_service.inspections.records import Capture, CaptureId, InspectionId, TenantId
from inspection_service.storage import tables as t

MOST_APART: Final = 44
"""Bits of 256 in which a copy may differ. Source: the measurement in ``vision/look.py``."""
LOOKED_THROUGH: Final = 5000
"""Newest photos of the tenant that are compared: some milliseconds; a copy of an older one is not noticed."""
_DEMONSTRATION: Final = "demo"
_PART_BITS: Final = 256
_FURTHEST: Final = _PART_BITS + 1
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}( [0-9a-f]{64})*")
_NEWEST: Final = (
    select(t.looks.c.inspection_id, t.looks.c.capture_id, t.looks.c.look)
    .where(t.looks.c.tenant_id == bindparam("tenant_id"))
    .order_by(t.looks.c.received_at.desc())
    .limit(LOOKED_THROUGH)
)
"""Made once: it is asked for every photo."""


@dataclass(frozen=True, slots=True)
class KnownPicture:
    """A photo that looks like a copy of another."""

    capture_id: CaptureId
    inspection_id: InspectionId


class Recognising(Acts):
    """Recognises pictures that were sent before."""

    async def known_pictures(
        self, tenant_id: TenantId, capture: Capture, look: str | None
    ) -> tuple[KnownPicture, ...]:
        """Return the photos of the same tenant that look like this one, newest first.

        Another try at the same step does not count, for it is meant to look alike; nor do demonstration pictures.

        Args:
            tenant_id: Whose inspection it is of.
            capture: The photo.
            look: Its fingerprint; a photo without one is like no other.
        """
        fingerprint = _fingerprint(capture, look)
        if fingerprint is None:
            return ()
        rows = await self._database.ask(_NEWEST, {"tenant_id": tenant_id})
        near = apart(fingerprint, [row["look"] for row in rows]) <= MOST_APART
        found = [
            KnownPicture(row["capture_id"], row["inspection_id"]) for row in itertools.compress(rows, near)
        ]
        own = {each.capture_id for each in found if each.inspection_id == capture.inspection_id}
        if own:
            photo = t.captures.c
            tries = select(photo.id).where(
                photo.inspection_id == capture.inspection_id, photo.step_id == capture.step_id
            )
            own &= {row["id"] for row in await self._database.ask(tries)} | {capture.id}
        return tuple(
            each
            for each in found
            if each.inspection_id != capture.inspection_id or each.capture_id not in own
        )


async def remember_look(change: Change, capture: Capture) -> None:
    """Let a photo that was just judged be recognised from now on; a demonstration is not."""
    look = _fingerprint(capture, (capture.judgement or {}).get("look"))
    if look is None:
        return
    await change.repository.connection.execute(
        insert(t.looks).values(
            inspection_id=change.inspection.id,
            capture_id=capture.id,
            tenant_id=change.inspection.tenant_id,
            received_at=capture.received_at,
            look=look,
        )
    )


def _fingerprint(capture: Capture, look: object) -> str | None:
    if capture.method == _DEMONSTRATION or not isinstance(look, str):
        return None
    return look if _FINGERPRINT.fullmatch(look) else None


def apart(look: str, others: Sequence[str]) -> NDArray[np.int64]:
    """Return of each of the others in how many bits the most alike parts of the two pictures differ.

    Args:
        look: A fingerprint, as ``vision/look.py`` writes it.
        others: Fingerprints; one of another making, with more parts or fewer, is as far away as can be.
    """
    bits = np.full(len(others), _FURTHEST, np.int64)
    like_it = [at for at, other in enumerate(others) if len(other) == len(look)]
    own, theirs = _parts([look])[0], _parts([look, *(others[at] for at in like_it)])[1:]
    bits[like_it] = np.bitwise_count(theirs[:, :, None] ^ own).sum(axis=-1, dtype=np.int64).min(axis=(1, 2))
    return bits


def _parts(looks: list[str]) -> NDArray[np.uint64]:
    """``(looks, parts, words)`` uint64 of fingerprints that have equally many parts; one at least."""
    raw = np.frombuffer(bytes.fromhex(" ".join(looks)), np.uint64)
    return raw.reshape(len(looks), -1, _PART_BITS // 64)
